import type { ITask } from '../tasks';

export interface IVersion {
  readonly name: string;
  readonly version: number;
  readonly aliases: readonly string[];
  readonly status: string;
  readonly run_id: string;
  readonly created: string;
  readonly metrics: Readonly<Record<string, number | string>>;
}

export interface IFinding {
  readonly name: string;
  readonly subject: string;
  readonly status: string;
  readonly message: string;
  readonly advice: string;
}

export interface IFigure {
  readonly at: string;
  readonly value: number | string | null;
  readonly goal: number | null;
  readonly status: string;
}

/** What the newest verdict says of a model. */
export interface IHealth {
  readonly attempt: string;
  readonly job: string;
  readonly at: string;
  readonly report: boolean;
  readonly window: string;
  readonly status: string;
  readonly headline: string;
  readonly dimensions: Readonly<
    Record<string, { readonly status: string; readonly counts: Readonly<Record<string, number>> }>
  >;
  readonly findings: readonly IFinding[];
  /** Rows of figures over windows: window, figure, value, low, high, rows. */
  readonly series: readonly Readonly<Record<string, number | string | null>>[];
  readonly business: Readonly<Record<string, readonly IFigure[]>>;
}

export interface IModel {
  readonly name: string;
  /** The newest first. */
  readonly versions: readonly IVersion[];
  readonly health: IHealth | null;
}

export interface IAlert {
  readonly id: number;
  readonly model: string;
  readonly job: string;
  readonly finding: string;
  readonly severity: string;
  readonly status: string;
  readonly since: string;
  readonly windows: number;
  readonly message: string;
  readonly advice: string;
  readonly owner: string;
  readonly playbook: string;
  readonly note: string;
  readonly attempt: string;
  readonly report: boolean;
}

export interface IModels {
  readonly project: string;
  readonly models: readonly IModel[];
}

/** All that the view shows. */
export interface IModelsAnswer extends IModels {
  readonly alerts: readonly IAlert[];
  readonly tasks: readonly ITask[];
}

export interface IInterval {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface IEvidence {
  readonly has_card: boolean;
  readonly metrics: Readonly<Record<string, IInterval>>;
  readonly gates: readonly IFinding[];
  readonly gaps: readonly string[];
  readonly approvals: {
    readonly status: string;
    readonly message: string;
    readonly advice: string;
  };
  readonly audit: readonly {
    readonly time: string;
    readonly actor: string;
    readonly action: string;
    readonly version: number;
    readonly reason: string;
  }[];
}

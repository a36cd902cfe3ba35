/** One stage of a version's way; null where it was not come to or is not on record. */
export interface IStage {
  readonly stage: string;
  readonly start: string | null;
  readonly end: string | null;
  /** It still lasts. */
  readonly open: boolean;
  readonly worked_seconds: number | null;
  readonly waited_seconds: number | null;
  readonly evidence: string;
}

/** How one version came from the notebook into production. */
export interface IPassage {
  readonly version: number;
  readonly lead_time_seconds: number | null;
  readonly stages: readonly IStage[];
}

/** What followed from an alert. */
export interface IRepair {
  readonly finding: string;
  readonly version: number | null;
  readonly stage: IStage;
}

export interface IModelLife {
  readonly model: string;
  readonly champion: number | null;
  readonly versions: number;
  readonly lead_time_seconds: number | null;
  readonly alert_to_champion_seconds: number | null;
  /** The first version's first. */
  readonly passages: readonly IPassage[];
  readonly repairs: readonly IRepair[];
  readonly warnings: readonly string[];
}

export interface ILifecycle {
  readonly project: string;
  readonly models: readonly IModelLife[];
  readonly never_left_the_notebook: readonly {
    readonly notebook: string;
    readonly runs: number;
    readonly models: number;
    readonly last_run: string;
  }[];
  readonly funnel: readonly { readonly stage: string; readonly count: number }[];
  readonly bottleneck: {
    readonly stage: string;
    readonly message: string;
    readonly remedy: string;
  } | null;
  readonly notes: readonly string[];
}

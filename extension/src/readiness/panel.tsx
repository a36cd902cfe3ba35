import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import React from 'react';

import { readinessIcon } from '../icon';
import { jump } from './places';
import { settle } from './settle';
import type { INotebookReadiness, IReadiness } from './tokens';
import { ReadinessView } from './view';

/** What the panel needs of its commands. */
export interface IPanelActions {
  check(): void;
  enable(): void;
}

/** The side panel; it shows the notebook that was used last. */
export class ReadinessPanel extends ReactWidget {
  constructor(
    private readonly readiness: IReadiness,
    private readonly tracker: INotebookTracker,
    private readonly actions: IPanelActions
  ) {
    super();
    this.id = 'mlops-nb-readiness';
    this.addClass('mlops-Readiness');
    this.title.icon = readinessIcon;
    this.title.caption = 'Readiness';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Readiness');
    this.node.tabIndex = -1;
    readiness.changed.connect(this.refresh, this);
    tracker.currentChanged.connect(this.refresh, this);
  }

  protected override render(): React.ReactElement {
    return <UseSignal signal={this.renewed}>{() => this.view()}</UseSignal>;
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const first = this.node.querySelector<HTMLElement>('.mlops-Finding-row');
    (first ?? this.node).focus();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.refresh();
  }

  private refresh(): void {
    if (this.isVisible) {
      this.renewed.emit();
    }
  }

  private view(): React.ReactElement {
    const panel: NotebookPanel | null = this.tracker.currentWidget;
    const readiness = this.readiness.of(panel?.context.model.sharedModel) ?? null;
    return (
      <ReadinessView
        key={panel?.id}
        readiness={readiness}
        enabled={this.readiness.enabled}
        name={panel?.title.label ?? ''}
        onCheck={() => this.actions.check()}
        onEnable={() => this.actions.enable()}
        onJump={(place, focus, finding) => {
          const cell = readiness?.cellOf(place);
          if (panel && cell) {
            void jump(panel, cell, { finding, focus });
          }
        }}
        onSettle={(change, finding) => void settle(change, finding, readiness as INotebookReadiness)}
      />
    );
  }

  private readonly renewed = new Signal<this, void>(this);
}

import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import React from 'react';

import { runsIcon } from './icon';
import { RunsView } from './runsView';
import type { IRunsModel } from './tokens';

/** The side panel; the model asks the server only while the panel is visible. */
export class RunsPanel extends ReactWidget {
  constructor(
    private readonly model: IRunsModel,
    private readonly commands: CommandRegistry
  ) {
    super();
    this.id = 'mlops-nb-runs';
    this.addClass('mlops-Runs');
    this.title.icon = runsIcon;
    this.title.caption = 'MLOps runs';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'MLOps runs');
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this.model.changed}>
        {() => (
          <RunsView model={this.model} onOpen={command => void this.commands.execute(command)} />
        )}
      </UseSignal>
    );
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.model.visible = true;
  }

  protected override onBeforeHide(message: Message): void {
    super.onBeforeHide(message);
    this.model.visible = false;
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.querySelector<HTMLElement>('.mlops-Runs-filter')?.focus();
  }
}

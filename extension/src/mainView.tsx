import { type ILayoutRestorer, type JupyterFrontEnd } from '@jupyterlab/application';
import { type ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { type LabIcon, ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import React from 'react';

import { mainArea } from './mainArea';

/** What a view shows and whether somebody looks at it. */
export interface IWatched {
  visible: boolean;
  readonly changed: ISignal<unknown, void>;
  dispose(): void;
}

export const NO_ARGUMENTS = { args: { type: 'object', properties: {} } } as const;

export interface IMainViewOptions {
  id: string;
  title: string;
  icon: LabIcon;
  watched: IWatched;
  draw: () => React.ReactElement;
}

/** A view beside the documents; the server is asked only while it is visible. */
export class MainView extends ReactWidget {
  constructor(private readonly options: IMainViewOptions) {
    super();
    this.id = options.id;
    this.addClass('mlops-View');
    this.title.label = options.title;
    this.title.icon = options.icon;
    this.title.closable = true;
    this.node.tabIndex = -1;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.options.watched.dispose();
      super.dispose();
    }
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this.options.watched.changed}>{() => this.options.draw()}</UseSignal>
    );
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.options.watched.visible = this.isVisible;
  }

  protected override onBeforeDetach(message: Message): void {
    super.onBeforeDetach(message);
    this.options.watched.visible = false;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.options.watched.visible = true;
  }

  protected override onBeforeHide(message: Message): void {
    super.onBeforeHide(message);
    this.options.watched.visible = false;
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.focus();
  }
}

export interface ICommandOptions {
  command: string;
  label: string;
  caption: string;
  icon: LabIcon;
  make: () => MainView;
}

/** Add the command that opens a view, of which there is one, and bring it back with the layout. */
export function addMainView(
  app: JupyterFrontEnd,
  options: ICommandOptions,
  palette: ICommandPalette | null,
  restorer: ILayoutRestorer | null
): void {
  const { command, label, caption, icon } = options;
  const tracker = new WidgetTracker<Widget>({ namespace: command.replace(':', '-') });
  let view: MainView | null = null;
  app.commands.addCommand(command, {
    label,
    caption,
    icon,
    describedBy: NO_ARGUMENTS,
    execute: () => {
      if (view === null || view.isDisposed) {
        view = options.make();
        void tracker.add(view);
      }
      if (!view.isAttached) {
        app.shell.add(view, mainArea(app.shell), { type: label });
      }
      app.shell.activateById(view.id);
    }
  });
  palette?.addItem({ command, category: 'MLOps' });
  void restorer?.restore(tracker, { command, name: widget => widget.id });
}

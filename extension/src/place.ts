import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { Token } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

/** The document whose project every view shows. */
export interface IPlace {
  /** From the server's root; empty before a document was opened. */
  readonly path: string;
  readonly changed: ISignal<IPlace, void>;
}

export const IPlace = new Token<IPlace>(
  'mlops-nb:IPlace',
  'The document whose project the views of mlops_nb show.'
);

class Place implements IPlace {
  get path(): string {
    return this._path;
  }
  set path(path: string) {
    if (path !== this._path) {
      this._path = path;
      this._changed.emit();
    }
  }

  get changed(): ISignal<IPlace, void> {
    return this._changed;
  }

  private _path = '';
  private readonly _changed = new Signal<IPlace, void>(this);
}

/** Follows the current document; a view of ours in its place changes nothing. */
export const placePlugin: JupyterFrontEndPlugin<IPlace> = {
  id: 'mlops-nb:place',
  description: 'The document whose project the views of mlops_nb show.',
  autoStart: true,
  provides: IPlace,
  activate: (app: JupyterFrontEnd): IPlace => {
    const { contents } = app.serviceManager;
    const place = new Place();
    const follow = (widget: Widget | null): void => {
      const path = (widget as Partial<IDocumentWidget> | null)?.context?.path;
      // What lies in a drive of its own, as the output of a job does, is in no project.
      if (path !== undefined && isHere(contents.driveName(path))) {
        // A collaborative document's path begins with the name of its drive.
        place.path = contents.localPath(path);
      }
    };
    app.shell.currentChanged?.connect((_, { newValue }) => follow(newValue));
    void app.restored.then(() => {
      follow(app.shell.currentWidget);
      // A view of ours may have come back as the current one: its project is an open document's.
      for (const widget of place.path === '' ? app.shell.widgets('main') : []) {
        follow(widget);
      }
    });
    return place;
  }
};

/** Name of the drive that holds what jobs left. */
export const OUTPUTS = 'MLOpsOutputs';

function isHere(drive: string): boolean {
  return drive !== OUTPUTS;
}

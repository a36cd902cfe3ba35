import { PathExt } from '@jupyterlab/coreutils';
import type { Contents, ServerConnection } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Api } from '../api';
import { OUTPUTS } from '../place';
import type { IAttempt } from './wire';

interface IOutput {
  readonly job: string;
  readonly ended: string;
  readonly content: object;
}

/**
 * A drive of executed notebooks, to be looked at in JupyterLab itself.
 *
 * They lie in a hidden folder, which the contents API does not open; and nobody shall write there.
 * A path is `FOLDER/OF/THE/PROJECT/JOB ATTEMPT.ipynb`.
 */
export class OutputDrive implements Contents.IDrive {
  constructor(private readonly api: Api, readonly serverSettings: ServerConnection.ISettings) {}

  readonly name = OUTPUTS;
  readonly isDisposed = false;

  get fileChanged(): ISignal<Contents.IDrive, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  /** Where the document manager finds an attempt's notebook. */
  static pathOf(attempt: IAttempt, place: string): string {
    const folder = place.endsWith('.ipynb') ? PathExt.dirname(place) : place;
    return `${OUTPUTS}:${PathExt.join(folder, `${attempt.job} ${attempt.attempt}.ipynb`)}`;
  }

  async get(path: string): Promise<Contents.IModel> {
    const attempt = PathExt.basename(path, '.ipynb').split(' ').pop() ?? '';
    const folder = PathExt.dirname(path);
    const found = await this.api.get<IOutput>('jobs/output', { path: folder, attempt });
    return {
      name: PathExt.basename(path),
      path,
      type: 'notebook',
      writable: false,
      created: found.ended,
      last_modified: found.ended,
      mimetype: '',
      format: 'json',
      content: found.content
    };
  }

  async listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return [];
  }

  dispose(): void {
    Signal.clearData(this);
  }

  getDownloadUrl = refuse;
  newUntitled = refuse;
  delete = refuse;
  rename = refuse;
  save = refuse;
  copy = refuse;
  createCheckpoint = refuse;
  restoreCheckpoint = refuse;
  deleteCheckpoint = refuse;

  private readonly _fileChanged = new Signal<Contents.IDrive, Contents.IChangedArgs>(this);
}

async function refuse(): Promise<never> {
  throw new Error('What a job left is only to be read: save a copy elsewhere.');
}

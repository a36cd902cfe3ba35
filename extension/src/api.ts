import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { IProblem, IRunList } from './tokens';
import { VERSION } from './version';

/** An answer other than the one asked for, in words fit for the user. */
export class ApiError extends Error implements IProblem {
  constructor(
    message: string,
    readonly hint: string
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** Typed requests to the server part of mlops_nb. */
export class Api {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  /** Throw unless the server part is there and of this version. */
  async checkVersion(): Promise<void> {
    const { version } = await this.get<{ version: string }>('version');
    if (version !== VERSION) {
      throw new ApiError(
        `The server runs mlops_nb ${version}, this page was loaded with ${VERSION}.`,
        'Restart the Jupyter server, then reload this page.'
      );
    }
  }

  runs(path: string, limit: number): Promise<IRunList> {
    return this.get<IRunList>('runs', { path, limit: String(limit) });
  }

  get<T>(noun: string, query: Record<string, string> = {}): Promise<T> {
    return this.request<T>(noun + URLExt.objectToQueryString(query), {});
  }

  post<T>(noun: string, body: object): Promise<T> {
    return this.request<T>(noun, { method: 'POST', body: JSON.stringify(body) });
  }

  private async request<T>(noun: string, init: RequestInit): Promise<T> {
    const response = await this.send(URLExt.join(this.settings.baseUrl, 'mlops', noun), init);
    if (response.status === 404 && !isJson(response)) {
      throw new ApiError(
        'The server part of mlops_nb is not running.',
        'Install mlops-nb[notebook] where the Jupyter server runs and restart the server. ' +
          'To check: jupyter server extension list'
      );
    }
    const body = await parse(response);
    if (!response.ok) {
      throw new ApiError(
        text(body.message) || `The server answered ${response.status} ${response.statusText}.`,
        text(body.hint)
      );
    }
    return body as T;
  }

  private async send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await ServerConnection.makeRequest(url, init, this.settings);
    } catch {
      throw new ApiError('The Jupyter server does not answer.', 'Is it still running?');
    }
  }
}

function isJson(response: Response): boolean {
  return (response.headers.get('Content-Type') ?? '').includes('json');
}

async function parse(response: Response): Promise<Record<string, unknown>> {
  try {
    return (await response.json()) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

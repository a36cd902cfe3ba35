import React from 'react';

import type { Api } from '../api';
import { figure } from '../format';
import { Evidence } from './evidence';
import { When } from './health';
import type { Act, IModelsActions } from './view';
import type { IModel, IVersion } from './wire';

const FIRST = 5;

interface IVersionsProps {
  model: IModel;
  api: Api;
  path: string;
  act: Act;
  actions: IModelsActions;
}

/** The versions of a model, the newest first, with what the gates said last. */
export function Versions(props: IVersionsProps): React.ReactElement | null {
  const { versions, name } = props.model;
  const [opened, setOpened] = React.useState<number | null>(null);
  const [all, setAll] = React.useState(false);
  if (versions.length === 0) {
    return null;
  }
  const metrics = Object.keys(versions[0]!.metrics).slice(0, 3);
  return (
    <>
      <table className="mlops-Table">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Aliases</th>
            <th scope="col">Gates</th>
            {metrics.map(metric => (
              <th key={metric} scope="col">
                {metric}
              </th>
            ))}
            <th scope="col">Registered</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {(all ? versions : versions.slice(0, FIRST)).map(version => (
            <React.Fragment key={version.version}>
              <Version
                {...props}
                version={version}
                metrics={metrics}
                open={opened === version.version}
                onToggle={() => setOpened(opened === version.version ? null : version.version)}
              />
              {opened === version.version && (
                <tr>
                  <td colSpan={5 + metrics.length}>
                    <Evidence {...props} version={version} />
                  </td>
                </tr>
              )}
            </React.Fragment>
          ))}
        </tbody>
      </table>
      <div className="mlops-Buttons">
        {versions.length > FIRST && !all && (
          <button type="button" className="jp-mod-styled mlops-Button" onClick={() => setAll(true)}>
            All {versions.length} versions of {name}
          </button>
        )}
      </div>
    </>
  );
}

interface IVersionProps extends IVersionsProps {
  version: IVersion;
  metrics: readonly string[];
  open: boolean;
  onToggle: () => void;
}

function Version({ version, metrics, open, onToggle }: IVersionProps): React.ReactElement {
  return (
    <tr>
      <th scope="row">{version.version}</th>
      <td>
        {version.aliases.map(alias => (
          <span key={alias} className="mlops-Pill">
            @{alias}
          </span>
        ))}
      </td>
      <td data-status={version.status}>{version.status === 'registered' ? 'not asked' : version.status}</td>
      {metrics.map(metric => (
        <td key={metric}>{figure(version.metrics[metric] ?? '–')}</td>
      ))}
      <td>
        <When at={version.created} />
      </td>
      <td>
        <button
          type="button"
          className="jp-mod-styled mlops-Button"
          aria-expanded={open}
          aria-label={`Evidence of ${version.name}/${version.version}`}
          onClick={onToggle}
        >
          Evidence
        </button>
      </td>
    </tr>
  );
}

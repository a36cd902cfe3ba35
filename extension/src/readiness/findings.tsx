import React from 'react';

import { type Change, type IFinding, type IRule, SEVERITIES, type Severity } from './tokens';
import { HEADINGS, placeOf } from './words';

interface IFindingsProps {
  findings: readonly IFinding[];
  rules: Readonly<Record<string, IRule>>;
  /** `focus`: go there, and do not only show it. */
  onJump: (finding: IFinding, focus: boolean) => void;
  onSettle: (change: Change, finding?: IFinding) => void;
}

/** The findings by their severity; one of them opened, with why it matters and what can be done. */
export function Findings(props: IFindingsProps): React.ReactElement {
  const [opened, setOpened] = React.useState('');
  const { findings, onSettle } = props;
  const safe = findings.filter(finding => finding.fixable).length;
  const fixes = findings.filter(finding => finding.fixable || finding.unsafe).length;
  return (
    <section aria-label="Findings" onKeyDown={moveFocus}>
      {fixes > 0 && (
        <div className="mlops-Findings-all">
          {safe > 0 && (
            <button
              type="button"
              className="mlops-Readiness-button"
              onClick={() => onSettle('safe')}
            >
              Fix all ({safe})
            </button>
          )}
          {fixes > safe && (
            <button
              type="button"
              className="mlops-Readiness-button"
              title="Some of these fixes may change what the notebook does"
              onClick={() => onSettle('all')}
            >
              Fix all, unsafe too ({fixes})
            </button>
          )}
        </div>
      )}
      {SEVERITIES.map(severity => (
        <Group
          key={severity}
          severity={severity}
          {...props}
          findings={findings.filter(finding => finding.severity === severity)}
          opened={opened}
          onToggle={key => setOpened(key === opened ? '' : key)}
        />
      ))}
    </section>
  );
}

interface IGroupProps extends IFindingsProps {
  severity: Severity;
  opened: string;
  onToggle: (key: string) => void;
}

function Group(props: IGroupProps): React.ReactElement | null {
  const { severity, findings, rules, opened, onToggle } = props;
  if (findings.length === 0) {
    return null;
  }
  const seen = new Map<string, number>();
  return (
    <>
      <h3 className="mlops-Readiness-heading">
        {HEADINGS[severity]}
        <span className="mlops-Readiness-count">{findings.length}</span>
      </h3>
      <ul className="mlops-Findings" aria-label={HEADINGS[severity]}>
        {findings.map(finding => {
          // What stays the same while lines are added elsewhere, so that an opened one stays open.
          const name = `${finding.code}/${finding.cell}/${finding.message}`;
          const count = seen.get(name) ?? 0;
          seen.set(name, count + 1);
          const key = `${name}/${count}`;
          return (
            <Finding
              key={key}
              finding={finding}
              rule={rules[finding.code]}
              open={opened === key}
              onOpen={focus => {
                onToggle(key);
                if (opened !== key) {
                  props.onJump(finding, focus);
                }
              }}
              onSettle={change => props.onSettle(change, finding)}
            />
          );
        })}
      </ul>
    </>
  );
}

interface IFindingProps {
  finding: IFinding;
  rule: IRule | undefined;
  open: boolean;
  onOpen: (focus: boolean) => void;
  onSettle: (change: Change) => void;
}

function Finding({ finding, rule, open, onOpen, onSettle }: IFindingProps): React.ReactElement {
  const details = React.useId();
  return (
    <li className="mlops-Finding" data-severity={finding.severity}>
      <button
        type="button"
        className="mlops-Finding-row"
        aria-expanded={open}
        aria-controls={open ? details : undefined}
        // Whoever opens it by the keyboard goes on to its buttons from here.
        onClick={event => onOpen(event.detail > 0)}
      >
        <span className="mlops-Finding-message">{finding.message}</span>
        <span className="mlops-Finding-place">
          {finding.code} · {placeOf(finding)}
        </span>
      </button>
      {open && (
        <div id={details} className="mlops-Finding-details">
          {rule !== undefined && <p>{rule.why}</p>}
          <div className="mlops-Finding-actions">
            {finding.fixable && <Action onClick={() => onSettle('safe')}>Fix</Action>}
            {finding.unsafe && (
              <Action onClick={() => onSettle('all')}>Fix, may change results</Action>
            )}
            <Action onClick={() => onSettle('accept')}>Ignore here</Action>
          </div>
        </div>
      )}
    </li>
  );
}

function Action(props: { onClick: () => void; children: string }): React.ReactElement {
  return (
    <button type="button" className="mlops-Readiness-button" onClick={props.onClick}>
      {props.children}
    </button>
  );
}

/** Arrow keys go from finding to finding; Home and End to the ends. */
function moveFocus(event: React.KeyboardEvent<HTMLElement>): void {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('.mlops-Finding-row')];
  const at = rows.indexOf(event.target as HTMLElement);
  const moves: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: rows.length - 1
  };
  const to = moves[event.key];
  if (at >= 0 && to !== undefined) {
    event.preventDefault();
    rows[to]?.focus();
  }
}

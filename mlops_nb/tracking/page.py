"""One run, and several side by side, as values to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isnan
from typing import TYPE_CHECKING, Any

from mlops_nb.config import Project

if TYPE_CHECKING:
    from mlops_nb.store.runs import RunRecord

_HIDDEN_TAGS = ("mlflow.", "mlops.uid", "mlops.python")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """All of one run.

    Parameters
    ----------
    record : RunRecord
        The run.
    artifacts : tuple of str
        Paths of its files.
    """

    record: RunRecord
    artifacts: tuple[str, ...]

    def sections(self) -> dict[str, dict[str, object]]:
        """Return what is shown: headings, and names and values below each."""
        run = self.record
        about: dict[str, object] = {
            "name": run.name,
            "status": run.status,
            "started": f"{run.started.astimezone():%Y-%m-%d %H:%M:%S}",
            "run_id": run.run_id,
            "uid": run.uid,
            "source": run.tags.get("mlflow.source.name", "-"),
            "commit": run.tags.get("mlflow.source.git.commit", "-"),
        }
        if "mlops.error" in run.tags:
            about["error"] = run.tags["mlops.error"]
        return {
            "run": about,
            "parameters": dict(sorted(run.params.items())),
            "metrics": dict(sorted(run.metrics.items())),
            "tags": {k: v for k, v in sorted(run.tags.items()) if not k.startswith(_HIDDEN_TAGS)},
            "files": dict.fromkeys(self.artifacts, ""),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the run as JSON-serialisable values; a metric that is no number is text."""
        run = self.record
        return {
            "run_id": run.run_id,
            "uid": run.uid,
            "name": run.name,
            "status": run.status,
            "started": run.started.isoformat(),
            "ended": run.ended.isoformat() if run.ended else None,
            "params": run.params,
            "metrics": json_metrics(run.metrics),
            "tags": run.tags,
            "artifacts": list(self.artifacts),
        }

    def __repr__(self) -> str:
        blocks = []
        for heading, values in self.sections().items():
            width = max((len(name) for name in values), default=0)
            rows = [f"  {k.ljust(width)}  {_shown(v)}".rstrip() for k, v in values.items()]
            if rows:
                blocks.append("\n".join([heading, *rows]))
        return "\n".join(blocks)

    def _repr_html_(self) -> str:
        parts = []
        for heading, values in self.sections().items():
            rows = "".join(
                f"<tr><th>{escape(key)}</th><td>{escape(_shown(value))}</td></tr>"
                for key, value in values.items()
            )
            if rows:
                parts.append(f"<h4>{escape(heading)}</h4><table><tbody>{rows}</tbody></table>")
        return "".join(parts)


def run_page(project: Project, reference: str) -> RunPage:
    """Bring the journal into the store and return one run with the list of its files."""
    from mlops_nb.store.runs import artifacts, get_run
    from mlops_nb.tracking.sync import sync

    sync(project)
    record = get_run(project, reference)
    return RunPage(record=record, artifacts=tuple(artifacts(project, record.run_id)))


def differences(records: Sequence[RunRecord]) -> tuple[dict[str, list[str]], dict[str, list[Any]]]:
    """Return the parameters that differ between runs, and every metric side by side.

    Parameters
    ----------
    records : sequence of RunRecord
        The runs; values stand in their order, ``-`` and None where a run has none.
    """
    params = sorted({key for run in records for key in run.params})
    metrics = sorted({key for run in records for key in run.metrics})
    settings = {key: [run.params.get(key, "-") for run in records] for key in params}
    return (
        {key: values for key, values in settings.items() if len(set(values)) > 1},
        {key: [run.metrics.get(key) for run in records] for key in metrics},
    )


def json_metrics(metrics: dict[str, float]) -> dict[str, float | str]:
    """Return metrics as JSON can hold them: ``nan`` as text."""
    return {key: "nan" if isnan(value) else value for key, value in metrics.items()}


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)

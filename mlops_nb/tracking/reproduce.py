"""Making a run's result again, and saying honestly whether it came out the same."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mlops_nb import environment
from mlops_nb.config import Project
from mlops_nb.environment import packages_of, python_of
from mlops_nb.errors import InputError, MlopsError, NotFoundError
from mlops_nb.secrets import mask
from mlops_nb.tracking import causes as why
from mlops_nb.tracking.causes import Cause
from mlops_nb.tracking.locked import make_environment
from mlops_nb.tracking.replay import Replay, hashes, replay
from mlops_nb.tracking.reproduction import TOLERANCE, MetricVerdict, Reproduction, compare
from mlops_nb.tracking.slicefile import PATH, Slice, read_slice

if TYPE_CHECKING:
    from mlops_nb.store.runs import RunRecord

TAG, MOMENT_TAG = "mlops.reproduced", "mlops.reproduced_at"
TIMEOUT = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a run left that making it again starts from."""

    record: RunRecord
    slice_: Slice
    packages: Mapping[str, str]
    python: str
    data: Mapping[str, str]

    @classmethod
    def of(cls, project: Project, reference: str) -> Evidence:
        """Read it from the store.

        Raises
        ------
        NotFoundError
            There is no such run.
        InputError
            It was not made in a notebook, so that there is no slice of it.
        """
        from mlops_nb.store.runs import download, get_run
        from mlops_nb.tracking.sync import sync

        sync(project)
        record = get_run(project, reference)

        def text(path: str) -> str:
            try:
                return download(project, record.run_id, path).read_text(encoding="utf-8")
            except NotFoundError:
                return ""

        try:
            found = read_slice(download(project, record.run_id, PATH))
        except NotFoundError:
            raise InputError(
                f"run {record.name!r} has no {PATH}",
                "only runs made in a notebook can be made again: %%mlops run in a cell",
            ) from None
        listed = text("mlops/environment.txt")
        return cls(
            record=record,
            slice_=found,
            packages=packages_of(listed),
            python=python_of(listed),
            data=hashes(json.loads(text("mlops/data.json") or "{}")),
        )


def reproduce(
    project: Project,
    reference: str,
    *,
    env: Literal["current", "locked"] = "current",
    tolerance: float = TOLERANCE,
    ignore: Collection[str] = (),
    timeout: float = TIMEOUT,
) -> Reproduction:
    """Run a run's slice again and compare every metric; the verdict is recorded on the run.

    Parameters
    ----------
    project : Project
        Whose run.
    reference : str
        The run's id, the beginning of it, or its name.
    env : {"current", "locked"}
        Run in this environment, or in one made anew from the run's ``environment.txt``.
    tolerance : float
        Relative difference up to which a metric counts as the same.
    ignore : collection of str
        Metrics not to compare. Those that a stopwatch made are never compared.
    timeout : float
        Seconds that one cell may take.

    Raises
    ------
    NotFoundError
        There is no such run.
    InputError
        The run has no slice, or the environment cannot be made.
    """
    began = time.monotonic()
    evidence = Evidence.of(project, reference)
    changed = list(why.changed_files(evidence.slice_, project.root))
    python = Path(sys.executable)
    if env == "locked":
        python = make_environment(project, evidence.packages, evidence.python)
    made = run_again(project, evidence, python, timeout)
    metrics = tuple(compare(evidence.record.metrics, made.metrics, tolerance, ignore))
    verdict = _verdict(evidence.record, made, metrics)
    causes = [] if verdict == "reproduced" else list(_causes(evidence, made, changed, env))
    if verdict == "different" and not made.error:
        causes = _with_noise(project, evidence, python, timeout, made, causes)
    known = {cause.text for cause in causes}
    notes = [*changed, *why.outside_influences(evidence.slice_), *_in_notebook(project, evidence)]
    result = Reproduction(
        run_id=evidence.record.run_id,
        name=evidence.record.name,
        verdict=verdict,
        environment=env,
        metrics=metrics,
        causes=tuple(causes),
        notes=tuple(note for note in notes if note.text not in known),
        seconds=round(time.monotonic() - began, 1),
    )
    _record(project, result, made)
    return result


def run_again(project: Project, evidence: Evidence, python: Path, timeout: float) -> Replay:
    """Run a run's slice in an interpreter."""
    return replay(
        project,
        evidence.slice_,
        name=evidence.record.name,
        params=evidence.record.params,
        python=python,
        timeout=timeout,
    )


def _verdict(
    record: RunRecord, made: Replay, metrics: Collection[MetricVerdict]
) -> Literal["reproduced", "different", "impossible"]:
    if made.error:
        # Python names the module of an error's class, a kernel does not.
        then = record.tags.get("mlops.error", "").partition(":")[0].rpartition(".")[2]
        same = then == made.error.partition(":")[0]
        return "reproduced" if record.status == "FAILED" and same else "impossible"
    if record.status == "FAILED" or any(m.verdict in {"different", "missing"} for m in metrics):
        return "different"
    return "reproduced"


def _causes(evidence: Evidence, made: Replay, changed: list[Cause], env: str) -> Iterator[Cause]:
    if made.error:
        yield why.of_error(made.error)
    yield from changed
    if not made.error:
        then = evidence.record.params
        yield from why.differing_values("parameter", then, made.params, "parameters")
        yield from why.differing_values("input", evidence.data, made.data, "data")
    if env == "current":
        versions = (evidence.python, environment.python_version())
        now = environment.packages()
        yield from why.changed_packages(evidence.packages, now, versions, evidence.slice_)
    yield from why.outside_influences(evidence.slice_)


def _with_noise(
    project: Project,
    evidence: Evidence,
    python: Path,
    timeout: float,
    made: Replay,
    causes: list[Cause],
) -> list[Cause]:
    """Run it once more: two replays that differ from each other settle the matter."""
    again = run_again(project, evidence, python, timeout)
    differing = [m.name for m in compare(made.metrics, again.metrics) if m.verdict == "different"]
    if differing:
        text = f"not deterministic: two runs of the same cells differ in {', '.join(differing)}"
        return [Cause("seed", text), *causes]
    return causes or [
        Cause("outside", "the cells give this every time: state from outside of them is missing")
    ]


def _in_notebook(project: Project, evidence: Evidence) -> Iterator[Cause]:
    named = evidence.record.tags.get("mlflow.source.name", "")
    if named.endswith(".ipynb"):
        yield from why.notebook_differences(evidence.slice_, project.root / named)


def _record(project: Project, result: Reproduction, made: Replay) -> None:
    from mlops_nb.store import runs

    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "reproduce.json"
        report.write_text(json.dumps(result.to_dict(), indent=2), encoding="utf-8")
        notebook = Path(name) / "reproduce.ipynb"
        notebook.write_text(mask(made.notebook), encoding="utf-8")
        try:
            for file in (report, notebook):
                runs.upload(project, result.run_id, file, f"mlops/{file.name}")
            now = datetime.now(UTC).isoformat()
            runs.write(project, result.run_id, tags={TAG: result.verdict, MOMENT_TAG: now})
        except MlopsError as error:
            import click

            click.secho(f"warning: the verdict is not recorded: {error.message}", err=True)

"""Which cell, package or file moved a metric: a run made again with one of them swapped a time."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from mlops_nb import environment
from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.tracking import changes
from mlops_nb.tracking.changes import Change, Setting, applied
from mlops_nb.tracking.locked import make_environment
from mlops_nb.tracking.replay import Replay
from mlops_nb.tracking.reproduce import TIMEOUT, Evidence, run_again
from mlops_nb.tracking.reproduction import TOLERANCE, compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one change did by itself.

    Parameters
    ----------
    kind, what : str
        The change.
    moved : dict of str to (float, float)
        Metric → before and after; empty: it moved none.
    error : str
        The error that it ended with, empty when there was none.
    """

    kind: str
    what: str
    moved: Mapping[str, tuple[float | None, float | None]]
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bisection:
    """Which changes moved a run's metrics.

    Parameters
    ----------
    run, other : str
        The run, and what it was set against: another run, or ``now``.
    verdict : str
        ``found``, ``not found``, ``nothing differs`` or ``not deterministic``.
    steps : tuple of Step
        Every change that was tried, those that moved a metric first.
    notes : tuple of str
        What could not be tried, and why.
    """

    run: str
    other: str
    verdict: Literal["found", "not found", "nothing differs", "not deterministic"]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 nothing differs, 1 something moved the metrics, 2 nobody can tell what."""
        return {"nothing differs": 0, "found": 1, "not found": 2, "not deterministic": 2}[
            self.verdict
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the whole as JSON-serialisable values."""
        return {"schema": 1, **asdict(self)}

    def __repr__(self) -> str:
        lines = [f"run {self.run} against {self.other} · {self.verdict}"]
        for step in self.steps:
            moved = [f"{n} {_shown(a)} → {_shown(b)}" for n, (a, b) in step.moved.items()]
            said = step.error or ", ".join(moved) or "moves nothing"
            lines.append(f"  {step.kind} {step.what}: {said}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def bisect(
    project: Project,
    reference: str,
    other: str | None = None,
    *,
    tolerance: float = TOLERANCE,
    timeout: float = TIMEOUT,
) -> Bisection:
    """Say which cell, package or file moved a run's metrics.

    The run's slice is run as recorded (its own cells, packages, and files as its commit has them),
    twice, and then with one change at a time. Packages are halved until single ones are left.

    Parameters
    ----------
    project : Project
        Whose run.
    reference : str
        The run.
    other : str, optional
        Another run; by default the state of now: the notebook as it is saved, the files as they
        are, the packages installed here.
    tolerance : float
        Relative difference up to which a metric counts as the same.
    timeout : float
        Seconds that one cell may take.

    Raises
    ------
    NotFoundError
        There is no such run.
    InputError
        A run has no slice, or an environment cannot be made.
    """
    evidence = Evidence.of(project, reference)
    against = Evidence.of(project, other) if other else None
    files, lost = changes.recorded_files(project, evidence)
    found = list(_changes(project, evidence, against, files))
    search = _Search(project, evidence, tolerance, timeout)
    start = Setting(cells=evidence.slice_.cells, files=files)
    if any(change.package for change in found):
        start = replace(start, packages=evidence.packages, python=evidence.python)
    notes = [f"{path} has changed and its recorded content is kept nowhere" for path in lost]
    names = (evidence.record.name, against.record.name if against else "now")
    if not found:
        return Bisection(run=names[0], other=names[1], verdict="nothing differs" if not lost
                         else "not found", notes=tuple(notes))  # fmt: skip
    search.begin(start)
    if search.noise:
        noisy = ", ".join(search.noise)
        notes.append(f"two runs as recorded differ in {noisy}: seed it first")
        return Bisection(run=names[0], other=names[1], verdict="not deterministic",
                         notes=tuple(notes))  # fmt: skip
    notes += search.differs_from_record()
    steps = [search.try_(f"{c.kind}", c.what, [c]) for c in found if c.package is None]
    steps += search.halve([change for change in found if change.package is not None])
    if not any(step.moved or step.error for step in steps) and len(found) > 1:
        steps.append(search.try_("all", "of these together", found))
    steps.sort(key=lambda step: not (step.moved or step.error))
    moved = any(step.moved or step.error for step in steps)
    return Bisection(
        run=names[0],
        other=names[1],
        verdict="found" if moved else "not found",
        steps=tuple(steps),
        notes=tuple(notes),
    )


def _changes(
    project: Project, evidence: Evidence, against: Evidence | None, files: Mapping[str, bytes]
) -> Iterator[Change]:
    if against is not None:
        yield from changes.changed_cells(evidence.slice_, against.slice_)
        yield from changes.changed_packages(evidence.packages, against.packages)
    else:
        named = evidence.record.tags.get("mlflow.source.name", "")
        if named.endswith(".ipynb"):
            yield from changes.edited_cells(evidence.slice_, project.root / named)
        yield from changes.changed_packages(evidence.packages, environment.packages())
    for path in files:
        yield Change(kind="data", what=f"{path} as it is now", path=path)


class _Search:
    """Runs settings and compares each with the first."""

    def __init__(
        self, project: Project, evidence: Evidence, tolerance: float, timeout: float
    ) -> None:
        self._project, self._evidence = project, evidence
        self._tolerance, self._timeout = tolerance, timeout
        self._start = Setting(cells=())
        self._first = Replay()
        self.noise: list[str] = []

    def begin(self, start: Setting) -> None:
        """Run the first setting twice.

        Raises
        ------
        InputError
            It does not even run as it was recorded.
        """
        self._start = start
        self._first = self._run(start)
        if self._first.error:
            raise InputError(
                f"run {self._evidence.record.name!r} cannot be made as recorded: "
                f"{self._first.error}",
                "mlops run reproduce says more",
            )
        again = self._run(start)
        self.noise = list(self._moved(self._first.metrics, again.metrics))

    def differs_from_record(self) -> list[str]:
        """Return a note where the first setting does not give the recorded metrics."""
        moved = self._moved(self._evidence.record.metrics, self._first.metrics)
        said = [f"{name} {_shown(a)} → {_shown(b)}" for name, (a, b) in moved.items()]
        return [f"even as recorded it comes out differently: {', '.join(said)}"] if said else []

    def try_(self, kind: str, what: str, found: Sequence[Change]) -> Step:
        """Run the first setting with changes, and say what they moved."""
        try:
            made = self._run(applied(self._start, found))
        except InputError as error:
            return Step(kind=kind, what=what, moved={}, error=f"cannot be tried: {error.message}")
        if made.error:
            return Step(kind=kind, what=what, moved={}, error=made.error)
        return Step(kind=kind, what=what, moved=self._moved(self._first.metrics, made.metrics))

    def halve(self, packages: Sequence[Change]) -> list[Step]:
        """Return the single packages that move a metric; groups that move none are left alone."""
        if not packages:
            return []
        what = packages[0].what if len(packages) == 1 else f"{len(packages)} together"
        step = self.try_("package", what, packages)
        if len(packages) == 1 or not (step.moved or step.error):
            return [step]
        middle = len(packages) // 2
        parts = [*self.halve(packages[:middle]), *self.halve(packages[middle:])]
        # Where no half moves anything by itself, it is the halves together that do.
        return parts if any(part.moved or part.error for part in parts) else [step]

    def _run(self, setting: Setting) -> Replay:
        python = Path(sys.executable)
        if setting.packages:
            python = make_environment(self._project, setting.packages, setting.python)
        evidence = replace(
            self._evidence, slice_=replace(self._evidence.slice_, cells=setting.cells)
        )
        with tempfile.TemporaryDirectory(prefix="mlops-bisect-") as name:
            project = self._project
            if setting.files:
                changes.mirror(project.root, setting.files, Path(name))
                project = replace(project, root=Path(name))
            return run_again(project, evidence, python, self._timeout)

    def _moved(
        self, before: Mapping[str, float], after: Mapping[str, float]
    ) -> dict[str, tuple[float | None, float | None]]:
        verdicts = compare(before, after, self._tolerance)
        return {v.name: (v.before, v.after) for v in verdicts
                if v.verdict in {"different", "missing"}}  # fmt: skip


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"

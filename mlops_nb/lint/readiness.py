"""Whether a notebook is ready for production: what the linter and the project know, as a list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mlops_nb import environment
from mlops_nb.config import Project
from mlops_nb.lint.context import Context
from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.repairs.parameters import TAG, tagged
from mlops_nb.lint.rule import Severity
from mlops_nb.lint.rules.documentation import missing_fields
from mlops_nb.lint.rules.lineage import tracks, training
from mlops_nb.lint.surroundings import requirements
from mlops_nb.result import Result, Status, worst

FINDINGS = "readiness.findings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A notebook that wants to go into production.

    Parameters
    ----------
    context : Context
        Its facts.
    diagnostics : sequence of Diagnostic
        What the linter found.
    project : Project
        The project it lies in.
    edited : collection of int
        Indices of cells that were changed since they ran, as far as an editor knows.
    """

    context: Context
    diagnostics: Sequence[Diagnostic]
    project: Project
    edited: Collection[int] = ()

    def found(self, *prefixes: str) -> list[Diagnostic]:
        """Return the findings of some rules."""
        return [d for d in self.diagnostics if d.code.startswith(prefixes)]

    def result(
        self,
        name: str,
        status: Status,
        message: str,
        *,
        advice: str = "",
        cell: int | None = None,
        codes: Collection[str] = (),
    ) -> Result:
        """Return a point of the list; `cell` and `codes` say where to look."""
        return Result(
            name=f"readiness.{name}",
            subject=self.context.notebook.path.name,
            status=status,
            message=message,
            advice=advice,
            evidence={"cell": cell, "codes": sorted(set(codes))},
        )

    def spoilt(self, name: str, status: Status, found: Sequence[Diagnostic], advice: str) -> Result:
        """Return a point that findings speak against; the first of them is its message."""
        first, more = found[0], len(found) - 1
        message = f"{first.message}{f' (and {more} more)' if more else ''}"
        codes = [d.code for d in found]
        return self.result(name, status, message, advice=advice, cell=first.cell, codes=codes)


def checklist(case: Case) -> list[Result]:
    """Return what a notebook needs for production, each point with what it lacks.

    Parameters
    ----------
    case : Case
        The notebook.

    Returns
    -------
    list of Result
        Named ``readiness.parameters``, ``seeds``, ``environment``, ``tracking``, ``owner``,
        ``executed`` and ``findings``.
    """
    return [check(case) for check in _CHECKS]


def verdict(points: Sequence[Result]) -> Result:
    """Return the one line above the list: failed when a finding blocks, warned by open points.

    Parameters
    ----------
    points : sequence of Result
        From :func:`checklist`.
    """
    if not points:  # of another language, or no notebook
        return Result(
            name="readiness.verdict", subject="", status=Status.SKIPPED, message="not checked"
        )
    opened = [p for p in points if worst([p]) in (Status.WARNED, Status.FAILED, Status.ERROR)]
    blocking = next((p for p in opened if p.name == FINDINGS and p.status is Status.FAILED), None)
    if blocking:
        status, message = Status.FAILED, f"Not ready: {blocking.message}"
    elif opened:
        noun = "point" if len(opened) == 1 else "points"
        status, message = Status.WARNED, f"Almost ready: {len(opened)} {noun} open"
    else:
        status, message = Status.PASSED, "Ready for production"
    subject = points[0].subject
    return Result(name="readiness.verdict", subject=subject, status=status, message=message)


def _parameters(case: Case) -> Result:
    cells = tagged(case.context)
    if not cells:
        return case.result(
            "parameters",
            Status.FAILED,
            f"no cell is tagged {TAG!r}",
            advice=f"Put the values a job may change into one cell and tag it {TAG!r}.",
        )
    found = case.found("NBP002", "NBP003")
    if found:
        return case.spoilt("parameters", Status.FAILED, found, "A job's values would be lost.")
    index = cells[0].cell.index
    return case.result("parameters", Status.PASSED, f"cell {index} holds them", cell=index)


def _seeds(case: Case) -> Result:
    found = case.found("NBS001", "NBS002", "NBS003")
    if found:
        advice = "Give every random step a seed, so that a second run says the same."
        return case.spoilt("seeds", Status.FAILED, found, advice)
    return case.result("seeds", Status.PASSED, "nothing random runs without a seed")


def _environment(case: Case) -> Result:
    found = case.found("NBD001")
    if found:
        advice = "Move it to the project's requirements, pinned."
        return case.spoilt("environment", Status.FAILED, found, advice)
    root = case.project.root
    locked = environment.locked(root)
    wanted = requirements(case.context.notebook.path.parent, root)
    advice = "uv lock, or: pip freeze > requirements.txt"
    if not locked and not wanted:
        message = "the project says nowhere which packages it needs"
        return case.result("environment", Status.FAILED, message, advice=advice)
    loose = [] if locked else sorted(name for name, version in wanted.items() if not version)
    if loose:
        some = ", ".join(loose[:3]) + (", …" if len(loose) > 3 else "")
        message = f"{len(loose)} of {len(wanted)} requirements have no version: {some}"
        return case.result("environment", Status.WARNED, message, advice=advice)
    missing = case.found("NBD002")
    if missing:
        return case.spoilt("environment", Status.WARNED, missing, "Add it to the requirements.")
    return case.result("environment", Status.PASSED, "every package has its version")


def _tracking(case: Case) -> Result:
    if tracks(case.context):
        return case.result("tracking", Status.PASSED, "its results are kept as runs")
    trained = training(case.context)
    if trained is None:
        return case.result("tracking", Status.NOT_APPLICABLE, "it trains no model")
    return case.result(
        "tracking",
        Status.FAILED,
        "a model is trained and no run is logged",
        advice='%load_ext mlops_nb, then begin the training cell with: %%mlops run "name"',
        cell=trained[0].cell.index,
    )


def _owner(case: Case) -> Result:
    missing = [
        field
        for field in missing_fields(case.context)
        if not (field.lower() == "owner" and case.project.config.owner)
    ]
    if missing:
        fields = ", ".join(missing)
        return case.result(
            "owner",
            Status.FAILED,
            f"its first cells do not say: {fields}",
            advice=f"Write a text cell at the top with lines such as: **{missing[0].title()}.** …",
            cell=0 if case.context.notebook.cells else None,
        )
    return case.result("owner", Status.PASSED, "it says who answers for it")


def _executed(case: Case) -> Result:
    advice = "Restart the kernel and run all cells, from top to bottom."

    def point(status: Status, message: str, cell: int | None = None) -> Result:
        return case.result("executed", status, message, advice=advice, cell=cell)

    cells = [cell for cell in case.context.notebook.code_cells if cell.source.strip()]
    ran = [cell for cell in cells if cell.execution_count is not None]
    if not ran:
        return point(Status.FAILED, "it has not been run" if cells else "it holds no code")
    for cell in cells:
        if cell.execution_count is None:
            return point(Status.FAILED, f"cell {cell.index} was not run", cell.index)
        if any(output.get("output_type") == "error" for output in cell.outputs):
            return point(Status.FAILED, f"cell {cell.index} ended in an error", cell.index)
        if cell.index in case.edited:
            return point(Status.FAILED, f"cell {cell.index} was edited since", cell.index)
    counts = [cell.execution_count or 0 for cell in cells]
    if counts != sorted(set(counts)):
        return point(Status.FAILED, "its cells ran in another order than they stand in")
    if counts != list(range(1, len(counts) + 1)):
        return point(Status.WARNED, "cells ran in between that are gone, or ran twice")
    noun = "cell" if len(cells) == 1 else "cells"
    return case.result("executed", Status.PASSED, f"{len(cells)} {noun}, from top to bottom")


def _findings(case: Case) -> Result:
    weights = {Severity.ERROR: "error", Severity.WARNING: "warning"}
    counts = {s: [d for d in case.diagnostics if d.severity == s] for s in weights}
    parts = [
        f"{len(found)} {weights[severity]}{'' if len(found) == 1 else 's'}"
        for severity, found in counts.items()
        if found
    ]
    blocking = counts[Severity.ERROR] or (
        counts[Severity.WARNING] if case.project.config.lint.strict else []
    )
    if not parts:
        return case.result("findings", Status.PASSED, "no error and no warning")
    first = (blocking or counts[Severity.WARNING])[0]
    return case.result(
        "findings",
        Status.FAILED if blocking else Status.WARNED,
        ", ".join(parts),
        advice="Fix them, or accept them with a comment.",
        cell=first.cell,
        codes=[d.code for found in counts.values() for d in found],
    )


_CHECKS: tuple[Callable[[Case], Result], ...] = (
    _findings,
    _parameters,
    _seeds,
    _environment,
    _tracking,
    _owner,
    _executed,
)

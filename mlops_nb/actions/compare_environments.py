"""Compare environments: this one, the project's lock, and the one a model was trained in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlops_nb.config import Project
from mlops_nb.dataflow.imports import imported
from mlops_nb.environment import (
    canonical,
    distribution_of,
    local_folders,
    lock_file,
    locked,
    packages,
    packages_of,
    python_of,
    python_version,
)
from mlops_nb.errors import MlopsError
from mlops_nb.notebook import parse_notebook, read_notebook
from mlops_nb.result import Result, Status

PYTHON = "python"
RECORD, SLICE = "mlops/environment.txt", "mlops/slice.ipynb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A package that is not the same everywhere.

    Parameters
    ----------
    package : str
        Its name; ``python`` is the interpreter.
    here, lock, model : str
        Its version in this environment, in the lock and in the one the model was trained in;
        empty: it is not there, or there is no lock, no model.
    matters : bool
        Whether the model file holds types of it, or the notebook imports it.
    """

    package: str
    here: str
    lock: str
    model: str
    matters: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How the environments differ, what matters for the model first.

    Parameters
    ----------
    differences : sequence of Difference
        Those that matter first, then by name.
    lock : str
        The lock's file name, empty for none.
    model : str
        ``name/3``, empty when no model was compared or it has no record.
    matters : sequence of str
        The packages that matter.
    """

    differences: tuple[Difference, ...]
    lock: str
    model: str
    matters: tuple[str, ...]

    def results(self) -> list[Result]:
        """Return one result for the lock and one for the model.

        A package that matters and differs fails; others warn.
        """
        return [
            self._result("lock", self.lock, "no lock", "mlops env lock"),
            self._result("model", self.model, "no model with a record of its environment", ""),
        ]

    def _result(self, side: str, subject: str, nothing: str, advice: str) -> Result:
        if not subject:
            return Result(
                name=f"env.{side}", subject=side, status=Status.NOT_APPLICABLE,
                message=f"there is {nothing} to compare with", advice=advice,
            )  # fmt: skip
        differing = self.differing(side)
        grave = [one for one in differing if one.matters]
        told = ", ".join(f"{o.package} {o.here or 'missing'} ({getattr(o, side) or 'not in it'})"
                         for o in (grave or differing)[:5])  # fmt: skip
        more = len(grave or differing) - 5
        status = Status.FAILED if grave else Status.WARNED if differing else Status.PASSED
        said = f"packages that matter differ from {subject}: {told}" if grave else (
            f"packages differ from {subject}, none of which matters: {told}"
            if differing else f"every package is as in {subject}"
        )  # fmt: skip
        hints = {"lock": f"install {subject} again", "model": f"mlops env diff {subject}"}
        return Result(
            name=f"env.{side}",
            subject=subject,
            status=status,
            value=float(len(differing)),
            message=said + (f" and {more} more" if more > 0 else ""),
            advice=hints[side] if differing else "",
            evidence={one.package: asdict(one) for one in differing[:100]},
        )

    def differing(self, side: str) -> list[Difference]:
        """Return the packages whose version here is not that of the ``lock`` or the ``model``."""
        return [
            one
            for one in self.differences
            if getattr(one, side) != one.here and (one.matters or (one.here and getattr(one, side)))
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-serialisable values."""
        return {
            "lock": self.lock or None,
            "model": self.model or None,
            "matters": list(self.matters),
            "differences": [asdict(one) for one in self.differences],
        }


def compare_environments(
    project: Project,
    *,
    model: str = "",
    notebooks: Iterable[Path] = (),
    here: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare this environment with the lock and with the one a model version was trained in.

    Parameters
    ----------
    project : Project
        Whose lock and registry.
    model : str, optional
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    notebooks : iterable of Path, optional
        Whose imports matter, beside those of the model file and of the cells it came from.
    here : mapping, optional
        Name → version to compare, ``python`` among them; this process's own by default.

    Raises
    ------
    NotFoundError
        There is no such model or version.
    """
    wanted = {name for path in notebooks for name in _imports(path)}
    label, trained = "", {}
    if model:
        from mlops_nb.registry import evidence
        from mlops_nb.registry.versions import resolve

        version = resolve(project, model)
        text = evidence.run_file(project, version, RECORD)
        if text is not None:
            label = version.label
            trained = {PYTHON: python_of(text), **packages_of(text)}
        wanted |= _of_model(project, version)
    own = here if here is not None else {PYTHON: python_version(), **packages()}
    lock = lock_file(project.root)
    local = {canonical(name) for name in local_folders()}
    return Comparison(
        differences=tuple(
            _differences(
                _canonical(own),
                _canonical(locked(project.root)),
                _canonical(trained),
                matters={PYTHON, *wanted} if wanted else set(),
                left_out=local,
            )
        ),
        lock=lock.name if lock else "",
        model=label,
        matters=tuple(sorted(wanted)),
    )


def _differences(
    here: Mapping[str, str],
    lock: Mapping[str, str],
    model: Mapping[str, str],
    *,
    matters: Collection[str],
    left_out: Collection[str],
) -> list[Difference]:
    """Return the rows; no lock names the interpreter or what is installed from a folder here.

    A package that one side lacks counts only when it matters: a lock for several systems names
    what this one does not need, and this one has tools that no model does.
    """
    found = []
    for name in {*here, *lock, *model} - set(left_out):
        versions = [here.get(name, "")]
        versions += [lock.get(name, "")] if lock and name != PYTHON else []
        versions += [model.get(name, "")] if model else []
        # Of the interpreter, another minor version matters; another patch does not.
        grave = name in matters and (name != PYTHON or _minor(here) != _minor(model))
        if len(set(versions)) > 1 and (grave or len(set(filter(None, versions))) > 1):
            row = Difference(
                package=name,
                here=here.get(name, ""),
                lock=here.get(name, "") if name == PYTHON and lock else lock.get(name, ""),
                model=model.get(name, ""),
                matters=grave,
            )
            found.append(row)
    return sorted(found, key=lambda row: (not row.matters, row.package))


def _minor(versions: Mapping[str, str]) -> str:
    return versions.get(PYTHON, "").rpartition(".")[0]


def _canonical(versions: Mapping[str, str]) -> dict[str, str]:
    return {canonical(name): version for name, version in versions.items()}


def _imports(path: Path) -> set[str]:
    names = {distribution_of(module) for module in imported(read_notebook(path))}
    return names - {""}


def _of_model(project: Project, version: Any) -> set[str]:
    """Return the packages of a version's model file and of the cells that it came from."""
    from mlops_nb.modelfile.modules import modules
    from mlops_nb.registry import evidence
    from mlops_nb.registry.scoring import model_path
    from mlops_nb.store import models

    found: set[str] = set()
    with suppress(MlopsError):  # one that this suite did not write: what it imports is left
        found |= modules(model_path(models.download_model(project, version.source)))
    cells = evidence.run_file(project, version, SLICE)
    if cells is not None:
        found |= imported(parse_notebook(cells.encode(), Path(SLICE)))
    return {distribution_of(module) for module in found} - {""}

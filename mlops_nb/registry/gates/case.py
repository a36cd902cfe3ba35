"""What a gate is: a function that looks at a version's case and answers with results."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.config import Gates
from mlops_nb.errors import ConfigError, MlopsError
from mlops_nb.registry.bootstrap import Gain
from mlops_nb.registry.versions import ModelVersion
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

ENTRY_POINTS = "mlops_nb.gates"
"""Group of entry points that installed packages name their gates in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A version's hold-out with its answers.

    Parameters
    ----------
    rows : DataFrame
        Features, groups and label.
    label : str
        Column of the truth.
    answers : DataFrame
        ``prediction`` and, where the model gives it, ``score``; in the order of the rows.
    task : {"binary", "multiclass", "regression"}
        What the model predicts.
    positive : object
        The class that a score is the probability of; None but for binary models.
    """

    rows: pd.DataFrame
    label: str
    answers: pd.DataFrame
    task: str
    positive: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a gate may look at.

    Parameters
    ----------
    version : ModelVersion
        The version that wants to be promoted.
    rules : Gates
        ``[tool.mlops.gates]``.
    card : mapping
        The facts of its card, as in ``card.json``.
    champion : ModelVersion, optional
        The present champion; None when there is none or when this version is it.
    measure : callable
        Scores both on the version's hold-out and answers the gain; called only when needed.
    score : callable
        Scores the version's hold-out; called only when needed.
    lint : callable
        The linter's errors in the notebook that the version comes from, a line each; None when
        the version has no notebook.
    reproduced : callable
        The recorded verdict of making the version's run again, as ``reproduce.json`` has it;
        None when it was never made again.
    contract : callable
        The hold-out held against the version's data contract, a result a rule.
    business : callable
        The gain over the champion in a figure of ``[tool.mlops.business]``, by its name.
    launch : callable
        What the version needs around it to be watched from its first day, a result each.
    """

    version: ModelVersion
    rules: Gates
    card: Mapping[str, Any]
    champion: ModelVersion | None
    measure: Callable[[], Gain]
    score: Callable[[], Scored]
    lint: Callable[[], Sequence[str] | None]
    reproduced: Callable[[], Mapping[str, Any] | None]
    contract: Callable[[], Sequence[Result]]
    business: Callable[[str], Gain]
    launch: Callable[[], Sequence[Result]]


Gate = Callable[[Case], Result | Iterable[Result]]

_gates: dict[str, Gate] = {}


def gate(function: Gate) -> Gate:
    """Register a gate; a second one of the same name takes the place of the first.

    An installed package adds its gates by an entry point of the group ``mlops_nb.gates`` that
    names a module with such functions, a project by ``files`` in ``[tool.mlops.gates]``.

    Parameters
    ----------
    function : callable
        Takes a :class:`Case`, answers a :class:`~mlops_nb.result.Result` or several. A result
        that is failed or an error stops the promotion.

    Examples
    --------
    >>> from mlops_nb.registry.gates import gate
    >>> from mlops_nb.result import Result, Status
    >>> @gate
    ... def enough_rows(case):
    ...     rows = case.card["data"]["holdout_rows"]
    ...     status = Status.PASSED if rows >= 1000 else Status.FAILED
    ...     return Result(name="gate.rows", subject=case.version.label, status=status, value=rows)
    >>> from mlops_nb.registry.gates import remove
    >>> remove("enough_rows")
    """
    _gates[function.__name__] = function
    return function


def remove(name: str) -> None:
    """Take a gate away again; nothing happens when there is none of that name."""
    _gates.pop(name, None)


def run(case: Case) -> list[Result]:
    """Put a version before every gate; a gate that breaks answers with an error."""
    _load_installed()
    results: list[Result] = []
    for name, function in _gates.items():
        try:
            answer = function(case)
            results += [answer] if isinstance(answer, Result) else list(answer)
        except Exception as error:
            text = error.message if isinstance(error, MlopsError) else repr(error)
            results.append(
                Result(
                    name=f"gate.{name}",
                    subject=case.version.label,
                    status=Status.ERROR,
                    message=f"the gate could not be applied: {text}",
                    advice=getattr(error, "hint", "") or "correct the gate or what it looks at",
                )
            )
    return results


@cache
def _load_installed() -> None:
    for entry in entry_points(group=ENTRY_POINTS):
        entry.load()


def load_files(root: Path, files: Iterable[str]) -> None:
    """Run the Python files in which a project keeps its own gates.

    Parameters
    ----------
    root : Path
        The project's root.
    files : iterable of str
        Their paths from there.

    Raises
    ------
    ConfigError
        A file is missing or raises; the message names it.
    """
    for name in files:
        path = root / name
        if not path.is_file():
            raise ConfigError(f"there is no file of gates {path}", "`files` in [tool.mlops.gates]")
        try:
            runpy.run_path(str(path))
        except Exception as error:
            raise ConfigError(
                f"the gates in {path} cannot be loaded: {type(error).__name__}: {error}",
                f"python {name} shows where",
            ) from error


def refused(results: Iterable[Result]) -> list[Result]:
    """Return the results that stop a promotion."""
    return [result for result in results if result.status in (Status.FAILED, Status.ERROR)]

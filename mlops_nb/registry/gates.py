"""Gates: what a model version must show before it is promoted. One function each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlops_nb.config import Gates
from mlops_nb.errors import MlopsError, did_you_mean
from mlops_nb.registry.bootstrap import Gain
from mlops_nb.registry.versions import ModelVersion
from mlops_nb.result import Result, Status


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
    """

    version: ModelVersion
    rules: Gates
    card: Mapping[str, Any]
    champion: ModelVersion | None
    measure: Callable[[], Gain]


Gate = Callable[[Case], Result | Iterable[Result]]

_gates: dict[str, Gate] = {}


def gate(function: Gate) -> Gate:
    """Register a gate; a second one of the same name takes the place of the first.

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


def refused(results: Iterable[Result]) -> list[Result]:
    """Return the results that stop a promotion."""
    return [result for result in results if result.status in (Status.FAILED, Status.ERROR)]


@gate
def minimum(case: Case) -> list[Result]:
    """Demand metrics not below what ``gates.minimum`` says."""
    bounds = case.rules.minimum
    return [_bound(case, "minimum", name, bounds[name], lambda v, b: v >= b) for name in bounds]


@gate
def maximum(case: Case) -> list[Result]:
    """Demand metrics not above what ``gates.maximum`` says."""
    bounds = case.rules.maximum
    return [_bound(case, "maximum", name, bounds[name], lambda v, b: v <= b) for name in bounds]


@gate
def challenger(case: Case) -> Result:
    """Demand that it is better than the champion on the same rows, as surely as asked for."""
    answer = partial(Result, name="gate.challenger", subject=case.version.label, window="hold-out")
    if case.champion is None:
        return answer(
            status=Status.NOT_APPLICABLE, message="there is no other champion to compare with"
        )
    gain, rules = case.measure(), case.rules
    passed = gain.low > rules.challenger_gain
    against = f"{gain.challenger:.4g} against {gain.champion:.4g} of {case.champion.label}"
    return answer(
        status=Status.PASSED if passed else Status.FAILED,
        value=gain.gain,
        threshold=rules.challenger_gain,
        message=f"{gain.metric} {against} on {gain.rows:,} rows: a gain of {gain.gain:+.4g}, above "
        f"{gain.low:+.4g} with {gain.confidence:.0%} confidence; more than "
        f"{rules.challenger_gain:g} was asked for",
        advice="" if passed else "keep the champion, or collect more labelled rows to be surer",
        evidence={
            "metric": gain.metric,
            "challenger": gain.challenger,
            "champion": gain.champion,
            "champion_version": case.champion.version,
            "low": gain.low,
            "high": gain.high,
            "confidence": gain.confidence,
            "certainty": gain.certainty,
            "rows": gain.rows,
        },
    )


@gate
def card(case: Case) -> Result:
    """Ask for an owner, the intended use and the limits in the card."""
    needed = {"owner": "owner", "intended_use": "intended use", "limits": "limits"}
    gaps = [text for key, text in needed.items() if not case.card.get(key)]
    return Result(
        name="gate.card",
        subject=case.version.label,
        status=Status.WARNED if gaps else Status.PASSED,
        message=f"the card lacks: {', '.join(gaps)}" if gaps else "the card is complete",
        advice="register with card={'owner': …, 'intended_use': …, 'limits': …}" if gaps else "",
    )


def _bound(
    case: Case, kind: str, name: str, bound: float, holds: Callable[[float, float], bool]
) -> Result:
    answer = partial(Result, name=f"gate.{kind}", subject=name, threshold=bound, window="hold-out")
    value = case.version.metrics.get(name)
    if value is None:
        return answer(
            status=Status.FAILED,
            message=f"{case.version.label} has no metric {name!r}",
            advice=did_you_mean(name, case.version.metrics),
        )
    passed = holds(value, bound)
    word = "at least" if kind == "minimum" else "at most"
    return answer(
        status=Status.PASSED if passed else Status.FAILED,
        value=value,
        message=f"{name} is {value:.4g}; {word} {bound:g} was asked for",
        advice="" if passed else "improve the model, or say why the bound should be another",
    )

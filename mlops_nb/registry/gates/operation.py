"""Gates on what it takes to run a version: its card, its notebook, its speed and its size."""

from __future__ import annotations

from functools import partial

from mlops_nb.registry.gates.case import Case, gate
from mlops_nb.result import Result, Status


@gate
def card(case: Case) -> Result:
    """Ask for an owner, the intended use and the limits in the card."""
    needed = {"owner": "owner", "intended_use": "intended use", "limits": "limits"}
    gaps = [text for key, text in needed.items() if not case.card.get(key)]
    bad = Status.FAILED if case.rules.complete_card else Status.WARNED
    return Result(
        name="gate.card",
        subject=case.version.label,
        status=bad if gaps else Status.PASSED,
        message=f"the card lacks: {', '.join(gaps)}" if gaps else "the card is complete",
        advice="register with card={'owner': …, 'intended_use': …, 'limits': …}" if gaps else "",
    )


@gate
def lint(case: Case) -> list[Result]:
    """Demand that the linter finds no error in the notebook that the version comes from."""
    if not case.rules.lint:
        return []
    answer = partial(Result, name="gate.lint", subject=case.version.label)
    errors = case.lint()
    if errors is None:
        return [
            answer(
                status=Status.FAILED,
                message="the run holds no notebook that could be looked at",
                advice="log the run from a notebook's cell: %%mlops run",
            )
        ]
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return [
        answer(
            status=Status.FAILED if errors else Status.PASSED,
            value=float(len(errors)),
            threshold=0.0,
            message=f"{errors[0]}{more}" if errors else "the linter finds no error",
            advice="mlops lint, correct it and train anew" if errors else "",
        )
    ]


@gate
def latency(case: Case) -> list[Result]:
    """Demand that 1,000 rows are scored within ``gates.milliseconds-per-1000-rows``."""
    return _at_most(
        case,
        "latency",
        case.card["model"]["milliseconds_per_1000_rows"],
        case.rules.milliseconds_per_1000_rows,
        "1,000 rows take {value:.1f} ms; at most {bound:g} ms were asked for",
    )


@gate
def size(case: Case) -> list[Result]:
    """Demand a model file of at most ``gates.megabytes``."""
    return _at_most(
        case,
        "size",
        case.card["model"]["bytes"] / 1e6,
        case.rules.megabytes,
        "the model file has {value:.2f} MB; at most {bound:g} MB were asked for",
    )


def _at_most(case: Case, name: str, value: float, bound: float | None, words: str) -> list[Result]:
    if bound is None:
        return []
    passed = value <= bound
    return [
        Result(
            name=f"gate.{name}",
            subject=case.version.label,
            status=Status.PASSED if passed else Status.FAILED,
            value=value,
            threshold=bound,
            message=words.format(value=value, bound=bound),
            advice="" if passed else "a smaller model, or another bound and the reason for it",
        )
    ]

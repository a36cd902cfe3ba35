"""Gates on how a version treats groups of people, on the hold-out that it was registered with.

The figures are those of fairlearn: Bird et al., *Fairlearn* (2020). A group of fewer rows than
the card tells of is left out here as well, and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_nb.registry.gates.case import Case, Scored, gate
from mlops_nb.registry.measure import GROUP_ROWS
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    """One figure of fairness: what it is called, which bound it has, how it is computed."""

    key: str
    words: str
    function: str
    low_is_bad: bool


_FIGURES = (
    _Figure(
        key="selection_ratio",
        words="the lowest selection rate is {value:.2f} of the highest",
        function="demographic_parity_ratio",
        low_is_bad=True,
    ),
    _Figure(
        key="selection_difference",
        words="selection rates differ by {value:.3f}",
        function="demographic_parity_difference",
        low_is_bad=False,
    ),
    _Figure(
        key="odds_difference",
        words="rates of true or of false alarms differ by {value:.3f}",
        function="equalized_odds_difference",
        low_is_bad=False,
    ),
)


@gate
def fairness(case: Case) -> Iterator[Result]:
    """Demand that groups are treated alike, within the bounds of ``gates.fairness``."""
    rules = case.rules.fairness
    asked = [(figure, getattr(rules, figure.key)) for figure in _FIGURES]
    asked = [(figure, bound) for figure, bound in asked if bound is not None]
    if not asked:
        return
    columns = rules.columns or sorted({group["column"] for group in case.card["groups"]})
    scored = case.score()
    problem = _problem(scored, columns)
    if problem:
        yield Result(
            name="gate.fairness",
            subject=case.version.label,
            status=Status.FAILED,
            message=problem,
            advice="register with groups=[…] that hold the columns named in gates.fairness",
        )
        return
    for column in columns:
        for figure, bound in asked:
            yield _judge(figure, bound, column, scored)


def _problem(scored: Scored, columns: list[str]) -> str:
    if scored.task != "binary":
        return f"fairness is judged by the answers yes and no; this is a {scored.task} model"
    if not columns:
        return "no column says which group a row belongs to"
    missing = [column for column in columns if column not in scored.rows]
    return f"the hold-out lacks {', '.join(missing)}" if missing else ""


def _judge(figure: _Figure, bound: float, column: str, scored: Scored) -> Result:
    import fairlearn.metrics

    answer = partial(
        Result,
        name=f"gate.fairness.{figure.key}",
        subject=column,
        threshold=bound,
        window="hold-out",
    )
    groups, small = _large_groups(scored.rows[column])
    if groups.nunique() < 2:
        return answer(
            status=Status.FAILED,
            message=f"fewer than two groups of {column} have {GROUP_ROWS} rows",
            advice="register with a hold-out in which every group has its rows",
        )
    compute: Callable[..., Any] = getattr(fairlearn.metrics, figure.function)
    value = float(
        compute(
            (scored.rows.loc[groups.index, scored.label] == scored.positive).astype(int),
            (scored.answers.loc[groups.index, "prediction"] == scored.positive).astype(int),
            sensitive_features=groups,
        )
    )
    passed = value >= bound if figure.low_is_bad else value <= bound
    word = "at least" if figure.low_is_bad else "at most"
    left_out = f"; {small} smaller groups are left out" if small else ""
    return answer(
        status=Status.PASSED if passed else Status.FAILED,
        value=value,
        message=f"{figure.words.format(value=value)} over {groups.nunique()} groups of {column}; "
        f"{word} {bound:g} was asked for{left_out}",
        advice=""
        if passed
        else "find out why the groups are told apart; if it cannot be justified, mitigate: "
        "fairlearn.reductions, fairlearn.postprocessing",
    )


def _large_groups(values: pd.Series) -> tuple[pd.Series, int]:
    named = values.dropna().astype(str)
    counts = named.value_counts()
    large = counts[counts >= GROUP_ROWS].index
    return named[named.isin(large)], len(counts) - len(large)

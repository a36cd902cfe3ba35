"""Decisions: what the model says, and to whom, against what it said on the reference.

It needs no labels, and so it is the first to know: a threshold that was moved, a score that is all
zeros, a group that is suddenly approved half as often.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlops_nb.monitoring.groups import Group, name_of, names, require_groups
from mlops_nb.monitoring.policy import Policy
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[np.float64]
LEVEL = 0.01
"""Chance of a false alarm over all groups of one check."""
SHIFT = 0.05
"""Change of a rate that matters, in a share of the rows."""
ADVICE = "find out whether the people, the data or the threshold changed"


def decisions(
    reference: pd.DataFrame,
    frame: pd.DataFrame,
    *,
    groups: Sequence[Group] = (),
    prediction: str = "prediction",
    score: str = "score",
    minimum: int = 100,
    max_shift: float = SHIFT,
    policy: Policy | None = None,
    window: str = "",
) -> list[Result]:
    """Check scores for sense, and the share of positive answers overall and by group.

    A share of all rows warns when it moved by more than `max_shift`, beyond the noise of sampling,
    and fails from the double of it; of a group it warns when the group moved by that much *more*
    than all rows did.

    Parameters
    ----------
    reference, frame : DataFrame
        Scored rows of the reference (its hold-out) and of the window; no labels needed.
    groups : sequence of str or of sequences of str
        Columns of groups, or intersections of several.
    prediction, score : str
        Columns.
    minimum : int
        Rows that a group needs in both tables.
    max_shift : float
        Change of a rate that does not matter yet, 0 to 1.
    policy : Policy, optional
        Whose alarm budget says how rarely chance alone may page.
    window : str
        The period the rows are of.

    Returns
    -------
    list of Result
        ``decision.scores`` when there are scores; ``decision.rate`` for answers of 0 and 1, the
        subject being all rows or ``column: group``; for other answers ``decision.rate`` of each
        class, or ``decision.mean`` of a regression.

    Raises
    ------
    InputError
        A column is missing.
    """
    rule = policy or Policy()
    for table in (reference, frame):
        require_groups(table, groups, prediction)
    results = []
    if score in frame.columns:
        results.append(_scores(frame[score], window))
    before, now = reference[prediction].dropna(), frame[prediction].dropna()
    if not len(before) or not len(now):
        return [*results, _skipped(window)]
    if _is_measured(before, now):
        return [
            *results,
            _mean(before.to_numpy(float), now.to_numpy(float), rule.beyond(LEVEL), window),
        ]
    positive = _positive(before, now)
    beyond = rule.beyond(LEVEL, len(positive))
    for name in positive:
        overall = _shares(before, now, name)
        results.append(_rate(_called(name), *overall, beyond, max_shift, window))
        results += [
            _group(group, reference, frame, prediction, name, overall, minimum, max_shift, window)
            for group in groups
        ]
    return results


def _scores(column: pd.Series, window: str) -> Result:
    """Whether scores are numbers, finite, chances, and more than one of them."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    missing, infinite = int(np.isnan(numbers).sum()), int(np.isinf(numbers).sum())
    finite = numbers[np.isfinite(numbers)]
    outside = int(((finite < 0) | (finite > 1)).sum())
    constant = len(finite) > 1 and float(np.ptp(finite)) == 0
    wrong = [
        f"{count:,} {words}"
        for count, words in (
            (missing, "are missing"), (infinite, "are infinite"),
            (outside, "lie outside of 0 to 1"),
        )
        if count
    ] + ([f"all are {finite[0]:.4g}"] if constant else [])  # fmt: skip
    text = f"of {len(numbers):,} scores " + (", ".join(wrong) if wrong else "all are chances")
    return Result(
        name="decision.scores",
        subject="scores",
        status=Status.FAILED if wrong and len(numbers) else Status.PASSED,
        value=float(missing + infinite + outside),
        threshold=0.0,
        window=window,
        message=text,
        advice="look at what the model was given, and whether it is the right one" if wrong else "",
    )


def _is_measured(before: pd.Series, now: pd.Series) -> bool:
    """Whether answers are measurements: numbers of many values."""
    if before.dtype.kind not in "iuf" or now.dtype.kind not in "iuf":
        return False
    return before.nunique() > 20 or bool((before != before.round()).any())


def _positive(before: pd.Series, now: pd.Series) -> list[object]:
    """Return the answers to look at: the positive one, or each class when there are several."""
    seen = sorted({*before.unique().tolist(), *now.unique().tolist()}, key=str)
    return [seen[-1]] if len(seen) <= 2 else seen[:20]


def _called(name: object) -> str:
    return "all rows" if name in (1, True) else f"answer {name}"


def _shares(before: pd.Series, now: pd.Series, name: object) -> tuple[float, int, float, int]:
    return float((before == name).mean()), len(before), float((now == name).mean()), len(now)


def _rate(
    subject: str, one: float, n: int, two: float, m: int, beyond: float, shift: float, window: str
) -> Result:
    error = _noise(one, n, two, m)
    status = Status.PASSED
    if abs(two - one) > max(shift, beyond * error):
        status = Status.FAILED if abs(two - one) > 2 * shift else Status.WARNED
    return Result(
        name="decision.rate",
        subject=subject,
        status=status,
        value=two - one,
        threshold=math.copysign(shift, two - one),
        window=window,
        message=f"{two:.1%} are answered so, {one:.1%} on the reference",
        advice="" if status is Status.PASSED else ADVICE,
        evidence={"before": one, "now": two, "standard_error": error, "rows": m},
    )


def _noise(one: float, n: int, two: float, m: int) -> float:
    pooled = (one * n + two * m + 1) / (n + m + 2)
    return math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))


def _group(
    group: Group, reference: pd.DataFrame, frame: pd.DataFrame, prediction: str, name: object,
    overall: tuple[float, int, float, int], minimum: int, shift: float, window: str,
) -> Result:  # fmt: skip
    """Whether a group moved otherwise than all rows did."""
    old = (reference[prediction] == name).groupby(names(reference, group)).agg(["mean", "size"])
    new = (frame[prediction] == name).groupby(names(frame, group)).agg(["mean", "size"])
    both = old.join(new, lsuffix="_old", rsuffix="_new", how="inner")
    both = both[(both["size_old"] >= minimum) & (both["size_new"] >= minimum)]
    called = name_of(group) if name in (1, True) else f"{name_of(group)}, answer {name}"
    if both.empty:
        return _skipped(window, called, f"no group has {minimum} rows in both tables")
    common = overall[2] - overall[0]
    both["apart"] = both["mean_new"] - both["mean_old"] - common
    both["error"] = [_noise(*row) for row in both[list(OLD_NEW)].itertuples(index=False)]
    worst = both.iloc[int((both["apart"].abs() / both["error"]).to_numpy().argmax())]
    moved = abs(worst["apart"]) > max(shift, Policy().beyond(LEVEL, len(both)) * worst["error"])
    return Result(
        name="decision.rate",
        subject=called,
        status=Status.WARNED if moved else Status.PASSED,
        value=float(worst["apart"]),
        threshold=math.copysign(shift, worst["apart"]),
        window=window,
        message=(
            f"{worst.name}: {worst['mean_new']:.1%} are answered so, {worst['mean_old']:.1%} on "
            f"the reference; all rows moved by {common:+.1%} ({len(both)} groups)"
        ),
        advice=ADVICE if moved else "",
        evidence={
            "groups": {
                str(i): {"before": float(row["mean_old"]), "now": float(row["mean_new"])}
                for i, row in both.iterrows()
            }
        },
    )


OLD_NEW = ("mean_old", "size_old", "mean_new", "size_new")


def _mean(before: Values, now: Values, beyond: float, window: str) -> Result:
    """Whether the mean answer of a regression moved by a tenth of its spread."""
    before, now = before[np.isfinite(before)], now[np.isfinite(now)]
    if len(before) < 2 or len(now) < 2:
        return _skipped(window)
    spread = float(before.std(ddof=1))
    error = math.hypot(
        spread / math.sqrt(len(before)), float(now.std(ddof=1)) / math.sqrt(len(now))
    )
    step = float(now.mean() - before.mean())
    moved = abs(step) > max(0.2 * spread, beyond * error)
    return Result(
        name="decision.mean",
        subject="all rows",
        status=Status.FAILED if moved else Status.PASSED,
        value=step,
        threshold=math.copysign(0.2 * spread, step),
        window=window,
        message=f"the mean answer is {now.mean():.4g}, {before.mean():.4g} on the reference",
        advice=ADVICE if moved else "",
        evidence={"standard_error": error, "spread": spread},
    )


def _skipped(window: str, subject: str = "all rows", message: str = "") -> Result:
    return Result(
        name="decision.rate", subject=subject, status=Status.SKIPPED, window=window,
        message=message or "there is no answer to compare",
    )  # fmt: skip

"""What a version that scores silently would have said, beside what was answered."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from mlops_nb.config import Project
from mlops_nb.monitoring.prediction_files import ID
from mlops_nb.monitoring.predictions import VERSION, predictions_log
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

Z = 1.96
"""Standard errors to either side of a 95 % interval."""


def shadow(
    model: str, start: object, end: object, *, label: str = "", project: Project | None = None
) -> list[Result]:
    """Compare the versions that scored silently with what was answered, on the same rows.

    Parameters
    ----------
    model : str
        The model's name.
    start, end : date, datetime or str
        First and last day, both included.
    label : str
        Column of the truth; with it errors are compared as well, as far as labels have come.
    project : Project, optional
        Whose logs; those of the project around the current folder by default.

    Returns
    -------
    list of Result
        For each shadow version ``shadow.agreement`` (share of equal predictions, or for numbers
        the mean distance), ``shadow.score`` (mean distance of scores), and with labels
        ``shadow.gain``: by how much its mean error is smaller, with a 95 % interval; it warns when
        the error is surely larger.
    """
    live = predictions_log(model, project).read(start, end)
    dark = predictions_log(model, project, shadow=True).read(start, end)
    window = f"{start}/{end}"
    if dark.empty or live.empty:
        return [
            Result(
                name="shadow.agreement",
                subject=model,
                status=Status.SKIPPED,
                window=window,
                message="no version scored silently in these days",
                advice="mlops model serve NAME@champion --shadow NAME@challenger",
            )
        ]
    results: list[Result] = []
    for version, part in dark.groupby(VERSION):
        both = live.merge(part, on=ID, suffixes=("", "_shadow"))
        results += _of_version(both, f"{model}/{version}", label, window)
    return results


def _of_version(both: pd.DataFrame, subject: str, label: str, window: str) -> Iterator[Result]:
    answer = partial(Result, subject=subject, window=window)
    if both.empty:
        yield answer(
            name="shadow.agreement", status=Status.SKIPPED, message="it scored none of these rows"
        )
        return
    numeric = _is_number(both["prediction"]) and "score" not in both
    distance = _distance(both["prediction"], both["prediction_shadow"], numeric=numeric)
    value = float(distance.mean()) if numeric else 1 - float(distance.mean())
    words = f"is {value:.4g} away on average" if numeric else f"agrees on {value:.1%}"
    yield answer(
        name="shadow.agreement",
        status=Status.PASSED,
        value=value,
        message=f"it {words} of {len(both):,} rows",
        evidence={"rows": len(both)},
    )
    if "score" in both and "score_shadow" in both:
        apart = float((both["score"] - both["score_shadow"]).abs().mean())
        yield answer(
            name="shadow.score",
            status=Status.PASSED,
            value=apart,
            message=f"its scores are {apart:.4g} away on average",
        )
    if label and label in both:
        yield from _gain(both.dropna(subset=[label]), label, answer, numeric=numeric)


def _gain(
    known: pd.DataFrame, label: str, answer: partial[Result], *, numeric: bool
) -> Iterator[Result]:
    if len(known) < 2:
        yield answer(
            name="shadow.gain", status=Status.SKIPPED, message="no label of these rows has come yet"
        )
        return
    live = _distance(known["prediction"], known[label], numeric=numeric)
    dark = _distance(known["prediction_shadow"], known[label], numeric=numeric)
    gains = live - dark
    mean, error = float(gains.mean()), float(gains.std(ddof=1)) / math.sqrt(len(gains))
    low, high = mean - Z * error, mean + Z * error
    yield answer(
        name="shadow.gain",
        status=Status.WARNED if high < 0 else Status.PASSED,
        value=mean,
        threshold=0.0,
        message=f"its mean error is {dark.mean():.4g}, that of the answers {live.mean():.4g}, on "
        f"{len(known):,} labelled rows: better by {mean:+.4g} [{low:+.4g}, {high:+.4g}]",
        advice="do not promote it" if high < 0 else "",
        evidence={"low": low, "high": high, "rows": len(known)},
    )


def _is_number(values: pd.Series) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_float_dtype(values))


def _distance(one: pd.Series, other: pd.Series, *, numeric: bool) -> pd.Series:
    """Return the distance of two columns row by row; of classes 1 where they differ."""
    if numeric:
        return (one.astype(float) - other.astype(float)).abs()
    import pandas as pd

    if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other):
        return (one.astype(float) != other.astype(float)).astype(float)
    return (one.astype(str) != other.astype(str)).astype(float)

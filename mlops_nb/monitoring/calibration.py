"""What a score is worth: reliability by band, and whether the relation to the label has changed.

Drift of the data moves the scores; *concept drift* moves what is true of rows with the same score.
The test takes the relation that held on the reference (an isotonic curve of the label over the
score) and looks at what is left of the labels of the window, band by band of the score: under the
old relation each band's mean is 0 but for noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlops_nb.errors import InputError
from mlops_nb.monitoring.answers import Answers, answers
from mlops_nb.monitoring.performance import FEW, labelled
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[np.float64]
BANDS = 10
LEVEL = 0.001
"""Chance of a false alarm of the test for concept drift."""
FLOOR = 0.02
"""Mean change of the chance at the same score that matters."""
FLOOR_SD = 0.1
"""For a regression: mean change at the same answer, in standard deviations of the old errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Rows with scores in one range.

    Parameters
    ----------
    low, high : float
        Smallest and largest score in it.
    rows : int
        How many rows.
    expected, observed : float
        Mean score, and share of positives.
    observed_low, observed_high : float
        95 % interval of the share (Wilson 1927).
    """

    low: float
    high: float
    rows: int
    expected: float
    observed: float
    observed_low: float
    observed_high: float


def reliability(
    frame: pd.DataFrame,
    *,
    label: str,
    prediction: str = "prediction",
    score: str = "score",
    bands: int = BANDS,
) -> list[Band]:
    """Return the share of positives by band of the score, each with about as many rows.

    Parameters
    ----------
    frame : DataFrame
        Predictions with their labels.
    label, prediction, score : str
        Columns.
    bands : int
        How many, at most.

    Raises
    ------
    InputError
        The task is not a binary one, or there are no scores.
    """
    given = answers(labelled(frame, label), label=label, prediction=prediction, score=score)
    if given.task != "binary" or given.score is None:
        raise InputError(
            "reliability needs labels of two classes and a column of scores",
            f"looked for scores in {score!r}",
        )
    usable = np.isfinite(given.score) & np.isfinite(given.truth)
    scores, truth = given.score[usable], given.truth[usable]
    place = np.searchsorted(_edges(scores, bands), scores, side="left")
    return [_band(scores[place == one], truth[place == one]) for one in np.unique(place)]


def _edges(scores: Values, bands: int) -> Values:
    return (
        np.unique(np.quantile(scores, np.linspace(0, 1, bands + 1)[1:-1]))
        if len(scores)
        else scores
    )


def _band(scores: Values, truth: Values) -> Band:
    n, share, z = len(truth), float(truth.mean()), 1.96
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Band(
        low=float(scores.min()),
        high=float(scores.max()),
        rows=n,
        expected=float(scores.mean()),
        observed=share,
        observed_low=max(0.0, centre - half),
        observed_high=min(1.0, centre + half),
    )


def concept(
    reference: pd.DataFrame,
    frame: pd.DataFrame,
    *,
    label: str,
    prediction: str = "prediction",
    score: str = "score",
    classes: bool = False,
    window: str = "",
) -> list[Result]:
    """Test whether rows with the same score still have the same truth.

    It warns when the change is beyond noise (a chance of 1 in 1,000) and, averaged over the
    window, at least two points of chance (a tenth of the old errors' spread for a regression).
    Of several classes it is the chance of being right at the same confidence.

    Parameters
    ----------
    reference, frame : DataFrame
        Labelled rows the model was not fitted on, and the rows of the window.
    label, prediction, score : str
        Columns.
    classes : bool
        Labels that are numbers other than 0 and 1 are classes and not measurements.
    window : str
        The period the rows are of.

    Returns
    -------
    list of Result
        One ``performance.concept``; `value` is the mean change, the evidence tells it by band,
        and for a binary task slope and intercept of the label over the score's log-odds (1 and 0
        when calibrated; Cox 1958).
    """
    columns = {"label": label, "prediction": prediction, "score": score}
    before = answers(labelled(reference, label), classes=classes, **columns)  # type: ignore[arg-type]
    now = answers(labelled(frame, label), like=before, **columns)  # type: ignore[arg-type]
    old, new = _relation(before), _relation(now)
    if old is None or new is None or len(new[0]) < FEW * 2 or len(old[0]) < FEW * 2:
        return [_skipped(now, window)]
    return [_tested(before, old, new, window)]


def _relation(given: Answers) -> tuple[Values, Values] | None:
    """Return what is scored and what came of it, over the rows that have both."""
    if given.task == "regression":
        scores, truth = given.prediction, given.truth
    elif given.score is None:
        return None
    elif given.task == "binary":
        scores, truth = given.score, given.truth
    else:
        scores = given.score.max(axis=1)
        truth = np.where(np.isfinite(given.truth), given.prediction == given.truth, np.nan)
    usable = np.isfinite(scores) & np.isfinite(truth)
    return scores[usable], truth[usable]


def _tested(
    before: Answers, old: tuple[Values, Values], new: tuple[Values, Values], window: str
) -> Result:
    from scipy.stats import chi2
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(out_of_bounds="clip").fit(*old)
    rest_old, rest_new = old[1] - curve.predict(old[0]), new[1] - curve.predict(new[0])
    edges = _edges(old[0], BANDS)
    place_old, place_new = np.searchsorted(edges, old[0]), np.searchsorted(edges, new[0])
    found, statistic, square = [], 0.0, 0.0
    for one in range(len(edges) + 1):
        a, b = rest_old[place_old == one], rest_new[place_new == one]
        if len(a) < 5 or len(b) < 5:
            continue
        # Under the old relation both have the spread of the old one; a band of one outcome has
        # none, and is given that of one row more.
        spread = max(
            float(a.var()), float(b.var()), 1 / (4 * len(a)) * (before.task != "regression")
        )
        noise = spread * (1 / len(a) + 1 / len(b))
        shift = float(b.mean())
        statistic += shift**2 / noise if noise else 0.0
        square += len(b) / len(rest_new) * (shift**2 - noise)
        found.append(
            {"from": float(new[0][place_new == one].min()), "rows": len(b), "shift": shift}
        )
    size = math.sqrt(max(0.0, square))
    p = float(chi2.sf(statistic, max(1, len(found))))
    floor = FLOOR_SD * float(rest_old.std()) if before.task == "regression" else FLOOR
    slope = _slope(*new) if before.task == "binary" else {}
    return _judged(size, floor, p, found, slope, window)


def _judged(
    size: float, floor: float, p: float, bands: list[dict[str, float]],
    slope: dict[str, float], window: str,
) -> Result:  # fmt: skip
    changed = p < LEVEL and size >= floor
    worst = max(bands, key=lambda band: abs(band["shift"]) * math.sqrt(band["rows"]), default=None)
    where = ""
    if changed and worst is not None:
        way = "more" if worst["shift"] > 0 else "less"
        where = f", most above {worst['from']:.3g}, where it is {abs(worst['shift']):.3g} {way}"
    text = "has changed" if changed else "is as it was"
    return Result(
        name="performance.concept",
        subject="score and label",
        status=Status.WARNED if changed else Status.PASSED,
        value=size,
        threshold=floor,
        window=window,
        message=f"what is true of rows with the same score {text}: by {size:.3g} on average{where}",
        advice="retrain on newer labels: newer features alone do not help" if changed else "",
        evidence={"p_value": p, "bands": bands, **slope},
    )


def _slope(score: Values, truth: Values) -> dict[str, float]:
    """Return slope and intercept of the label's log-odds over the score's, with their errors."""
    if score.min() < 0 or score.max() > 1 or np.ptp(truth) == 0 or np.ptp(score) == 0:
        return {}
    p = np.clip(score, 1e-6, 1 - 1e-6)
    design = np.column_stack([np.ones(len(p)), np.log(p / (1 - p))])
    beta = np.array([0.0, 1.0])
    for _ in range(25):  # Newton's steps on the likelihood
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        information = (design * (chance * (1 - chance))[:, None]).T @ design
        try:
            step = np.linalg.solve(information, design.T @ (truth - chance))
        except np.linalg.LinAlgError:
            return {}
        beta += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    names = ("intercept", "slope")
    return {name: float(b) for name, b in zip(names, beta, strict=True)} | {
        f"{name}_error": float(e) for name, e in zip(names, errors, strict=True)
    }


def _skipped(now: Answers, window: str) -> Result:
    rows = int(np.isfinite(now.truth).sum())
    needed = f"the relation of score to label needs {2 * FEW} rows with both"
    return Result(
        name="performance.concept",
        subject="score and label",
        status=Status.SKIPPED,
        window=window,
        message=f"{needed}, there are {rows:,}",
    )

"""Gates on how right a version is: metrics, groups, the champion, calibration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from mlops_nb.errors import did_you_mean
from mlops_nb.registry.gates.case import Case, gate
from mlops_nb.registry.metrics import Array
from mlops_nb.result import Result, Status

BINS = 10


@gate
def minimum(case: Case) -> list[Result]:
    """Demand metrics not below what ``gates.minimum`` says."""
    bounds = case.rules.minimum
    return [_bound(case, "minimum", name, bounds[name]) for name in bounds]


@gate
def maximum(case: Case) -> list[Result]:
    """Demand metrics not above what ``gates.maximum`` says."""
    bounds = case.rules.maximum
    return [_bound(case, "maximum", name, bounds[name]) for name in bounds]


def _bound(case: Case, kind: str, name: str, bound: float) -> Result:
    answer = partial(Result, name=f"gate.{kind}", subject=name, threshold=bound, window="hold-out")
    value = case.version.metrics.get(name)
    if value is None:
        return answer(
            status=Status.FAILED,
            message=f"{case.version.label} has no metric {name!r}",
            advice=did_you_mean(name, case.version.metrics),
        )
    passed = value >= bound if kind == "minimum" else value <= bound
    word = "at least" if kind == "minimum" else "at most"
    return answer(
        status=Status.PASSED if passed else Status.FAILED,
        value=value,
        message=f"{name} is {value:.4g}; {word} {bound:g} was asked for",
        advice="" if passed else "improve the model, or say why the bound should be another",
    )


@gate
def group_minimum(case: Case) -> list[Result]:
    """Demand metrics not below what ``gates.group-minimum`` says, in every group of the card."""
    bounds = case.rules.group_minimum
    return [_weakest(case, "minimum", name, bounds[name]) for name in bounds]


@gate
def group_maximum(case: Case) -> list[Result]:
    """Demand metrics not above what ``gates.group-maximum`` says, in every group of the card."""
    bounds = case.rules.group_maximum
    return [_weakest(case, "maximum", name, bounds[name]) for name in bounds]


def _weakest(case: Case, kind: str, name: str, bound: float) -> Result:
    """Judge the worst group; one that may be below by the chance of few rows alone only warns."""
    answer = partial(
        Result, name=f"gate.group_{kind}", subject=name, threshold=bound, window="hold-out"
    )
    groups = [group for group in case.card["groups"] if name in group["metrics"]]
    if not groups:
        return answer(
            status=Status.FAILED,
            message=f"{case.version.label} has no group with the metric {name!r}",
            advice="register with groups=[…], columns whose values are told apart",
        )
    sign = 1 if kind == "minimum" else -1
    worst = min(groups, key=lambda group: sign * group["metrics"][name]["value"])
    found: Mapping[str, float] = worst["metrics"][name]
    best_case = found["high"] if kind == "minimum" else found["low"]
    status = Status.PASSED
    if sign * found["value"] < sign * bound:
        status = Status.FAILED if sign * best_case < sign * bound else Status.WARNED
    told = f"{found['value']:.4g} [{found['low']:.4g}, {found['high']:.4g}]"
    word = "at least" if kind == "minimum" else "at most"
    return answer(
        status=status,
        value=found["value"],
        message=f"{name} is {told} for {worst['column']} = {worst['level']} on {worst['rows']:,} "
        f"rows, the worst of {len(groups)} groups; {word} {bound:g} was asked for",
        advice=""
        if status is Status.PASSED
        else f"look at the rows with {worst['column']} = {worst['level']}: more of them, or a "
        "feature that tells them apart",
        evidence={"column": worst["column"], "level": worst["level"], "rows": worst["rows"]},
    )


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
def calibration(case: Case) -> list[Result]:
    """Demand scores that come true, within ``gates.calibration-error`` on average."""
    bound = case.rules.calibration_error
    if bound is None:
        return []
    answer = partial(
        Result,
        name="gate.calibration",
        subject=case.version.label,
        threshold=bound,
        window="hold-out",
    )
    scored = case.score()
    if "score" not in scored.answers:
        return [
            answer(
                status=Status.NOT_APPLICABLE,
                message="the model gives no probability of a positive answer",
            )
        ]
    truth = (scored.rows[scored.label] == scored.positive).to_numpy(dtype=float)
    value = calibration_error(truth, scored.answers["score"].to_numpy(dtype=float))
    passed = value <= bound
    return [
        answer(
            status=Status.PASSED if passed else Status.FAILED,
            value=value,
            message=f"scores are off by {value:.4g} on average over {len(truth):,} rows; at most "
            f"{bound:g} was asked for",
            advice="" if passed else "calibrate: sklearn.calibration.CalibratedClassifierCV",
        )
    ]


def calibration_error(truth: Array, scores: Array) -> float:
    """Return the expected calibration error over ten bins of about equally many rows.

    Naeini, Cooper and Hauskrecht, *Obtaining Well Calibrated Probabilities Using Bayesian
    Binning* (2015): the mean distance of observed rate and mean score, weighted by rows.

    Parameters
    ----------
    truth : array of shape (n,)
        1 for a positive row, else 0.
    scores : array of shape (n,)
        Probabilities, 0–1.

    Returns
    -------
    float
        From 0, when every score comes true, to 1.
    """
    edges = np.quantile(scores, np.linspace(0, 1, BINS + 1)[1:-1])
    # Equal scores share a bin: their order says nothing.
    bins = np.searchsorted(edges, scores, side="right")
    gaps = np.bincount(bins, weights=truth - scores, minlength=BINS)
    return float(np.abs(gaps).sum() / len(truth))

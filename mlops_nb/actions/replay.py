"""Replay a past period: what the monitor's own checks would have said, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from mlops_nb.actions.reference import load_baseline, load_holdout, load_reference
from mlops_nb.config import Costs, Project
from mlops_nb.errors import InputError, MlopsError
from mlops_nb.lifecycle.intervals import Interval
from mlops_nb.lifecycle.rehearsal import Tile
from mlops_nb.lifecycle.retraining import Verdict
from mlops_nb.monitoring.business import business_metrics
from mlops_nb.monitoring.decisions import decisions
from mlops_nb.monitoring.drift import drift
from mlops_nb.monitoring.estimate import FEWEST, estimate, estimator
from mlops_nb.monitoring.performance import performance
from mlops_nb.monitoring.policy import policy
from mlops_nb.monitoring.variation import parse_every
from mlops_nb.registry.versions import fact, resolve
from mlops_nb.result import Result, Status
from mlops_nb.state import alerts

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.monitoring.estimate import Estimator

MAIN = ("roc_auc", "brier", "accuracy", "mae")
"""Figures estimated without labels, as in the template of the monitor; those that there are."""
LIVE = timedelta(days=2)
"""A log whose rows were written later than that after their moments was filled afterwards."""
_TOLD = ("new", "escalated")


@dataclass(frozen=True, kw_only=True)
class Version:
    """A model version with what later rows are held against; each part is loaded once.

    Parameters
    ----------
    project : Project
        Whose registry.
    label : str
        ``name/3``.
    target : str
        Column of the labels.
    """

    project: Project
    label: str
    target: str

    @cached_property
    def baseline(self) -> dict[str, float]:
        """What it reached on its hold-out."""
        return load_baseline(self.label, self.project)

    @cached_property
    def reference(self) -> Any:
        """The profile of what it learnt from."""
        return load_reference(self.label, self.project)

    @cached_property
    def holdout(self) -> pd.DataFrame:
        """Its hold-out with its answers."""
        return load_holdout(self.label, self.project)

    @cached_property
    def estimator(self) -> Estimator | None:
        """What estimates its performance without labels; None where nothing can."""
        if len(self.holdout) < FEWEST:
            return None
        known = [n for n in self.reference.columns if n in self.holdout and n != self.target]
        features = [n for n in known if n != "prediction" and not n.startswith("score")]
        try:
            return estimator(
                self.holdout, label=self.target, features=features,
                classes="accuracy" in self.baseline,
            )  # fmt: skip
        except InputError:  # a classifier without scores
            return None


@dataclass(frozen=True, kw_only=True)
class Past:
    """A period of a model's predictions with the labels that have come since.

    Parameters
    ----------
    model : str
        The model.
    span : Interval
        The period.
    rows : DataFrame
        The predictions log, with column ``moment``: the timestamp, aware.
    versions : mapping
        Version as the log has it → what it is held against; those that are not registered any
        more are missing.
    delay : timedelta
        From a prediction to its label.
    """

    model: str
    span: Interval
    rows: pd.DataFrame
    versions: dict[str, Version]
    delay: timedelta

    def cut(self, length: timedelta) -> Iterator[tuple[Interval, pd.DataFrame]]:
        """Return the period in pieces of a length, the last one perhaps shorter."""
        start = self.span.start
        while start < self.span.end:
            piece = Interval(start=start, end=min(start + length, self.span.end))
            inside = (self.rows["moment"] >= piece.start) & (self.rows["moment"] < piece.end)
            yield piece, self.rows[inside]
            start = piece.end

    def version(self, rows: pd.DataFrame) -> Version | None:
        """Return the version that made most of some rows, None when it is not registered."""
        names = rows["model_version"].mode()
        return self.versions.get(str(names.iloc[0])) if len(names) else None


def versions_in(project: Project, model: str, rows: pd.DataFrame) -> dict[str, Version]:
    """Return the versions that predicted, those that are still registered."""
    found = {}
    for name in rows["model_version"].unique() if len(rows) else ():
        try:
            version = resolve(project, f"{model}/{name}")
        except MlopsError:
            continue
        target = str(fact(version, "label") or "")
        found[str(name)] = Version(project=project, label=version.label, target=target)
    return found


def replay(project: Project, past: Past) -> list[Verdict]:
    """Return what the monitor would have said under a project's policy, in the order of time.

    The checks are the monitor's own, and so is what becomes of their alerts: they are kept in a
    state of their own that is thrown away afterwards.

    Parameters
    ----------
    project : Project
        The project, configured as the policy has it.
    past : Past
        The period.
    """
    length = timedelta(seconds=parse_every(project.config.monitoring.window))
    moments: list[tuple[datetime, Interval, list[Result]]] = []
    for window, rows in past.cut(length):
        seen, known = _checks(project, past, rows, f"{window.start:%Y-%m-%d %H:%M}")
        if past.delay:
            moments += [(window.end, window, seen), (window.end + past.delay, window, known)]
        else:
            moments.append((window.end, window, [*seen, *known]))
    moments.sort(key=lambda moment: moment[0])
    with TemporaryDirectory(prefix="mlops-rehearsal-") as folder:
        return list(_verdicts(_aside(project, Path(folder)), past.model, moments))


def _aside(project: Project, folder: Path) -> Project:
    config = msgspec.structs.replace(project.config, state_uri=f"sqlite:///{folder / 'state.db'}")
    return replace(project, root=folder, config=config)


def _verdicts(
    project: Project, model: str, moments: Sequence[tuple[datetime, Interval, list[Result]]]
) -> Iterator[Verdict]:
    alive: dict[str, None] = {}
    for number, (at, window, results) in enumerate(moments):
        place = alerts.Found(model=model, job="monitor", attempt=str(number), folder="", due=at)
        touched = alerts.record(project, place, results)
        for news, alert in touched:
            if news == "resolved":
                alive.pop(alert.identity, None)
            else:
                alive[alert.identity] = None
        yield Verdict(
            window=window,
            at=at,
            told=tuple(alert.identity for news, alert in touched if news in _TOLD),
            found=tuple(r.identity for r in results if r.status in alerts.RAISING),
            alive=tuple(alive),
        )


def _checks(
    project: Project, past: Past, rows: pd.DataFrame, window: str
) -> tuple[list[Result], list[Result]]:
    """Return what is found without labels, and what with them."""
    version = past.version(rows)
    if version is None:
        return [], []
    dimensions = project.config.lifecycle.policy.pages
    seen: list[Result] = []
    if "drift" in dimensions:
        columns = [n for n in version.reference.columns if n != version.target and n in rows]
        rule = policy(project)
        found = drift(version.reference, rows, columns=columns, policy=rule, classifier=False)
        seen += found.results(window=window)
    if "decision" in dimensions:
        seen += decisions(version.holdout, rows, window=window)
    if "performance" in dimensions and version.estimator is not None:
        margins = project.config.lifecycle.policy.margins
        seen += estimate(version.estimator, rows, only=MAIN, margins=margins, window=window)
    return seen, _by_labels(project, past.model, version, rows, dimensions, window)


def _by_labels(
    project: Project,
    model: str,
    version: Version,
    rows: pd.DataFrame,
    dimensions: Sequence[str],
    window: str,
) -> list[Result]:
    found: list[Result] = []
    if "performance" in dimensions:
        found += performance(
            rows, label=version.target, baseline=version.baseline, window=window,
            margins=project.config.lifecycle.policy.margins,
        )  # fmt: skip
    if "business" in dimensions and version.target in rows:
        labelled = rows[rows[version.target].notna()]
        if len(labelled):
            found += business_metrics(labelled, model=model, project=project, window=window)
    return found


def truth(project: Project, past: Past, costs: Costs) -> list[Tile]:
    """Return the period piece by piece, judged by all labels that have come since.

    Parameters
    ----------
    project : Project
        The project as it is configured now: both policies are held against the same truth.
    past : Past
        The period.
    costs : Costs
        What a miss of the business's goal costs.
    """
    length = timedelta(days=project.config.lifecycle.policy.truth_days)
    return [_tile(project, past, costs, span, rows) for span, rows in past.cut(length)]


def _tile(project: Project, past: Past, costs: Costs, span: Interval, rows: pd.DataFrame) -> Tile:
    version = past.version(rows)
    if version is None:
        return Tile(span=span, known=False)
    found = _by_labels(
        project, past.model, version, rows, ("performance", "business"), f"{span.start:%Y-%m-%d}"
    )
    judged = [r for r in found if r.status not in (Status.SKIPPED, Status.NOT_APPLICABLE)]
    faults = tuple(r.identity for r in found if r.status is Status.FAILED)
    return Tile(span=span, faults=faults, loss=_loss(costs, found), known=bool(judged))


def _loss(costs: Costs, found: Sequence[Result]) -> float:
    for result in found:
        if (result.name, result.subject) != ("business.goal", costs.figure):
            continue
        if result.value is None or result.threshold is None:
            return 0.0
        short = result.threshold - result.value
        short = -short if result.evidence.get("direction") == "down" else short
        return max(0.0, short) * costs.worth
    return 0.0


def label_delay(rows: pd.DataFrame) -> tuple[timedelta, str]:
    """Return how long labels took by the log, and a note when the log cannot say.

    A log that was filled long after the moments it is about says nothing of the delay.
    """
    if not len(rows) or rows["labelled_at"].isna().all():
        return timedelta(0), "no label has come"
    written = (rows["logged_at"] - rows["moment"]).dt.total_seconds().median()
    if abs(written) > LIVE.total_seconds():
        return timedelta(0), (
            "the log was filled afterwards: labels are taken to have come at once; "
            "label-delay-days says otherwise"
        )
    delay = (rows["labelled_at"] - rows["moment"]).dt.total_seconds().median()
    return timedelta(seconds=max(0.0, float(delay))), ""

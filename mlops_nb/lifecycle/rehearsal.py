"""What a policy would have done: pages, retrainings, missed degradations and money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from mlops_nb.lifecycle.intervals import (
    Interval,
    difference,
    intersection,
    lasting,
    total,
    union,
)
from mlops_nb.lifecycle.retraining import Rule, Verdict, retrains

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A piece of the period, with what all labels that came say of it today.

    Parameters
    ----------
    span : Interval
        The piece.
    faults : tuple of str
        What was worse than it may be; empty: nothing was.
    loss : float
        What a day of it cost by the figure of the business, in money.
    known : bool
        Whether enough labels came to say so.
    """

    span: Interval
    faults: tuple[str, ...] = ()
    loss: float = 0.0
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What things cost.

    Parameters
    ----------
    false_page, retrain, undetected_day : float
        Each, in one currency.
    """

    false_page: float = 0.0
    retrain: float = 0.0
    undetected_day: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One message to a person.

    Parameters
    ----------
    at : datetime
        When.
    findings : tuple of str
        Of what.
    is_false : bool
        Whether nothing was wrong in the window it is about.
    """

    at: datetime
    findings: tuple[str, ...]
    is_false: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A time in which the model was worse than it may be.

    Parameters
    ----------
    span : Interval
        From when to when.
    faults : tuple of str
        What was wrong.
    detected : datetime, optional
        Since when an alert said so; None: none did while it lasted.
    """

    span: Interval
    faults: tuple[str, ...]
    detected: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one policy would have done.

    Parameters
    ----------
    pages : tuple of Page
        Messages, in order.
    retrains : tuple of datetime
        When retrainings would have started.
    episodes : tuple of Episode
        Every degradation, seen or missed.
    undetected_days : float
        Days of them on which no alert was open.
    cost : float
        Of false pages, retrainings and undetected days together.
    parts : mapping
        The same by its parts.
    """

    pages: tuple[Page, ...]
    retrains: tuple[datetime, ...]
    episodes: tuple[Episode, ...]
    undetected_days: float
    cost: float
    parts: dict[str, float] = field(default_factory=dict)

    @property
    def false_pages(self) -> int:
        """How many pages were about nothing."""
        return sum(page.is_false for page in self.pages)

    @property
    def missed(self) -> tuple[Episode, ...]:
        """The degradations that no alert told of while they lasted."""
        return tuple(one for one in self.episodes if one.detected is None)

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON-serialisable values."""
        return {
            "pages": [
                {"at": page.at.isoformat(), "findings": list(page.findings), "false": page.is_false}
                for page in self.pages
            ],
            "false_pages": self.false_pages,
            "retrains": [at.isoformat() for at in self.retrains],
            "degradations": [
                {
                    "start": one.span.start.isoformat(),
                    "end": one.span.end.isoformat(),
                    "faults": list(one.faults),
                    "detected": one.detected.isoformat() if one.detected else None,
                }
                for one in self.episodes
            ],
            "missed": len(self.missed),
            "undetected_days": round(self.undetected_days, 3),
            "cost": round(self.cost, 2),
            "cost_parts": {name: round(value, 2) for name, value in self.parts.items()},
        }


def outcome(
    verdicts: Sequence[Verdict], truth: Sequence[Tile], rule: Rule, prices: Prices
) -> Outcome:
    """Count what a policy would have done over a period.

    A degradation is detected while any alert is open, and a day of it on which none is counts as
    undetected. What was predicted stays as it was: a retraining is counted, its effect is not.

    Parameters
    ----------
    verdicts : sequence of Verdict
        In the order in which they were known.
    truth : sequence of Tile
        The period piece by piece, in order.
    rule : Rule
        When a retraining starts.
    prices : Prices
        What things cost.
    """
    bad = union(tile.span for tile in truth if tile.faults)
    end = max((tile.span.end for tile in truth), default=None)
    alerted = _alerted(verdicts, end)
    undetected = difference(bad, alerted)
    pages = tuple(
        Page(at=one.at, findings=one.told, is_false=not intersection([one.window], bad))
        for one in verdicts
        if one.told
    )
    period = Interval(start=truth[0].span.start, end=truth[-1].span.end) if truth else None
    started = retrains(verdicts, period, rule)
    parts = {
        "false_pages": sum(page.is_false for page in pages) * prices.false_page,
        "retrains": len(started) * prices.retrain,
        "undetected": sum(
            total(intersection(undetected, [tile.span])) / DAY * (prices.undetected_day + tile.loss)
            for tile in truth
            if tile.faults
        ),
    }
    return Outcome(
        pages=pages,
        retrains=started,
        episodes=tuple(_episode(span, truth, alerted) for span in bad),
        undetected_days=total(undetected) / DAY,
        cost=sum(parts.values()),
        parts=parts,
    )


def _alerted(verdicts: Sequence[Verdict], end: datetime | None) -> tuple[Interval, ...]:
    """Return when any alert was open: from a verdict that leaves one until the next verdict."""
    spans = [
        Interval(start=one.at, end=following.at)
        for one, following in pairwise(verdicts)
        if one.alive
    ]
    if verdicts and verdicts[-1].alive and end is not None:
        spans.append(Interval(start=verdicts[-1].at, end=end))
    return union(spans)


def _episode(span: Interval, truth: Sequence[Tile], alerted: Sequence[Interval]) -> Episode:
    seen = intersection([span], alerted)
    faults = {name: None for tile in truth if intersection([tile.span], [span])
              for name in tile.faults}  # fmt: skip
    return Episode(span=span, faults=tuple(faults), detected=seen[0].start if seen else None)


def summary(found: Outcome, currency: str = "") -> list[tuple[str, str]]:
    """Return an outcome as names and figures, for tables that hold two of them side by side."""
    delays = [one.detected - one.span.start for one in found.episodes if one.detected]
    slowest = lasting(max(delays)) if delays else "-"
    unit = f" {currency}" if currency else ""
    return [
        ("pages", f"{len(found.pages)}, {found.false_pages} of them false"),
        ("retrainings", str(len(found.retrains))),
        ("degradations", f"{len(found.episodes)}, {len(found.missed)} of them missed"),
        ("undetected days", f"{found.undetected_days:.4g}"),
        ("slowest detection", slowest),
        ("cost of false pages", f"{found.parts['false_pages']:,.0f}{unit}"),
        ("cost of retrainings", f"{found.parts['retrains']:,.0f}{unit}"),
        ("cost of undetected days", f"{found.parts['undetected']:,.0f}{unit}"),
        ("cost", f"{found.cost:,.0f}{unit}"),
    ]

"""What making a run again came to: a verdict for every metric, and why it may differ."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Literal

from mlops_nb.tracking.causes import Cause

TOLERANCE = 1e-6
"""Relative difference up to which a metric counts as the same."""

# What a stopwatch says is no result.
_TIMED = re.compile(r"(?i)(^system/|(^|[._/ -])(seconds|secs|ms|time|duration|latency|runtime)$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricVerdict:
    """One metric, then and now.

    Parameters
    ----------
    name : str
        The metric.
    before, after : float, optional
        Its last value in the run and in the replay; None where there is none.
    verdict : str
        ``equal``, ``within tolerance``, ``different``, ``missing``, or ``not compared`` (times).
    """

    name: str
    before: float | None
    after: float | None
    verdict: Literal["equal", "within tolerance", "different", "missing", "not compared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """What making a run again came to.

    Parameters
    ----------
    run_id, name : str
        The run.
    verdict : str
        ``reproduced``, ``different`` or ``impossible``.
    environment : str
        ``current`` or ``locked``.
    metrics : tuple of MetricVerdict
        Every metric of the run.
    causes : tuple of Cause
        Why it may differ, the likeliest first.
    notes : tuple of Cause
        What was found although the result is the same: it may differ elsewhere.
    seconds : float
        How long it took.
    """

    run_id: str
    name: str
    verdict: Literal["reproduced", "different", "impossible"]
    environment: str
    metrics: tuple[MetricVerdict, ...] = ()
    causes: tuple[Cause, ...] = ()
    notes: tuple[Cause, ...] = ()
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 reproduced, 1 different, 2 it could not be run."""
        return {"reproduced": 0, "different": 1, "impossible": 2}[self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """Return the whole as JSON-serialisable values; a metric that is no number is text."""
        values = asdict(self)
        for metric in values["metrics"]:
            for key in ("before", "after"):
                if metric[key] is not None and math.isnan(metric[key]):
                    metric[key] = "nan"
        return {"schema": 1, **values}

    def __repr__(self) -> str:
        width = max((len(m.name) for m in self.metrics), default=0)
        rows = [
            f"  {m.name.ljust(width)}  {_number(m.before)} → {_number(m.after)}  {m.verdict}"
            for m in self.metrics
        ]
        for title, found in (("likely cause", self.causes), ("note", self.notes)):
            rows += [f"  {title}: {cause.text}" for cause in found]
        head = f"run {self.name} · {self.verdict} · environment {self.environment}"
        return "\n".join([head, *rows])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(m.name)}</th><td>{_number(m.before)}</td>"
            f"<td>{_number(m.after)}</td><td>{m.verdict}</td></tr>"
            for m in self.metrics
        )
        found = [("likely cause", c) for c in self.causes] + [("note", c) for c in self.notes]
        said = "".join(f"<li>{title}: {escape(cause.text)}</li>" for title, cause in found)
        return (
            f"<p>run <b>{escape(self.name)}</b> · {self.verdict} · environment "
            f"{self.environment}</p><table><thead><tr><th></th><th>then</th><th>now</th><th></th>"
            f"</tr></thead><tbody>{rows}</tbody></table><ul>{said}</ul>"
        )


def compare(
    before: Mapping[str, float],
    after: Mapping[str, float],
    tolerance: float = TOLERANCE,
    ignore: Collection[str] = (),
) -> Iterator[MetricVerdict]:
    """Yield a verdict for every metric of a run."""
    for name, old in sorted(before.items()):
        new = after.get(name)
        verdict: Literal["equal", "within tolerance", "different", "missing", "not compared"]
        if name in ignore or _TIMED.search(name):
            verdict = "not compared"
        elif new is None:
            verdict = "missing"
        elif old == new or (math.isnan(old) and math.isnan(new)):
            verdict = "equal"
        elif math.isclose(old, new, rel_tol=tolerance, abs_tol=tolerance * tolerance):
            verdict = "within tolerance"
        else:
            verdict = "different"
        yield MetricVerdict(name=name, before=old, after=new, verdict=verdict)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"

"""Drift within segments: a country, a carrier or a plan that moves while the whole stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mlops_nb import frames
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.monitoring.drift import drift
from mlops_nb.monitoring.drifted import Drift, Segment
from mlops_nb.monitoring.policy import Policy, Preset
from mlops_nb.monitoring.profile import Profile

ROWS = 100
"""Fewest rows of a segment on either side: below, only a landslide could be told from noise."""
SEGMENTS = 50
"""Most segments compared, those with the most current rows."""


def drift_by(
    reference: Any,
    current: Any,
    *,
    by: str | None = None,
    policy: Policy | Preset = "evidence",
    **options: Any,
) -> Drift:
    """Compare a table with its reference, as a whole and for each value of a column.

    Parameters
    ----------
    reference, current : table as of :func:`mlops_nb.frames.open_table`
        Tables; a profile holds no rows that could be divided.
    by : str, optional
        The column whose values are the segments; without it the whole alone is compared. Segments
        with fewer than :data:`ROWS` rows on either side are named in the warnings.
    policy : Policy or str
        As of :func:`drift`. Its level is divided among the segments (Bonferroni), so that many
        segments cry no more often than the whole.
    **options
        The others of :func:`drift`.

    Raises
    ------
    InputError
        One of both is a profile, or no segment is large enough.
    NotFoundError
        A table has no such column.
    """
    if by is None:
        return drift(reference, current, policy=policy, **options)
    for side in (reference, current):
        if isinstance(side, Profile) or str(side).lower().endswith(".json"):
            raise InputError(f"a profile cannot be divided by {by!r}", "give the table itself")
    before, now = frames.open_table(reference), frames.open_table(current)
    for table in (before, now):
        if by not in table.columns:
            hint = did_you_mean(by, table.columns)
            raise NotFoundError(f"the table has no column {by!r}", hint)
    chosen, left_out = _segments(before, now, by)
    if not chosen:
        raise InputError(
            f"no value of {by!r} has {ROWS} rows in both tables", "divide by a coarser column"
        )
    rule = Policy(preset=policy) if isinstance(policy, str) else policy
    whole = drift(before, now, policy=rule, **options)
    own = replace(rule, alarm=rule.alarm / len(chosen))
    options = {**options, "classifier": False}
    segments = [
        Segment(
            column=by,
            value=value,
            drift=drift(_only(before, by, value), _only(now, by, value), policy=own, **options),
        )
        for value in chosen
    ]
    segments.sort(key=lambda s: (-len(s.drift.drifted_columns), s.value))
    return replace(whole, segments=tuple(segments), warnings=(*whole.warnings, *left_out))


def _segments(before: Any, now: Any, by: str) -> tuple[list[str], list[str]]:
    """Return the values that are compared, and warnings about those that are not."""
    most = SEGMENTS * 20
    earlier = dict(frames.value_counts(before, by, limit=most))
    later = dict(frames.value_counts(now, by, limit=most))
    fit = [v for v, rows in later.items() if rows >= ROWS and earlier.get(v, 0) >= ROWS]
    small = sorted({*earlier, *later} - {*fit})
    found = []
    if small:
        named = ", ".join(small[:5]) + (f" and {len(small) - 5} more" if len(small) > 5 else "")
        found.append(f"{by} {named}: fewer than {ROWS} rows on one side, not compared alone")
    if len(fit) > SEGMENTS:
        found.append(f"of {len(fit)} values of {by!r} the {SEGMENTS} most frequent are compared")
    return fit[:SEGMENTS], found


def _only(table: Any, by: str, value: str) -> Any:
    return table.filter(table[by].cast("string") == value).drop(by)

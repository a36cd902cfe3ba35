"""Drift: has a table moved away from its reference, by how much, and does it matter.

A column is said to drift when two things hold together.

*Evidence.* The two samples differ more than two samples of one distribution would. The tests are
two-sample ones, and over all columns the share of false alarms is held to the policy's level by
Benjamini and Hochberg's rule, so that a wide table cries no more often than a narrow one.

*Size.* With enough rows every difference is evident. So it must also reach a floor: a
Jensen–Shannon distance of 0.02 once the noise of sampling is taken off (a shift of the mean by
about a twentieth of a standard deviation, or of a half-and-half category by 2 to 3 points), half
a point of nulls, or a tenth of a percent of rows with one unknown value. A floor of 0.05 would
already miss a category that moved by 5 points; without any floor, years of data on which a model's
performance stays flat are flagged in half of their columns.

Of a column of text the frequent values are compared one by one. Which these are is decided on a
part of the rows that the test leaves out, lest values be found too frequent in the very rows that
they were chosen for. Of rare and unknown values only that one came up is evidence, weighed against
the chance that any of them would.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from mlops_nb import frames
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.monitoring import statistics
from mlops_nb.monitoring.classifier import domain_classifier
from mlops_nb.monitoring.comparison import Comparison, broken, compare
from mlops_nb.monitoring.drifted import Drift
from mlops_nb.monitoring.embedding import source_of
from mlops_nb.monitoring.policy import STANDARD, Policy, Preset
from mlops_nb.monitoring.profile import Profile, profile
from mlops_nb.monitoring.reconstruction import reconstruction
from mlops_nb.monitoring.variation import as_long_as
from mlops_nb.result import Status

PERIODS = 3
"""So many times as long as the current table must a reference be to show its own variation."""


def drift(
    reference: Any,
    current: Any,
    *,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    classifier: bool = True,
    policy: Policy | Preset = STANDARD,
    time: str | None = None,
    every: str | float | None = None,
) -> Drift:
    """Compare a table with its reference, column by column and as a whole.

    Parameters
    ----------
    reference, current : Profile, or a table as of :func:`mlops_nb.frames.open_table`
        A path that ends in ``.json`` is a profile. A current profile must have been made with
        `edges_from` the reference.
    columns : sequence of str, optional
        Only these columns of the reference.
    ignore : sequence of str
        Not these: ids and other numbers of rows, which differ in every table.
    classifier : bool
        Also try to tell the rows of both tables apart, when both are raw.
    policy : Policy or str
        The rule that decides, or the name of a preset: ``evidence``, ``psi``, ``evidently``.
    time, every : optional
        Column that orders the rows of a raw reference and the length of its periods; what they
        differ by among themselves is no drift. By default the only datetime column that both
        tables have, and periods as long as the current table, when the reference holds at least
        three of them. A profile brings its own.

    Raises
    ------
    InputError
        A table cannot be read or is empty, or two profiles do not fit each other.
    NotFoundError
        A column asked for is not in the reference.
    """
    policy = Policy(preset=policy) if isinstance(policy, str) else policy
    before, now = _as_profile(reference), _as_profile(current)
    raw = None
    if now is None:
        current = frames.open_table(current)
    if before is None:
        raw = reference = frames.open_table(reference)
        order = _time_order(reference, None if now else current, time, every)
        before = profile(reference, time=order[0], every=order[1])
    left_out = _chosen(before, ignore)
    names = [name for name in _chosen(before, columns) if name not in left_out]
    if not names:
        raise InputError("every column is ignored", "leave one to compare")
    if now is None:
        unwanted = {*left_out, *ignore}
        now = _profile_like(current, before, names if columns is not None else None, unwanted)
    else:
        raw = None
    compared = conclude(before, now, names, policy)
    # Parts of a vector are columns of the profiles alone.
    columns_of = raw.columns if raw is not None and classifier else ()
    telling = [c.column for c in compared if c.distribution and c.column in columns_of]
    return Drift(
        columns=compared,
        reference=before,
        current=now,
        policy=policy,
        classifier=domain_classifier(raw, current, telling) if telling else None,
        reconstruction=reconstruction(raw, current, telling) if telling else None,
        warnings=_warnings(before, now, compared, limited=columns is not None),
    )


def _time_order(
    reference: Any, current: Any, time: str | None, every: str | float | None
) -> tuple[str | None, str | float | None]:
    """Return by what column and in what periods the reference is ordered; None for no order."""
    if time is None:
        times = [name for name, (kind, _) in frames.kinds(reference).items() if kind == "datetime"]
        if len(times) != 1 or current is None or times[0] not in current.columns:
            return None, None
        time = times[0]
        if frames.kinds(current)[time][0] != "datetime":
            return None, None
    if every is not None or current is None or time not in current.columns:
        return time, every
    if frames.kinds(reference).get(time, ("",))[0] != "datetime":
        return time, every
    before, now = frames.span(reference, time), frames.span(current, time)
    if before is None or now is None:
        return None, None
    length = as_long_as(now[1] - now[0])
    return (time, length) if before[1] - before[0] >= PERIODS * length else (None, None)


def _profile_like(
    current: Any, before: Profile, names: Sequence[str] | None, unwanted: Collection[str]
) -> Profile:
    """Profile the current table on the reference's bins."""
    sources = {
        name: name if name in current.columns else source_of(name) for name in before.columns
    }
    wanted = set(sources.values()) if names is None else {sources[name] for name in names}
    known = [
        name
        for name in current.columns
        if (names is None or name in wanted) and name not in unwanted
    ]
    if not set(known) & wanted:
        expected = list(before.columns if names is None else names)
        raise InputError(
            "the current table has none of the reference's columns",
            f"it has {', '.join(current.columns[:5])}; expected {', '.join(expected[:5])}",
        )
    return profile(current, edges_from=before, columns=known)


def _as_profile(source: Any) -> Profile | None:
    if isinstance(source, Profile):
        return source
    if isinstance(source, str | Path) and str(source).lower().endswith(".json"):
        return Profile.read(source)
    return None


def _chosen(reference: Profile, columns: Sequence[str] | None) -> list[str]:
    if not reference.columns:
        raise InputError("the reference has no column", "profile it again")
    if columns is None:
        return list(reference.columns)
    chosen: list[str] = []
    for name in columns:
        parts = [part for part in reference.columns if source_of(part) == name]
        if name not in reference.columns and not parts:
            raise NotFoundError(
                f"the reference has no column {name!r}", did_you_mean(name, reference.columns)
            )
        chosen += [name] if name in reference.columns else parts
    return chosen


def conclude(
    before: Profile, now: Profile, names: Sequence[str] | None = None, policy: Policy = STANDARD
) -> tuple[Comparison, ...]:
    """Compare two profiles on the same bins and decide over all columns together."""
    found = [
        compare(name, before.columns[name], now.columns[name], policy)
        if name in now.columns
        else broken(name, before.columns[name].kind, "missing", "is missing from the current table")
        for name in names or before.columns
    ]
    q_values = statistics.benjamini_hochberg([c.decision.strength for c in found])
    return tuple(c.decided(q) for c, q in zip(found, q_values, strict=True))


def _warnings(
    before: Profile, now: Profile, compared: Sequence[Comparison], *, limited: bool
) -> tuple[str, ...]:
    new = [] if limited else [name for name in now.columns if name not in before.columns]
    return (
        *(f"column {name!r} is new: the reference does not have it" for name in new),
        *(f"column {c.column!r}: {c.limit}" for c in compared if c.limit),
        *(
            f"column {c.column!r}: times {_zone(before, c.column)} in the reference and "
            f"{_zone(now, c.column)} in the current table may differ by hours"
            for c in compared
            if c.kind == "datetime"
            and c.status is not Status.ERROR
            and _zone(before, c.column) != _zone(now, c.column)
        ),
    )


def _zone(profile: Profile, column: str) -> str:
    # The type names no other zone than UTC: whatever is stored with a zone is kept so.
    return "with a zone" if "(" in profile.columns[column].dtype else "without a zone"

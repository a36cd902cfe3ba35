"""Quality: a table held against its data contract, one result a rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_nb import frames
from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.monitoring.contract import ColumnRules, Contract, Reference, type_of
from mlops_nb.result import Result, Status
from mlops_nb.secrets import mask

CHANCE = 0.001
"""Chance that a share which is allowed is taken for a larger one, by the luck of few rows."""
LONGEST = 40
_ADVICE = {
    "column": "find out what happened to it at the source, or change the contract",
    "type": "find out what changed at the source; nothing else of this column was checked",
    "nulls": "find out why values are missing: a join, a sensor, a new form",
    "minimum": "look for another unit, a placeholder such as -999, or a mistyped value",
    "maximum": "look for another unit, a placeholder such as 9999, or a mistyped value",
    "values": "look for a new name of an old value, or add it to the contract",
    "whole": "look for a change of unit or of rounding",
    "infinite": "look for a division by zero",
    "unique": "look for a batch or a join that doubled rows",
    "reference": "update the other table, or find out where the keys come from",
}


def check_contract(
    contract: Contract, table: Any, *, now: datetime | None = None, window: str = ""
) -> list[Result]:
    """Hold a table against its contract.

    Shares (of nulls, of unknown values) fail when they are above what is allowed by more than
    the luck of few rows: a chance of 1 in 1,000. Values in messages that look like credentials
    are masked.

    Parameters
    ----------
    contract : Contract
        What the table must be like.
    table : path, DataFrame, Arrow or ibis table
        See :func:`mlops_nb.frames.open_table`.
    now : datetime, optional
        The moment that the age of the newest row is counted to; the present by default.
    window : str
        The period the rows are of.

    Returns
    -------
    list of Result
        ``quality.<rule>``, subject the column; a breach fails.

    Raises
    ------
    InputError
        The table, or one that a rule refers to, cannot be read.
    """
    size = len(table) if hasattr(table, "__len__") and not isinstance(table, str) else None
    if size == 0:
        return [_rows(contract, 0, window)]
    opened = frames.open_table(table)
    total = frames.rows(opened)
    kinds = frames.kinds(opened)
    sound = _sound(contract, opened, total)
    results = [_rows(contract, total, window), *_columns(contract, kinds, sound, window)]
    results += _values(sound, opened, total, window)
    results += _unique(contract, sound, opened, window)
    results += [
        _orphans(contract, reference, opened, total, window)
        for reference in contract.references
        if all(name in kinds for name in reference.columns)
    ]
    if contract.timestamp in sound and contract.max_age_hours is not None:
        moment = now or datetime.now(UTC)
        results.append(_age(opened, contract.timestamp, contract.max_age_hours, moment, window))
    return results


def require(results: Iterable[Result]) -> None:
    """Stop when a check has failed: what must not happen to rows that broke their contract.

    Parameters
    ----------
    results : iterable of Result
        As of :func:`check_contract`.

    Raises
    ------
    InputError
        At least one has failed; the message tells the first five.
    """
    failed = [r for r in results if r.status in (Status.FAILED, Status.ERROR)]
    if not failed:
        return
    told = "; ".join(f"{r.subject}: {r.message}" for r in failed[:5])
    more = f"; and {len(failed) - 5} more" if len(failed) > 5 else ""
    raise InputError(f"the data contract is broken: {told}{more}", failed[0].advice)


def _result(
    rule: str, subject: str, *, broken: bool, message: str, window: str,
    value: float | None = None, bound: float | None = None, examples: Sequence[str] = (),
) -> Result:  # fmt: skip
    shown = [_shown(subject, text) for text in examples]
    more = f", such as {', '.join(shown)}" if shown else ""
    return Result(
        name=f"quality.{rule}",
        subject=subject,
        status=Status.FAILED if broken else Status.PASSED,
        value=value,
        threshold=bound,
        window=window,
        message=message + more,
        advice=_ADVICE.get(rule, "look at the source") if broken else "",
        evidence={"examples": shown} if shown else {},
    )


def _shown(column: str, value: str) -> str:
    """Return a value for a message: short, and masked when it looks like a credential."""
    masked = mask(f'{column}: "{value}"').removeprefix(f'{column}: "').removesuffix('"')
    text = re.sub(r"\s+", " ", masked)
    return repr(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def _rows(contract: Contract, total: int, window: str) -> Result:
    low, high = contract.min_rows, contract.max_rows
    broken = total < low or (high is not None and total > high)
    allowed = f"{low:,} to {high:,}" if high is not None else f"{low:,} or more"
    return _result(
        "rows", "rows", broken=broken, message=f"{total:,} rows, {allowed} expected",
        value=float(total), bound=float(low if total < low or high is None else high),
        window=window,
    )  # fmt: skip


def _sound(contract: Contract, table: Any, total: int) -> dict[str, ColumnRules]:
    """Return the rules of the columns that are there and of the right type.

    Of a column with nothing but nulls only the rule on nulls is left: it has no type.
    """
    kinds = frames.kinds(table)
    there = {name: rules for name, rules in contract.columns.items() if name in kinds}
    other = [name for name, rules in there.items() if type_of(kinds[name][0]) != rules.type]
    nulls = frames.count_breaches(table, [frames.Rule(column=n, kind="null") for n in other])
    for name, count in zip(other, nulls, strict=True):
        rules = there.pop(name)
        if count == total:
            there[name] = ColumnRules(type=type_of(kinds[name][0]), max_nulls=rules.max_nulls)
    return there


def _columns(
    contract: Contract,
    kinds: Mapping[str, tuple[str, str]],
    sound: Mapping[str, ColumnRules],
    window: str,
) -> Iterable[Result]:
    for name, rules in contract.columns.items():
        if name not in kinds:
            hint = did_you_mean(name, [n for n in kinds if n not in contract.columns])
            text = "is missing" if rules.required else "is not there, which is allowed"
            text += f" ({hint})" if rules.required and hint.startswith("did") else ""
            yield _result("column", name, broken=rules.required, message=text, window=window)
            continue
        fits, dtype = name in sound, kinds[name][1]
        yield _result(
            "type", name, broken=not fits, window=window,
            message=f"is {dtype}" + ("" if fits else f", not of type {rules.type}"),
        )  # fmt: skip
    if contract.extra == "allow":
        return
    for name in kinds:
        if name not in contract.columns:
            yield Result(
                name="quality.column",
                subject=name,
                status=Status.FAILED if contract.extra == "refuse" else Status.WARNED,
                window=window,
                message="is not in the contract",
                advice="add it to the contract, or leave it out of the data",
            )


def _values(sound: dict[str, ColumnRules], table: Any, total: int, window: str) -> Iterable[Result]:
    asked = [
        (rule, check, allowed)
        for name, rules in sound.items()
        for rule, check, allowed in _asked(name, rules)
    ]
    counts = frames.count_breaches(table, [rule for rule, _, _ in asked])
    for (rule, check, allowed), count in zip(asked, counts, strict=True):
        broken = _above(count, total, allowed)
        share = f"{count:,} of {total:,} rows ({count / total:.2%}) {_words(rule)}"
        limit = f"; {allowed:.2%} are allowed" if allowed else ""
        found = frames.examples(table, rule) if count and broken and check != "nulls" else ()
        yield _result(
            check, rule.column, broken=broken, message=share + limit, value=count / total,
            bound=allowed, examples=found, window=window,
        )  # fmt: skip


def _asked(name: str, rules: ColumnRules) -> Iterable[tuple[frames.Rule, str, float]]:
    """Yield the rules over rows: what breaks them, the check's name, the share allowed."""
    yield frames.Rule(column=name, kind="null"), "nulls", rules.max_nulls
    if rules.type == "number":
        yield frames.Rule(column=name, kind="infinite"), "infinite", 0.0
        if rules.whole:
            yield frames.Rule(column=name, kind="fraction"), "whole", 0.0
        if rules.minimum is not None:
            yield frames.Rule(column=name, kind="below", bound=rules.minimum), "minimum", 0.0
        if rules.maximum is not None:
            yield frames.Rule(column=name, kind="above", bound=rules.maximum), "maximum", 0.0
    if rules.values is not None:
        known = tuple(rules.values)
        yield frames.Rule(column=name, kind="unknown", values=known), "values", rules.max_unknown


def _words(rule: frames.Rule) -> str:
    return {
        "null": "have no value",
        "infinite": "are infinite",
        "fraction": "are not whole",
        "below": f"are below {rule.bound:,.6g}" if rule.bound is not None else "",
        "above": f"are above {rule.bound:,.6g}" if rule.bound is not None else "",
        "unknown": "have a value that is not allowed",
    }[rule.kind]


def _above(count: int, total: int, allowed: float) -> bool:
    """Whether a share is above what is allowed by more than the luck of few rows."""
    from scipy.stats import binom

    if allowed <= 0:
        return count > 0
    return count / total > allowed and float(binom.sf(count - 1, total, allowed)) < CHANCE


def _unique(
    contract: Contract, sound: dict[str, ColumnRules], table: Any, window: str
) -> Iterable[Result]:
    groups = [[name] for name, rules in sound.items() if rules.unique]
    groups += [group for group in contract.unique if all(name in sound for name in group)]
    for group in groups:
        count, keys = frames.count_repeated(table, group)
        yield _result(
            "unique", ", ".join(group), broken=count > 0, value=float(count), bound=0.0,
            message=f"{count:,} rows repeat another one" if count else "no row repeats another one",
            examples=keys, window=window,
        )  # fmt: skip


def _orphans(
    contract: Contract, reference: Reference, table: Any, total: int, window: str
) -> Result:
    path = Path(contract.folder) / reference.table
    keys = reference.keys or reference.columns
    other = frames.open_table(path, required=keys)
    count, found = frames.count_orphans(table, reference.columns, other, keys)
    broken = _above(count, total, reference.max_unknown)
    return _result(
        "reference", ", ".join(reference.columns), broken=broken, value=count / total,
        bound=reference.max_unknown, examples=found if broken else (), window=window,
        message=f"{count:,} of {total:,} rows have a key that {reference.table} does not hold",
    )  # fmt: skip


def _age(table: Any, column: str, hours: float, now: datetime, window: str) -> Result:
    latest = frames.newest(table, column)
    if latest is None:
        return _result(
            "freshness", column, broken=True, message="there is no time at all", window=window
        )
    # Without a zone the column is read as the clock that `now` shows.
    if latest.tzinfo is None:
        now = now.replace(tzinfo=None)
    elif now.tzinfo is None:
        now = now.replace(tzinfo=UTC)
    age = (now - latest).total_seconds() / 3600
    return _result(
        "freshness", column, broken=age > hours, value=age, bound=hours, window=window,
        message=f"the newest row is {age:,.1f} hours old, {hours:,.1f} are allowed",
    )  # fmt: skip

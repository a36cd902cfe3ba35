"""Values made of several: tuples, lists, and what a loop over them binds."""

from __future__ import annotations

from dataclasses import replace

from mlops_nb.lint.leaks.values import NOTHING, Marks, Value, combined, joined


def selecting(value: Value) -> Marks:
    """Return the marks of a value that can choose columns."""
    return frozenset((mark, None) for mark, _ in value.marks | value.latent if mark.selects)


def bundle(items: list[Value]) -> Value:
    """Return a tuple, list or dictionary of values: any of them, and each by its place."""
    whole = combined(items, union=True)
    return replace(whole, items=tuple(items)) if whole is not NOTHING else NOTHING


def element(value: Value) -> Value:
    """Return one of the elements of a value, whichever."""
    if not value.items:
        return value
    found = NOTHING
    for item in value.items:
        found = joined(found, item)
    return found


def turn(value: Value) -> Value:
    """Return what a loop over a value binds in each of its turns."""
    found = element(value)
    if found.things or found.items or found.part or found.predictions:
        return found
    # A number of the loop, or one row of a table; tables in a list stay what they are.
    return found if value.items and found.rows else replace(found, varied=True)

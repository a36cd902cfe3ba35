"""What the methods of tables and arrays do to their rows."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mlops_nb.lint.leaks import catalogue
from mlops_nb.lint.leaks.bundles import selecting
from mlops_nb.lint.leaks.cuts import opposite
from mlops_nb.lint.leaks.state import State
from mlops_nb.lint.leaks.values import (
    NOTHING,
    Mark,
    Part,
    Value,
    combined,
    marked,
    of_columns,
    statistic,
    taken,
    without_columns,
)

_GROUPED = catalogue.STATISTICS | {"apply", "sum", "first", "last"}
_COUNTS = frozenset({"count", "size", "nunique", "value_counts", "ngroup"})
_PEEKS = frozenset({"head", "tail", "items", "keys", "iterrows", "itertuples"})

Arguments = Sequence[Value]
Named = Mapping[str, Value]


def method(
    machine: State, node: ast.Call, owner: Value, name: str, args: Arguments, named: Named
) -> Value:
    """Return what a method of a table returns.

    Parameters
    ----------
    machine : State
        Where the marks are made.
    node : ast.Call
        The call.
    owner : Value
        The table.
    name : str
        The method.
    args, named : sequence and mapping of Value
        Its arguments.
    """
    if owner.grouped:
        return _group(machine, node, owner, name, args, named)
    special = _SPECIAL.get(name)
    if special is not None:
        return special(machine, node, owner, name, args, named)
    if name in catalogue.NO_DATA:
        return NOTHING
    if name in catalogue.STATISTICS or name in catalogue.SELECTING_STATISTICS:
        return reduce(machine, node, owner, name)
    if name in catalogue.NEIGHBOURS:
        mark = machine.mark("fitted", f"{name}()", node, owner)
        return marked(owner, frozenset({(mark, owner.column)}))
    if name in catalogue.IN_TIME:
        mark = machine.mark("ordered", f"{name}()", node, owner)
        found = marked(owner, frozenset({(mark, owner.column)}))
        return replace(found, grouped="entity") if name in catalogue.WINDOWS else found
    return combined((owner, *args, *named.values()))


def reduce(machine: State, node: ast.Call, value: Value, name: str) -> Value:
    """Return a statistic of a table; one along the columns of each row tells nothing."""
    if _keyword(node, "axis") in (1, -1, "columns"):
        return value
    if node.args and name in ("sum", "mean", "max", "min") and _constant(node.args[-1]) == 1:
        return value
    if not value.rows or value.varied:
        return value
    selects = name in catalogue.SELECTING_STATISTICS
    mark = Mark("fitted", f"{name}()", node, machine.cell, value.rows, selects, value.column)
    return statistic(value, mark)


def _group(
    machine: State, node: ast.Call, owner: Value, name: str, args: Arguments, named: Named
) -> Value:
    """Return a statistic by group: a table of its own, or one more column of the same rows."""
    plain = replace(owner, grouped="")
    if name in catalogue.IN_TIME or name in ("ffill", "cumsum", "cumcount", "bfill"):
        if owner.grouped == "entity":  # in order within one row's own history
            return plain
        mark = machine.mark("ordered", f"groupby().{name}()", node, owner)
        return marked(plain, frozenset({(mark, owner.column)}))
    if name in ("head", "tail", "filter", "rank", "get_group", "sample"):
        return plain
    told = _constant(node.args[0]) if node.args else None
    if name in _COUNTS or (name == "transform" and told in _COUNTS):
        return plain if name == "transform" else replace(plain, marks=frozenset())
    if name not in _GROUPED and name != "transform":
        return owner
    if owner.grouped == "entity":
        return plain
    if name in ("apply", "transform") and not told:
        return combined((plain, *args))
    column = owner.column or _aggregated(node)
    mark = Mark("fitted", f"groupby().{name}()", node, machine.cell, owner.rows, column=column)
    learned = frozenset({(mark, None)})
    if name == "transform":
        return marked(plain, learned)
    rows = frozenset({(("groups", machine.here(node)),)})
    marks = frozenset(pair for pair in owner.marks if pair[0].kind != "ordered")
    return Value(rows=rows, marks=marks, latent=owner.latent | learned, column=column)


def _aggregated(node: ast.Call) -> str | None:
    """Return the one column of ``agg({"price": "mean"})``."""
    first = node.args[0] if node.args else None
    if isinstance(first, ast.Dict) and len(first.keys) == 1:
        name = _constant(first.keys[0])
        return name if isinstance(name, str) else None
    return None


def _groupby(
    machine: State, node: ast.Call, owner: Value, name: str, args: Arguments, named: Named
) -> Value:
    keys = _names(node.args[0] if node.args else None)
    if not owner.rows:
        return owner
    # The rows of one customer, or of one day, are one row of what is predicted.
    entity = any(catalogue.ENTITY.fullmatch(key) or catalogue.DATES.search(key) for key in keys)
    return replace(owner, grouped="entity" if entity else "group", column=None, items=())


def _drop(
    machine: State, node: ast.Call, owner: Value, name: str, args: Arguments, named: Named
) -> Value:
    gone = node.args[0] if node.args else None
    for keyword in node.keywords:
        if keyword.arg in ("columns", "labels", "index"):
            gone = keyword.value
    names = _names(gone)
    if names:
        return without_columns(owner, names)
    key = args[0] if args else named.get("columns", named.get("index", NOTHING))
    axis = _keyword(node, "axis")
    if key.part is not None and "columns" not in named and axis not in (1, "columns"):
        return taken(owner, opposite(key.part))
    return marked(owner, selecting(key))


def _pop(
    machine: State, node: ast.Call, owner: Value, name: str, args: Arguments, named: Named
) -> Value:
    column = _constant(node.args[0]) if node.args else None
    return of_columns(owner, [column]) if isinstance(column, str) else owner


def _sample(
    machine: State, node: ast.Call, owner: Value, name: str, args: Arguments, named: Named
) -> Value:
    if _keyword(node, "replace") is True:
        mark = machine.mark("resampled", "sample(replace=True)", node, owner)
        return marked(owner, frozenset({(mark, None)}))
    share = _keyword(node, "frac")
    if not owner.rows or (isinstance(share, int | float) and share >= 1):
        return owner
    part = Part(("sample", machine.here(node)), "train")
    machine.trace.cut(part.split, "holdout", "sample", node, machine.cell, owner)
    return taken(owner, part)


def _fillna(
    machine: State, node: ast.Call, owner: Value, name: str, args: Arguments, named: Named
) -> Value:
    if _keyword(node, "method") in ("bfill", "backfill"):
        mark = machine.mark("fitted", "fillna(method='bfill')", node, owner)
        return marked(owner, frozenset({(mark, owner.column)}))
    return combined((owner, *args, *named.values()))


def _in_order(
    machine: State, node: ast.Call, owner: Value, name: str, args: Arguments, named: Named
) -> Value:
    """Return a table sorted or indexed by a date."""
    first = node.args[0] if node.args else None
    keys = _names(first) or _names(next((k.value for k in node.keywords if k.arg == "by"), None))
    if not owner.rows or not keys or not catalogue.DATES.search(keys[0]):
        return owner
    mark = machine.mark("ordered", f"{name}({keys[0]!r})", node, owner)
    return marked(owner, frozenset({(mark, None)}))


def _peek(
    machine: State, node: ast.Call, owner: Value, name: str, args: Arguments, named: Named
) -> Value:
    return owner


def _names(node: ast.AST | None) -> list[str]:
    """Return the strings of ``"a"`` or ``["a", "b"]``."""
    items = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    names = [item.value for item in items if isinstance(item, ast.Constant)]
    texts = [name for name in names if isinstance(name, str)]
    return texts if len(texts) == len(items) else []


def _constant(node: ast.AST | None) -> object:
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return -1 if node.operand.value == 1 else None
    return node.value if isinstance(node, ast.Constant) else None


def _keyword(node: ast.Call, name: str) -> object:
    return next((_constant(k.value) for k in node.keywords if k.arg == name), None)


_Special = Callable[[State, ast.Call, Value, str, Arguments, Named], Value]
_SPECIAL: dict[str, _Special] = {
    "groupby": _groupby,
    "drop": _drop,
    "pop": _pop,
    "sample": _sample,
    "fillna": _fillna,
    "set_index": _in_order,
    "sort_values": _in_order,
    "get": _pop,
    **dict.fromkeys(_PEEKS, _peek),
}

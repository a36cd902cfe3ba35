"""What cuts rows into parts: ``train_test_split``, folds, and the names of what is unpacked."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlops_nb.lint.leaks import catalogue
from mlops_nb.lint.leaks.trace import SplitKind
from mlops_nb.lint.leaks.values import NOTHING, Part, Value, marked, taken

if TYPE_CHECKING:
    from mlops_nb.lint.leaks.functions import Functions

_FOLDS = re.compile(r"(?i)\w*(?:fold|kf|cv|split|sss|tscv)\w*")


class Splitting:
    """Cuts rows; each cut is written down in the trace.

    Parameters
    ----------
    machine : Functions
        Where the cut happens.
    """

    def __init__(self, machine: Functions) -> None:
        self.machine = machine

    def train_test_split(self, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        """Return two parts of each argument."""
        machine = self.machine
        if len(args) == len(node.args):
            args = [
                machine.data(place, value) for place, value in zip(node.args, args, strict=True)
            ]
        table = next((value for value in args if value.rows), NOTHING)
        in_time = {pair for value in args for pair in value.marks if pair[0].kind == "ordered"}
        table = marked(table, frozenset(in_time))
        key = self._key(node, table)
        shuffled = not _is_false(node, "shuffle")
        machine.trace.cut(
            key, "holdout", "train_test_split", node, machine.cell, table, shuffled=shuffled
        )
        parts = [self._side(value, Part(key, side)) for value in args for side in ("train", "test")]
        return Value(items=tuple(parts))

    def _key(self, node: ast.Call, table: Value) -> Any:
        """Return the same key for the same seed on the same rows: the same parts."""
        options = {k.arg: k.value for k in node.keywords}
        seed = options.get("random_state")
        if isinstance(seed, ast.Constant | ast.Name):
            sizes = [ast.unparse(options[n]) for n in ("test_size", "train_size") if n in options]
            return ("split", table.rows, ast.unparse(seed), *sizes)
        return ("split", self.machine.here(node))

    def _side(self, value: Value, part: Part) -> Value:
        return taken(value, part) if value.rows else replace(value, part=part)

    def random_split(self, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        """Return the parts of ``random_split(rows, sizes)``: the first is for training."""
        table = self.machine.data(node.args[0], args[0]) if args else NOTHING
        key = ("split", self.machine.here(node))
        self.machine.trace.cut(key, "holdout", "random_split", node, self.machine.cell, table)
        sides = ("train", "test", "other")
        return Value(items=tuple(taken(table, Part(key, side)) for side in sides[: _sizes(node)]))

    def splitter(self, node: ast.Call, name: str) -> int:
        """Return a new splitter."""
        shuffled = "Shuffle" in name or any(
            k.arg == "shuffle" and not (isinstance(k.value, ast.Constant) and not k.value.value)
            for k in node.keywords
        )
        once = catalogue.ONE_CUT.fullmatch(name) and any(
            k.arg == "n_splits" and isinstance(k.value, ast.Constant) and k.value.value == 1
            for k in node.keywords
        )
        return self.machine.trace.new("" if once else name, node, shuffled=shuffled)

    def folds(
        self, node: ast.Call, owner: Value, args: list[Value], named: dict[str, Value]
    ) -> Value | None:
        """Return the indices that ``folds.split(rows)`` yields; None: it splits a text."""
        things = [self.machine.trace.things[number] for number in owner.things]
        known = [t for t in things if not t.name or catalogue.FOLDS.fullmatch(t.name)]
        place = node.func.value if isinstance(node.func, ast.Attribute) else None
        by_name = isinstance(place, ast.Name) and _FOLDS.fullmatch(place.id) and not owner.rows
        given = args[0] if args else named.get("X")
        is_text = bool(node.args) and isinstance(node.args[0], ast.Constant)
        if given is None or is_text or not (known or by_name):
            return None
        table = self.machine.data(node.args[0], given) if node.args else given
        kind: SplitKind = "holdout" if known and not known[0].name else "folds"
        what = known[0].name if known and known[0].name else "split"
        key = (kind, self.machine.here(node))
        self.machine.trace.cut(
            key,
            kind,
            what,
            node,
            self.machine.cell,
            table,
            shuffled=any(thing.shuffled for thing in known),
        )
        return self._pair(key)

    def old_folds(self, node: ast.AST, value: Value) -> Value | None:
        """Return the indices of ``KFold(n)`` itself, as scikit-learn had it before 0.20."""
        things = [self.machine.trace.things[number] for number in value.things]
        known = next((t for t in things if t.name and catalogue.FOLDS.fullmatch(t.name)), None)
        if known is None or value.rows:
            return None
        key = ("folds", self.machine.here(node))
        cell = self.machine.cell
        self.machine.trace.cut(key, "folds", known.name, node, cell, NOTHING)
        return self._pair(key)

    def _pair(self, key: Any) -> Value:
        pair = Value(items=tuple(Value(part=Part(key, side)) for side in ("train", "test")))
        return Value(items=(pair,))

    def by_name(self, target: ast.Tuple | ast.List, value: Value) -> list[Value] | None:
        """Return the parts that names such as ``X_train, X_test`` promise; None: they do not."""
        names = [_names_in(element) for element in target.elts]
        sides = [_side_of(name) for name in names]
        if "test" not in sides or "train" not in sides:
            return None
        key = ("named", self.machine.here(target))
        table = value if value.rows else replace(value, rows=frozenset({(key,)}))
        self.machine.trace.cut(key, "holdout", "split", target, self.machine.cell, table)
        found = []
        for name, side in zip(names, sides, strict=True):
            named = "validation" if side == "test" and catalogue.VALIDATION.search(name) else side
            found.append(taken(table, Part(key, named)) if side else value)
        if all(part.rows != table.rows for part in found):
            return [replace(part, items=()) for part in found]
        return found


def _names_in(node: ast.AST) -> str:
    return " ".join(n.id for n in ast.walk(node) if isinstance(n, ast.Name))


def _side_of(name: str) -> str:
    if catalogue.TRAINING.search(name):
        return "train"
    return "test" if catalogue.HELD_OUT.search(name) else ""


def _is_false(node: ast.Call, name: str) -> bool:
    return any(
        k.arg == name and isinstance(k.value, ast.Constant) and k.value.value is False
        for k in node.keywords
    )


def _sizes(node: ast.Call) -> int:
    sizes = node.args[1] if len(node.args) > 1 else None
    return len(sizes.elts) if isinstance(sizes, ast.List | ast.Tuple) else 2

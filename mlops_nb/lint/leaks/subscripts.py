"""The abstract values of attributes and subscripts: which rows and columns they take."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from mlops_nb.lint.leaks.bundles import element, selecting
from mlops_nb.lint.leaks.cuts import slice_part
from mlops_nb.lint.leaks.state import State
from mlops_nb.lint.leaks.values import NOTHING, Mark, Value, combined, marked, of_columns, taken

_SAME_ROWS = frozenset({"loc", "iloc", "values", "T", "at", "iat", "ix", "str", "dt", "array"})
_SCHEMA = frozenset({"columns", "shape", "dtypes", "size", "ndim", "dtype"})


class Subscripts(State):
    """Evaluates attributes and subscripts."""

    def _attribute(self, node: ast.Attribute) -> Value:
        base = self.evaluate(node.value)
        name = node.attr
        if base.things:
            stored = [
                found
                for thing in base.things
                if (found := self.trace.things[thing].attributes.get(name)) is not None
            ]
            if stored:
                return combined(stored, union=True)
            return self._learned(base, node)
        if not base.rows or name in _SAME_ROWS:
            return base
        if name == "index":
            return replace(base, marks=frozenset(), part=_last_part(base))
        if name in _SCHEMA:
            return Value(latent=base.latent) if base.latent else NOTHING
        return of_columns(base, [name])

    def _learned(self, base: Value, node: ast.Attribute) -> Value:
        """Return what an estimator tells about the rows of its fit: importances, labels."""
        name = node.attr
        if name in ("best_estimator_", "model", "estimator", "steps", "named_steps", "estimators_"):
            return base
        if not name.endswith("_") and name not in ("pvalues", "params"):
            return NOTHING
        latent = set()
        rows: frozenset[Any] = frozenset()
        for number in base.things:
            thing = self.trace.things[number]
            if thing.learned is not None:
                latent.add((replace(thing.learned, selects=True), None))
                rows = rows | thing.learned.rows if name == "labels_" else rows
            elif thing.fit is not None and thing.fit.rows:
                fit = thing.fit
                mark = Mark("fitted", thing.name, fit.node, fit.cell, fit.rows, True)
                latent.add((mark, None))
        return Value(latent=frozenset(latent), rows=rows, marks=frozenset(latent if rows else ()))

    def _subscript(self, node: ast.Subscript) -> Value:
        base = self.evaluate(node.value)
        if isinstance(node.slice, ast.Constant):
            return self._at(base, node.slice.value)
        if isinstance(node.slice, ast.Slice):
            return self._sliced(base, node.slice, _root(node))
        if isinstance(node.slice, ast.Tuple) and node.slice.elts:
            return self._located(base, node.slice.elts, _root(node))
        if names := _constants(node.slice):
            return of_columns(base, names)
        return self._chosen(base, self.evaluate(node.slice), node.slice)

    def _at(self, base: Value, key: object) -> Value:
        if isinstance(key, str):
            return of_columns(base, [key]) if base.rows else base
        if isinstance(key, int) and base.items:
            return base.items[key] if -len(base.items) <= key < len(base.items) else NOTHING
        return base

    def _sliced(self, base: Value, node: ast.Slice, whole: str) -> Value:
        for bound in (node.lower, node.upper):
            self.evaluate(bound)
        part = slice_part(node, base.rows, whole) if base.rows else None
        if part is None:
            return base
        self.trace.cut(part.split, "holdout", "slice", node, self.cell, base)
        return taken(base, part)

    def _located(self, base: Value, elements: list[ast.expr], whole: str) -> Value:
        """Return ``table.loc[rows, columns]`` or ``array[rows, columns]``."""
        first, rest = elements[0], elements[1:]
        if isinstance(first, ast.Slice):
            base = self._sliced(base, first, whole)
        elif not isinstance(first, ast.Constant):
            base = self._chosen(base, self.evaluate(first), first)
        for column in rest:
            if isinstance(column, ast.Constant) and isinstance(column.value, str):
                base = of_columns(base, [column.value])
            elif names := _constants(column):
                base = of_columns(base, names)
            elif not isinstance(column, ast.Slice | ast.Constant):
                chosen = self.evaluate(column)
                base = marked(base, selecting(chosen))
        return base

    def _chosen(self, base: Value, key: Value, node: ast.expr) -> Value:
        """Return what a computed key takes: rows by a mask or an index, or columns by a list."""
        if not base.rows:
            if key.rows and not base.things:  # looked up, row by row
                return replace(key, part=None, column=None)
            return combined((base, Value(latent=selecting(key)))) if selecting(key) else base
        if base.items and isinstance(node, ast.Name | ast.BinOp):
            return element(base)
        if key.part is not None:
            return taken(base, key.part)
        return marked(base, selecting(key))


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _constants(node: ast.AST) -> list[str]:
    """Return the strings of ``["a", "b"]``."""
    if not isinstance(node, ast.List) or not node.elts:
        return []
    names = [item.value for item in node.elts if isinstance(item, ast.Constant)]
    return [str(name) for name in names] if len(names) == len(node.elts) else []


def _last_part(value: Value) -> Any:
    return next((path[-1] for path in value.rows if len(path) > 1), None)

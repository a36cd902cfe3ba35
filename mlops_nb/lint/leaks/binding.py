"""Binding abstract values: to names, in tuples, into columns and attributes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from mlops_nb.lint.leaks import catalogue
from mlops_nb.lint.leaks.bundles import element
from mlops_nb.lint.leaks.calls import Calls
from mlops_nb.lint.leaks.values import Value


class Binding(Calls):
    """Binds values."""

    def __init__(self, imports: dict[str, str], budget: int) -> None:
        super().__init__(imports, budget)
        self.touched: list[dict[str, bool]] = [{}]
        self.global_names: set[str] = set()
        self._named: set[object] = set()

    def store(self, target: ast.AST, value: Value) -> None:
        """Bind a value to a target."""
        match target:
            case ast.Name(id=name):
                self._bind(name, value)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                self._unpack(target, elements, value)
            case ast.Starred(value=inner):
                self.store(inner, value)
            case ast.Subscript(value=base, slice=key):
                column = self._column(key)
                self._write(base, value, column)
            case ast.Attribute(value=base, attr=name):
                owner = self.evaluate(base)
                for thing in owner.things:
                    self.trace.things[thing].attributes[name] = value
                if not owner.things:
                    self._write(base, value, name if owner.rows else None)

    def _bind(self, name: str, value: Value) -> None:
        scope = self.scopes[0] if name in self.global_names else self.scopes[-1]
        scope[name] = value
        self.touched[-1].setdefault(name, False)
        if len(value.rows) == 1:
            (path,) = value.rows
            if len(path) == 1 and path[0] not in self._named:
                self._named.add(path[0])
                if catalogue.HELD_OUT.search(name) and not catalogue.TRAINING.search(name):
                    self.trace.tests[path[0]] = name
        if value.part is not None and value.part.side == "test":
            split = self.trace.splits.get(value.part.split)
            if split is not None:
                split.names.add(name)

    def _unpack(self, target: ast.Tuple | ast.List, elements: list[ast.expr], value: Value) -> None:
        parts: Sequence[Value] | None = value.items if len(value.items) == len(elements) else None
        if parts is None and value.items and any(isinstance(e, ast.Starred) for e in elements):
            parts = [element(value)] * len(elements)
        if parts is None and not value.varied:
            parts = self.splitting.by_name(target, element(value) if value.items else value)
        if parts is None:
            parts = [element(value)] * len(elements)
        for one, part in zip(elements, parts, strict=True):
            self.store(one, part)

    def _column(self, key: ast.expr) -> str | None:
        if isinstance(key, ast.Tuple) and key.elts:
            key = key.elts[-1]
        return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None

    def _write(self, base: ast.AST, value: Value, column: str | None) -> None:
        """Put a value into a part of what `base` is."""
        while isinstance(base, ast.Attribute) and base.attr in ("loc", "iloc", "at", "iat", "ix"):
            base = base.value
        owner = self.evaluate(base)
        marks = owner.marks | {(mark, column) for mark, _ in value.marks | value.latent}
        changed = Value(
            rows=owner.rows or value.rows,
            marks=frozenset(marks) if owner.rows or value.rows else owner.marks,
            latent=owner.latent if owner.rows or value.rows else owner.latent | value.latent,
            things=owner.things | value.things,
            predictions=owner.predictions | value.predictions if not owner.rows else frozenset(),
            items=() if owner.rows else (*owner.items, value)[-40:],
            part=owner.part,
            column=owner.column,
            varied=owner.varied,
        )
        if isinstance(base, ast.Name):
            scope = self.scopes[-1] if base.id in self.scopes[-1] else self.scopes[0]
            scope[base.id] = changed
            self.touched[-1].setdefault(base.id, True)
        elif isinstance(base, ast.Attribute | ast.Subscript):
            self.store(base, changed)

"""The abstract value of an expression."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mlops_nb.lint.leaks.bundles import bundle, turn
from mlops_nb.lint.leaks.cuts import complement, opposite
from mlops_nb.lint.leaks.state import BudgetExceededError
from mlops_nb.lint.leaks.subscripts import Subscripts
from mlops_nb.lint.leaks.values import NOTHING, Value, combined, disjoint, joined

_COMPARED = ast.Eq | ast.NotEq


class Expressions(Subscripts):
    """Evaluates expressions; calls and statements are left to the classes that build on it."""

    def __init__(self, imports: dict[str, str], budget: int) -> None:
        super().__init__(imports, budget)
        self._cases: dict[type[ast.AST], Callable[[Any], Value]] = {
            ast.Name: self._name,
            ast.Call: self.call,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.Tuple: self._sequence,
            ast.List: self._sequence,
            ast.Set: self._sequence,
            ast.Dict: self._dictionary,
            ast.BinOp: self._operation,
            ast.Compare: self._comparison,
            ast.UnaryOp: self._unary,
            ast.BoolOp: lambda node: combined(map(self.evaluate, node.values)),
            ast.IfExp: self._choice,
            ast.Lambda: lambda node: Value(code=node),
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.Starred: lambda node: self.evaluate(node.value),
            ast.Await: lambda node: self.evaluate(node.value),
            ast.NamedExpr: self._walrus,
            ast.JoinedStr: self._text,
        }

    def evaluate(self, node: ast.AST | None) -> Value:
        """Return the value of an expression."""
        if node is None or (case := self._cases.get(type(node))) is None:
            return NOTHING
        if self.spent >= self._budget:
            raise BudgetExceededError
        self.spent += 1
        return case(node)

    def _name(self, node: ast.Name) -> Value:
        return self.lookup(node.id) or NOTHING

    def _text(self, node: ast.JoinedStr) -> Value:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.evaluate(part.value)
        return NOTHING

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        self.store(node.target, value)
        return value

    def _choice(self, node: ast.IfExp) -> Value:
        self.evaluate(node.test)
        return joined(self.evaluate(node.body), self.evaluate(node.orelse))

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        return bundle([self.evaluate(item) for item in node.elts])

    def _dictionary(self, node: ast.Dict) -> Value:
        return bundle([self.evaluate(item) for item in node.values])

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.evaluate(node.operand)
        if isinstance(node.op, ast.Invert) and value.part is not None:
            return replace(value, part=opposite(value.part))
        return value

    def _operation(self, node: ast.BinOp) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        if isinstance(node.op, ast.Sub):
            self._compared(node, left, right)
        # Only lists add up across the parts of a table: `list(train) + list(test)`.
        tables = {path[0] for rows in (left.rows, right.rows) for path in rows}
        stacked = isinstance(node.op, ast.Add) and len(tables) == 1
        return combined((left, right), union=stacked and disjoint(left.rows, right.rows))

    def _comparison(self, node: ast.Compare) -> Value:
        values = [self.evaluate(node.left), *map(self.evaluate, node.comparators)]
        if any(isinstance(operator, _COMPARED) for operator in node.ops):
            self._compared(node, values[0], values[1])
        whole = combined(values)
        part = complement(node) if len(node.ops) == 1 and whole.rows else None
        if part is not None and whole.varied and part.split[2] == "==":  # `df[df.fold == fold]`
            self.trace.cut(part.split, "folds", "==", node, self.cell, whole)
        return replace(whole, part=part)

    def _compared(self, node: ast.AST, one: Value, other: Value) -> None:
        """Count ``prediction == truth`` and ``truth - prediction`` as a look at a score."""
        if one.predictions and other.rows and not other.predictions:
            self.score(node, [one, other])
        elif other.predictions and one.rows and not one.predictions:
            self.score(node, [other, one])

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> Value:
        held: dict[str, Value | None] = {}
        scope = self.scopes[-1]
        for generator in node.generators:
            source = self.evaluate(generator.iter)
            for name in ast.walk(generator.target):
                if isinstance(name, ast.Name):
                    held.setdefault(name.id, scope.get(name.id))
            self.store(generator.target, turn(source))
        value = self.evaluate(node.value if isinstance(node, ast.DictComp) else node.elt)
        for known, before in held.items():
            if before is None:
                scope.pop(known, None)
            else:
                scope[known] = before
        return replace(value, varied=False) if value is not NOTHING else NOTHING

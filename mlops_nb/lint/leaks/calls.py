"""The abstract value of a call: methods of estimators and tables, functions of the notebook."""

from __future__ import annotations

import ast
from dataclasses import replace

from mlops_nb.lint.leaks import catalogue, tables
from mlops_nb.lint.leaks.bundles import bundle, element
from mlops_nb.lint.leaks.estimators import APPLIES, FITS, JUDGES, PREDICTS
from mlops_nb.lint.leaks.functions import Functions
from mlops_nb.lint.leaks.values import NOTHING, Value, combined, without_columns

_PAIRS = frozenset({"zip", "enumerate", "items"})
_ROWWISE = frozenset({"apply", "map", "applymap", "transform", "pipe", "agg", "aggregate"})
_LOOKS = catalogue.STATISTICS | {"groupby", "shift", "rolling"}
_GROWS = frozenset({"append", "extend", "add", "insert", "update"})


class Calls(Functions):
    """Evaluates calls."""

    def call(self, node: ast.Call) -> Value:
        """Return the value of a call."""
        args, named = self._arguments(node)
        func = node.func
        if isinstance(func, ast.Attribute) and not self._is_module(func.value):
            owner = self.evaluate(func.value)
            return self._method(node, func, owner, args, named)
        target = None
        if isinstance(func, ast.Name):
            target = self.lookup(func.id)
        elif isinstance(func, ast.Call | ast.Subscript | ast.Lambda):
            target = self.evaluate(func)
        if target is not None:
            if isinstance(target.code, ast.ClassDef):
                return self.instance(target.code, node, args, named)
            if target.code is not None:
                return self._user(node, target.code, args, named)
            if target.things:
                return self._forward(target, args)
        return self.function(node, self.called(func), args, named)

    def _user(
        self, node: ast.Call, code: ast.AST, args: list[Value], named: dict[str, Value]
    ) -> Value:
        """Call a function of the notebook; what it changes in its arguments stays changed."""
        self.written = {}
        result = self.inline(code, args, named)
        written = self.written
        if written and isinstance(code, ast.FunctionDef):
            for parameter, argument in zip(code.args.args, node.args, strict=False):
                if parameter.arg in written and isinstance(argument, ast.Name):
                    self.store(argument, written[parameter.arg])
        return result

    def _arguments(self, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
        args: list[Value] = []
        for argument in node.args:
            value = self.evaluate(argument)
            if isinstance(argument, ast.Starred) and value.items:
                args.extend(value.items)
            else:
                args.append(self._body(argument, value))
        named = {k.arg or "**": self._body(k.value, self.evaluate(k.value)) for k in node.keywords}
        return args, named

    def _body(self, node: ast.AST, value: Value) -> Value:
        """Return what a lambda given to a method draws from the names around it."""
        if not isinstance(node, ast.Lambda):
            return value
        self.scopes.append({arg.arg: Value() for arg in node.args.args})
        drawn = self.evaluate(node.body)
        self.scopes.pop()
        return Value(marks=drawn.marks, latent=drawn.latent, code=node)

    def _is_module(self, node: ast.expr) -> bool:
        while isinstance(node, ast.Attribute):
            node = node.value
        return (
            isinstance(node, ast.Name) and node.id in self.imports and self.lookup(node.id) is None
        )

    def _method(
        self,
        node: ast.Call,
        func: ast.Attribute,
        owner: Value,
        args: list[Value],
        named: dict[str, Value],
    ) -> Value:
        name = func.attr
        for number in owner.things:
            own = self.trace.things[number].methods.get(name)
            if own is not None:
                return self.inline(own, args, named, number)
        if name in FITS:
            return self._fit(node, func, owner, args, named)
        if name == "split" and (found := self.splitting.folds(node, owner, args, named)):
            return found
        if owner.things and not owner.rows:
            return self._estimate(node, owner, name, args, named)
        if name in ("predict", "predict_proba") and args:
            return self.estimators.predict(owner, args[0])
        if name in _PAIRS and not owner.rows:
            return bundle([bundle([NOTHING, element(owner)])])
        return self._tabular(node, func, owner, args, named)

    def _tabular(
        self,
        node: ast.Call,
        func: ast.Attribute,
        owner: Value,
        args: list[Value],
        named: dict[str, Value],
    ) -> Value:
        """Return what a method of a table, an array or a list returns."""
        name = func.attr
        if name in _LOOKS and not owner.rows and not owner.latent:
            owner = self.data(func.value, owner)
        if name in _ROWWISE:
            columns = (owner.grouped or not owner.column) and not _by_rows(node)
            given = replace(owner, grouped="") if columns else NOTHING
            args = [self._applied(value, given) for value in args]
        result = tables.method(self, node, owner, name, args, named)
        if _inplace(node) or name in _GROWS or name == "pop":
            self._change(func.value, owner, result, name, args, named)
        return result

    def _applied(self, value: Value, columns: Value) -> Value:
        """Return what a function given to ``apply`` draws from the columns it is given."""
        if isinstance(value.code, ast.FunctionDef) or (
            isinstance(value.code, ast.Lambda) and columns.rows
        ):
            drawn = self.inline(value.code, [columns], {})
            return Value(marks=drawn.marks, latent=drawn.latent)
        return value

    def _change(
        self,
        place: ast.expr,
        owner: Value,
        result: Value,
        name: str,
        args: list[Value],
        named: dict[str, Value],
    ) -> None:
        """Write back what a method changed in place."""
        if name == "pop":
            column = [a.column for a in args if a.column]
            self.store(place, without_columns(owner, column)) if column else None
        elif name in _GROWS:
            added = combined([owner, *args, *named.values()], union=True)
            if added is not NOTHING and isinstance(place, ast.Name | ast.Attribute | ast.Subscript):
                items = (*owner.items, *args) if name == "append" and not owner.rows else ()
                self.store(place, replace(added, items=items[-40:], varied=False))
        elif isinstance(place, ast.Name | ast.Attribute | ast.Subscript):
            self.store(place, result)

    def _fit(
        self,
        node: ast.Call,
        func: ast.Attribute,
        owner: Value,
        args: list[Value],
        named: dict[str, Value],
    ) -> Value:
        if not owner.things:
            name = func.value.id if isinstance(func.value, ast.Name) else func.attr
            owner = Value(things=frozenset({self.trace.new(name, node)}), rows=owner.rows)
            if isinstance(func.value, ast.Name | ast.Attribute):
                self.store(func.value, owner)
        if node.args and args:
            args = [self.data(node.args[0], args[0]), *args[1:]]
        for keyword in node.keywords:
            if keyword.arg in ("x", "X") and not args:
                named[keyword.arg] = self.data(keyword.value, named[keyword.arg])
        return self.estimators.fit(node, self.cell, owner, func.attr, args, named)

    def _estimate(
        self, node: ast.Call, owner: Value, name: str, args: list[Value], named: dict[str, Value]
    ) -> Value:
        if name in APPLIES and args:
            return self.estimators.apply(owner, args[0])
        if PREDICTS.fullmatch(name):
            return self.estimators.predict(owner, self._rows(node, args, named))
        if name in JUDGES:
            self.estimators.judge(node, self.cell, owner, self._rows(node, args, named))
            return NOTHING
        if name == "set_params" and any(value.varied for value in named.values()):
            for number in owner.things:
                self.trace.things[number].varied = True
        if name in ("add", "append") and args:
            return NOTHING
        if name in ("inverse_transform", "flow", "flow_from_dataframe"):
            return combined(args)
        if name == "get_support":
            learned = [self.trace.things[thing].learned for thing in owner.things]
            marks = frozenset((replace(mark, selects=True), None) for mark in learned if mark)
            return Value(latent=marks)
        return owner

    def _rows(self, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        """Return the rows that are predicted or scored."""
        if node.args and args:
            return self.data(node.args[0], args[0])
        if not node.keywords:
            return NOTHING
        first = node.keywords[0]
        return self.data(first.value, named.get(first.arg or "**", NOTHING))

    def _forward(self, target: Value, args: list[Value]) -> Value:
        """Return what ``model(rows)`` returns."""
        if args and args[0].rows:
            return self.estimators.predict(target, args[0])
        return target


def _inplace(node: ast.Call) -> bool:
    return any(
        k.arg == "inplace" and isinstance(k.value, ast.Constant) and k.value.value is True
        for k in node.keywords
    )


def _by_rows(node: ast.Call) -> bool:
    """Tell ``table.apply(f, axis=1)``, which sees one row at a time."""
    return any(
        k.arg == "axis" and isinstance(k.value, ast.Constant) and k.value.value in (1, "columns")
        for k in node.keywords
    )

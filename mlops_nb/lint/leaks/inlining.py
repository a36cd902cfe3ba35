"""Following calls into the functions and classes of the notebook."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from mlops_nb.lint.leaks.binding import Binding
from mlops_nb.lint.leaks.bundles import bundle
from mlops_nb.lint.leaks.values import NOTHING, Value, combined, joined

_DEPTH = 5
_OFTEN = 20  # calls of one function that are followed
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Inlining(Binding):
    """Runs the bodies of functions on the values they are called with, within limits."""

    def __init__(self, imports: dict[str, str], budget: int) -> None:
        super().__init__(imports, budget)
        self.returned: list[Value] = []
        self.uncalled: dict[str, tuple[int, ast.FunctionDef]] = {}
        self.homes: dict[int, int] = {}
        self._active: list[ast.AST] = []
        self._calls: Counter[int] = Counter()

    @abstractmethod
    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Run statements."""

    def inline(
        self, code: ast.AST, args: list[Value], named: dict[str, Value], me: int = -1
    ) -> Value:
        """Return what a function of the notebook returns for these arguments."""
        if isinstance(code, _Function):
            self.uncalled.pop(code.name, None)
        self._calls[id(code)] += 1
        often = self._calls[id(code)] > _OFTEN
        if often or len(self._active) >= _DEPTH or code in self._active:
            return combined([*args, *named.values()])
        if not isinstance(code, ast.Lambda | _Function):
            return NOTHING
        scope = self._parameters(code, args, named, me)
        self._active.append(code)
        self.scopes.append(scope)
        self.touched.append({})
        held, self.returned = self.returned, []
        cell, self.cell = self.cell, self.homes.get(id(code), self.cell)
        if isinstance(code, ast.Lambda):
            result = self.evaluate(code.body)
        else:
            self.block(code.body)
            result = NOTHING
            for value in self.returned:
                result = joined(result, value)
        self.returned, self.cell = held, cell
        self.scopes.pop()
        self._active.pop()
        touched = self.touched.pop()
        self.written = {n: scope[n] for n, changed in touched.items() if changed and n in scope}
        return result

    def _parameters(
        self,
        code: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef,
        args: list[Value],
        named: dict[str, Value],
        me: int,
    ) -> dict[str, Value]:
        parameters = [*code.args.posonlyargs, *code.args.args]
        given = [Value(things=frozenset({me})), *args] if me >= 0 else args
        scope = {p.arg: v for p, v in zip(parameters, given, strict=False)}
        for parameter, default in zip(
            reversed(parameters), reversed(code.args.defaults), strict=False
        ):
            if parameter.arg not in scope and parameter.arg not in named:
                scope[parameter.arg] = self.evaluate(default)
        names = {p.arg for p in (*parameters, *code.args.kwonlyargs)}
        scope |= {name: value for name, value in named.items() if name in names}
        for name in names:
            scope.setdefault(name, NOTHING)
        if code.args.vararg:
            scope[code.args.vararg.arg] = bundle(given[len(parameters) :])
        if code.args.kwarg:
            scope[code.args.kwarg.arg] = combined(named.values(), union=True)
        return scope

    def instance(
        self, code: ast.ClassDef, node: ast.Call, args: list[Value], named: dict[str, Value]
    ) -> Value:
        """Return an instance of a class of the notebook."""
        methods = {m.name: m for m in code.body if isinstance(m, ast.FunctionDef)}
        varied = any(value.varied for value in (*args, *named.values()))
        number = self.trace.new(code.name, node, methods=methods, varied=varied)
        if "__init__" in methods:
            self.inline(methods["__init__"], args, named, number)
        data = next((v for v in (*args, *named.values()) if v.rows), NOTHING)
        return replace(data, things=frozenset({number}), items=())

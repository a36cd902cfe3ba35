"""Runs the cells of a notebook on abstract values, in the order of the file."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from mlops_nb.lint.leaks.bundles import turn
from mlops_nb.lint.leaks.inlining import Inlining
from mlops_nb.lint.leaks.state import BudgetExceededError
from mlops_nb.lint.leaks.trace import Trace
from mlops_nb.lint.leaks.values import NOTHING, Value, combined, joined, marked

BUDGET = 30_000
_SEQUENCES = (ast.List, ast.Tuple)


class Machine(Inlining):
    """Executes statements.

    Loops run once, both branches of a choice run and meet, functions of the notebook are followed
    into at each call; what is never called runs last, on rows of its own.
    """

    def __init__(self, imports: dict[str, str], budget: int = BUDGET) -> None:
        super().__init__(imports, budget)
        self._members: dict[str, list[ast.Name]] = {}

    def run_cells(self, cells: Iterable[ast.Module | None]) -> Trace:
        """Run the cells and return what happened; a huge notebook is followed as far as it goes."""
        try:
            for number, tree in enumerate(cells):
                self.cell = number
                self.block(tree.body if tree is not None else ())
            for cell, function in list(self.uncalled.values()):
                self.cell = cell
                self._strangers(function)
        except (BudgetExceededError, RecursionError):
            pass
        return self.trace

    def _strangers(self, function: ast.FunctionDef) -> None:
        """Run a function nobody called, on rows of its own."""
        if function.name not in self.uncalled:
            return
        parameters = [*function.args.posonlyargs, *function.args.args]
        required = parameters[: len(parameters) - len(function.args.defaults)]
        self.inline(function, [self._stranger(one) for one in required], {})

    def _stranger(self, parameter: ast.arg) -> Value:
        if parameter.arg in ("trial", "hp"):  # a search calls it with other settings each time
            return Value(varied=True)
        return Value(rows=frozenset({(("parameter", self.here(parameter)),)}))

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Run statements."""
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=value):
                self.evaluate(value)
            case ast.Assign(targets=targets, value=value):
                self._remember(targets, value)
                found = self.evaluate(value)
                for target in targets:
                    self.store(target, found)
                self._index_by_date(targets[0], value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.store(target, self.evaluate(value))
            case ast.AugAssign(target=target, value=value):
                self.store(target, combined((self.evaluate(target), self.evaluate(value))))
            case ast.For() | ast.AsyncFor():
                self._loop(node)
            case ast.While(test=test, body=body, orelse=orelse):
                self.evaluate(test)
                self.block(body)
                self.block(orelse)
            case ast.If(test=test, body=body, orelse=orelse):
                self.evaluate(test)
                self._branches([body, orelse])
            case ast.Return(value=value):
                self.returned.append(self.evaluate(value))
            case _:
                self._other(node)

    def _other(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._define(node)
            case ast.With() | ast.AsyncWith():
                self._with(node)
            case ast.Try(handlers=handlers) | ast.TryStar(handlers=handlers):
                self.block(node.body)
                self._branches([*(handler.body for handler in handlers), []])
                self.block([*node.orelse, *node.finalbody])
            case ast.Match(subject=subject, cases=cases):
                self.evaluate(subject)
                self._branches([*(case.body for case in cases), []])
            case ast.Global(names=names):
                self.global_names.update(names)
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.scopes[-1].pop(target.id, None)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.evaluate(item.context_expr)
            if item.optional_vars is not None:
                self.store(item.optional_vars, value)
        self.block(node.body)

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.scopes[-1][node.name] = Value(code=node)
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        self.homes.update((id(member), self.cell) for member in members)
        if isinstance(node, ast.FunctionDef) and len(self.scopes) == 1:
            self.uncalled[node.name] = (self.cell, node)

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]]) -> None:
        before = self.scopes[-1]
        ends = []
        for body in bodies:
            self.scopes[-1] = dict(before)
            self.block(body)
            ends.append(self.scopes[-1])
        before.update(ends[0])
        for end in ends[1:]:
            for name, value in end.items():
                known = before.get(name)
                if known is not value:
                    before[name] = value if known is None else joined(known, value)
        self.scopes[-1] = before

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        source = self.evaluate(node.iter)
        members = self._listed(node.iter)
        if members and isinstance(node.target, ast.Name):
            for member in members:
                self.store(node.target, self.evaluate(member))
                self.block(node.body)
                changed = self.lookup(node.target.id)
                # A change stays with the table: `for table in (train, test): table[…] = …`.
                if changed is not None and changed.rows:
                    self.scopes[-1][member.id] = changed
        else:
            folds = self.splitting.old_folds(node.iter, source)
            self.store(node.target, turn(folds or source))
            self.block(node.body)
        self.block(node.orelse)

    def _index_by_date(self, target: ast.expr, value: ast.expr) -> None:
        """Mark the rows of ``table.index = pd.to_datetime(…)`` as in the order of time."""
        if (
            isinstance(target, ast.Attribute)
            and target.attr == "index"
            and isinstance(value, ast.Call)
            and self.called(value.func) in ("to_datetime", "DatetimeIndex", "date_range")
        ):
            table = self.data(target.value, self.evaluate(target.value))
            mark = self.mark("ordered", "an index of dates", value, table)
            self.store(target.value, marked(table, frozenset({(mark, None)})))

    def _remember(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        """Keep which names a list was made of."""
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            members = [] if isinstance(value, ast.Name) else self._listed(value)
            self._members[targets[0].id] = members

    def _listed(self, node: ast.expr) -> list[ast.Name]:
        """Return the tables of a short list of tables."""
        if isinstance(node, ast.Name):
            return self._members.get(node.id, [])
        if not isinstance(node, _SEQUENCES) or not 1 < len(node.elts) <= 4:
            return []
        names = [item for item in node.elts if isinstance(item, ast.Name)]
        tables = [name for name in names if (self.lookup(name.id) or NOTHING).rows]
        return tables if len(tables) == len(node.elts) else []

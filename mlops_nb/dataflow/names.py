"""The names a syntax tree reads, binds, deletes and calls, in the order Python evaluates them.

Bodies of functions and lambdas run later or never: their events are kept apart, under the name
that calls them. Scopes of comprehensions, lambdas, functions and classes are honoured.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

from mlops_nb.dataflow.flow import ControlFlow
from mlops_nb.dataflow.scopes import (
    Scope,
    arguments,
    children_of,
    local_names,
    nodes_of,
    scope_of,
    type_parameters,
)

Kind = Literal["read", "bind", "delete", "release", "call", "star"]
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_CONSTRUCTORS = frozenset({"__init__", "__new__", "__post_init__", "__init_subclass__"})
ANONYMOUS = ""


class Event(NamedTuple):
    """One thing that happens to a global name.

    Parameters
    ----------
    kind : str
        ``star`` stands for a star import of the module `name`, ``release`` for the end of the
        handler that bound the name by ``except … as``.
    name : str
        The global name.
    node : ast.AST
        Where, in the tree.
    certain : bool
        It happens whenever the code around it runs: no branch, no handler, no early exit.
    imported : bool
        A binding made by an import.
    """

    kind: Kind
    name: str
    node: ast.AST
    certain: bool = True
    imported: bool = False


class Walker(ControlFlow):
    """Collects the events of one module.

    Attributes
    ----------
    events : list of Event
        What running the module does.
    deferred : dict of str to list of Event
        What calling a function, or making an instance of a class, does; under ``""`` what runs
        at a time nobody can tell.
    """

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.deferred: dict[str, list[Event]] = {}
        self._sink = self.events
        self._scopes: list[Scope] = []
        self._local: set[str] = set()  # what the scopes make of it
        self._class = ANONYMOUS

    def _emit(self, kind: Kind, name: str, node: ast.AST, *, imported: bool = False) -> None:
        loops = self._loops if kind in ("bind", "delete") else 0
        self._sink.append(Event(kind, name, node, not (self._branches or loops), imported))

    def _enter(self, scopes: list[Scope]) -> tuple[list[Scope], set[str]]:
        """Change the scopes; return what `_leave` needs to change them back."""
        before = self._scopes, self._local
        self._scopes, self._local = scopes, local_names(scopes)
        return before

    def _leave(self, before: tuple[list[Scope], set[str]]) -> None:
        self._scopes, self._local = before

    def _bind(self, name: str, node: ast.AST, *, imported: bool = False) -> None:
        if name not in self._local:
            if self._sink is self.events:
                self._emit("bind", name, node, imported=imported)
            else:  # `global x` in a function: bound once somebody calls it
                self.events.append(Event("bind", name, node, False, imported))

    def _release(self, name: str, node: ast.ExceptHandler) -> None:
        if self._sink is self.events and name not in self._local:
            self._emit("release", name, node)

    def _read(self, name: str, node: ast.AST) -> None:
        if not self._guards and name not in self._local:
            self._sink.append(Event("read", name, node, not self._branches))

    @contextmanager
    def _later(self, name: str, scope: Scope | None) -> Iterator[None]:
        """Collect what follows under the name of the callable; no name: nobody knows when."""
        before = self._sink, self._branches, self._loops
        if self._sink is self.events:
            self._sink = self.deferred.setdefault(name, [])
            self._branches = self._loops = 0
        else:
            self._branches += 1
        scopes = self._enter([*self._scopes, scope] if scope else self._scopes)
        yield
        self._leave(scopes)
        self._sink, self._branches, self._loops = before

    # ---- names -------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        """Record a read, a binding or a deletion."""
        context = type(node.ctx)
        if context is ast.Load:
            self._read(node.id, node)
        elif context is ast.Store:
            self._bind(node.id, node)
        elif node.id not in self._local:
            self._emit("delete", node.id, node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Do nothing: it holds no names."""

    def visit_Call(self, node: ast.Call) -> None:
        """Record the call after its arguments have been read."""
        self.visit(node.func)
        self._all(node.args)
        for keyword in node.keywords:
            self.visit(keyword.value)
        if isinstance(node.func, ast.Name) and node.func.id not in self._local:
            self._emit("call", node.func.id, node.func)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Walk the value before the targets; a lambda is known by the name it is given."""
        if isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
            self._lambda(node.value, node.targets[0].id)
        else:
            self.visit(node.value)
        self._all(node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Read the target, then bind it."""
        if isinstance(node.target, ast.Name):
            self._read(node.target.id, node.target)
        self.visit(node.value)
        self.visit(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Walk value and target; the annotation of a local name is never evaluated."""
        self._all([node.value])
        self.visit(node.target)
        if not (self._scopes and self._scopes[-1].kind == "function"):
            self._annotations([node.annotation])

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Bind in the scope around the comprehension."""
        self.visit(node.value)
        before = self._enter([scope for scope in self._scopes if scope.kind != "comprehension"])
        self._bind(node.target.id, node.target)
        self._leave(before)

    def visit_Import(self, node: ast.Import) -> None:
        """Bind the alias or the top package."""
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0], node, imported=True)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Bind each name; a star import binds nobody knows what."""
        for alias in node.names:
            if alias.name == "*":
                self._emit("star", "." * node.level + (node.module or ""), node)
            else:
                self._bind(alias.asname or alias.name, node, imported=True)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """Bind the captured name."""
        self._all(children_of(node))
        if node.name:
            self._bind(node.name, node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        """Bind the captured rest of a sequence."""
        if node.name:
            self._bind(node.name, node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        """Bind the captured rest of a mapping."""
        self._all(children_of(node))
        if node.rest:
            self._bind(node.rest, node)

    # ---- scopes ------------------------------------------------------------------------------

    def _annotations(self, nodes: Sequence[ast.AST | None]) -> None:
        with self._later(ANONYMOUS, None), self._branch():
            self._all(nodes)

    def _function(self, node: _Function) -> None:
        every = arguments(node.args)
        self._all([*node.decorator_list, *node.args.defaults, *node.args.kw_defaults])
        owner = node.name
        if self._scopes and self._scopes[-1].kind == "class" and self._sink is self.events:
            owner = self._class
        parameters = type_parameters(node)
        scope = scope_of("function", node.body, {a.arg for a in every} | parameters)
        with self._later(ANONYMOUS, Scope("function", parameters)):
            self._annotations([*(a.annotation for a in every), node.returns])
        ahead = owner != node.name and node.name not in _CONSTRUCTORS
        with self._later(owner, scope):
            self._branches += ahead
            self._block(node.body)
            self._branches -= ahead
        self._bind(node.name, node)

    visit_FunctionDef = _function
    visit_AsyncFunctionDef = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Run the body now; its methods run later, the constructor when the class is called."""
        self._all([*node.decorator_list, *node.bases, *node.keywords])
        extra = {"__class__", "__qualname__", "__module__"} | type_parameters(node)
        before, self._class = self._class, self._class or node.name
        scopes = self._enter([*self._scopes, scope_of("class", node.body, extra)])
        self._block(node.body)
        self._leave(scopes)
        self._class = before
        self._bind(node.name, node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Keep the body of a lambda for a time nobody can tell."""
        self._lambda(node, ANONYMOUS)

    def _lambda(self, node: ast.Lambda, name: str) -> None:
        self._all([*node.args.defaults, *node.args.kw_defaults])
        with self._later(name, Scope("function", {a.arg for a in arguments(node.args)})):
            self.visit(node.body)

    def _comprehension(self, node: _Comprehension) -> None:
        self.visit(node.generators[0].iter)
        names = {
            n.id for g in node.generators for n in nodes_of(g.target) if isinstance(n, ast.Name)
        }
        scopes = self._enter([*self._scopes, Scope("comprehension", names)])
        for number, generator in enumerate(node.generators):
            self._all([generator.iter if number else None, generator.target, *generator.ifs])
        self._all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self._leave(scopes)

    visit_ListComp = _comprehension
    visit_SetComp = _comprehension
    visit_GeneratorExp = _comprehension
    visit_DictComp = _comprehension

"""The names that belong to a function, a class or a comprehension."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

# Fields that hold no nodes, or nodes without content (contexts and operators).
_PLAIN = frozenset(
    {
        *("ctx", "op", "ops", "id", "attr", "arg", "kind", "type_comment", "type_ignores"),
        *("level", "module", "simple", "is_async", "conversion", "asname", "rest"),
    }
)
_EMPTY = frozenset({ast.Constant, ast.alias})  # their fields hold no nodes either


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of each kind of node that may hold nodes, in file order or `backwards`."""

    def __init__(self, *, backwards: bool = False) -> None:
        self._step = -1 if backwards else 1

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        names = () if kind in _EMPTY else kind._fields[:: self._step]
        self[kind] = found = tuple(name for name in names if name not in _PLAIN)
        return found


_FIELDS, _BACKWARDS = _Fields(), _Fields(backwards=True)


@dataclass(slots=True)
class Scope:
    """Names of one scope, and those it declares to be global."""

    kind: Literal["function", "class", "comprehension"]
    names: set[str]
    globals: set[str] = field(default_factory=set)


def scope_of(
    kind: Literal["function", "class"], body: Sequence[ast.stmt], extra: Iterable[str] = ()
) -> Scope:
    """Return the scope of a function's or a class's body, `extra` being its own parameters."""
    scope = Scope(kind, set(extra))
    nonlocals: set[str] = set()
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        sort = type(node)
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                scope.names.add(node.id)
        elif sort in _COMPREHENSIONS:  # only a walrus reaches out of one
            waiting += [n.target for n in nodes_of(node) if isinstance(n, ast.NamedExpr)]
        elif isinstance(node, ast.Global):
            scope.globals.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            nonlocals.update(node.names)
        else:
            if sort in _BOUND:
                scope.names.update(filter(None, _BOUND[sort](node)))
            if sort not in _SCOPES:
                waiting += children_of(node)
    scope.names -= scope.globals | nonlocals
    return scope


_SCOPES = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda})
_COMPREHENSIONS = frozenset({ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp})
# What other nodes than names bind.
_BOUND: dict[type[ast.AST], Callable[[Any], Iterable[str | None]]] = {
    **dict.fromkeys(
        (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef), lambda node: [node.name]
    ),
    **dict.fromkeys(
        (ast.Import, ast.ImportFrom),
        lambda node: [alias.asname or alias.name.partition(".")[0] for alias in node.names],
    ),
    **dict.fromkeys((ast.ExceptHandler, ast.MatchAs, ast.MatchStar), lambda node: [node.name]),
    ast.MatchMapping: lambda node: [node.rest],
}


def local_names(scopes: Sequence[Scope]) -> set[str]:
    """Return the names that are not global inside of scopes, the outermost first."""
    found: set[str] = set()
    innermost = max((n for n, scope in enumerate(scopes) if scope.kind == "function"), default=-1)
    for number, scope in enumerate(scopes):
        found -= scope.globals
        # A class's names cannot be seen from the functions inside it.
        if scope.kind != "class" or number > innermost:
            found |= scope.names
    return found


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """Return every node of a tree in file order, in a fraction of the time of ``ast.walk``."""
    found: list[ast.AST] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        for name in _BACKWARDS[type(node)]:
            child = getattr(node, name, None)
            if type(child) is list:
                for one in reversed(child):
                    if isinstance(one, ast.AST):  # not the names of a `global`
                        waiting.append(one)  # noqa: PERF401 - few elements, many lists
            elif isinstance(child, ast.AST):
                waiting.append(child)
    return found


def children_of(node: ast.AST) -> list[ast.AST]:
    """Return the nodes directly below a node, in file order, those without content left out."""
    found: list[ast.AST] = []
    for name in _FIELDS[type(node)]:
        child = getattr(node, name, None)
        if type(child) is list:
            for one in child:
                if isinstance(one, ast.AST):
                    found.append(one)  # noqa: PERF401 - few elements, many lists
        elif isinstance(child, ast.AST):
            found.append(child)
    return found


def arguments(node: ast.arguments) -> list[ast.arg]:
    """Return every parameter of a function or lambda."""
    stars = [star for star in (node.vararg, node.kwarg) if star]
    return [*node.posonlyargs, *node.args, *node.kwonlyargs, *stars]


def type_parameters(node: ast.AST) -> set[str]:
    """Return the names in the brackets of ``def f[T]()`` (Python 3.12 and later)."""
    return {parameter.name for parameter in getattr(node, "type_params", ())}

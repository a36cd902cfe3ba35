"""Which names a piece of code binds on every path through it, and which on some paths only."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import takewhile

from mlops_nb.dataflow.flow import asks_for_names, is_always
from mlops_nb.dataflow.scopes import nodes_of, scope_of

_EXITS = frozenset({"exit", "quit", "_exit", "abort"})
# Statements that hold others and leave it open whether those run.
_BRANCHES = (ast.If, ast.Try, ast.TryStar, ast.Match)


def bound_on_some_paths(tree: ast.Module) -> dict[str, int]:
    """Return the names that running the code may or may not bind, with the line that decides.

    Parameters
    ----------
    tree : ast.Module
        A cell's Python.

    Returns
    -------
    dict of str to int
        Name → line, from 1, of the ``if``, ``try`` or ``match`` after which it may be missing.
        Loops are taken to run; an import that a handler follows says by itself that it failed;
        two statements that may bind a name look at the same condition, as a rule: none of these
        is reported.
    """
    found: dict[str, int] = {}
    bound: set[str] = set()
    for statement in tree.body:
        if not isinstance(statement, _BRANCHES):
            if isinstance(statement, ast.Raise):  # nothing below runs
                break
            continue
        sure = _bound_by(statement)
        if sure is None:
            break
        open_ones = _named([statement]) - sure - bound
        open_ones -= _quiet(statement) if open_ones else set()
        bound |= sure | (open_ones & found.keys())
        found.update(dict.fromkeys(open_ones - bound, statement.lineno))
    if found:
        others = [s for s in tree.body if not isinstance(s, _BRANCHES)]
        bound |= _bound(others) or set()
    return {name: line for name, line in found.items() if name not in bound}


def _bound(statements: Sequence[ast.stmt]) -> set[str] | None:
    """Return what a block binds whenever it ends; None: it never comes to its end."""
    bound: set[str] = set()
    for statement in statements:
        one = _bound_by(statement)
        if one is None:
            return None
        bound |= one
    return bound


def _bound_by(statement: ast.stmt) -> set[str] | None:
    match statement:
        case ast.Raise() | ast.Return() | ast.Continue() | ast.Break():
            return None
        case ast.Assert(test=ast.Constant(value=value)) if not value:
            return None
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))) if (
            name in _EXITS
        ):
            return None
        case ast.If():
            return _bound_by_if(statement)
        case ast.Try() | ast.TryStar():
            return _bound_by_try(statement)
        case ast.With() | ast.AsyncWith():
            own = _named([statement]) - _named(statement.body)
            inside = _bound(statement.body)
            return None if inside is None else own | inside
        case ast.Match():
            return _bound_by_match(statement)
    return _named([statement])


def _bound_by_if(statement: ast.If) -> set[str] | None:
    tested = scope_of("function", [ast.Expr(statement.test)]).names
    if is_always(statement.test):
        return _joined(tested, [_bound(statement.body)])
    if isinstance(statement.test, ast.Constant):
        return _joined(tested, [_bound(statement.orelse)])
    return _joined(tested, [_bound(statement.body), _bound(statement.orelse)])


def _bound_by_try(statement: ast.Try | ast.TryStar) -> set[str] | None:
    paths = [_bound([*statement.body, *statement.orelse])]
    paths += [_bound(handler.body) for handler in statement.handlers]
    safe = _named(list(takewhile(_cannot_fail, statement.body)))
    always = _bound(statement.finalbody)
    return _joined(None if always is None else always | safe, paths)


def _cannot_fail(statement: ast.stmt) -> bool:
    """Tell whether a statement binds plain values, so that no handler can come before it."""
    risky = ast.Call | ast.Await | ast.Subscript | ast.Attribute | ast.BinOp | ast.Starred
    return isinstance(statement, ast.Assign) and not any(
        isinstance(node, risky) for node in nodes_of(statement)
    )


def _bound_by_match(statement: ast.Match) -> set[str] | None:
    paths = [_bound(case.body) for case in statement.cases]
    last = statement.cases[-1]
    complete = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
    if not complete or last.guard:
        paths.append(set())
    return _joined(set(), paths)


def _joined(always: set[str] | None, paths: Iterable[set[str] | None]) -> set[str] | None:
    ending = [path for path in paths if path is not None]
    if always is None or not ending:
        return None
    return always | reduce(lambda one, other: one & other, ending)


def _quiet(statement: ast.stmt) -> set[str]:
    """Return names nobody should be told of: imports that are tried, names of handlers."""
    quiet: set[str] = set()
    for node in nodes_of(statement):
        if asks_for_names(node):
            quiet |= _named([statement])
        if isinstance(node, ast.Try | ast.TryStar):
            tried = [n for n in nodes_of(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            quiet |= scope_of("function", tried).names
        elif isinstance(node, ast.ExceptHandler) and node.name:
            quiet.add(node.name)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
            quiet |= _named([node])
    return quiet


def _named(statements: Sequence[ast.stmt]) -> set[str]:
    return scope_of("function", statements).names

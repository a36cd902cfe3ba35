"""What the text of a run's cell says before it runs: its settings, its results, what it trains."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_TRAINS = ("fit", "partial_fit", "fit_transform", "fit_predict", "train")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText:
    """The names of one cell, by what its top level does with them.

    Parameters
    ----------
    settings : dict
        Names that are given a literal value: ``depth = 3``.
    assigned : frozenset of str
        Names that are given any value, loop variables and imports left out.
    loops : frozenset of str
        Names of loop variables.
    reads : frozenset of str
        Names whose value is used.
    trained : frozenset of str
        Names whose ``fit`` is called, or that a statement with such a call assigns.
    result : str
        What the last expression is called, when it calls something: ``clf.score``; else empty.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    assigned: frozenset[str] = frozenset()
    loops: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    trained: frozenset[str] = frozenset()
    result: str = ""


def read_cell(body: list[ast.stmt]) -> CellText:
    """Return what the statements of a cell say."""
    nodes = [node for statement in body for node in _outer(statement)]
    loops = {
        name.id
        for node in nodes
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    names = [node for node in nodes if isinstance(node, ast.Name)]
    assigned = {name.id for name in names if isinstance(name.ctx, ast.Store)} - loops
    literals = dict(pair for node in nodes for pair in _literal(node))
    computed = {name.id for node in nodes for name in _computed(node)}
    return CellText(
        settings={name: value for name, value in literals.items() if name not in computed},
        assigned=frozenset(assigned),
        loops=frozenset(loops),
        reads=frozenset(name.id for name in names if isinstance(name.ctx, ast.Load)),
        trained=frozenset(name for statement in body for name in trained(statement)),
        result=_called(body[-1]) if body else "",
    )


def trained(statement: ast.stmt) -> set[str]:
    """Return the names of what a statement trains, empty when it trains nothing."""
    nodes = list(_outer(statement))
    calls = [
        node.func.value
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _TRAINS
    ]
    if not calls:
        return set()
    stored = (n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return {*stored, *(name for call in calls for name in _root(call))} or {""}


def _outer(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a statement without the bodies of functions, whose names are their own."""
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    for child in ast.iter_child_nodes(node):
        yield from _outer(child)


def _literal(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield names and values of ``a = b = 1`` and ``a, b = 1, 2``."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        for name, value in _pairs(target, node.value):
            try:
                yield name.id, ast.literal_eval(value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue


def _computed(node: ast.AST) -> Iterator[ast.Name]:
    """Yield the names that a statement gives a value which is no literal."""
    if isinstance(node, ast.AugAssign | ast.NamedExpr) and isinstance(node.target, ast.Name):
        yield node.target
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        known = {name for name, _ in _literal(node)}
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            names = (inner for inner in ast.walk(target) if isinstance(inner, ast.Name))
            yield from (n for n in names if isinstance(n.ctx, ast.Store) and n.id not in known)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.Name, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target, value
    elif (
        isinstance(target, ast.Tuple | ast.List)
        and isinstance(value, ast.Tuple | ast.List)
        and len(target.elts) == len(value.elts)
    ):
        for inner, part in zip(target.elts, value.elts, strict=True):
            yield from _pairs(inner, part)


def _called(statement: ast.stmt) -> str:
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return ""
    name = ast.unparse(statement.value.func)
    return name if all(part.isidentifier() for part in name.split(".")) else ""


def _root(node: ast.AST) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id

"""What a finding says of a leak: where the split and the score are that make it one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlops_nb.lint.finding import Finding, TextEdit
from mlops_nb.lint.leaks.leak import Leak, LeakKind

if TYPE_CHECKING:
    from mlops_nb.lint.context import Context


def leaks_of(context: Context, *kinds: LeakKind) -> Iterator[Leak]:
    """Yield the leaks of some kinds."""
    for leak in context.leaks:
        if leak.kind in kinds:
            yield leak


def place(context: Context, cell: int, node: ast.AST) -> str:
    """Return where a node is, for people: cells are counted as in every diagnostic."""
    return f"cell {context.code[cell].cell.index} line {getattr(node, 'lineno', 1)}"


def evidence(context: Context, leak: Leak) -> str:
    """Return the split and the score that make it a leak, in brackets."""
    parts = []
    if leak.split is not None:
        parts.append(f"{leak.split.what} at {place(context, leak.split.cell, leak.split.node)}")
    if leak.score is not None:
        parts.append(f"score at {place(context, leak.score.cell, leak.score.node)}")
    return f" ({', '.join(parts)})" if parts else ""


def finding(
    context: Context, leak: Leak, message: str, *, edits: tuple[TextEdit, ...] = ()
) -> Finding:
    """Return a finding at what caused the leak."""
    return context.code[leak.cell].finding(leak.node, message, edits=edits)

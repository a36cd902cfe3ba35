"""Which subscripts take opposite parts of the same rows."""

from __future__ import annotations

import ast

from mlops_nb.lint.leaks.values import END, RANGE, Part, Rows

_SIDES = {
    ast.Lt: ("<", "train"),
    ast.GtE: ("<", "test"),
    ast.LtE: ("<=", "train"),
    ast.Gt: ("<=", "test"),
    ast.NotEq: ("==", "train"),
    ast.Eq: ("==", "test"),
}


def opposite(part: Part) -> Part:
    """Return the other side of a split."""
    return Part(part.split, "train" if part.side == "test" else "test")


def slice_part(node: ast.Slice, rows: Rows, whole: str) -> Part | None:
    """Return the part that ``rows[:n]`` or ``rows[n:]`` takes; None: all of them.

    Parameters
    ----------
    node : ast.Slice
        The slice.
    rows : frozenset of tuple
        What is sliced.
    whole : str
        Its name: up to ``len(whole)`` is all of it.
    """
    lower, upper = _bound(node.lower), _bound(node.upper)
    if upper == f"len({whole})" or (lower is not None and str(upper).startswith("len(")):
        upper = None
    if node.step is not None or (lower in (None, 0) and upper is None):
        return None
    return Part((RANGE, rows), (_from_start(lower, 0), _from_start(upper, END)))


def _from_start(bound: int | str | None, missing: int) -> int | str:
    if isinstance(bound, int):
        return bound if bound >= 0 else END + bound
    return missing if bound is None else bound


def _bound(node: ast.expr | None) -> int | str | None:
    """Return a bound as a number or a text; ``n - 60`` begins a window before `n`: one cut."""
    if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
        node = node.left
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    if isinstance(node, ast.Constant):
        number = node.value
        return sign * number if isinstance(number, int) else None if number is None else str(number)
    return ast.unparse(node) if node is not None else None


def complement(node: ast.AST) -> Part | None:
    """Return the part of the rows for which a comparison holds.

    ``a < b`` and ``a >= b`` are two sides of one split; so are ``a == b`` and ``a != b``.
    """
    if not isinstance(node, ast.Compare) or type(node.ops[0]) not in _SIDES:
        return None
    what, side = _SIDES[type(node.ops[0])]
    column = node.left.slice if isinstance(node.left, ast.Subscript) else node.left
    return Part(("mask", _key_of(column), what, _key_of(node.comparators[0])), side)


def _key_of(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ast.unparse(node)

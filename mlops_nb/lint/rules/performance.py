"""NBF: work that grows with the table."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.rule import Severity, rule

_TABLE = "import pandas as pd\n\nflights = pd.DataFrame({'dep': [5, 8], 'arr': [9, 11]})"
# What a row-wise function may hold and still be arithmetic on whole columns.
_ARITHMETIC = (
    *(ast.Subscript, ast.Attribute, ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare),
    *(ast.expr_context, ast.operator, ast.unaryop, ast.cmpop),
)


@rule(
    "NBF001",
    "row-by-row",
    Severity.INFO,
    why="""A Python call for each row is a hundred to a thousand times slower than the same
    arithmetic on whole columns: seconds on the sample become hours on the month's data.""",
    bad=Example(
        cells=[_TABLE, "late = flights.apply(lambda r: r['arr'] - r['dep'], axis=1)\nprint(late)"]
    ),
    good=Example(cells=[_TABLE, "late = flights['arr'] - flights['dep']\nprint(late)"]),
)
def row_by_row(context: Context) -> Iterator[Finding]:
    """Flag `iterrows()`, and `apply(..., axis=1)` of plain arithmetic."""
    if not context.words & {"iterrows", "apply"}:
        return
    for code, call, _ in context.calls:
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if method == "iterrows" and not call.args:
            yield code.finding(call, "iterrows() goes row by row: work on whole columns")
        elif method == "apply" and _is_rowwise(call) and _is_arithmetic(call.args[0]):
            yield code.finding(call, "apply(..., axis=1) of plain arithmetic: use the columns")


def _is_rowwise(call: ast.Call) -> bool:
    axis = next((k.value for k in call.keywords if k.arg == "axis"), None)
    return bool(call.args) and isinstance(axis, ast.Constant) and axis.value in (1, "columns")


def _is_arithmetic(function: ast.expr) -> bool:
    if not isinstance(function, ast.Lambda) or not isinstance(function.body, ast.BinOp):
        return False
    return all(isinstance(node, _ARITHMETIC) for node in ast.walk(function.body))

"""NBL111: comparisons that nothing passes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding, TextEdit
from mlops_nb.lint.repairs.statements import imported_as, text_of
from mlops_nb.lint.rule import Severity, rule

_NAN = frozenset({"numpy.nan", "numpy.NaN", "numpy.NAN", "math.nan", "torch.nan"})
# Package → what tells its missing values, and what tells those that are there.
_TESTS = {
    "pandas": ("{0}.isna({1})", "{0}.notna({1})"),
    "numpy": ("{0}.isnan({1})", "~{0}.isnan({1})"),
}


@rule(
    "NBL111",
    "compared-with-nan",
    Severity.ERROR,
    why="""NaN equals nothing, itself least of all: `== np.nan` keeps no row, `!= np.nan` keeps
    every row, and the missing values that the line was to find go on into the model.""",
    bad=Example(
        cells=[
            "import numpy as np\nimport pandas as pd",
            "delays = pd.Series([4.0, None, 9.0])\nprint(delays[delays != np.nan])",
        ]
    ),
    good=Example(
        cells=[
            "import pandas as pd",
            "delays = pd.Series([4.0, None, 9.0])\nprint(delays[pd.notna(delays)])",
        ]
    ),
    fixable=True,
)
def compared_with_nan(context: Context) -> Iterator[Finding]:
    """Flag a value compared with NaN by `==` or another sign of order: none is ever equal."""
    for code, node in context.nodes(ast.Compare):
        sides = [node.left, *node.comparators]
        nans = [side for side in sides if _is_nan(context, side)]
        if not nans or any(isinstance(op, _OTHERS) for op in node.ops):
            continue
        message = f"nothing equals {text_of(code, nans[0])}: use isna(), or isnan()"
        test, edits = _tested(context, code, node, sides)
        found = code.finding(node, message, edits=edits)
        # numpy's test fails on texts and objects, which the comparison let pass.
        yield replace(found, unsafe=test == "numpy")


_OTHERS = (ast.Is, ast.IsNot, ast.In, ast.NotIn)


def _is_nan(context: Context, node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))]):
            return text.strip().lower().lstrip("+-") == "nan"
        case ast.Name() | ast.Attribute():
            return context.qualified(node) in _NAN
    return False


def _tested(
    context: Context, code: CodeCell, node: ast.Compare, sides: list[ast.expr]
) -> tuple[str, tuple[TextEdit, ...]]:
    """Return whose test takes the comparison's place, and the edit; of `==` and `!=` only."""
    if len(sides) != 2 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return "", ()
    compared = sides[0] if _is_nan(context, sides[1]) else sides[1]
    for package, forms in _TESTS.items():
        if name := imported_as(context, code, package):
            form = forms[isinstance(node.ops[0], ast.NotEq)]
            return package, (code.replaced(node, form.format(name, text_of(code, compared))),)
    return "", ()

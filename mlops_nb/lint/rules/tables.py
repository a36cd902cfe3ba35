"""NBL113: tables whose types and keys are left to chance."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.rule import Severity, rule

_TYPES = frozenset({"dtype", "dtype_backend", "converters"})
_READERS = frozenset({"pandas.read_csv", "pandas.read_table"})
_KEYS = frozenset({"on", "left_on", "right_on", "left_index", "right_index"})


@rule(
    "NBL113",
    "types-or-keys-left-to-chance",
    Severity.INFO,
    why="""Without dtype, pandas guesses each column's type from the rows of the day: an identifier
    loses its zeros, one odd value turns numbers into text. A merge without keys joins on whatever
    columns share a name, and without validate a duplicate key multiplies rows in silence.""",
    bad=Example(
        cells=[
            "import io\n\nimport pandas as pd\n\ntext = io.StringIO('code,price\\n007,1.5\\n')",
            "prices = pd.read_csv(text)\nprint(prices)",
        ]
    ),
    good=Example(
        cells=[
            "import io\n\nimport pandas as pd\n\ntext = io.StringIO('code,price\\n007,1.5\\n')",
            "prices = pd.read_csv(text, dtype={'code': 'string', 'price': 'float64'})\n"
            "print(prices.merge(prices, on='code', validate='one_to_one'))",
        ]
    ),
    opt_in=True,
)
def types_or_keys_left_to_chance(context: Context) -> Iterator[Finding]:
    """Flag read_csv without types, and merge without keys or without a check of the keys."""
    if "pandas" not in {name.partition(".")[0] for name in context.imports.values()}:
        return
    for code, call, name in context.calls:
        named = {keyword.arg for keyword in call.keywords}
        if None in named:  # `**options`
            continue
        if name in _READERS and not named & _TYPES:
            what = name.rpartition(".")[2]
            yield code.finding(call, f"{what}() guesses the columns' types at each run: give dtype")
        elif keys := _joined(call, name):
            if not named & _KEYS and len(call.args) <= keys:
                yield code.finding(call, "merge() joins on whatever columns share a name: give on")
            elif "validate" not in named:
                message = "a duplicate key multiplies rows in silence: give validate"
                yield code.finding(call, message)


def _joined(call: ast.Call, name: str) -> int:
    """Return how many positional arguments a merge has before its keys; 0: it is no merge."""
    if name == "pandas.merge":
        return 3
    is_method = isinstance(call.func, ast.Attribute) and call.func.attr == "merge" and not name
    return 2 if is_method and call.args else 0

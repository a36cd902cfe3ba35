"""Types and keys left to chance."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_nb.config import Lint
from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import Example
from mlops_nb.notebook import parse_notebook

HEAD = "import pandas as pd\na, b = pd.DataFrame(), pd.DataFrame()"


def messages(*cells: str, head: str = HEAD) -> list[str]:
    notebook = parse_notebook(Example(cells=[head, *cells]).to_bytes(), Path("n.ipynb"))
    return [d.message for d in lint_notebook(notebook, Lint(select=["NBL113"]))]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("pd.read_csv('a.csv')", "read_csv() guesses"),
        ("pd.read_table('a.tsv', sep=';')", "read_table() guesses"),
        ("a.merge(b)", "whatever columns share a name"),
        ("pd.merge(a, b, how='left')", "whatever columns share a name"),
        ("a.merge(b, on='id')", "multiplies rows"),
        ("pd.merge(a, b, 'left', 'id')", "multiplies rows"),
    ],
)
def test_what_is_left_to_chance(code: str, says: str) -> None:
    (message,) = messages(code)
    assert says in message


@pytest.mark.parametrize(
    "code",
    [
        "pd.read_csv('a.csv', dtype={'id': str})",
        "pd.read_csv('a.csv', dtype_backend='pyarrow')",
        "pd.read_csv('a.csv', **options)",
        "pd.read_parquet('a.parquet')",
        "a.merge(b, on='id', validate='one_to_many')",
        "a.merge()",
    ],
)
def test_what_is_said(code: str) -> None:
    assert messages("options = {}", code) == []


def test_other_libraries_merge_as_they_like() -> None:
    assert messages("a.merge(a)", head="import polars as pl\na = pl.DataFrame()") == []

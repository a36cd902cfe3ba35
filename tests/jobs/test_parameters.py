from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_nb.errors import InputError
from mlops_nb.jobs.parameters import declared


@pytest.mark.parametrize(
    ("source", "kind", "optional", "callee"),
    [
        ("x = 3", "int", False, ""),
        ("x = -3", "int", False, ""),
        ("x = 3.5", "float", False, ""),
        ("x = True", "bool", False, ""),
        ("x = 'text'", "str", False, ""),
        ("x = '2013-04-01'", "date", False, ""),
        ("x = '2013-13-01'", "str", False, ""),
        ("x = '2013-04-01T06:00'", "datetime", False, ""),
        ("x = [1, 2]", "list", False, ""),
        ("x = ('a', 'b')", "list", False, ""),
        ("x = {'a': 1}", "dict", False, ""),
        ("x = None", "any", True, ""),
        ("x: float = 3", "float", False, ""),
        ("x: 'date' = '2013-04-01'", "date", False, ""),
        ("x: datetime.datetime = None", "datetime", True, ""),
        ("x: int | None = 3", "int", True, ""),
        ("x: Optional[str] = None", "str", True, ""),
        ("x: list[str] = []", "list", False, ""),
        ("x: int | str = 3", "any", False, ""),
        ("x = date(2013, 4, 1)", "date", False, "date"),
        ("x = dt.date.fromisoformat('2013-04-01')", "date", False, "dt.date"),
        ("x = pd.Timestamp('2013-04-01')", "datetime", False, "pd.Timestamp"),
        ("x = Path('data')", "path", False, "Path"),
        ("x = compute()", "any", False, ""),
        ("x = 1 + 1j", "any", False, ""),
        ("x: int", "int", False, ""),
    ],
)
def test_a_parameter_has_the_kind_of_its_annotation_or_default(
    tmp_path: Path,
    write_notebook: Callable[..., Path],
    source: str,
    kind: str,
    optional: bool,
    callee: str,
) -> None:
    found = declared(write_notebook(tmp_path / "n.ipynb", parameters=source))["x"]
    assert (found.kind, found.optional, found.callee) == (kind, optional, callee)


def test_comments_tuples_and_several_targets(
    tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    source = (
        "# what it is\na = b = 'x=y'  # note = here\nc = [\n    1,\n    2,\n]\nif a:\n    d = 1\n"
    )
    found = declared(write_notebook(tmp_path / "n.ipynb", parameters=source))
    assert {name: one.kind for name, one in found.items()} == {"a": "str", "b": "str", "c": "list"}


def test_a_notebook_without_the_cell_declares_nothing(
    tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    assert declared(write_notebook(tmp_path / "n.ipynb", "x = 1")) == {}


def test_a_parameters_cell_that_is_no_python(
    tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match=r"parameters cell .* line 1"):
        declared(write_notebook(tmp_path / "n.ipynb", parameters="x = = 3"))


def test_another_language(tmp_path: Path, write_notebook: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="in R"):
        declared(write_notebook(tmp_path / "n.ipynb", parameters="x <- 3", language="R"))


@pytest.mark.parametrize("content", ["{", "<html></html>", ""])
def test_a_malformed_notebook(tmp_path: Path, content: str) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError):
        declared(path)

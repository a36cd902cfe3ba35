"""The notebook model, and IPython's syntax turned into Python's."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.dataflow import facts
from mlops_nb.errors import InputError
from mlops_nb.notebook import (
    UnreadableNotebookError,
    parse_notebook,
    python_source,
    read_notebook,
    to_python,
)

PATH = Path("n.ipynb")


def document(*cells: dict[str, object], **more: object) -> bytes:
    return json.dumps({"cells": list(cells), "metadata": {}, **more}).encode()


def test_a_notebook_is_read_as_it_is_on_disk(tmp_path: Path) -> None:
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {"tags": ["parameters"]},
        "execution_count": 3,
        "outputs": [{"output_type": "stream", "text": "1"}],
        "source": ["x = 1\n", "x"],
    }
    path = tmp_path / "n.ipynb"
    path.write_bytes(document({"cell_type": "markdown", "source": "# Title"}, cell))

    notebook = read_notebook(path)

    assert [c.kind for c in notebook.cells] == ["markdown", "code"]
    (code,) = notebook.code_cells
    assert (code.index, code.id, code.execution_count) == (1, "a", 3)
    assert code.tags == ("parameters",)
    assert code.source == "x = 1\nx"
    assert code.outputs == [{"output_type": "stream", "text": "1"}]


def test_format_3_is_read() -> None:
    cells = [{"cell_type": "code", "input": "x = 1", "prompt_number": 4, "outputs": []}]
    content = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3, "metadata": {}})
    (cell,) = parse_notebook(content.encode(), PATH).cells
    assert (cell.source, cell.execution_count, cell.source_key) == ("x = 1", 4, "input")
    assert cell.pointer == ("worksheets", 0, "cells", 0)


@pytest.mark.parametrize(
    ("content", "problem", "line", "column"),
    [
        (b"", "the file is empty", 1, 1),
        (b'{"cells": [\n,]}', "broken JSON: Expecting value", 2, 1),
        (b"<!DOCTYPE html><html></html>", "a web page saved as a notebook", 1, 1),
        (b'{\n<<<<<<< HEAD\n"cells": []\n=======\n', "a merge conflict marker", 2, 1),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer", 1, 1),
        (b"\xef\xbb\xbf{}", "the file starts with a byte order mark", 1, 1),
        ('{\n"a": "é"}'.encode("latin-1"), "not UTF-8: byte 0xe9", 2, 7),
        (b"[1, 2]", "the JSON document is not an object", 1, 1),
        (b"{}", "it has no list of cells", 1, 1),
        (b'{"cells": [1]}', "cell 0 is no object", 1, 1),
        (b"[" * 100_000, "nested too deeply", 1, 1),
        (b'{"cells": [], "n": ' + b"9" * 5000 + b"}", "broken JSON", 1, 1),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(
    content: bytes, problem: str, line: int, column: int
) -> None:
    with pytest.raises(UnreadableNotebookError, match=r"^n\.ipynb:") as caught:
        parse_notebook(content, PATH)
    assert problem in caught.value.problem
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_missing_file_and_a_folder_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such notebook"):
        read_notebook(tmp_path / "none.ipynb")
    with pytest.raises(InputError, match="cannot read"):
        read_notebook(tmp_path)


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"language_info": {"name": "python"}}, "python"),
        ({"kernelspec": {"language": "R", "name": "ir"}}, "r"),
        ({"kernelspec": {"name": "python3"}}, None),
        ({"kernelspec": "odd", "language_info": []}, None),
    ],
)
def test_the_language_is_what_the_metadata_name(metadata: object, language: str | None) -> None:
    content = json.dumps({"cells": [], "metadata": metadata}).encode()
    assert parse_notebook(content, PATH).language == language


# cell → the names it binds, and the Python it becomes (None: whatever parses).
SAMPLES = {
    "%matplotlib inline\nx = 1": ({"x"}, "pass\nx = 1"),
    "!ls {x} \\\n  -l\ny = 2": ({"y"}, "pass\n\ny = 2"),
    "a = !ls\nb = %pwd": ({"a", "b"}, None),
    "%time q = 5": ({"q"}, "q = 5"),
    "%timeit -n 10 -r3 f(q)": (set(), "f(q)"),
    "%%time\nx = 1": ({"x"}, "pass\nx = 1"),
    "%%capture cap\n%%time\nx = 1": ({"cap", "x"}, None),
    "%%bash --out text --err error\necho $HOME": ({"text", "error"}, None),
    "%%writefile a.py\nimport foo": (set(), "pass\n"),
    "%sql res << select 1": ({"res"}, None),
    "%store -r a b": ({"a", "b"}, None),
    "%R -o df,b x": ({"df", "b"}, None),
    "foo?": (set(), "pass"),
    "?foo": (set(), "pass"),
    "x = 1  # really?": ({"x"}, "x = 1  # really?"),
    's = """\n%foo\n!bar\n"""\n%foo': ({"s"}, 's = """\n%foo\n!bar\n"""\npass'),
    'x = ("%s"\n  % y)\n!ls': ({"x"}, 'x = ("%s"\n  % y)\npass'),
    "x = 5 \\\n % 3": ({"x"}, "x = 5 \\\n % 3"),
    "x = {\n'a': 1,\n!oops": (set(), None),
    ">>> x = 1\n>>> def f():\n...     return x": ({"x", "f"}, "x = 1\ndef f():\n    return x"),
    "In [1]: x = 1": ({"x"}, "x = 1"),
    "  x = 1\n  y = x": ({"x", "y"}, "x = 1\ny = x"),
    "if True:\n    !ls\n    %cd foo\n": (set(), "if True:\n    pass\n    pass\n"),
    "pip install foo": (set(), "pass"),
    "ls": (set(), "pass"),
    "less = 1": ({"less"}, "less = 1"),
    "a != b": (set(), "a != b"),
    "a %= b": ({"a"}, "a %= b"),
    "\n\n%%time\ny = 1": ({"y"}, "\n\npass\ny = 1"),
    "% matplotlib inline": (set(), "pass"),
    "%%html\n<b>what?</b>": (set(), "pass\n"),
    "await x\nasync with y: pass": (set(), None),
    "print(f\"{'%'}\" % 3)\nz = 1": ({"z"}, None),
    "x = 1\r\n!ls\r\ny = 2": ({"x", "y"}, "x = 1\npass\ny = 2"),
}


@pytest.mark.parametrize("source", [s for s in SAMPLES if "oops" not in s])
def test_the_rewritten_cell_parses_and_binds_the_same_names(source: str) -> None:
    names, expected = SAMPLES[source]
    text = to_python(source).text
    assert facts(ast.parse(text)).defines == names
    if expected is not None:
        assert text == expected


@pytest.mark.parametrize(
    "source",
    [s for s in SAMPLES if not s.startswith(("%%", "\n\n%%", "%time", "%s", "%R", "pip", "ls"))],
)
def test_ipython_agrees(source: str) -> None:
    manager = pytest.importorskip("IPython.core.inputtransformer2").TransformerManager()
    try:
        theirs: frozenset[str] | None = facts(ast.parse(manager.transform_cell(source))).defines
    except SyntaxError:
        theirs = None
    try:
        ours: frozenset[str] | None = facts(ast.parse(to_python(source).text)).defines
    except SyntaxError:
        ours = None
    assert ours == theirs


def test_magics_are_noted_with_their_place() -> None:
    found = to_python("x = 1\nif x:\n    !pip install a\ny = %env HOME").magics
    assert [(m.name, m.arguments, m.line, m.column) for m in found] == [
        ("!", "pip install a", 3, 5),
        ("env", "HOME", 4, 5),
    ]


def test_characters_dropped_at_the_beginning_of_a_line_are_counted() -> None:
    assert to_python("%time q = 5").shifts == {1: 6}
    assert to_python(">>> x\n>>> y").shifts == {1: 4, 2: 4}


def test_an_unknown_cell_magic_keeps_python_and_drops_the_rest() -> None:
    python = to_python("%%cached\nx = 1")
    assert (python.kind, python.text) == ("unknown", "pass\nx = 1")
    other = to_python("%%cached\nselect * from x")
    assert (other.kind, other.text) == ("unknown", "pass\n")


def test_python_source_of_a_cell() -> None:
    notebook = parse_notebook(document({"cell_type": "code", "source": "!ls\nx"}), PATH)
    assert python_source(notebook.cells[0]) == "pass\nx"


PIECES = st.sampled_from(
    ["%", "!", "?", "%%time", "%%bash", "x = ", "'", '"""', "(", ")", "\\", "\n", "\r\n", " ", "a"]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join))
def test_every_text_keeps_its_number_of_lines(source: str) -> None:
    lines = source.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    assert to_python(source).text.count("\n") == lines

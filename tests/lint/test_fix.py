"""Fixes change what they must and not a byte more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.config import Lint
from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import Code, Example, error, stream
from mlops_nb.lint.finding import Edit
from mlops_nb.lint.fix import diff, fix_file, fixed_text
from mlops_nb.lint.rule import rules
from mlops_nb.notebook import parse_notebook, read_notebook

FIXABLE = [rule.code for rule in rules().values() if rule.fixable]


@pytest.mark.parametrize("code", FIXABLE)
def test_the_bad_example_is_clean_once_fixed(code: str, tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_bytes(rules()[code].bad.to_bytes())
    config = Lint(extend_select=[code])
    assert fix_file(path, lint_notebook(read_notebook(path), config))
    assert lint_notebook(read_notebook(path), config) == []
    assert not fix_file(path, lint_notebook(read_notebook(path), config))


ODD = (
    '{ "metadata":{"kernelspec":{"name":"python3"} ,"b":"\\u00fc" },\r\n\t"nbformat" : 4,\r\n'
    '  "cells" : [ {"cell_type":"code","source":"1 \\u003c 2 é","execution_count": 5,'
    '"outputs":[ ],"metadata":{}},{"source":["x\\n"],"cell_type":"code","execution_count":2 ,'
    '"outputs":[]}]}\r\n\r\n'
)


def test_all_the_rest_of_the_file_stays_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "odd.ipynb"
    path.write_bytes(ODD.encode())
    path.chmod(0o640)
    found = [d for d in lint_notebook(read_notebook(path)) if d.code in ("NBX006", "NBH002")]

    assert fix_file(path, found)

    expected = ODD.replace('"execution_count": 5', '"execution_count": null')
    expected = expected.replace('"execution_count":2 ', '"execution_count":null ')
    expected = expected.replace(
        '"metadata":{"kernelspec"',
        '"metadata":{"language_info": {"name": "python"},"kernelspec"',
        1,
    )
    assert path.read_bytes() == expected.encode()
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_inserted_key_stands_like_its_neighbours() -> None:
    edit = Edit(pointer=("metadata", "n"), value={"a": 1}, action="insert")
    text = json.dumps({"metadata": {"b": 2}}, indent=1)
    assert fixed_text(text, [edit]) == '{\n "metadata": {\n  "n": {"a": 1},\n  "b": 2\n }\n}'
    assert fixed_text('{"metadata": { }}', [edit]) == '{"metadata": {"n": {"a": 1} }}'


def test_an_edit_inside_another_is_dropped() -> None:
    inner = Edit(pointer=("a", 0), value=9)
    outer = Edit(pointer=("a",), value=[])
    assert fixed_text('{"a": [1, 2], "b": 3}', [inner, outer]) == '{"a": [], "b": 3}'


def test_the_diff_shows_the_change_and_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    example = Example(cells=[Code("1", count=2), Code("2", count=1)])
    path.write_bytes(example.to_bytes())
    shown = diff(path, lint_notebook(read_notebook(path)))
    changed = [line for line in shown.splitlines() if line.startswith(("-", "+"))][2:]
    assert [line[0] for line in changed] == ["-", "+", "-", "+"]
    assert path.read_bytes() == example.to_bytes()


OUTPUTS = st.lists(st.sampled_from([stream("a\n"), error("E", "b")]), max_size=3)


@given(
    st.lists(st.tuples(st.none() | st.integers(0, 9), OUTPUTS), max_size=4),
    st.sampled_from([None, 0, 1, 4]),
    st.booleans(),
)
def test_fixes_keep_every_source_and_leave_nothing_to_fix(cells, indent, ascii_only) -> None:
    example = Example(cells=[Code("'é'", count=count, outputs=out) for count, out in cells])
    document = json.loads(example.to_bytes())
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    path = Path("n.ipynb")
    before = parse_notebook(text.encode(), path)
    fixed = fixed_text(text, [e for d in lint_notebook(before) for e in d.edits])
    after = parse_notebook(fixed.encode(), path)
    assert [c.source for c in after.cells] == [c.source for c in before.cells]
    assert not any(d.fixable for d in lint_notebook(after))

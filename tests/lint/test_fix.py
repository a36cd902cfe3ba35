"""Fixes change what they must and not a byte more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.config import Lint
from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.diff import diff
from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import Code, Example, error, stream
from mlops_nb.lint.finding import Diagnostic, Edit, TextEdit
from mlops_nb.lint.fix import fixed
from mlops_nb.lint.locate import Places
from mlops_nb.lint.rewrite import rewritten
from mlops_nb.lint.rule import rules
from mlops_nb.notebook import Notebook, parse_notebook

PATH = Path("elsewhere", "n.ipynb")  # where no requirements of ours hold
FIXABLE = [rule.code for rule in rules().values() if rule.fixable]


def fix(content: bytes, *also: str, unsafe: bool = True) -> bytes:
    """Return a notebook with all of its fixes made, those of opt-in rules where they are named."""
    notebook = parse_notebook(content, PATH)
    lint = partial(lint_notebook, config=Lint(extend_select=list(also)))
    result = fixed(notebook, lint(notebook), lint, unsafe=unsafe)
    return result.notebook.text.encode()


@pytest.mark.parametrize("code", FIXABLE)
def test_the_bad_example_is_clean_once_fixed(code: str) -> None:
    after = fix(rules()[code].bad.to_bytes(), code)
    assert lint_notebook(parse_notebook(after, PATH), Lint(extend_select=[code])) == []
    assert fix(after, code) == after


ODD = (
    '{ "metadata":{"kernelspec":{"name":"python3"} ,"b":"\\u00fc" },\r\n\t"nbformat" : 4,\r\n'
    '  "cells" : [ {"cell_type":"code","source":"1 \\u003c 2 é","execution_count": 5,'
    '"outputs":[ ],"metadata":{}},{"source":["x\\n"],"cell_type":"code","execution_count":2 ,'
    '"outputs":[]}]}\r\n\r\n'
)


def test_all_the_rest_of_the_file_stays_byte_for_byte() -> None:
    notebook = parse_notebook(ODD.encode(), Path("odd.ipynb"))

    def lint(notebook: Notebook) -> list[Diagnostic]:
        return [d for d in lint_notebook(notebook) if d.code in ("NBX006", "NBH002")]

    result = fixed(notebook, lint(notebook), lint)

    expected = ODD.replace('"execution_count": 5', '"execution_count": null')
    expected = expected.replace('"execution_count":2 ', '"execution_count":null ')
    expected = expected.replace(
        '"metadata":{"kernelspec"',
        '"metadata":{"language_info": {"name": "python"},"kernelspec"',
        1,
    )
    assert result.notebook.text == expected
    assert result.count == 2


def edited(document: object, *edits: Edit | TextEdit, **style: Any) -> str:
    """Return the text of a document, written in some style, with edits made."""
    text = document if isinstance(document, str) else json.dumps(document, **style)
    notebook = parse_notebook(text.encode(), PATH)
    return rewritten(notebook, [edits])[0]


def test_an_inserted_key_stands_like_its_neighbours() -> None:
    edit = Edit(pointer=("metadata", "n"), value={"a": 1}, action="insert")
    after = edited({"cells": [], "metadata": {"b": 2}}, edit, indent=1)
    assert after == '{\n "cells": [],\n "metadata": {\n  "n": {\n   "a": 1\n  },\n  "b": 2\n }\n}'
    assert edited('{"cells": [], "metadata": { }}', edit) == (
        '{"cells": [], "metadata": {"n": {"a": 1} }}'
    )


def test_an_edit_inside_another_goes_with_it() -> None:
    inner = Edit(pointer=("a", 0), value=9)
    outer = Edit(pointer=("a",), value=[])
    before = '{"cells": [], "a": [1, 2], "b": 3}'
    assert edited(before, inner, outer) == '{"cells": [], "a": [], "b": 3}'


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_item_is_removed_with_its_comma(at: int, indent: int | None) -> None:
    items = ["a", "b", "c"]
    after = edited(
        {"cells": [], "x": items}, Edit(pointer=("x", at), action="remove"), indent=indent
    )
    del items[at]
    assert after == json.dumps({"cells": [], "x": items}, indent=indent)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("to", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_an_item_is_moved_as_it_is_written(at: int, to: int, indent: int | None) -> None:
    items: list[Any] = ["a", {"b": "ü"}, [], "d"]
    edit = Edit(pointer=("x", at), value=to, action="move")
    after = edited({"cells": [], "x": items}, edit, indent=indent)
    items.insert(to, items[at])
    del items[at + (to <= at)]
    assert after == json.dumps({"cells": [], "x": items}, indent=indent)


@pytest.mark.parametrize("indent", [None, 1])
def test_an_item_is_inserted_before_a_position(indent: int | None) -> None:
    for at in range(4):
        items: list[Any] = ["a", "b", "c"]
        edit = Edit(pointer=("x", at), value={"n": [1]}, action="insert")
        after = edited({"cells": [], "x": items}, edit, indent=indent)
        items.insert(at, {"n": [1]})
        assert after == json.dumps({"cells": [], "x": items}, indent=indent)


SOURCES = st.lists(st.sampled_from(["x = 'ü😀'", "", "\ty", 'z # "q" \\']), max_size=5)


@pytest.mark.slow
@settings(deadline=None)
@given(st.data(), SOURCES, st.sampled_from([None, 1]), st.booleans(), st.booleans(), st.booleans())
def test_a_part_of_a_text_is_replaced_and_no_more(
    data: st.DataObject,
    lines: list[str],
    indent: int | None,
    ascii_only: bool,
    listed: bool,
    at_end: bool,
) -> None:
    source = "\n".join(lines) + ("\n" if at_end else "")
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, len(source)))
    new = data.draw(st.sampled_from(["", "n", "'é'", "a\nb", "import x\n", "\n", "\\n"]))
    written = source.splitlines(keepends=True) if listed else source
    cell = {"cell_type": "code", "source": written, "metadata": {}, "outputs": []}
    document = {"cells": [cell], "metadata": {"a": "é"}}
    places = [
        (source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)) for at in (start, end)
    ]
    (line, column), (end_line, end_column) = places
    edit = TextEdit(
        cell=0, line=line, column=column, end_line=end_line, end_column=end_column, text=new
    )
    text = edited(document, edit, indent=indent, ensure_ascii=ascii_only)

    expected = source[:start] + new + source[end:]
    after = json.loads(text)
    pieces = after["cells"][0]["source"]
    assert "".join(pieces) == expected
    after["cells"][0]["source"] = written
    assert after == document
    before = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert text.startswith(before[: before.index('"source"')])
    assert text.endswith(before[before.index('"metadata": {}') :])
    if written and listed and source:
        assert [p for p in pieces if p] == expected.splitlines(keepends=True)


@pytest.mark.parametrize("source", ["a\nb\nc", "a\nb\nc\n", ["a\n", "b\n", "c"], ["a\nb\n", "c\n"]])
@pytest.mark.parametrize(("first", "last"), [(1, 1), (2, 2), (3, 3), (2, 3), (1, 3)])
def test_whole_lines_are_taken_away(source: str | list[str], first: int, last: int) -> None:
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
    code = CodeCell(parse_notebook(json.dumps({"cells": [cell]}).encode(), PATH).cells[0])
    after = json.loads(edited({"cells": [cell]}, code.without_lines(first, last)))
    lines = "".join(source).splitlines(keepends=True)
    del lines[first - 1 : last]
    rest = "".join(lines)
    if not "".join(source).endswith("\n"):
        rest = rest.removesuffix("\n")
    assert "".join(after["cells"][0]["source"]) == rest


def test_the_diff_shows_sources_names_outputs_and_hides_secrets() -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    example = Example(cells=[Code(f"t = '{token}'\nx", count=2, outputs=[stream(token)]), "y"])
    before = parse_notebook(example.to_bytes(), PATH)
    edits: list[list[Edit | TextEdit]] = [
        [TextEdit(cell=0, line=2, column=1, end_line=2, end_column=2, text="z")],
        [Edit(pointer=("cells", 0, "outputs"), value=[])],
        [Edit(pointer=("metadata", "language_info", "name"), value="ipython")],
    ]
    after = parse_notebook(rewritten(before, edits)[0].encode(), PATH)
    shown = diff(before, after)
    assert token not in shown
    assert f"--- {PATH}:cell 0\n+++ {PATH}:cell 0\n" in shown
    changed = [line for line in shown.splitlines() if re.match(r"[-+](?![-+])", line)]
    assert changed == [
        *("-x", "+z", "-output: stream (stdout)", '-  "name": "python"', '+  "name": "ipython"')
    ]
    assert diff(before, before) == ""


OUTPUTS = st.lists(st.sampled_from([stream("a\n"), error("E", "b")]), max_size=3)


@settings(deadline=None)  # the first call loads the rules
@given(
    st.lists(st.tuples(st.none() | st.integers(0, 9), OUTPUTS), max_size=4),
    st.sampled_from([None, 0, 1, 4]),
    st.booleans(),
    st.sampled_from(["", "\n", "\r\n"]),
)
def test_fixes_keep_every_source_and_leave_nothing_to_fix(cells, indent, ascii_only, end) -> None:
    example = Example(cells=[Code("'é'", count=count, outputs=out) for count, out in cells])
    text = json.dumps(json.loads(example.to_bytes()), indent=indent, ensure_ascii=ascii_only) + end
    if end == "\r\n":
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    before = parse_notebook(text.encode(), PATH)
    after = parse_notebook(fix(text.encode(), unsafe=False), PATH)
    assert [c.source for c in after.cells] == [c.source for c in before.cells]
    assert not any(d.fixable for d in lint_notebook(after))
    nbformat.validate(json.loads(after.text))
    kept = [line for line in text.split("\n") if "outputs" not in line and "count" not in line]
    if indent and not any(out for _, out in cells):
        assert [line for line in after.text.split("\n") if line in kept] == kept


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("KMeans()", "KMeans(random_state=42)"),
        ("KMeans(3)", "KMeans(3, random_state=42)"),
        ("KMeans(\n    3,\n    tol=0.1,\n)", "KMeans(\n    3,\n    tol=0.1, random_state=42,\n)"),
        ("KMeans((1 + 2))", "KMeans((1 + 2))"),  # a bracket more: left to the author
        ("KMeans(3, random_state=None)", "KMeans(3, random_state=None)"),
        ("KMeans(\n)", "KMeans(\n)"),
    ],
)
def test_a_seed_is_given(before: str, after: str) -> None:
    head = "from sklearn.cluster import KMeans\nm = "
    fixed_bytes = fix(Example(cells=[head + before]).to_bytes())
    (cell,) = parse_notebook(fixed_bytes, PATH).cells
    assert cell.source == head + after


def test_a_job_gets_its_parameters_cell() -> None:
    cells = ["import math", "year = 2013\npath = 'a.csv'", "print(math.pi, year, path)"]
    notebook = parse_notebook(Example(cells=cells).to_bytes(), PATH)
    lint = partial(lint_notebook, job=True)
    result = fixed(notebook, lint(notebook), lint, unsafe=True)
    assert [cell.tags for cell in result.notebook.cells] == [(), ("parameters",), ()]
    assert result.diagnostics == []


def test_stderr_is_taken_out_and_nothing_else() -> None:
    outputs = [stream("50 %\n", "stderr"), stream("done\n"), stream("100 %\n", "stderr")]
    content = Example(cells=[Code("print('done')", outputs=outputs)]).to_bytes()
    (cell,) = parse_notebook(fix(content), PATH).cells
    assert cell.outputs == [stream("done\n")]


def test_cells_get_ids_that_stay() -> None:
    document = json.loads(Example(cells=["print(1)", "print(2)"]).to_bytes())
    for cell in document["cells"]:
        del cell["id"]
    content = json.dumps(document, indent=1).encode()
    after = fix(content)
    ids = [cell.id for cell in parse_notebook(after, PATH).cells]
    assert len(set(ids)) == 2
    assert None not in ids
    assert fix(content) == after


BAD_EXAMPLES = [rule.bad for rule in rules().values() if rule.bad.file is None]


def styled(value: Any, draw: Any, depth: int = 0) -> str:
    """Write JSON in any manner that is allowed: spaces, key order, escapes."""
    space = draw(st.sampled_from(["", " ", "\n", "\r\n\t"])) if depth < 4 else ""
    if isinstance(value, dict) and value:
        keys = draw(st.permutations(list(value)))
        entries = [f"{space}{json.dumps(k)} : {styled(value[k], draw, depth + 1)}" for k in keys]
        return "{" + ",".join(entries) + space + "}"
    if isinstance(value, list) and value:
        entries = [f"{space}{styled(one, draw, depth + 1)}" for one in value]
        return "[" + f"{space},".join(entries) + space + "]"
    written = json.dumps(value, ensure_ascii=draw(st.booleans()) if depth < 4 else True)
    return written.replace("<", "\\u003c") if isinstance(value, str) else written


def equal_parts(old: Any, new: Any, pointer: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where two documents hold the same value, as high up as possible."""
    if old == new and type(old) is type(new):
        yield pointer
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() & new.keys():
            yield from equal_parts(old[key], new[key], (*pointer, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from equal_parts(one, other, (*pointer, at))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data(), st.lists(st.sampled_from(BAD_EXAMPLES), min_size=1, max_size=3))
def test_what_a_fix_leaves_equal_it_leaves_as_it_was_written(
    data: st.DataObject, examples: list[Example]
) -> None:
    documents = [json.loads(example.to_bytes()) for example in examples]
    cells = [cell for document in documents for cell in document["cells"]]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    text = styled({**documents[0], "cells": cells}, data.draw)
    text += data.draw(st.sampled_from(["", "\n", "\r\n"]))
    before = parse_notebook(text.encode(), PATH)
    result = fixed(before, lint_notebook(before), lint_notebook, unsafe=True)
    after = result.notebook
    nbformat.validate(json.loads(after.text))
    old, new = Places(before.text), Places(after.text)
    for pointer in equal_parts(before.raw, after.raw):
        (start, end), (begin, stop) = old.span(pointer) or (0, 0), new.span(pointer) or (0, 0)
        assert before.text[start:end] == after.text[begin:stop]
    left = lint_notebook(after)
    assert not any(d.edits for d in left), [(d.code, d.message) for d in left if d.edits]
    again = fixed(after, left, lint_notebook, unsafe=True)
    assert again.notebook.text == after.text

"""Places in the file, suppressions, selection, and files that are no notebooks."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.config import Lint, Project, load_project
from mlops_nb.errors import ConfigError, InputError
from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import PYTHON, Code, Example
from mlops_nb.lint.run import Options, lint_paths
from mlops_nb.notebook import UnreadableNotebookError, parse_notebook

BAD = Example(cells=["print(gone)"])
GOOD = Example(cells=["print(1)"])


def write(path: Path, example: Example = BAD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(example.to_bytes())
    return path


def raw(source: object, *, indent: int | None = None, ascii_only: bool = True) -> bytes:
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
    document = {"cells": [cell], "metadata": PYTHON}
    return json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize(
    "source",
    [
        "a = 'ü😀\"\\\\\\t'\nprint(a, gone)",
        ["a = 'ü😀\"\\\\\\t'\n", "print(a, gone)"],
        ["a = 'ü😀'; ", "b = 1\nprint(a, b, ", "gone)\n"],
        "a = 1\r\nprint(a, gone)",
        ["", "print(\n", "\tgone)"],
    ],
)
def test_the_place_in_the_file_is_where_the_name_is_written(
    source: object, ascii_only: bool, indent: int | None
) -> None:
    content = raw(source, indent=indent, ascii_only=ascii_only)
    (found,) = lint_notebook(parse_notebook(content, Path("n.ipynb")))
    lines = content.decode().split("\n")
    assert found.code == "NBX001"
    assert found.line == found.end_line
    assert lines[found.line - 1][found.column - 1 : found.end_column - 1] == "gone"


def test_a_finding_knows_its_cell() -> None:
    example = Example(cells=[Code("x = 1", count=1), Code("print(x, gone)", count=2)])
    (found,) = lint_notebook(parse_notebook(example.to_bytes(), Path("n.ipynb")))
    assert (found.cell, found.cell_id, found.execution_count) == (1, "cell-1", 2)
    assert set(found.to_dict()) == {
        *("file", "line", "column", "end_line", "end_column", "cell", "cell_id"),
        *("execution_count", "code", "severity", "message", "fixable"),
    }


SUPPRESSED = [
    ("print(gone)  # noqa: NBX001", {}, ()),
    ("print(gone)  # noqa", {}, ()),
    ("print(gone)  # NOQA: E501, NBX001", {}, ()),
    ("# mlops: ignore[NBX001]\n\nprint(gone)", {}, ()),
    ("# a note\n# mlops: ignore[NBX001, NBX002]\nprint(gone, late)\nlate = 1", {}, ()),
    ("print(gone)", {}, ("mlops-ignore-NBX001",)),
    ("print(gone)", {"mlops": {"ignore": ["NBX001"]}}, ()),
]


@pytest.mark.parametrize(("source", "metadata", "tags"), SUPPRESSED)
def test_a_suppressed_finding_is_silent(source, metadata, tags, lint) -> None:
    assert lint(Code(source, tags=tags), metadata={**PYTHON, **metadata}) == []


@pytest.mark.parametrize(
    ("source", "metadata", "tags", "cell"),
    [
        ("print(1)  # noqa: NBX001", {}, (), 0),
        ("# mlops: ignore[NBX001]\nprint(1)", {}, (), 0),
        ("print(1)", {}, ("mlops-ignore-NBX001",), 0),
        ("print(1)", {"mlops": {"ignore": ["NBX001"]}}, (), None),
        ("print(1)  # noqa: NBX999", {}, (), 0),
    ],
)
def test_an_unused_suppression_is_reported(source, metadata, tags, cell, lint) -> None:
    (found,) = lint(Code(source, tags=tags), metadata={**PYTHON, **metadata})
    assert (found.code, found.cell) == ("NBZ001", cell)


def test_suppressions_of_others_are_left_alone(lint) -> None:
    assert lint("print(1)  # noqa: E501", "print(2)  # noqa") == []


def test_a_suppression_covers_its_line_only(lint) -> None:
    found = lint("x = 1  # noqa: NBX001\nprint(gone)")
    assert [d.code for d in found] == ["NBZ001", "NBX001"]


def test_a_rule_that_does_not_run_leaves_no_unused_suppression() -> None:
    content = Example(cells=["print(1)  # noqa: NBX001"]).to_bytes()
    notebook = parse_notebook(content, Path("n.ipynb"))
    assert lint_notebook(notebook, Lint(select=["NBZ", "NBP"])) == []


def test_folders_are_walked_and_some_are_not_entered(project: Project) -> None:
    for name in ("a.ipynb", "sub/b.ipynb"):
        write(project.root / name)
    for folder in (".ipynb_checkpoints", ".mlops/jobs", ".hidden", "node_modules", "env"):
        write(project.root / folder / "no.ipynb")
    (project.root / "env" / "pyvenv.cfg").touch()
    (project.root / "sub" / "loop").symlink_to(project.root)

    report = lint_paths(project, [Path()])

    assert [d.file for d in report.diagnostics] == ["a.ipynb", "sub/b.ipynb"]
    assert report.files == 2


def test_a_file_named_twice_is_read_once(project: Project) -> None:
    path = write(project.root / "a.ipynb")
    assert lint_paths(project, [path, path]).files == 1


def test_a_path_that_does_not_exist(project: Project) -> None:
    with pytest.raises(InputError, match="no such file or folder: none"):
        lint_paths(project, [Path("none")])


def test_unreadable_files_are_findings(project: Project) -> None:
    (project.root / "a.ipynb").write_text('{"cells": [\n  nonsense\n]}', encoding="utf-8")
    write(project.root / "b.ipynb", GOOD)
    report = lint_paths(project, [Path()])
    (found,) = report.diagnostics
    assert (found.code, found.line, found.column, found.cell) == ("NBH001", 2, 3, None)
    assert report.files == 2
    assert report.blocks()


def test_a_link_that_leads_nowhere_does_not_stop_the_others(project: Project) -> None:
    (project.root / "a.ipynb").symlink_to("gone.ipynb")
    write(project.root / "b.ipynb")
    report = lint_paths(project, [Path()])
    assert [(d.file, d.code) for d in report.diagnostics] == [
        ("a.ipynb", "NBH001"),
        ("b.ipynb", "NBX001"),
    ]


def test_other_languages_are_skipped_and_counted(project: Project) -> None:
    r = Example(cells=["x <- 1"], metadata={"kernelspec": {"name": "ir", "language": "R"}})
    write(project.root / "r.ipynb", r)
    report = lint_paths(project, [Path()])
    assert report.files == 0
    assert [(s.file, s.skipped) for s in report.skipped] == [("r.ipynb", "language: r")]


def configured(project: Project, text: str) -> Project:
    (project.root / "mlops.toml").write_text(text, encoding="utf-8")
    return load_project(project.root)


def test_rules_are_selected_by_the_longest_prefix(project: Project) -> None:
    write(project.root / "a.ipynb", Example(cells=["print(gone, late)", "late = 1"]))
    found = lint_paths(project, [Path()], Options(select=["NBX"], ignore=["NBX001"])).diagnostics
    assert [d.code for d in found] == ["NBX002"]
    own = configured(project, '[lint]\nignore = ["NBX"]\nextend-select = ["NBX001"]\n')
    assert [d.code for d in lint_paths(own, [Path()]).diagnostics] == ["NBX001"]


def test_an_unknown_rule_is_an_error_with_a_suggestion(project: Project) -> None:
    with pytest.raises(ConfigError, match="no lint rule begins with 'NBX09'") as caught:
        lint_paths(project, [], Options(select=["NBX09"]))
    assert "did you mean 'NBX" in caught.value.hint


def test_per_file_ignores_and_exclude(project: Project) -> None:
    for name in ("a.ipynb", "drafts/b.ipynb", "old/c.ipynb"):
        write(project.root / name)
    own = configured(
        project,
        '[lint]\nexclude = ["old"]\n[lint.per-file-ignores]\n"drafts/*" = ["NBX"]\n',
    )
    report = lint_paths(own, [Path()])
    assert [d.file for d in report.diagnostics] == ["a.ipynb"]
    assert report.files == 2
    assert lint_paths(own, [Path("old/c.ipynb")]).files == 1


def test_jobs_are_known_from_the_configuration(project: Project) -> None:
    write(project.root / "train.ipynb", GOOD)
    write(project.root / "other.ipynb", GOOD)
    own = configured(project, '[jobs.train]\nnotebook = "train.ipynb"\n')
    found = lint_paths(own, [Path()]).diagnostics
    assert [(d.file, d.code) for d in found] == [("train.ipynb", "NBP001")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
SOURCES = st.sampled_from(
    [
        "x = 1",
        "print(gone)",
        "!ls",
        "%%time\nx",
        "def f(",
        "# noqa: NBX001",
        "é = '",
        "a?",
        "\ud800",
    ]
) | st.text(max_size=30)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Notebooks in which any part may be of the wrong kind."""
    cells = []
    for _ in range(draw(st.integers(0, 4))):
        source = draw(SOURCES)
        cell = {
            "cell_type": "code",
            "source": draw(st.sampled_from([source, source.splitlines(keepends=True)])),
            "metadata": {},
            "outputs": [],
            "execution_count": draw(st.none() | st.integers()),
        }
        if draw(st.booleans()):
            keys = ("source", "metadata", "outputs", "cell_type", "id", "execution_count")
            cell[draw(st.sampled_from(keys))] = draw(JSON)
        cells.append(cell)
    document: dict[str, object] = {"cells": cells, "metadata": PYTHON, "nbformat": 4}
    if draw(st.booleans()):
        document[draw(st.sampled_from(["metadata", "nbformat", "cells"]))] = draw(JSON)
    return json.dumps(document, indent=draw(st.sampled_from([None, 1]))).encode()


@settings(deadline=None)
@given(documents())
def test_no_notebook_crashes_the_engine(content: bytes) -> None:
    try:
        notebook = parse_notebook(content, Path("n.ipynb"))
    except UnreadableNotebookError:
        return
    lines = content.decode().split("\n")
    for found in lint_notebook(notebook):
        assert 1 <= found.line <= len(lines)
        assert 1 <= found.column <= len(lines[found.line - 1]) + 1


@settings(deadline=None)
@given(st.data())
def test_no_broken_file_crashes_the_engine(data: st.DataObject) -> None:
    content = bytearray(Example(cells=["print(gone)", "%%bash\nls"]).to_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
        content = content or bytearray(b" ")
    with suppress(UnreadableNotebookError):
        lint_notebook(parse_notebook(bytes(content), Path("n.ipynb")))

"""Adopting the linter in an old repository: baseline, suppressions written by it, severities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, InputError
from mlops_nb.lint.accept import accepted
from mlops_nb.lint.baseline import known_removed, write_baseline
from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import PYTHON, Code, Example, error, stream
from mlops_nb.lint.report import LintReport
from mlops_nb.lint.run import Options, lint_paths
from mlops_nb.notebook import Notebook, parse_notebook

PATH = Path("n.ipynb")


def look(project: Project) -> LintReport:
    return lint_paths(project, [Path()])


def codes(report: LintReport) -> list[tuple[int | None, str]]:
    return [(d.cell, d.code) for d in report.diagnostics]


def write(project: Project, *cells: str | Code, name: str = "a.ipynb", **more: Any) -> Path:
    path = project.root / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(Example(cells=cells, **more).to_bytes())
    return path


def test_a_known_finding_is_known_again_wherever_its_cell_moves(project: Project) -> None:
    baseline = project.root / "sub" / "known.json"
    baseline.parent.mkdir()
    write(project, "print(gone)", "print(late)", "late = 1")
    assert write_baseline(baseline, look(project)) == 2
    write(project, "x = 1\nx", "\n\nprint(gone)  ", "print(late)", "y = 2", "late = 1")
    left, gone = known_removed(baseline, look(project))
    assert (left.diagnostics, left.known, gone) == ([], 2, 0)


def test_a_new_finding_is_reported_also_a_second_one_of_the_same_text(project: Project) -> None:
    baseline = project.root / "known.json"
    write(project, "%pip install a")
    write_baseline(baseline, look(project))
    write(project, "%pip install a", "%pip install a", "print(new)")
    left, _ = known_removed(baseline, look(project))
    assert codes(left) == [(1, "NBD001"), (2, "NBX001")]


def test_what_is_gone_is_counted_and_dropped_when_written_anew(project: Project) -> None:
    baseline = project.root / "known.json"
    write(project, "print(gone)")
    write(project, "print(other)", name="b.ipynb")
    write_baseline(baseline, look(project))
    write(project, "gone = 1\nprint(gone)")
    assert known_removed(baseline, look(project))[1] == 1
    write_baseline(baseline, lint_paths(project, [Path("a.ipynb")]))
    assert list(json.loads(baseline.read_bytes())["findings"]) == ["b.ipynb"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such baseline"),
        (b"{", "is no baseline"),
        (b'{"schema": 1, "findings": {"a": 1}}', "is no baseline"),
        (b'{"schema": 2, "findings": {}}', "is of a newer version"),
        (b"\xff", "is no baseline"),
    ],
)
def test_a_wrong_baseline_is_refused(project: Project, content: bytes | None, message: str) -> None:
    path = project.root / "known.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        known_removed(path, look(project))


def test_severities_are_the_configurations(project: Project) -> None:
    (project.root / "mlops.toml").write_text('[lint.severity]\nNBX001 = "info"\n')
    write(project, "print(gone)")
    own = load_project(project.root)
    assert [d.severity for d in look(own).diagnostics] == ["info"]
    (project.root / "mlops.toml").write_text('[lint.severity]\nNBX0001 = "info"\n')
    with pytest.raises(ConfigError, match="NBX0001") as caught:
        look(load_project(project.root))
    assert "did you mean 'NBX001'?" in caught.value.hint


def test_an_unknown_code_of_per_file_ignores_is_refused(project: Project) -> None:
    (project.root / "mlops.toml").write_text('[lint.per-file-ignores]\n"a" = ["NBQ"]\n')
    with pytest.raises(ConfigError, match="NBQ"):
        look(load_project(project.root))


def accept(content: bytes) -> Notebook:
    notebook = parse_notebook(content, PATH)
    return accepted(notebook, lint_notebook(notebook), lint_notebook).notebook


TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
ACCEPTED = [
    (["print(gone)"], ["print(gone)  # noqa: NBX001"]),
    (["print(gone)  # see below"], ["print(gone)  # see below  # noqa: NBX001"]),
    (["print(gone)  # noqa: E501"], ["print(gone)  # noqa: E501, NBX001"]),
    (["f = '''\n{}\n'''.format(gone)"], ["f = '''\n{}\n'''.format(gone)  # noqa: NBX001"]),
    (["print(\n  gone,\n)"], ["print(\n  gone,  # noqa: NBX001\n)"]),
]


@pytest.mark.parametrize(("before", "after"), ACCEPTED)
def test_a_finding_is_accepted_on_its_line(before: list[str], after: list[str]) -> None:
    notebook = accept(Example(cells=before).to_bytes())
    assert [cell.source for cell in notebook.cells] == after
    assert lint_notebook(notebook) == []


@pytest.mark.parametrize(
    "cell",
    [
        Code("%pip install polars"),
        Code("print(f'''{gone}\n''')"),
        Code("def f(:"),
        Code("1", outputs=[error("E", "x")]),
        Code("print(1)", outputs=[stream(TOKEN)], tags=["keep"]),
    ],
)
def test_where_a_comment_would_change_what_runs_the_cell_is_tagged(cell: Code) -> None:
    before = Example(cells=[cell, "x = 1"])
    found = lint_notebook(parse_notebook(before.to_bytes(), PATH))
    after = accept(before.to_bytes())
    assert lint_notebook(after) == []
    assert after.cells[0].source == cell.source
    tags = {f"mlops-ignore-{d.code}" for d in found}
    assert found
    assert set(after.cells[0].tags) == tags | set(cell.tags)


@pytest.mark.parametrize("more", [{}, {"mlops": {"a": 1}}, {"mlops": {"ignore": ["NBX001"]}}])
def test_a_finding_about_the_file_is_accepted_in_its_metadata(more: dict[str, Any]) -> None:
    metadata = {"kernelspec": {"display_name": "P", "name": "python3"}, **more}
    before = Example(cells=["print(gone)"], metadata=metadata)
    after = accept(before.to_bytes())
    assert [d.code for d in lint_notebook(after)] == []
    assert "NBH002" in after.metadata["mlops"]["ignore"]
    assert {k: v for k, v in after.metadata.items() if k != "mlops"} == {
        k: v for k, v in metadata.items() if k != "mlops"
    }


SOURCES = st.lists(
    st.sampled_from(
        [
            *("print(gone)", "x = 1", "'''", "%pip install a", "!ls /home/ada", "# noqa: NBX001"),
            *("open('/home/ada/x')", "é = 'ü'", "gone?", "y = \\", "f(", ")", "", "%%bash"),
        ]
    ),
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SOURCES, max_size=3), st.sampled_from([None, 1]), st.booleans())
def test_accepting_leaves_no_finding_and_changes_nothing_that_runs(
    cells: list[list[str]], indent: int | None, ascii_only: bool
) -> None:
    example = Example(cells=["\n".join(lines) for lines in cells])
    text = json.dumps(json.loads(example.to_bytes()), indent=indent, ensure_ascii=ascii_only)
    after = accept(text.encode())
    rest = {d.code for d in lint_notebook(after)}
    assert rest <= {"NBZ001"}
    before = parse_notebook(text.encode(), PATH)
    for old, new in zip(before.code_cells, after.code_cells, strict=True):
        assert [line.partition("  # noqa")[0] for line in new.lines] == [
            line.partition("  # noqa")[0] for line in old.lines
        ] or "noqa" in old.source
        assert [new.outputs, new.id, new.execution_count] == [
            old.outputs, old.id, old.execution_count
        ]  # fmt: skip
    assert accept(after.text.encode()).text == after.text


UNUSED = [
    (Code("print(1)  # noqa: NBX001"), Code("print(1)")),
    (Code("print(1)  # noqa: NBX001, E501"), Code("print(1)  # noqa: E501")),
    (Code("print(1)  # noqa: E501, NBX001"), Code("print(1)  # noqa: E501")),
    (Code("# noqa: NBX001\nprint(1)"), Code("print(1)")),
    (Code("# mlops: ignore[NBX001]\nprint(1)"), Code("print(1)")),
    (Code("# mlops: ignore[NBX001, NBX002]\nprint(gone)"),
     Code("# mlops: ignore[NBX001]\nprint(gone)")),
    (Code("print(1)", tags=["a", "mlops-ignore-NBX001"]), Code("print(1)", tags=["a"])),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), UNUSED)
def test_an_unused_suppression_is_taken_away(project: Project, before: Code, after: Code) -> None:
    path = write(project, before)
    report = lint_paths(project, [path], Options(change="safe"))
    assert report.diagnostics == []
    assert path.read_bytes() == Example(cells=[after]).to_bytes()


def test_an_unused_entry_of_the_metadata_is_taken_away(project: Project) -> None:
    path = write(project, "1", metadata={**PYTHON, "mlops": {"ignore": ["NBX001"]}})
    lint_paths(project, [path], Options(change="safe"))
    assert json.loads(path.read_bytes())["metadata"]["mlops"] == {"ignore": []}

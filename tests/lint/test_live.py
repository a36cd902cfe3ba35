"""What only the kernel knows: changed sources and names that live in its memory alone."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from mlops_nb.config import Lint, load_project
from mlops_nb.errors import InputError
from mlops_nb.lint import live
from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import Code, Example, stream
from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.live import with_kernel
from mlops_nb.lint.rule import Rule, Severity, rules
from mlops_nb.lint.selection import selected
from mlops_nb.notebook import parse_notebook


@pytest.fixture
def shell() -> Iterator[Any]:
    """IPython's shell with our memory of what was executed."""
    interactive = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
    running = interactive()
    running.events.register("pre_run_cell", live.remember)
    live._executed.clear()
    yield running
    running.history_manager.end_session()
    interactive.clear_instance()


def stale_rule() -> Rule:
    known = rules()
    return known.get("NBO005") or Rule(
        code="NBO005",
        name="stale-output",
        severity=Severity.INFO,
        summary="",
        why="",
        bad=Example(),
        good=Example(),
        check=lambda _: (),
    )


def told(shell: Any, *cells: Code) -> list[tuple[int | None, str, str]]:
    notebook = parse_notebook(Example(cells=cells).to_bytes(), Path("n.ipynb"))
    chosen = [*(rule for rule in selected(Lint()) if rule.code != "NBO005"), stale_rule()]
    found: list[Diagnostic] = lint_notebook(notebook, rules_to_run=chosen)
    return [(d.cell, d.code, d.message) for d in with_kernel(notebook, found, chosen, shell)]


def run(shell: Any, source: str, cell_id: str | None = None) -> None:
    shell.run_cell(source, store_history=True, cell_id=cell_id)


OUT = [stream("1\n")]


def test_a_source_changed_since_its_execution_is_stale(shell: Any) -> None:
    run(shell, "print(1)", "cell-0")
    run(shell, "print(1)", "cell-1")
    cells = [Code("print(1)", count=1, outputs=OUT), Code("print(2)", count=2, outputs=OUT)]
    assert [(cell, code) for cell, code, _ in told(shell, *cells)] == [(1, "NBO005")]


def test_a_cell_without_outputs_shows_nothing_stale(shell: Any) -> None:
    run(shell, "x = 1", "cell-0")
    assert told(shell, Code("x = 2", count=1)) == []


def test_without_ids_the_execution_count_leads_to_the_source(shell: Any) -> None:
    run(shell, "print(len('abcdef'), 1)")
    run(shell, "print(sum([1, 2, 3]))")
    edited = Code("print(len('abcdef'), 2)", count=1, outputs=OUT)
    other = Code("import math\nmath.cos(3)", count=2, outputs=OUT)  # of an earlier kernel
    moved = Code("print(sum([1, 2, 3]))", count=3, outputs=OUT)
    found = told(shell, edited, other, moved)
    assert [(cell, code) for cell, code, _ in found] == [(0, "NBO005")]


def test_a_name_that_lives_in_memory_only_is_told_of(shell: Any) -> None:
    run(shell, "rows = [1, 2]")
    (first, second) = told(shell, Code("print(rows, gone)"))
    assert first[1] == second[1] == "NBX001"
    assert first[2] == (
        "'rows' is bound nowhere; it lives only in this kernel's memory (a list) "
        "and is gone after a restart"
    )
    assert second[2] == "'gone' is bound nowhere"


CELLS = [
    "%load_ext mlops_nb",
    "kept = 1\nprint(kept)",
    "print(kept + 1)",
    "%mlops lint --select NBX",
    "%mlops lint --select NBX --format json",
    "%mlops lint --fix",
]


@pytest.mark.slow
def test_the_magic_looks_at_the_notebook_that_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlops.toml").write_text('experiment = "live"\n', encoding="utf-8")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}},
    )
    saved = json.loads(json.dumps(notebook))
    del saved["cells"][1]  # deleted since; its name is still in memory
    (tmp_path / "n.ipynb").write_text(json.dumps(saved, indent=1), encoding="utf-8")
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "n.ipynb"))
    resources = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(notebook, kernel_name="python3", timeout=120, allow_errors=True)
    client.resources = resources
    client.execute()
    shown = ["".join(o.get("text", "") for o in cell.outputs) for cell in notebook.cells]
    assert "n.ipynb:cell 1:1:7: NBX001 'kept' is bound nowhere; it lives only in" in shown[3]
    (answer,) = notebook.cells[4].outputs
    assert ast.literal_eval(answer["data"]["text/plain"])["summary"]["findings"] == 1
    (refused,) = notebook.cells[5].outputs
    assert "cannot be changed under its editor" in "\n".join(refused["traceback"])
    assert json.loads((tmp_path / "n.ipynb").read_text(encoding="utf-8")) == saved


def test_a_kernel_that_does_not_know_its_file_says_so(
    tmp_path: Path, shell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlops_nb.actions.lint_notebook import lint_notebook_of
    from mlops_nb.lint.run import Options

    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    with pytest.raises(InputError, match="does not know its notebook's file"):
        lint_notebook_of(shell, load_project(tmp_path), Options())

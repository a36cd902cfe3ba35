from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.store import runs
from mlops_nb.tracking.cell import transform
from mlops_nb.tracking.known import remember
from mlops_nb.tracking.sync import sync

CELLS = {
    "load": "%load_ext mlops_nb\n%matplotlib inline\nimport pandas as pd, numpy as np",
    "data": "df = pd.DataFrame({'a': np.arange(50.), 'b': np.arange(50) % 7})\ny = df.a > 20",
    "unrelated": "unrelated = 1",
    "logged": (
        "%%mlops run 'my run' --param depth cfg --metric auc --tag team=a\n"
        "depth, cfg, auc = 3, {'lr': 0.1}, 0.9\nauc"
    ),
    "awaiting": (
        "%%mlops run awaiting --metric x\nimport asyncio\nx = await asyncio.sleep(0, 5)\n"
        "await asyncio.sleep(0, 'shown')"
    ),
    "quiet": "%%mlops run quiet\n'not shown';",
    "model": (
        "%%mlops run model --model clf --data df\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "import matplotlib.pyplot as plt, plotly.graph_objects as go\n"
        "clf = LogisticRegression().fit(df, y)\nplt.plot([1, 2])\ngo.Figure(go.Bar(y=[1, 2]))"
    ),
    "failing": "%%mlops run failing\nz = 1\n\n1 / 0",
    "missing": "%%mlops run missing --metric aucc\n'value'",
    "wrong option": "%%mlops run x --parm depth\nnever = 1",
    "interrupted": "%%mlops run interrupted\nraise KeyboardInterrupt",
    "captured": "%%capture out\n%%mlops run captured\nprint('hidden')",
    "inner": "%%mlops run inner --metric m\nget_ipython().run_cell('m = 4')\nm",
    "timed": "%%mlops run timed\n%%time\nq = 5",
    "expanded": "ref = 'my run'\n%mlops run show \"$ref\"",
    "list": "table = %mlops run list --limit 3\nlen(table), list(table.to_frame().columns[:3])",
    "unknown run": "%mlops run show 'mi run'",
    "unknown word": "%mlops lnit",
    "bare table": "%mlops data drift dff df",
    "help": "%mlops --help",
    "no cell": "%%mlops lint\nx",
}


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, Any]]:
    """One kernel, all cells; each test looks at some of them."""
    root = tmp_path_factory.mktemp("nb")
    (root / "mlops.toml").write_text('experiment = "magics"\n')
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=300,
        allow_errors=True,
        resources={"metadata": {"path": str(root)}},
    ).execute()
    project = load_project(root)
    sync(project)
    return project, dict(zip(CELLS, notebook.cells, strict=True))


def _shown(cell: Any) -> str:
    return "".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def _error(cell: Any) -> Any:
    (error,) = [output for output in cell.outputs if output.output_type == "error"]
    return error


@pytest.mark.slow
def test_cell_is_tracked_and_shows_its_value(executed) -> None:
    project, cells = executed
    record = runs.get_run(project, "my run")
    assert record.params == {"depth": "3", "cfg.lr": "0.1"}
    assert (record.metrics, record.tags["team"]) == ({"auc": 0.9}, "a")
    assert record.status == "FINISHED"
    assert "0.9" in _shown(cells["logged"])
    assert f"%mlops run show {record.uid[:8]}" in _shown(cells["logged"])
    source = runs.download(project, record.run_id, "mlops/cell.py").read_text()
    assert source == CELLS["logged"]


@pytest.mark.slow
def test_cell_behaves_like_any_other(executed) -> None:
    project, cells = executed
    assert "'shown'" in _shown(cells["awaiting"])
    assert runs.get_run(project, "awaiting").metrics == {"x": 5.0}
    assert "not shown" not in _shown(cells["quiet"])
    assert runs.get_run(project, "inner").metrics == {"m": 4.0}
    for name in ("captured", "timed", "inner"):
        assert runs.get_run(project, name).status == "FINISHED"
    assert not cells["captured"].outputs


@pytest.mark.slow
def test_model_figures_and_data_are_kept(executed) -> None:
    project, _ = executed
    record = runs.get_run(project, "model")
    files = runs.artifacts(project, record.run_id)
    assert sum(path.endswith(".png") for path in files) == 1
    assert sum(path.startswith("figures/") and path.endswith(".json") for path in files) == 1
    assert "mlops.model.model" in record.tags
    facts = json.loads(runs.download(project, record.run_id, "mlops/data.json").read_text())
    assert facts["inputs"][0]["rows"] == 50
    slice_path = runs.download(project, record.run_id, "mlops/slice.ipynb")
    sources = [cell.source for cell in nbformat.read(slice_path, 4).cells]
    assert sources == [CELLS["load"], CELLS["data"], CELLS["model"]]


@pytest.mark.slow
def test_failure_is_the_cells_own(executed) -> None:
    project, cells = executed
    assert _error(cells["failing"]).ename == "ZeroDivisionError"
    # The cell is executed as it stands: no frame of ours, and the user's own line number.
    shown = "\n".join(_error(cells["failing"]).traceback)
    assert "mlops_nb/" not in shown
    assert re.search(r"----> 4 1 / 0", re.sub(r"\x1b\[\d+m", "", shown))
    record = runs.get_run(project, "failing")
    assert record.status == "FAILED"
    assert "mlops/traceback.txt" in runs.artifacts(project, record.run_id)
    assert runs.get_run(project, "interrupted").status == "KILLED"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("missing", "no variable 'aucc' after the cell\n  did you mean 'auc'?"),
        ("wrong option", "unrecognized arguments: --parm"),
        ("unknown run", "no run 'mi run' in 'magics'\n  did you mean 'my run'?"),
        ("unknown word", "did you mean 'lint'?"),
        ("bare table", "'dff' is neither a variable nor a file\n  did you mean 'df'?"),
        ("no cell", "%%mlops lint takes no cell"),
    ],
)
def test_mistake_is_a_short_red_line(executed, cell: str, message: str) -> None:
    error = _error(executed[1][cell])
    assert message in error.evalue
    assert len(error.traceback) == 1
    assert error.traceback[0].startswith("\x1b[31merror:")


@pytest.mark.slow
def test_line_magics_answer_with_values(executed) -> None:
    _, cells = executed
    assert "(3, ['run_id', 'uid', 'name'])" in _shown(cells["list"])
    assert "depth   3" in _shown(cells["expanded"])
    assert "Commands:" in _shown(cells["help"])


@pytest.mark.slow
def test_failing_cell_stops_the_notebook(tmp_path: Path) -> None:
    for source in ("%%mlops run x\n1 / 0", "%%mlops run x --metric nope\n1", "%mlops run show no"):
        cells = ["%load_ext mlops_nb", source, "open('went on', 'w')"]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        client = NotebookClient(
            notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
        )
        with pytest.raises(CellExecutionError):
            client.execute()
    assert not (tmp_path / "went on").exists()


@pytest.mark.slow
def test_interrupt_ends_the_run_cleanly(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text('experiment = "interrupt"\n')
    manager, client = start_new_kernel(cwd=str(tmp_path))
    try:
        client.execute_interactive("%load_ext mlops_nb", timeout=120)
        client.execute(
            "%%mlops run long\nimport time, mlops_nb\nmlops_nb.log_metric('m', 1)\n"
            "open('here', 'w').close()\ntime.sleep(120)"
        )
        while not (tmp_path / "here").exists():
            time.sleep(0.05)
        # A signal that comes just before Python begins to sleep does not wake it: press again.
        reply = None
        for _ in range(10):
            manager.interrupt_kernel()
            with suppress(Empty):
                reply = client.get_shell_msg(timeout=10)
                break
        assert reply
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        reply = client.execute_interactive("%%mlops run after\nx = 1", timeout=120)
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    project = load_project(tmp_path)
    sync(project)
    record = runs.get_run(project, "long")
    assert (record.status, record.metrics) == ("KILLED", {"m": 1.0})
    assert record.tags["mlops.error"] == "KeyboardInterrupt"
    assert runs.get_run(project, "after").status == "FINISHED"


@pytest.fixture
def shell(project: Project) -> Iterator[InteractiveShell]:
    made = InteractiveShell.instance()
    made.run_line_magic("load_ext", "mlops_nb")
    made.user_ns.update(depth=3, train_df=1)
    record = runs.RunRecord(
        run_id="r", uid="u", name="base", status="FINISHED", started=datetime.now(UTC),
        metrics={"auc": 0.5},
    )  # fmt: skip
    project.home.mkdir()
    remember(project, [record])
    yield made
    made.run_line_magic("unload_ext", "mlops_nb")
    InteractiveShell.clear_instance()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%mlops ru", {"run", "rule"}),
        ("%mlops run sh", {"show"}),
        ("%mlops run list --fi", {"--filter"}),
        ("%%mlops run x --me", {"--metric"}),
        ("%%mlops run x --param dep", {"depth"}),
        ("%%mlops run x --data train", {"train_df"}),
        ("%mlops data drift train", {"train_df"}),
        ("%mlops model register x y --reference train", {"train_df"}),
        ("%mlops run show ba", {"base"}),
        ("%mlops run list --filter metrics.a", {"metrics.auc"}),
        ("%mlops exp", {"experiment"}),
        ("%%mlops run x --no", {"--no-auto"}),
    ],
)
def test_tab_completes_words_and_variables(shell, line: str, expected: set[str]) -> None:
    with provisionalcompleter():
        matches = {found.text for found in shell.Completer.completions(line, len(line))}
    assert expected <= matches


def test_experiment_is_shown_and_chosen(shell, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("MLOPS_EXPERIMENT", "")  # put back afterwards
    assert shell.run_line_magic("mlops", "experiment") == "test"
    assert shell.run_line_magic("mlops", "experiment other") == "other"
    assert shell.run_line_magic("mlops", "experiment") == "other"
    shell.run_line_magic("mlops", "experiment --help")
    assert "Usage: %mlops experiment [NAME]" in capsys.readouterr().out


def test_json_is_answered_as_values(shell, capsys) -> None:
    answer = shell.run_line_magic("mlops", "run list --format json")
    assert answer == {"schema": 1, "runs": []}
    assert capsys.readouterr().out == ""


def test_loading_twice_and_unloading_leave_one_and_none(shell) -> None:
    shell.run_line_magic("reload_ext", "mlops_nb")
    assert shell.input_transformers_cleanup.count(transform) == 1
    shell.run_line_magic("unload_ext", "mlops_nb")
    assert transform not in shell.input_transformers_cleanup
    assert shell.find_line_magic("mlops") is None
    shell.run_line_magic("load_ext", "mlops_nb")


def test_names_are_escaped_in_html() -> None:
    from mlops_nb.tracking.page import RunPage
    from mlops_nb.tracking.table import RunTable

    record = runs.RunRecord(
        run_id="r", uid="u", name="<script>", status="FINISHED", started=datetime.now(UTC)
    )
    for value in (RunTable([record]), RunPage(record=record, artifacts=("<b>",))):
        assert "<script>" not in value._repr_html_()
        assert "&lt;script&gt;" in value._repr_html_()
    assert "no runs yet" in repr(RunTable([]))


def test_the_words_of_the_lifecycle_answer_with_values(
    project: Project, shell: InteractiveShell
) -> None:
    found = shell.run_line_magic("mlops", "lifecycle")
    assert found.to_dict()["models"] == []
    assert "nothing has happened yet" in found._repr_html_()
    assert shell.run_line_magic("mlops", "maturity").maturity.level == 0
    with pytest.raises(InputError, match="Missing option '--to'"):
        shell.run_line_magic("mlops", "rehearse late --from 2026-01-01")
    with pytest.raises(NotFoundError, match="there is no model 'late'"):
        shell.run_line_magic("mlops", "rehearse late --from 2026-01-01 --to 2026-01-02")

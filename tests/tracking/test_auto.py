"""What ``%%mlops run`` finds by itself, in a shell without a kernel."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from mlops_nb.config import Project
from mlops_nb.tracking import journal as lines
from mlops_nb.tracking.celltext import read_cell
from mlops_nb.tracking.current import last_run


@pytest.fixture
def shell(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    from mlops_nb.tracking import follower

    monkeypatch.setattr(follower, "ensure_follower", lambda project: False)
    made = InteractiveShell.instance()
    made.run_line_magic("load_ext", "mlops_nb")
    made.run_cell("import numpy as np, pandas as pd\nfrom sklearn.linear_model import *")
    yield made
    made.run_line_magic("unload_ext", "mlops_nb")
    InteractiveShell.clear_instance()


def _entries(project: Project) -> list[lines.Entry]:
    return lines.read(project.home / "journal" / f"{last_run().uid}.jsonl")[0]


def _logged(project: Project, kind: type[Any]) -> dict[str, Any]:
    return {e.key: e.value for e in _entries(project) if isinstance(e, kind)}


def _file(project: Project, path: str) -> str:
    return (project.home / "journal" / last_run().uid / path).read_text()


def _run(shell: InteractiveShell, cell: str) -> None:
    result = shell.run_cell(cell, store_history=True)
    assert result.error_before_exec is None
    assert result.error_in_exec is None


def test_settings_results_estimators_and_tables(shell, project: Project) -> None:
    shell.run_cell("df = pd.DataFrame({'a': np.arange(9.), 'b': 1.0})\ny = np.arange(9) > 4")
    _run(
        shell,
        "%%mlops run found\nC, opts = 0.5, {'seed': 3}\n"
        "for i in range(3):\n    loss = 1.0 / (i + 1)\n"
        "clf = LogisticRegression(C=C)\nclf.fit(df, y)\nscores = {'acc': clf.score(df, y)}\n"
        "unused = pd.DataFrame({'z': [1]})\nname = 'x'.upper()\nclf.score(df, y)",
    )
    params, metrics = _logged(project, lines.Param), _logged(project, lines.Metric)
    assert {"C": "0.5", "opts.seed": "3"}.items() <= params.items()
    assert params["clf.class"] == "sklearn.linear_model._logistic.LogisticRegression"
    assert (params["clf.C"], params["clf.n_features"]) == ("0.5", "2")
    assert {"name", "i"}.isdisjoint(params)
    assert set(metrics) == {"loss", "scores.acc", "clf.training_seconds", "clf.score"}
    assert metrics["loss"] == 1 / 3
    assert 0 < metrics["clf.training_seconds"] < 60
    inputs = json.loads(_file(project, "mlops/data.json"))["inputs"]
    assert [(i["name"], i["rows"], len(i["columns"])) for i in inputs] == [
        ("df", 9, 2),
        ("y", 9, 1),
    ]


def test_estimator_of_another_cell_is_seen_when_it_is_trained(shell, project: Project) -> None:
    shell.run_cell(
        "X = np.eye(4)\nfrom sklearn.pipeline import make_pipeline\n"
        "pipe = make_pipeline(LinearRegression())\nother = Ridge()\n"
        "def train(model):\n    model.fit(X, X[0])"
    )
    _run(shell, "%%mlops run one\ntrain(pipe)")
    assert _logged(project, lines.Param)["pipe.class"] == "sklearn.pipeline.Pipeline"
    assert "other.class" not in _logged(project, lines.Param)
    _run(shell, "%%mlops run two\nx = 1")
    assert set(_logged(project, lines.Param)) == {"x"}


def test_no_auto_and_what_the_cell_logs_itself(shell, project: Project) -> None:
    _run(shell, "%%mlops run --no-auto --metric auc\nauc, other = 0.5 + 0, 1 + 1")
    assert _logged(project, lines.Metric) == {"auc": 0.5}
    assert _logged(project, lines.Param) == {}
    _run(
        shell,
        "%%mlops run\nimport mlops_nb\nloss = sum([1.0])\ndepth = 3\n"
        "mlops_nb.log_metric('loss', 9)\nmlops_nb.log_param('depth', 'three')",
    )
    assert _logged(project, lines.Metric) == {"loss": 9.0}
    assert _logged(project, lines.Param) == {"depth": "three"}


def test_settings_of_a_model_that_is_kept(shell, project: Project) -> None:
    _run(shell, "%%mlops run --model clf\nclf = Ridge(alpha=0.5).fit(np.eye(3), [1, 2, 3])")
    assert _logged(project, lines.Param)["clf.alpha"] == "0.5"
    assert [e.name for e in _entries(project) if isinstance(e, lines.Model)] == ["model"]


def test_what_cannot_be_logged_is_a_warning(shell, project: Project) -> None:
    shell.run_cell(
        "class Odd:\n    def fit(self): self.x_ = 1\n"
        "    def get_params(self): raise RuntimeError('no')"
    )
    with pytest.warns(UserWarning, match="--auto leaves out 'odd': no"):
        _run(shell, "%%mlops run\nodd = Odd()\nodd.fit()")
    assert last_run().status == "FINISHED"


@pytest.mark.slow
def test_the_run_before_of_the_same_cell(shell, project: Project) -> None:
    _run(shell, "%%mlops run again\ndepth = 3\nauc = 0.75 + 0")
    first = last_run().uid
    tags = _logged(project, lines.Tag)
    assert "mlops.previous" not in tags
    _run(shell, "%%mlops run again\ndepth = 5\nauc = 0.5 + 0.5")
    tags = _logged(project, lines.Tag)
    assert tags["mlops.previous"] == first
    assert tags["mlops.changes"] == "code +2 −2, depth 3 → 5, auc 0.75 → 1 (+0.25)"
    changes = json.loads(_file(project, "mlops/changes.json"))
    assert changes["params"] == {"depth": ["3", "5"]}
    assert "-depth = 3" in changes["code"]
    shell.run_cell("%%mlops run again\ndepth = 5\n1 / 0", store_history=True)
    assert last_run().status == "FAILED"
    assert "auc 1 → -" in _logged(project, lines.Tag)["mlops.changes"]
    _run(shell, "%%mlops run another\ndepth = 5")
    assert "mlops.previous" not in _logged(project, lines.Tag)


def test_a_cell_that_raises_keeps_what_it_made_before(shell, project: Project) -> None:
    shell.run_cell("lr, auc = 99, 0.99")  # of an earlier cell: no setting of this one
    cell = (
        "%%mlops run broken --metric auc --param momentum\n"
        "depth, momentum = 3, 0.5\nclf = Ridge(alpha=0.25).fit(np.eye(3), [1, 2, 3])\n"
        "loss = sum([1.0])\n\nraise ValueError('no')\nlr = 0.1\nauc = 1.0"
    )
    shell.run_cell(cell, store_history=True)
    assert last_run().status == "FAILED"
    params = _logged(project, lines.Param)
    assert {"depth": "3", "momentum": "0.5", "clf.alpha": "0.25"}.items() <= params.items()
    assert "lr" not in params
    metrics = _logged(project, lines.Metric)
    assert metrics["loss"] == 1.0
    assert "auc" not in metrics
    assert "ValueError: no" in _file(project, "mlops/traceback.txt")


def test_an_interrupted_cell_ends_at_once(shell, project: Project) -> None:
    shell.run_cell("%%mlops run stopped\ndepth = 3\nraise KeyboardInterrupt", store_history=True)
    assert last_run().status == "KILLED"
    assert _logged(project, lines.Param) == {}


def test_help_runs_nothing(shell, project: Project, capsys) -> None:
    before = last_run()
    _run(shell, "%%mlops run --help\nnever = 1")
    assert "--no-auto" in capsys.readouterr().out
    assert "never" not in shell.user_ns
    assert last_run() is before


@pytest.mark.parametrize(
    ("code", "settings", "trained"),
    [
        ("a = b = 1", {"a": 1, "b": 1}, set()),
        ("a, (b, c) = 1, (2, [3])", {"a": 1, "b": 2, "c": [3]}, set()),
        ("a = 1\na += 1", {}, set()),
        ("a: int = -1", {"a": -1}, set()),
        ("a = f(1)\ndef g():\n    b = 1", {}, set()),
        ("m = A().fit(x)", {}, {"m"}),
        ("for m in ms:\n    m.fit(x)", {}, {"m"}),
        ("make().fit(x)", {}, {""}),
        ("self.m['a'].partial_fit(x)", {}, {"self"}),
        ("def f():\n    m.fit(x)", {}, set()),
    ],
)
def test_text_of_a_cell(code: str, settings: dict[str, Any], trained: set[str]) -> None:
    found = read_cell(ast.parse(code).body)
    assert found.settings == settings
    assert found.trained == trained

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import CurrentAttempt, Project
from mlops_nb.errors import InputError
from mlops_nb.jobs.checkpoint import checkpoint, restore, stored
from mlops_nb.jobs.provenance import fingerprint, hashed_inputs
from mlops_nb.jobs.resume import Plan, plan, recorded_values
from mlops_nb.jobs.spec import JobSpec, resolve


@pytest.fixture
def in_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make this process believe that it is the kernel of an attempt."""
    monkeypatch.setenv("TOKEN", "a-very-secret-token")
    current = CurrentAttempt(
        job="j", attempt="a", folder=tmp_path / "attempt", logical_time="t", secrets=("TOKEN",)
    )
    for name, value in current.environment().items():
        monkeypatch.setenv(name, value)
    return tmp_path / "attempt" / "checkpoints"


def test_what_is_kept_comes_back(in_job: Path) -> None:
    value = {"x": [1, 2.5, None]}
    assert checkpoint("features", value) is value
    checkpoint("features", [3])
    assert restore(str(in_job / "features.pkl")) == [3]
    assert list(stored(in_job)) == ["features"]
    (in_job / "features.pkl").write_bytes(b"other")
    with pytest.raises(InputError, match="has changed"):
        restore(str(in_job / "features.pkl"))


def test_outside_of_a_job_nothing_is_written(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert checkpoint("features", 3) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("../x", 1, "no variable's name"),
        ("for", 1, "no variable's name"),
        ("f", lambda: 1, "cannot be pickled"),
        ("f", {"t": "a-very-secret-token"}, "holds a secret"),
    ],
)
def test_what_cannot_be_kept(in_job: Path, name: str, value: object, text: str) -> None:
    with pytest.raises(InputError, match=text):
        checkpoint(name, value)
    assert stored(in_job) == {}


Planned = Callable[..., Plan]


@pytest.fixture
def planned(project: Project, write_notebook: Callable[..., Path]) -> Planned:
    """Plan the second run of a notebook whose first one completed some cells."""

    def answer(
        before: Sequence[str],
        completed: int,
        kept: Sequence[str],
        after: Sequence[str] | None = None,
        values: Any = None,
    ) -> Plan:
        path = project.root / "n.ipynb"
        write_notebook(path, *before, parameters="depth = 3")
        (project.root / "mlops.toml").write_text('[jobs.j]\nnotebook = "n.ipynb"\n')
        from mlops_nb.config import load_project

        own = load_project(project.root)
        spec = resolve(own, "j", values or {}, handover={}, offered={})
        folder = ended(own, spec, completed, kept)
        if after is not None:
            write_notebook(path, *after, parameters="depth = 3")
        return plan(own, resolve(own, "j", {}, handover={}, offered={}), folder)

    return answer


def ended(project: Project, spec: JobSpec, completed: int, kept: Sequence[str]) -> Path:
    """Write what an attempt leaves that completed some cells."""
    folder = project.root / "before"
    (folder / "checkpoints").mkdir(parents=True)
    book = json.loads(spec.notebook.read_text())
    for number, cell in enumerate(book["cells"]):
        state = "completed" if number <= completed else "failed"
        cell["metadata"]["papermill"] = {"status": state}
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": f"{number}"}]
    (folder / "output.ipynb").write_text(json.dumps(book))
    for name in kept:
        (folder / "checkpoints" / f"{name}.pkl").write_bytes(b"x")
        manifest = {"name": name, "sha256": "0"}
        (folder / "checkpoints" / f"{name}.json").write_text(json.dumps(manifest))
    record = {
        "job": "j",
        "attempt": "before",
        "notebook": "n.ipynb",
        "parameters": dict(spec.parameters),
        "inputs": hashed_inputs(project, spec),
        "environment": fingerprint(),
    }
    (folder / "job.json").write_text(json.dumps(record))
    return folder


CELLS = [
    "import math\nimport mlops_nb as mlops",
    "raw = [math.sqrt(x) for x in range(depth)]",
    "features = sorted(raw)\nmlops.checkpoint('features', features)",
    "print('on the way')",
    "model = sum(features) / 0",
]


def test_what_a_checkpoint_holds_is_not_computed_again(planned: Planned) -> None:
    found = planned(CELLS, 4, ["features"], [*CELLS[:4], "model = sum(features)"])
    # Not the parameters, nor the import: `mlops` is not needed by the last cell.
    assert list(found.skipped) == [4, 3, 2, 1]
    assert found.skipped[2][0]["text"] == "2"
    (after,) = found.restored
    assert after == 3
    assert found.restored[3]["features"].endswith("features.pkl")


def test_what_the_rest_needs_and_no_checkpoint_holds_runs(planned: Planned) -> None:
    found = planned(CELLS, 4, ["features"], [*CELLS[:4], "model = math.fsum(features) + raw[0]"])
    assert sorted(found.skipped) == [3, 4]
    assert list(found.restored) == [3]


def test_without_a_checkpoint_all_that_is_needed_runs(planned: Planned) -> None:
    assert sorted(planned(CELLS, 4, []).skipped) == [4]


def test_a_changed_cell_and_those_after_it_run(planned: Planned) -> None:
    changed = [*CELLS[:2], "features = sorted(raw, reverse=True)\nmlops.checkpoint('features', 1)"]
    found = planned(CELLS, 4, ["features"], [*changed, *CELLS[3:]])
    assert found.skipped == {}
    assert found.restored == {}


def test_what_changes_a_checkpoint_afterwards_runs(planned: Planned) -> None:
    cells = [*CELLS[:3], "features.append(1)", "model = sum(features) / 0"]
    found = planned(cells, 4, ["features"])
    assert sorted(found.skipped) == [1, 2, 3]
    assert list(found.restored) == [3]


@pytest.mark.parametrize("magic", ["%matplotlib inline", "import random\nrandom.seed(3)"])
def test_magics_and_seeds_always_run(planned: Planned, magic: str) -> None:
    assert 1 not in planned([magic, *CELLS], 5, ["features"]).skipped


def test_other_values_other_results(planned: Planned) -> None:
    with pytest.raises(InputError, match="its parameters are not what they were"):
        planned(CELLS, 4, ["features"], values={"depth": 9})


def test_values_are_taken_over_but_for_secrets(tmp_path: Path) -> None:
    record = {
        "parameters": {"a": 1, "rate": "nan", "key": "env:KEY", "attempt": "x"},
        "inputs": {},
    }
    (tmp_path / "job.json").write_text(json.dumps(record))
    (tmp_path / "output.ipynb").write_text("{}")
    assert recorded_values(tmp_path) == {"a": 1, "rate": "nan"}
    with pytest.raises(InputError, match="nothing to resume"):
        recorded_values(tmp_path / "gone")

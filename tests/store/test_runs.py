from __future__ import annotations

import math
from pathlib import Path

import pytest

from mlops_nb.config import Config, Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.store import runs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One store for the module: making one takes a second."""
    return Project(root=tmp_path_factory.mktemp("p"), config=Config(experiment="runs"))


@pytest.fixture(scope="module")
def run_id(stored: Project) -> str:
    made = runs.create(stored, uid="abcd1234", name="it's one", started_ms=1000, tags={"k": "v"})
    runs.create(stored, uid="abff0000", name="two", started_ms=2000, tags={})
    return made


def test_newest_first_and_limited(stored: Project, run_id: str) -> None:
    assert [run.uid for run in runs.list_runs(stored)] == ["abff0000", "abcd1234"]
    assert [run.uid for run in runs.list_runs(stored, limit=1)] == ["abff0000"]


@pytest.mark.parametrize("reference", ["abcd1234", "abcd", "it's one"])
def test_get_by_uid_prefix_and_name(stored: Project, run_id: str, reference: str) -> None:
    found = runs.get_run(stored, reference)
    assert (found.run_id, found.name, found.tags["k"]) == (run_id, "it's one", "v")
    assert runs.get_run(stored, run_id).uid == found.uid == "abcd1234"


def test_unclear_and_unknown_reference(stored: Project, run_id: str) -> None:
    with pytest.raises(InputError, match="2 runs begin with 'ab'"):
        runs.get_run(stored, "ab")
    with pytest.raises(NotFoundError, match="no run 'tow'") as error:
        runs.get_run(stored, "tow")
    assert error.value.hint == "did you mean 'two'?"
    with pytest.raises(NotFoundError):
        runs.get_run(stored, "0" * 32)


def test_bad_filter_is_the_users_error(stored: Project, run_id: str) -> None:
    with pytest.raises(InputError, match="refused"):
        runs.list_runs(stored, filter_string="this is no filter")


def test_same_point_twice_is_one(stored: Project, run_id: str) -> None:
    from mlops_nb.store.connection import client

    points = [("loss", i / 7, 1000 + i, i) for i in range(2500)]
    runs.write(stored, run_id, metrics=points, params={"a": "1"}, tags={"t": "x"})
    runs.write(stored, run_id, metrics=points[700:1900], params={"a": "1"})
    runs.write(stored, run_id, metrics=[("nan", math.nan, 1, 0)] * 2)
    runs.write(stored, run_id, metrics=[("nan", math.nan, 1, 0)])
    history = client(stored).get_metric_history(run_id, "loss")
    assert sorted((m.step, m.value) for m in history) == [(s, v) for _, v, _, s in points]
    assert len(client(stored).get_metric_history(run_id, "nan")) == 1
    with pytest.raises(InputError):
        runs.write(stored, run_id, params={"a": "2"})


def test_files_go_in_and_come_out(stored: Project, run_id: str, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello")
    runs.upload(stored, run_id, tmp_path / "x.txt", "mlops/y.txt")
    runs.upload(stored, run_id, tmp_path, "tree")
    assert runs.artifacts(stored, run_id) == ["mlops/y.txt", "tree/x.txt"]
    assert runs.download(stored, run_id, "mlops/y.txt").read_text() == "hello"
    with pytest.raises(NotFoundError, match="no artifact 'z'"):
        runs.download(stored, run_id, "z")


def test_no_store_means_no_runs(project: Project) -> None:
    assert runs.list_runs(project) == []
    assert not project.home.exists()


def test_deleted_run_is_known_as_one(stored: Project, run_id: str) -> None:
    from mlops_nb.store.connection import client

    made = runs.create(stored, uid="ffff", name="three", started_ms=3000, tags={})
    assert not runs.is_deleted(stored, made)
    client(stored).delete_run(made)
    assert runs.is_deleted(stored, made)
    assert runs.is_deleted(stored, "0" * 32) is None

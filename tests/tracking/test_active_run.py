from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import mlops_nb
from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.tracking import journal as lines


def _entries(project: Project, uid: str) -> list[lines.Entry]:
    return lines.read(lines.journal_folder(project.home) / f"{uid}.jsonl")[0]


def _points(project: Project, uid: str) -> list[tuple[str, object, int]]:
    found = [e for e in _entries(project, uid) if isinstance(e, lines.Metric)]
    return [(e.key, e.value, e.step) for e in found]


def test_what_is_logged_is_in_the_journal(project: Project) -> None:
    with mlops_nb.run("base", tags={"team": "a"}) as run:
        mlops_nb.log_params({"depth": 3, "opt": {"lr": 0.1}})
        mlops_nb.log_metric("loss", 2)
        mlops_nb.log_metric("loss", 1.5)
        mlops_nb.log_metric("loss", 1.0, step=9)
        mlops_nb.log_metric("loss", 0.5)
        mlops_nb.set_tag("note", "ok")
    entries = _entries(project, run.uid)
    assert entries[0].tags["team"] == "a"
    assert [(e.key, e.value) for e in entries if isinstance(e, lines.Param)] == [
        ("depth", "3"),
        ("opt.lr", "0.1"),
    ]
    assert [p[1:] for p in _points(project, run.uid)] == [(2, 0), (1.5, 1), (1.0, 9), (0.5, 10)]
    assert entries[-1].status == run.status == "FINISHED"
    assert mlops_nb.last_run() is run


def test_parameter_may_be_repeated_but_not_changed(project: Project) -> None:
    with mlops_nb.run():
        mlops_nb.log_param("a", 1)
        mlops_nb.log_param("a", "1")
        with pytest.raises(InputError, match="'a' is '1' in this run and cannot become '2'"):
            mlops_nb.log_param("a", 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mlops_nb.log_metric("a=b", 1), "cannot name"),
        (lambda: mlops_nb.log_metric("../x", 1), "cannot name"),
        (lambda: mlops_nb.log_metric("acc", "high"), "is a str, not a number"),
        (lambda: mlops_nb.log_text("x", "../../out.txt"), "cannot be the path"),
        (lambda: mlops_nb.log_text("x", "/etc/x"), "cannot be the path"),
        (lambda: mlops_nb.log_artifact("nowhere.bin"), "no file or folder"),
        (lambda: mlops_nb.log_figure(3), "cannot log a int as a figure"),
        (lambda: mlops_nb.log_table([1], "t.csv"), "cannot log a list"),
        (lambda: mlops_nb.log_table([{}], "t.xlsx"), "cannot write a table"),
        (lambda: mlops_nb.log_input(3, "x"), "is a int, not a table"),
    ],
)
def test_mistakes_are_named_at_once(project: Project, call, message: str) -> None:
    with mlops_nb.run(), pytest.raises(InputError, match=message):
        call()


def test_without_a_run_and_after_its_end(project: Project) -> None:
    with pytest.raises(InputError, match="no run is active"):
        mlops_nb.log_metric("a", 1)
    with mlops_nb.run("r") as run:
        pass
    with pytest.raises(InputError, match="'r' has ended"):
        run.log_metric("a", 1)


def test_error_interruption_and_exit_decide_the_status(project: Project) -> None:
    for error, status in (
        (ValueError("bad"), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (SystemExit(1), "FAILED"),
        (SystemExit(0), "FINISHED"),
    ):
        with pytest.raises(type(error)), mlops_nb.run() as run:
            raise error
        assert run.status == status
        assert _entries(project, run.uid)[-1].status == status
    assert mlops_nb.tracking.current.current() is None


def test_failure_keeps_its_traceback(project: Project) -> None:
    with pytest.raises(ZeroDivisionError), mlops_nb.run() as run:
        1 / 0  # noqa: B018
    text = (project.home / "journal" / run.uid / "mlops/traceback.txt").read_text()
    assert "ZeroDivisionError: division by zero" in text
    tags = {e.key: e.value for e in _entries(project, run.uid) if isinstance(e, lines.Tag)}
    assert tags["mlops.error"] == "ZeroDivisionError: division by zero"


def test_nested_run_is_a_child_and_another_is_not(project: Project) -> None:
    with mlops_nb.run("outer") as outer:
        with mlops_nb.run("inner", nested=True) as inner:
            mlops_nb.log_metric("in", 1)
        with mlops_nb.run("other") as other:
            pass
        mlops_nb.log_metric("out", 1)
    assert inner.parent is outer
    assert other.parent is None
    assert [p[0] for p in _points(project, outer.uid)] == ["out"]
    assert [p[0] for p in _points(project, inner.uid)] == ["in"]


def test_children_of_threads_find_their_parent(project: Project) -> None:
    barrier = threading.Barrier(3)

    @mlops_nb.run("child", nested=True)
    def trial(number: int) -> str:
        barrier.wait(10)  # all are open at once
        mlops_nb.log_param("number", number)
        barrier.wait(10)
        run = mlops_nb.tracking.current.current()
        return run.parent.uid if run and run.parent else ""

    with mlops_nb.run("search") as search, ThreadPoolExecutor(3) as pool:
        assert list(pool.map(trial, range(3))) == [search.uid] * 3


def test_paths_are_those_of_mlflow(project: Project, tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    (tmp_path / "out/deep").mkdir(parents=True)
    (tmp_path / "out/a.txt").write_text("a")
    (tmp_path / "out/deep/b.txt").write_text("b")
    figure = plt.figure()
    with mlops_nb.run() as run:
        mlops_nb.log_artifact("out/a.txt", "kept/here")
        mlops_nb.log_artifacts("out")
        mlops_nb.log_artifacts("out", artifact_path="all")
        mlops_nb.log_figure(figure, "plots/roc.svg")
        mlops_nb.log_figure(figure, "roc")
        with pytest.raises(InputError, match="no folder 'nowhere'"):
            mlops_nb.log_artifacts("nowhere")
    plt.close(figure)
    staged = project.home / "journal" / run.uid
    for path in ("kept/here/a.txt", "a.txt", "deep/b.txt", "all/deep/b.txt",
                 "plots/roc.svg", "figures/roc.png"):  # fmt: skip
        assert (staged / path).is_file()
    paths = {e.path for e in _entries(project, run.uid) if isinstance(e, lines.Artifact)}
    assert {"kept/here/a.txt", "a.txt", "deep", "all/deep", "plots/roc.svg"} <= paths


def test_worker_threads_of_one_run_log_to_it(project: Project) -> None:
    with mlops_nb.run() as run, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: mlops_nb.log_metric("x", i, step=i), range(500)))
    assert sorted(p[2] for p in _points(project, run.uid)) == list(range(500))


def test_runs_in_threads_and_tasks_do_not_mix(project: Project) -> None:
    barrier = threading.Barrier(2)

    @mlops_nb.run
    def work(name: str) -> str:
        barrier.wait(5)
        mlops_nb.log_param("who", name)
        barrier.wait(5)
        return mlops_nb.last_run().uid

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, "ab"))

    uids = {}

    @mlops_nb.run("task")
    async def task(name: str) -> None:
        await asyncio.sleep(0.01)
        mlops_nb.log_param("who", name)
        uids[name] = mlops_nb.tracking.current.current().uid
        await asyncio.sleep(0.01)

    async def both() -> None:
        await asyncio.gather(task("x"), task("y"))

    asyncio.run(both())
    for name, uid in uids.items():
        params = [e.value for e in _entries(project, uid) if isinstance(e, lines.Param)]
        assert params == [name]


def test_thread_that_cannot_know_its_run_says_so(project: Project) -> None:
    with mlops_nb.run("a"), mlops_nb.run("b"), ThreadPoolExecutor(1) as pool:
        future = pool.submit(mlops_nb.log_metric, "x", 1)
        with pytest.raises(InputError, match="2 runs are active"):
            future.result()


def test_files_tables_and_inputs_are_staged(project: Project, tmp_path: Path) -> None:
    import pandas as pd

    (tmp_path / "notes.md").write_text("hi")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    with mlops_nb.run() as run:
        mlops_nb.log_artifact("notes.md")
        mlops_nb.log_dict({"a": 1}, "deep/x.json")
        mlops_nb.log_table(frame, "t.csv")
        mlops_nb.log_table(frame, "t.parquet")
        mlops_nb.log_table([{"a": 1}, {"b": 2}], "rows.csv")
        mlops_nb.log_input(frame, "train", source="here")
        mlops_nb.log_input("notes.md", "notes")
    staged = project.home / "journal" / run.uid
    assert (staged / "notes.md").read_text() == "hi"
    assert json.loads((staged / "deep/x.json").read_text()) == {"a": 1}
    assert (staged / "rows.csv").read_text().splitlines() == ["a,b", "1,", ",2"]
    assert pd.read_parquet(staged / "t.parquet").equals(frame)
    inputs = json.loads((staged / "mlops/data.json").read_text())["inputs"]
    assert [(i["name"], i["rows"], i["kind"]) for i in inputs] == [
        ("train", 2, "pandas"),
        ("notes", None, "file"),
    ]


def test_script_leaves_its_evidence(project: Project) -> None:
    with mlops_nb.run() as run:
        pass
    staged = project.home / "journal" / run.uid / "mlops"
    assert (staged / "environment.txt").read_text().startswith("# python 3.")
    tags = _entries(project, run.uid)[0].tags
    assert tags["mlflow.source.type"] == "LOCAL"
    assert tags["mlflow.user"]


def test_job_attempt_is_in_the_tags(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlops_nb.config import CurrentAttempt

    attempt = CurrentAttempt(
        job="train", attempt="a1", folder=project.root, logical_time="2026-01-01T00:00:00+00:00"
    )
    for name, value in attempt.environment().items():
        monkeypatch.setenv(name, value)
    with mlops_nb.run() as run:
        pass
    tags = _entries(project, run.uid)[0].tags
    assert (tags["mlops.job"], tags["mlops.attempt"], run.name) == ("train", "a1", "train")
    assert tags["mlflow.source.type"] == "JOB"


def test_long_values_are_cut_with_a_warning(project: Project) -> None:
    with mlops_nb.run() as run, pytest.warns(UserWarning, match="is cut at 6000"):
        mlops_nb.log_param("big", "x" * 7000)
    param = next(e for e in _entries(project, run.uid) if isinstance(e, lines.Param))
    assert len(param.value) == 6000

"""What goes wrong around a run: the disk, the folder, the clock, the names, the store."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mlops_nb
from mlops_nb.config import Config, Project, load_project
from mlops_nb.errors import InputError, MlopsError
from mlops_nb.store import runs
from mlops_nb.store.connection import client
from mlops_nb.tracking import active, follower, sync
from mlops_nb.tracking import journal as lines
from mlops_nb.tracking.table import run_table


def _python(code: str, **more: str) -> subprocess.Popen[str]:
    alone = (
        "from mlops_nb.tracking import context\ncontext.ensure_follower = lambda project: False\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", alone + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **more},
    )


def _points(project: Project, run_id: str, key: str) -> list[tuple[int, float]]:
    return [(m.step, m.value) for m in client(project).get_metric_history(run_id, key)]


_FULL = """
import resource, warnings, mlops_nb
warnings.simplefilter("ignore")
with mlops_nb.run("full") as run:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
    for i in range(200):
        mlops_nb.log_metric("m", i)
    mlops_nb.log_text("x" * 9000, "big.txt")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    mlops_nb.log_metric("m", 200)
print(run.status)
"""


@pytest.mark.slow
def test_disk_that_is_full_for_a_while_loses_no_point(stored: Project) -> None:
    process = _python(_FULL)
    assert process.communicate()[0] == "FINISHED\n"
    sync.sync(stored)
    record = runs.get_run(stored, "full")
    assert sorted(_points(stored, record.run_id, "m")) == [(i, float(i)) for i in range(201)]
    assert record.status == "FINISHED"
    assert "big.txt" not in runs.artifacts(stored, record.run_id)


def test_disk_that_stays_full_says_what_is_lost(tmp_path: Path, monkeypatch) -> None:
    def full(_fd: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    journal = lines.Journal(tmp_path, lines.Start(uid="u", name="n", at=1))
    monkeypatch.setattr(lines.os, "write", full)
    with pytest.warns(RuntimeWarning, match="No space left on device; tried again"):
        journal.append(lines.Param("a", "1"))
    journal.append(lines.Param("b", "2"))  # said once
    with pytest.warns(RuntimeWarning, match=r"the last 2 lines of .* are lost"):
        journal.close()


def test_folder_that_cannot_be_written_is_said_before_the_training(project: Project) -> None:
    project.home.mkdir()
    (project.home / "journal").write_text("a file in its place")
    with pytest.raises(MlopsError, match="cannot write the journal") as error, mlops_nb.run():
        raise AssertionError("the body must not run")
    assert "writable" in error.value.hint
    assert mlops_nb.tracking.current.current() is None


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts")
@pytest.mark.slow
def test_read_only_file_system(stored: Project) -> None:
    with mlops_nb.run("before"):
        pass
    sync.sync(stored)
    with mlops_nb.run("waiting"):
        pass
    root = str(stored.root)
    mounted = subprocess.run(["mount", "--bind", root, root], capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("mounting is not allowed here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", root], check=True)
        with pytest.raises(MlopsError, match="Read-only file system"), mlops_nb.run():
            pass
        with pytest.raises(MlopsError, match=r"the journals are kept|cannot use the store"):
            run_table(load_project(stored.root))
    finally:
        subprocess.run(["umount", root], check=True)
    assert {run.name for run in run_table(stored)} == {"before", "waiting"}


_BUSY = """
import sys, mlops_nb
with mlops_nb.run(sys.argv[0] or "kernel") as run:
    print(run.uid, flush=True)
    for i in range(3000):
        mlops_nb.log_metric("m", i)
"""


@pytest.mark.slow
def test_two_kernels_in_one_project(stored: Project) -> None:
    both = [_python(_BUSY) for _ in range(2)]
    uids = [process.stdout.readline().strip() for process in both]  # type: ignore[union-attr]
    while any(process.poll() is None for process in both):
        sync.sync(stored)
    for process in both:
        process.communicate()
    sync.sync(stored)
    assert sorted(run.uid for run in runs.list_runs(stored)) == sorted(uids)
    for uid in uids:
        record = runs.get_run(stored, uid)
        assert record.status == "FINISHED"
        assert len(_points(stored, record.run_id, "m")) == 3000


@pytest.mark.slow
def test_copied_project_has_its_own_files_and_runs(stored: Project, tmp_path_factory) -> None:
    with mlops_nb.run("old"):
        mlops_nb.log_text("old", "a.txt")
    sync.sync(stored)
    with mlops_nb.run("waiting") as waiting:
        mlops_nb.log_text("kept", "b.txt")
        mlops_nb.log_metric("m", 1)
        sync.sync(stored)
        copy = tmp_path_factory.mktemp("copy") / "project"
        shutil.copytree(stored.root, copy)
        other = load_project(copy)
        # The writer is at work in the other folder: it is not taken for dead.
        assert sync.sync(other).live == [waiting.uid]
        mlops_nb.log_metric("m", 2)
    record = runs.get_run(other, "old")
    assert runs.download(other, record.run_id, "a.txt").is_relative_to(copy)
    half = runs.get_run(other, "waiting")
    assert _points(other, half.run_id, "m") == [(0, 1.0)]
    assert runs.download(other, half.run_id, "b.txt").read_text() == "kept"
    sync.sync(stored)
    whole = runs.get_run(stored, "waiting")
    assert len(_points(stored, whole.run_id, "m")) == 2
    assert runs.download(stored, whole.run_id, "b.txt").is_relative_to(stored.root)


@pytest.mark.slow
def test_copy_of_a_dead_writer_is_killed_in_the_copy(stored: Project, tmp_path_factory) -> None:
    process = _python(
        "import mlops_nb\nmlops_nb.run('dead').__enter__()\nprint(flush=True)\ninput()"
    )
    process.stdout.readline()  # type: ignore[union-attr]
    copy = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(stored.root, copy)
    process.kill()
    process.communicate()
    assert len(sync.sync(load_project(copy)).killed) == 1


@pytest.mark.slow
def test_clock_that_goes_backwards(stored: Project, monkeypatch) -> None:
    clock = iter(range(10**9, 0, -1000))
    monkeypatch.setattr(active, "now_ms", lambda: next(clock))
    with mlops_nb.run("back"):
        for i in range(20):
            mlops_nb.log_metric("m", i)
        for _ in range(5):
            mlops_nb.log_metric("same", 1.0, step=0)
    sync.sync(stored)
    record = runs.get_run(stored, "back")
    assert record.metrics["m"] == 19
    assert len(_points(stored, record.run_id, "same")) == 5
    assert record.ended is not None
    assert record.ended >= record.started


@pytest.mark.slow
def test_ten_megabytes_odd_keys_and_refused_ones(stored: Project) -> None:
    huge = "xä" * 5_000_000
    with mlops_nb.run("odd") as run:
        with pytest.warns(UserWarning, match="all of it is in mlops/long/params/huge.txt"):
            mlops_nb.log_param("huge", huge)
        mlops_nb.log_metric("größe/精度 1", 0.5)
        mlops_nb.log_param("schlüssel", "wört\ud800\0")
        for key in ("hits@10", "a" * 251, "", "a//b", "x\n"):
            with pytest.raises(InputError, match="cannot name"):
                mlops_nb.log_metric(key, 1)
        with pytest.raises(InputError, match="beyond what a store can hold"):
            mlops_nb.log_metric("far", 1, step=2**63)
    assert sync.sync(stored).warnings == []
    record = runs.get_run(stored, run.uid)
    assert len(record.params["huge"]) == 6000
    kept = runs.download(stored, record.run_id, "mlops/long/params/huge.txt")
    assert kept.read_text(encoding="utf-8") == huge
    assert record.metrics == {"größe/精度 1": 0.5}
    assert record.params["schlüssel"] == "wört\\ud800\\0"


@pytest.mark.slow
def test_journal_that_breaks_the_store_does_not_hold_up_the_others(stored: Project) -> None:
    with mlops_nb.run("poison") as bad, mlops_nb.run("fine") as good:
        mlops_nb.log_metric("m", 1)
    path = stored.home / "journal" / f"{bad.uid}.jsonl"
    text = path.read_text().replace('{"type":"end"', '{"type":"input","facts":"[]"}\n{"type":"end"')
    path.write_text(text)
    report = sync.sync(stored)
    assert report.finished == [good.uid]
    assert any(bad.uid in warning for warning in report.warnings)
    assert path.exists()


@pytest.mark.slow
def test_store_that_was_thrown_away_is_filled_again(stored: Project, migrated: Path) -> None:
    from mlops_nb.store import connection

    with mlops_nb.run("again") as run:
        mlops_nb.log_metric("m", 1)
        sync.sync(stored)
        connection._client.cache_clear()
        connection._experiment_id.cache_clear()
        for file in stored.home.glob("mlops.db*"):
            file.unlink()
        shutil.copy(migrated, stored.home / "mlops.db")
        mlops_nb.log_metric("m", 2)
    sync.sync(stored)
    assert sync.sync(stored).finished == [run.uid]
    record = runs.get_run(stored, "again")
    assert len(_points(stored, record.run_id, "m")) == 2


_SLOW = """
import time, mlops_nb
began = time.monotonic()
with mlops_nb.run("slow"):
    mlops_nb.log_metric("m", 1)
print(time.monotonic() - began)
"""


@pytest.mark.slow
def test_server_that_never_answers_blocks_no_cell(project: Project, monkeypatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        uri = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        away = load_project(project.root)
        assert follower.ensure_follower(away)
        child = follower._children[away.root][0]
        try:
            process = _python(_SLOW)
            assert float(process.communicate()[0]) < 5
            assert len(sync.journals(project)) == 1
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


@pytest.mark.slow
def test_loading_the_extension_recovers_what_a_killed_kernel_left(stored: Project) -> None:
    process = _python(
        "import mlops_nb\nrun = mlops_nb.run('orphan').__enter__()\n"
        "mlops_nb.log_metric('m', 1)\nprint(run.uid, flush=True)\ninput()"
    )
    uid = process.stdout.readline().strip()  # type: ignore[union-attr]
    process.kill()
    process.communicate()
    loaded = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.instance().run_line_magic('load_ext', 'mlops_nb')\n"
    )
    subprocess.run([sys.executable, "-c", loaded], check=True)
    deadline = time.monotonic() + 60
    while sync.journals(stored) and time.monotonic() < deadline:
        time.sleep(0.1)
    record = runs.get_run(stored, uid)
    assert (record.status, record.metrics) == ("KILLED", {"m": 1.0})


@pytest.mark.slow
def test_list_recovers_and_leaves_other_stores_alone(stored: Project) -> None:
    with mlops_nb.run("listed") as run:
        mlops_nb.log_metric("m", 1)
        sync.sync(stored)
    # Half of it is in one store; a project that changed its server gets all of it there.
    config = Config(experiment="test", tracking_uri=f"sqlite:///{stored.root / 'other.db'}")
    other = Project(root=stored.root, config=config)
    (found,) = run_table(other)
    assert (found.uid, found.status, found.metrics) == (run.uid, "FINISHED", {"m": 1.0})

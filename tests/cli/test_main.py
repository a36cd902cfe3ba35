"""The command line as a whole: what it loads, how it fails, what it exits with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MLOPS = str(Path(sys.executable).parent / "mlops")
HEAVY = ("mlflow", "pandas", "ibis", "plotly", "pydantic", "sklearn", "nbformat", "IPython")


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MLOPS, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_help_and_lint_load_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text('{"cells": [], "nbformat": 4, "nbformat_minor": 5}')
    program = (
        "import sys; from mlops_nb.cli.main import mlops\n"
        "for words in (['--help'], ['lint', 'a.ipynb']):\n"
        "    try: mlops(words, standalone_mode=False)\n"
        "    except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lnit",), "did you mean 'lint'?"),
        (("job", "run", "train"), "mlops init"),
        (("lint", "nothing.ipynb"), "nothing.ipynb"),
        (("run", "show", "nobody"), "nobody"),
        (("model", "show", "nobody"), "nobody"),
        (("data", "drift", "a.csv", "b.csv"), "a.csv"),
        (("rule", "NBX01"), "did you mean"),
    ],
)
def test_a_mistake_is_one_message_and_code_2(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = call(tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 6


def test_a_wrong_configuration_names_file_key_and_the_likely_one(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text('[jobs.train]\nnotebok = "train.ipynb"\n')
    done = call(tmp_path, "job", "list")
    assert done.returncode == 2
    assert "mlops.toml: unknown key 'notebok'" in done.stderr
    assert "did you mean 'notebook'?" in done.stderr


def test_a_store_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    done = call(tmp_path, "run", "list")
    assert done.returncode == 2
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = call(tmp_path, "--debug", "job", "run", "train")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_status_of_a_folder_that_was_never_used(tmp_path: Path) -> None:
    done = call(tmp_path, "status", "--format", "json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["schema"] == 1
    assert document["models"] == []
    assert document["next_step"].startswith("mlops init")
    assert not (tmp_path / ".mlops" / "mlops.db").exists()


WORKS_ON = """
import atexit, sys, threading, time
from mlops_nb.cli.main import run
def late():
    time.sleep(0.5)
    print("thread")
if {thread}:
    threading.Thread(target=late).start()
atexit.register(print, "handler")
sys.argv = ["mlops", *{words!r}]
run()
"""


@pytest.mark.parametrize("thread", [False, True])
@pytest.mark.parametrize(("words", "code"), [(["--version"], 0), (["nothing"], 2)])
def test_the_process_ends_with_all_it_has_to_do(thread: bool, words: list[str], code: int) -> None:
    program = WORKS_ON.format(thread=thread, words=words)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == code
    assert ("version" in done.stdout) == (code == 0)
    assert done.stdout.splitlines()[-1 - thread :] == (["thread"] if thread else []) + ["handler"]


def test_the_process_ends_without_the_interpreters_tidying_up() -> None:
    program = (
        "import sys\n"
        "from mlops_nb.cli.main import run\n"
        "class Late:\n"
        "    def __del__(self): print('taken apart')\n"
        "kept = Late()\n"
        "{more}\n"
        "sys.argv = ['mlops', '--version']\n"
        "run()\n"
    )
    for more, apart in (("", False), ("import sqlite3", True)):
        done = subprocess.run(
            [sys.executable, "-c", program.format(more=more)], capture_output=True, text=True
        )
        assert ("taken apart" in done.stdout) == apart, done.stderr

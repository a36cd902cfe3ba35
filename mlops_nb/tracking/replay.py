"""Running a slice again, in a kernel of its own, without a trace in the project's store."""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.tracking import journal as lines
from mlops_nb.tracking.cellcode import INSTALL
from mlops_nb.tracking.slicefile import Slice

START_SECONDS = 120
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What came out of running a slice again.

    Parameters
    ----------
    metrics : dict
        Last value of every metric; infinity stands as nan, as in the store.
    params : dict
        Parameters, as text.
    data : dict
        Input table → hash of its content.
    error : str
        The error that ended it, as ``Type: message``; empty when there was none.
    failed_cell : int, optional
        Position in the slice of the cell that raised.
    notebook : str
        The executed notebook.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    error: str = ""
    failed_cell: int | None = None
    notebook: str = ""


def replay(
    project: Project,
    slice_: Slice,
    *,
    name: str,
    params: Mapping[str, str],
    python: Path,
    timeout: float,
) -> Replay:
    """Run a slice from top to bottom where its kernel was started, and read what it logged.

    Parameters
    ----------
    project : Project
        The project whose files it reads. Its store is not touched.
    slice_ : Slice
        The cells.
    name : str
        The run looked for among those that the last cell makes.
    params : mapping
        Its parameters, which tell runs of one name apart.
    python : Path
        The interpreter that runs the kernel.
    timeout : float
        Seconds that one cell may take.

    Raises
    ------
    InputError
        The slice is empty, its folder is gone, or the kernel did not start.
    """
    if not slice_.cells:
        raise InputError(f"the slice of run {name!r} holds no cell")
    folder = project.root / str(slice_.surroundings.get("folder", "."))
    if not folder.is_dir():
        raise InputError(f"the folder {folder} that the run was made in is gone")
    with _quiet_home() as home:
        notebook, failure = _execute(slice_, home, folder, python, timeout)
        found = _logged(home / "journal", name, params)
    error, failed_cell = failure
    return Replay(
        **found, error=error, failed_cell=failed_cell, notebook=json.dumps(notebook, indent=1)
    )


@contextmanager
def _quiet_home() -> Iterator[Path]:
    """Make a folder for the journals of a replay, from which no child process syncs."""
    with tempfile.TemporaryDirectory(prefix="mlops-replay-") as name:
        home = Path(name)
        with (home / "sync.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a follower that is started finds one at work
            yield home


def _execute(
    slice_: Slice, home: Path, folder: Path, python: Path, timeout: float
) -> tuple[Any, tuple[str, int | None]]:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    from mlops_nb.kernels import kernels_of

    cells = [nbformat.v4.new_code_cell(without_installs(cell.source)) for cell in slice_.cells]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(
        notebook,
        kernel_manager_class=kernels_of(python),
        kernel_name="python3",
        timeout=max(1, math.ceil(timeout)),
        startup_timeout=START_SECONDS,
        resources={"metadata": {"path": str(folder)}},
    )
    environment = {
        **os.environ,
        "MLOPS_HOME": str(home),
        "MLOPS_TRACKING_URI": f"sqlite:///{home / 'mlops.db'}",
        "MLOPS_STATE_URI": f"sqlite:///{home / 'state.db'}",
    }
    failure: tuple[str, int | None] = ("", None)
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        failure = (f"{error.ename}: {_COLOUR.sub('', error.evalue)}", _last_run(notebook))
    except CellTimeoutError:
        failure = (f"TimeoutError: a cell took more than {timeout:g} s", _last_run(notebook))
    except DeadKernelError:
        failure = ("DeadKernelError: the kernel died", _last_run(notebook))
    except RuntimeError as error:
        raise InputError(f"the kernel of {python} did not start: {error}") from error
    return notebook, failure


def without_installs(source: str) -> str:
    """Return a cell with the lines commented out that would change the environment."""
    return INSTALL.sub(r"\1pass  # left out: \2", source)


def _last_run(notebook: Any) -> int:
    started = [i for i, cell in enumerate(notebook.cells) if "execution" in cell.metadata]
    return started[-1] if started else 0


def _logged(folder: Path, name: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Return what the run of that name logged; of several, the one with these parameters.

    A run that was given no name is called after its notebook, and here there is none: then the
    last run that was started is the one.
    """
    every = [_Logged.read(path) for path in folder.glob("*.jsonl")]
    found = [run for run in every if run.name == name] or every
    same = [run for run in found if run.params == params] or found
    if not same:
        return {}
    chosen = max(same, key=lambda run: run.started)
    return {"metrics": chosen.metrics, "params": chosen.params, "data": chosen.data}


@dataclass(kw_only=True)
class _Logged:
    """One journal, read for what counts here."""

    name: str = ""
    started: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> _Logged:
        made, offset = cls(), 0
        last: dict[str, tuple[int, int]] = {}
        while True:
            entries, end, _ = lines.read(path, offset)
            made._add(entries, last)
            if end == offset:
                break
            offset = end
        described = path.parent / path.stem / "mlops/data.json"
        if described.is_file():
            made.data = hashes(json.loads(described.read_text(encoding="utf-8")))
        return made

    def _add(self, entries: Sequence[lines.Entry], last: dict[str, tuple[int, int]]) -> None:
        for entry in entries:
            match entry:
                case lines.Start():
                    self.name, self.started = entry.name, entry.at
                case lines.Param():
                    self.params.setdefault(entry.key, entry.value)
                case lines.Metric() if (entry.step, entry.at) >= last.get(entry.key, (-1, -1)):
                    last[entry.key] = (entry.step, entry.at)
                    value = float(entry.value)
                    self.metrics[entry.key] = math.nan if math.isinf(value) else value


def hashes(described: Mapping[str, Any]) -> dict[str, str]:
    """Return the hash of each input that a run's ``data.json`` describes."""
    return {item["name"]: item["hash"] for item in described.get("inputs", ())}

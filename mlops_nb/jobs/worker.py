"""The process that executes one notebook and renders its report, told what to do on stdin.

It is started by the supervisor as ``python -m mlops_nb.jobs.worker`` in a session of its own.
Requests are JSON lines on stdin, answers JSON lines on stdout. When stdin ends, the supervisor
is gone, and this process ends itself and everything of its attempt.

SIGINT interrupts the kernel, as Ctrl-C would; SIGTERM saves the notebook as it is and ends.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.config import current_attempt
from mlops_nb.jobs.processes import Tree, adopt_orphans, end_all
from mlops_nb.redaction import Redaction

if TYPE_CHECKING:
    from mlops_nb.jobs.engine import Client, Manager

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_MESSAGE_LIMIT = 2_000
_LINE_LIMIT = 80
LAST_SAVE_SECONDS = 3.0
_MEMORY_ERRORS = ("MemoryError", "_ArrayMemoryError", "OutOfMemoryException")

Send = Callable[[Mapping[str, Any]], None]


def main() -> None:
    """Serve requests until stdin ends."""
    send = _open_channel()
    adopt_orphans()
    _skip_slow_import()
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests,), daemon=True).start()
    # Imported while the supervisor is still checking: the request finds a warm process.
    from mlops_nb.jobs import engine  # noqa: F401

    while True:
        request = json.loads(requests.get())
        if request["do"] == "execute":
            send(_execute(request, send))
        else:
            from mlops_nb.jobs.report import write_report

            write_report(Path(request["folder"]), request["record"], **request["options"])
            send({"event": "reported"})


def _open_channel() -> Send:
    """Keep stdout for answers; whatever else prints there, kernel included, goes to the log."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(answer: Mapping[str, Any]) -> None:
        channel.write(json.dumps(answer) + "\n")
        channel.flush()

    return send


def _skip_slow_import() -> None:
    # nbformat imports jsonschema, which imports every format checker it finds. This one builds a
    # grammar for two seconds and checks nothing that a notebook holds.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def _read_requests(requests: queue.SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        requests.put(line)
    # The supervisor is gone. What was computed so far is worth saving: it can be resumed.
    if callable(signal.getsignal(signal.SIGTERM)):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LAST_SAVE_SECONDS)
    _end_everything()


def _end_everything() -> None:
    """Kill all that the attempt has started, then this process."""
    Tree(os.getpid()).kill()
    attempt = current_attempt()
    if attempt:
        end_all(attempt.attempt, spare=(os.getpid(),))
    os._exit(0)


def _execute(request: Mapping[str, Any], send: Send) -> dict[str, Any]:
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    try:
        book, places, kept = _prepared(request)
    except Exception as error:
        # nbformat answers a notebook that breaks its schema with whatever happens to fail.
        problem = f"the notebook is malformed: {type(error).__name__}: {error}"
        return {"event": "end", "status": "refused", "fault": None, "message": problem}
    running: list[tuple[Manager, Client]] = []
    kills_before = _memory_kills()

    def watch(manager: Manager, client: Client) -> None:
        client.kept = kept
        running.append((manager, client))
        _handle_signals(manager, client)
        if request["report"]:  # while this process waits for the kernel to start
            threading.Thread(target=_warm_up, daemon=True).start()

    try:
        _through_papermill(book, request, watch, send)
    except PapermillExecutionError as error:
        # By now papermill has put cells of its own into the notebook: only the error knows.
        status = "memory" if error.ename in _MEMORY_ERRORS else "failed"
        cell = {"source": error.source, "execution_count": error.exec_count}
        fault = _fault(cell, places[error.cell_index], error.ename, error.evalue)
        return {"event": "end", "status": status, "fault": fault}
    except DeadKernelError:
        return _dead_kernel(*running[0], places, _memory_kills() > kills_before)
    except OSError as error:
        problem = f"the executed notebook could not be saved: {error}"
        return {"event": "end", "status": "failed", "fault": None, "message": problem}
    finally:
        _tidy(running)
    return {"event": "end", "status": "succeeded", "fault": None}


def _warm_up() -> None:
    from mlops_nb.jobs.report import warm_up

    warm_up()


def _through_papermill(
    book: Any,
    request: Mapping[str, Any],
    watch: Callable[[Manager, Client], None],
    send: Send,
) -> None:
    import papermill
    from papermill.engines import papermill_engines

    from mlops_nb.jobs import engine

    attempt = current_attempt()
    papermill_engines.register(engine.NAME, engine.JobEngine)
    papermill.execute_notebook(
        book,
        None,
        engine_name=engine.NAME,
        kernel_name="python3",
        progress_bar=False,
        target=Path(request["output"]),
        redaction=attempt.redaction() if attempt else Redaction(()),
        output_limit=request["output_limit"],
        kernel=request["kernel"],
        seed=request["seed"],
        on_output_limit=lambda: send({"event": "output"}),
        watch=watch,
        on_cell=lambda cell, cells: send({"event": "cell", "cell": cell, "cells": cells}),
    )


def _prepared(request: Mapping[str, Any]) -> tuple[Any, list[int], dict[int, list[Any]]]:
    """Return the notebook to run, where each of its cells was written, and what is not run.

    Cells that are put in, for the parameters and for checkpoints, were written nowhere: -1.
    """
    from papermill.iorw import load_notebook_node

    book = load_notebook_node(request["notebook"])
    book.metadata.papermill["parameters"] = dict(request["parameters"])
    code, resume = request["code"], request["resume"]
    cells: list[Any] = []
    places: list[int] = []
    kept: dict[int, list[Any]] = {}
    for place, cell in enumerate(book.cells):
        if "injected-parameters" in cell.metadata["tags"]:
            continue
        if str(place) in resume["skipped"]:
            kept[len(cells)] = resume["skipped"][str(place)]
        cells.append(cell)
        places.append(place)
        added = []
        if code and "parameters" in cell.metadata["tags"]:
            added.append(_added(code, "injected-parameters"))
            code = ""
        restored = resume["restored"].get(str(place), {})
        if restored:
            added.append(_added(_restoring(restored), "restored-checkpoints"))
        cells += added
        places += [-1] * len(added)
    book.cells = cells
    return book, places, kept


def _added(code: str, tag: str) -> Any:
    import nbformat

    return nbformat.v4.new_code_cell(source=code, metadata={"tags": [tag]})


def _restoring(files: Mapping[str, str]) -> str:
    load = '__import__("mlops_nb.jobs.checkpoint", fromlist=["restore"]).restore'
    lines = [f"{name} = {load}({path!r})" for name, path in sorted(files.items())]
    return "\n".join(["# Checkpoints of the attempt that this one resumes", *lines])


def _handle_signals(manager: Manager, client: Client) -> None:
    def interrupt(_number: int, _frame: object) -> None:
        pid = _kernel_pid(client)
        if pid:
            os.killpg(pid, signal.SIGINT)
        else:
            finish(0, None)

    def finish(_number: int, _frame: object) -> None:
        manager.stop()
        _end_everything()

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, finish)


def _kernel_pid(client: Client) -> int | None:
    provisioner = getattr(client.km, "provisioner", None)
    return getattr(provisioner, "pid", None)


def _dead_kernel(
    manager: Manager, client: Client, places: Sequence[int], memory: bool
) -> dict[str, Any]:
    states = [cell.metadata.papermill.get("status") for cell in manager.nb.cells]
    code = client.kernel_exit
    how = "went away"
    if code is not None:
        how = f"was killed by {_signal_name(-code)}" if code < 0 else f"exited with code {code}"
    if memory and code == -signal.SIGKILL:
        how = "was killed by the system, which had run out of memory"
    index = states.index(manager.FAILED) if manager.FAILED in states else 0
    status = "memory" if memory and code == -signal.SIGKILL else "kernel_died"
    fault = _fault(manager.nb.cells[index], places[index], "KernelDied", f"the kernel {how}")
    return {"event": "end", "status": status, "fault": fault}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _fault(cell: Mapping[str, Any], written: int, name: str, message: str) -> dict[str, Any]:
    lines = (line.strip() for line in cell["source"].splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return {
        "cell": written,
        "execution_count": cell.get("execution_count"),
        "line": first if len(first) <= _LINE_LIMIT else f"{first[: _LINE_LIMIT - 1]}…",
        "name": name,
        "message": _ANSI.sub("", message)[:_MESSAGE_LIMIT],
    }


def _memory_kills() -> int:
    """Return how often the system has killed a process for want of memory, where it says so."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _tidy(running: list[tuple[Manager, Client]]) -> None:
    for _, client in running:
        if client.km is not None and client.km.connection_file:
            shutil.rmtree(Path(client.km.connection_file).parent, ignore_errors=True)


if __name__ == "__main__":
    main()

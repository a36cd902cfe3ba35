"""papermill's engine with two changes: saves go by the clock, and cell states are true.

papermill writes the whole notebook before and after every cell, which for large outputs takes
longer than running it; and it marks the cell in which a kernel died as completed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError
from nbclient.util import ensure_async, run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager

from mlops_nb.jobs.attempt import write_atomically
from mlops_nb.jobs.seeding import seeding
from mlops_nb.kernels import kernels_named, kernels_of
from mlops_nb.redaction import Redaction

NAME = "mlops"
SAVE_SECONDS = 2.0
SAVE_SHARE = 0.1

OnCell = Callable[[int, int], None]
_OUTPUTS = ("stream", "display_data", "execute_result", "update_display_data", "error")


class Manager(NotebookExecutionManager):
    """Keeps the state of the cells and writes the notebook.

    Parameters
    ----------
    nb : NotebookNode
        The notebook being executed.
    path : Path
        Where it is written.
    on_cell : callable
        Told the index of each cell that starts and how many there are.
    redaction : Redaction
        Blacks secrets out of what is written.
    """

    def __init__(self, nb: Any, *, path: Path, on_cell: OnCell, redaction: Redaction) -> None:
        super().__init__(nb, output_path=None, progress_bar=False)
        self.path = path
        self.on_cell = on_cell
        self.redaction = redaction
        self._next_save = 0.0

    def save(self, **_kwargs: object) -> None:
        """Write the notebook if the last time is long enough ago."""
        if time.monotonic() >= self._next_save:
            self.write()

    def autosave_cell(self) -> None:
        """Do as :meth:`save`; called for every message of the kernel."""
        self.save()

    def write(self) -> None:
        """Write the notebook now."""
        began = time.monotonic()
        write_atomically(self.path, self.redaction.text(nbformat.writes(self.nb)))
        ended = time.monotonic()
        self._next_save = ended + max(SAVE_SECONDS, (ended - began) / SAVE_SHARE)

    def cell_start(self, cell: Any, cell_index: int | None = None, **kwargs: object) -> None:
        """Mark a cell as running and tell who watches."""
        super().cell_start(cell, cell_index, **kwargs)
        self.on_cell(cell_index or 0, len(self.nb.cells))

    def notebook_complete(self, **kwargs: object) -> None:
        """Close the notebook's own times and write it for good."""
        # papermill takes a cell that nobody spoke of for completed; here it has not run.
        states = [cell.metadata.papermill for cell in self.nb.cells]
        pending = [state for state in states if state["status"] == self.PENDING]
        super().notebook_complete(**kwargs)
        for state in pending:
            state["status"] = self.PENDING
        self.write()

    def stop(self) -> None:
        """Mark the running cell as failed and write the notebook: the end came from outside."""
        for cell in self.nb.cells:
            state = cell.metadata.get("papermill", {})
            if state.get("status") == self.RUNNING:
                state["status"], state["exception"] = self.FAILED, True
        self.nb.metadata.papermill["exception"] = True
        self.write()


class Client(PapermillNotebookClient):
    """Executes the cells, in order, until one fails or the kernel dies."""

    kernel_exit: int | None = None
    """How the kernel's process ended, if it did so by itself."""
    kept: Mapping[int, list[Any]] = MappingProxyType({})
    """Cells that are not run → the outputs they show instead."""
    room = 0
    """Bytes of output that are left before `on_output_limit` is told; 0: any number."""
    on_output_limit: Callable[[], None]
    seed = 0
    """What the kernel's generators are seeded with."""

    def process_message(self, msg: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Keep an output, unless there are more than the limit allows."""
        if self.room and msg["msg_type"] in _OUTPUTS:
            if self.room < 0:
                return None
            self.room -= _size(msg["content"])
            if self.room <= 0:
                self.room = -1
                self.on_output_limit()
                return None
        return super().process_message(msg, *args, **kwargs)

    def papermill_execute_cells(self) -> None:
        """Execute every cell; one that ends the notebook is marked as failed."""
        # Silent: no cell, no number in brackets. The kernel answers requests in their order.
        run_sync(self._seed_kernel)()
        for index, cell in enumerate(self.nb.cells):
            if index in self.kept:
                cell.outputs = nbformat.from_dict(self.kept[index])
                cell.metadata.papermill["status"] = "skipped"
                continue
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                self._fail(index, error)
                return
            except BaseException as error:
                self._fail(index, error)
                raise
            self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)

    async def _seed_kernel(self) -> None:
        await ensure_async(self.kc.execute(seeding(self.seed), silent=True, store_history=False))

    def _fail(self, index: int, error: BaseException) -> None:
        process = getattr(getattr(self.km, "provisioner", None), "process", None)
        self.kernel_exit = process.poll() if process is not None else None
        cell = self.nb.cells[index]
        self.nb_man.cell_exception(cell, cell_index=index, exception=error)
        self.nb_man.cell_complete(cell, cell_index=index)


def _size(content: Mapping[str, Any]) -> int:
    """Return about how many bytes of the notebook an output takes."""
    text = content.get("text")
    return len(text) if isinstance(text, str) else len(json.dumps(content, default=str))


class JobEngine(Engine):
    """The engine that papermill knows as ``mlops``."""

    @classmethod
    def execute_notebook(
        cls, nb: Any, kernel_name: str, *, watch: Callable[[Manager, Client], None], **kwargs: Any
    ) -> Any:
        """Execute a notebook.

        Parameters
        ----------
        nb : NotebookNode
            The notebook, parameters assigned.
        kernel_name : str
            Kept for papermill; `kernel` names the one that is started.
        watch : callable
            Given the manager and the client before anything runs.
        **kwargs
            ``target`` (Path), ``on_cell``, ``redaction``, ``output_limit`` (bytes),
            ``on_output_limit``, ``kernel`` (an installed one; empty: this interpreter's) and
            ``seed``; the rest is papermill's and not used.
        """
        manager = Manager(
            nb,
            path=kwargs["target"],
            on_cell=kwargs["on_cell"],
            redaction=kwargs["redaction"],
        )
        client = Client(
            manager,
            kernel_manager_class=(
                kernels_named(kwargs["kernel"])
                if kwargs["kernel"]
                else kernels_of(Path(sys.executable))
            ),
            kernel_name=kernel_name,
            timeout=None,
            startup_timeout=kwargs["start_timeout"],
        )
        client.seed = kwargs["seed"]
        client.room, client.on_output_limit = kwargs["output_limit"], kwargs["on_output_limit"]
        watch(manager, client)
        manager.notebook_start()
        try:
            client.execute()
        finally:
            manager.notebook_complete()
        return manager.nb

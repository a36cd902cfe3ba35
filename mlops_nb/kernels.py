"""The door to jupyter_client: kernels of any interpreter, on sockets that take no port."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

_SOCKET_PATH_LIMIT = 90


class _Kernels(AsyncKernelManager):
    """Starts one interpreter, whatever kernels the machine has installed."""

    interpreter = Path(sys.executable)

    def __init__(self, **kwargs: Any) -> None:
        self._folder = tempfile.mkdtemp(prefix="mlops-kernel-")
        if len(self._folder) < _SOCKET_PATH_LIMIT and sys.platform != "win32":
            kwargs["transport"] = "ipc"
        super().__init__(**kwargs, connection_file=str(Path(self._folder) / "kernel.json"))

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=[str(self.interpreter), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
        )

    async def cleanup_resources(self, restart: bool = False) -> None:
        """Remove the folder of the sockets too."""
        await super().cleanup_resources(restart)
        if not restart:
            shutil.rmtree(self._folder, ignore_errors=True)


def kernels_of(python: Path) -> type[Any]:
    """Return the class of kernel managers that start their kernel in an interpreter.

    Parameters
    ----------
    python : Path
        The interpreter, whatever kernels the machine has installed.

    Returns
    -------
    type
        For `kernel_manager_class` of an nbclient or papermill client.
    """
    return type("Kernels", (_Kernels,), {"interpreter": python})

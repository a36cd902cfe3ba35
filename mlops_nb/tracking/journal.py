"""The journal: what a run logs, appended to a file of its own by the process that runs it.

One file per run, ``.mlops/journal/<uid>.jsonl``, one JSON object a line; files that belong to the
run are staged in the folder of the same name. The writer holds a ``flock`` on the file for as long
as it lives, so a free lock means a dead or finished writer. A call is one ``write(2)``: what was
logged before a crash is in the file.
"""

from __future__ import annotations

import fcntl
import math
import os
import platform
import warnings
import weakref
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from mlops_nb.config import current_attempt
from mlops_nb.errors import MlopsError
from mlops_nb.redaction import Redaction

CHUNK_BYTES = 4 * 1024 * 1024
"""How much of a journal is read at once."""

PENDING_BYTES = 64 * 1024 * 1024
"""How much is kept in memory while the disk takes nothing."""


class _Entry(msgspec.Struct, tag_field="type", forbid_unknown_fields=False):
    """One line of a journal; a reader passes over fields it does not know."""


class Writer(msgspec.Struct, array_like=True):
    """Who writes a journal: the machine, the process, and the file's own number."""

    host: str
    pid: int
    inode: int


class Start(_Entry, tag="start"):
    """The first line: the run, and when it began in ms since 1970."""

    uid: str
    name: str
    at: int
    parent: str = ""
    tags: dict[str, str] = {}
    experiment: str = ""
    writer: Writer | None = None


class Metric(_Entry, tag="metric"):
    """A point; a value that JSON has no number for stands as ``nan``, ``inf`` or ``-inf``."""

    key: str
    value: float | str
    step: int
    at: int


class Param(_Entry, tag="param"):
    """A parameter, as text."""

    key: str
    value: str


class Tag(_Entry, tag="tag"):
    """A tag; the last one of a name counts."""

    key: str
    value: str


class Artifact(_Entry, tag="artifact"):
    """A file or folder, staged under the same path that it has among the run's artifacts."""

    path: str


class Input(_Entry, tag="input"):
    """A table that was used: the JSON of :func:`mlops_nb.tracking.data.describe`."""

    facts: str


class Model(_Entry, tag="model"):
    """A fitted model: its staged file and, when given, an example of its input."""

    name: str
    file: str
    example: str = ""


class End(_Entry, tag="end"):
    """The last line: FINISHED, FAILED or KILLED, and when in ms since 1970."""

    status: str
    at: int


Entry = Start | Metric | Param | Tag | Artifact | Input | Model | End

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode
_open_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


def journal_folder(home: Path) -> Path:
    """Return the folder of the journals under a project's ``.mlops``."""
    return home / "journal"


class Journal:
    """The writing end of one run's journal.

    Parameters
    ----------
    home : Path
        The project's ``.mlops``; created when it is missing.
    start : Start
        The first line.

    Raises
    ------
    MlopsError
        The folder cannot be written.
    """

    def __init__(self, home: Path, start: Start) -> None:
        folder = journal_folder(home)
        self.path = folder / f"{start.uid}.jsonl"
        self.staging = folder / start.uid
        self._pending = b""
        self._warned = False
        self._fd = -1
        try:
            self._create(home, folder, start)
        except OSError as error:
            if self._fd >= 0:
                os.close(self._fd)
            raise MlopsError(
                f"cannot write the journal of a run in {folder}: {error.strerror or error}",
                "free some space or make the folder writable, or work in a folder of your own",
            ) from error
        _open_journals.add(self)

    def _create(self, home: Path, folder: Path, start: Start) -> None:
        # Another thread or kernel may be making them at this very moment.
        folder.mkdir(parents=True, exist_ok=True)
        ignore = home / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        attempt = current_attempt()
        # None in nearly every run: what a metric's call asks for must cost next to nothing.
        self.redaction: Redaction | None = (attempt.redaction() if attempt else None) or None
        # Locked before it gets its name: nobody may find it and take its writer for dead.
        hidden = folder / f".{start.uid}.new"
        self._fd = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        start.writer = Writer(platform.node(), os.getpid(), os.fstat(self._fd).st_ino)
        self.append(start)
        hidden.rename(self.path)

    def append(self, entry: Entry) -> None:
        """Write one line. What a full disk does not take waits in memory for the next call."""
        line = _encode(entry) + b"\n"
        if self.redaction is not None:
            line = self.redaction.data(line)
            if isinstance(entry, Artifact):
                self.redaction.file(self.staging / entry.path)
        if self._pending:
            line = self._pending + line
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            if self._fd < 0:
                raise
            self._keep(line, str(error))
            return
        if written == len(line):
            self._pending = b""
        else:  # goes on at this very byte, so that no line is torn
            self._keep(line[written:], "no space left")

    def flush(self) -> None:
        """Make what was written survive a power cut."""
        with suppress(OSError):  # a file system without fsync keeps what it can
            if self._pending:
                self._pending = self._pending[os.write(self._fd, self._pending) :]
            os.fsync(self._fd)

    def close(self) -> None:
        """Flush and give the file up; its writer counts as gone afterwards."""
        if self._fd >= 0:
            self.flush()
            if self._pending:
                lost = self._pending.count(b"\n")
                self.complain(f"the last {lost} lines of {self.path} are lost: no space left")
            os.close(self._fd)
            self._fd = -1
        _open_journals.discard(self)

    def complain(self, what: str) -> None:
        """Warn; a disk that takes nothing must not end the user's training."""
        warnings.warn(what, RuntimeWarning, stacklevel=4)

    def _keep(self, rest: bytes, reason: str) -> None:
        if len(rest) <= PENDING_BYTES:
            self._pending = rest
        if not self._warned:
            self._warned = True
            self.complain(f"cannot write to {self.path}: {reason}; tried again with the next call")

    def _reopen_in_child(self) -> None:
        # The child may log, but must not keep the parent's lock alive after the parent is dead.
        os.close(self._fd)
        with suppress(OSError):
            self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND)


def flush_all() -> None:
    """Flush every journal that this process writes."""
    for journal in list(_open_journals):
        journal.flush()


def _after_fork() -> None:
    for journal in list(_open_journals):
        journal._reopen_in_child()


os.register_at_fork(after_in_child=_after_fork)


def is_live(path: Path) -> bool:
    """Whether the writer of a journal still holds it."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def is_copy_of_live(path: Path, start: Start) -> bool:
    """Whether a journal is a copy, and the process that writes the original still runs here.

    The copy of a project's folder holds no lock of that process.
    """
    writer = start.writer
    if writer is None or writer.host != platform.node() or path.stat().st_ino == writer.inode:
        return False
    try:
        os.kill(writer.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process
        return True
    return True


def read(path: Path, offset: int = 0) -> tuple[list[Entry], int, list[str]]:
    """Read the next lines of a journal.

    Parameters
    ----------
    path : Path
        The journal.
    offset : int
        The byte to begin at, the start of a line.

    Returns
    -------
    entries : list
        At most about :data:`CHUNK_BYTES` of them; empty at the end.
    offset : int
        Where to go on. A last line without its end is not consumed.
    problems : list of str
        Lines that cannot be read and were passed over.
    """
    with path.open("rb") as file:
        file.seek(offset)
        return read_on(file)


def read_on(file: BinaryIO) -> tuple[list[Entry], int, list[str]]:
    """Read the next lines of a journal that is open and stays so; as :func:`read` otherwise."""
    offset = file.tell()
    data = file.read(CHUNK_BYTES)
    if not data.endswith(b"\n") and len(data) == CHUNK_BYTES:
        data += file.readline()
    whole = data[: data.rfind(b"\n") + 1]
    entries: list[Entry] = []
    problems = []
    for line in whole.splitlines():
        if not line:
            continue
        try:
            entries.append(_decode(line))
        except msgspec.DecodeError as error:
            problems.append(
                f"{Path(file.name).name}: a line cannot be read and is ignored ({error})"
            )
    file.seek(offset + len(whole))
    return entries, offset + len(whole), problems


def last_line(path: Path, end: int) -> int:
    """Return where the short line begins that ends at a byte of a journal."""
    with path.open("rb") as file:
        start = max(0, end - CHUNK_BYTES)
        file.seek(start)
        return start + file.read(end - start)[:-1].rfind(b"\n") + 1


def first(path: Path) -> Start | None:
    """Return the first line of a journal, None when it is no start of a run."""
    with path.open("rb") as file:
        line = file.readline()
    try:
        entry = _decode(line)
    except msgspec.DecodeError:
        return None
    return entry if isinstance(entry, Start) and line.endswith(b"\n") else None


def as_stored(value: float) -> float | str:
    """Return a number as a journal holds it."""
    return value if math.isfinite(value) else str(value)

"""``mlops.checkpoint("name", obj)``: what a failed job need not compute again."""

from __future__ import annotations

import hashlib
import json
import keyword
import pickle
from pathlib import Path
from typing import Any, TypeVar

from mlops_nb.config import current_attempt
from mlops_nb.errors import InputError

FOLDER = "checkpoints"
PROTOCOL = 5

Kept = TypeVar("Kept")


def checkpoint(name: str, obj: Kept) -> Kept:
    """Keep an object, so that ``mlops job run NAME --resume`` need not compute it again.

    Outside of a job this does nothing. In a resumed attempt the cells that only computed `name`
    are passed over, and the variable of this name is what was kept. Keep it as the last thing
    that changes the variable.

    Parameters
    ----------
    name : str
        The variable that holds the object.
    obj : object
        Anything that pickle can store; the file stays in the attempt's folder.

    Returns
    -------
    object
        `obj` itself.

    Raises
    ------
    InputError
        The name is no variable's, the object cannot be pickled, or it holds a secret of the job.

    Examples
    --------
    >>> features = checkpoint("features", [1, 2, 3])
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise InputError(
            f"{name!r} is no variable's name", 'mlops.checkpoint("features", features)'
        )
    attempt = current_attempt()
    if attempt is None:
        return obj
    try:
        data = pickle.dumps(obj, protocol=PROTOCOL)
    except Exception as error:
        # Whatever an object's own __reduce__ raises.
        raise InputError(f"checkpoint {name!r} cannot be pickled: {error}") from error
    if attempt.redaction().data(data) != data:
        raise InputError(
            f"checkpoint {name!r} holds a secret of the job", "secrets are never written: drop it"
        )
    folder = attempt.folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    # The data first: a manifest without them would promise what is not there.
    _write(folder / f"{name}.pkl", data)
    manifest = {"schema": 1, "name": name, "bytes": len(data), "sha256": _digest(data)}
    _write(folder / f"{name}.json", json.dumps(manifest).encode())
    return obj


def restore(path: str) -> Any:
    """Return what :func:`checkpoint` kept in a file.

    Parameters
    ----------
    path : str
        The file. Only what a job of this project has written may be opened: a pickle can run code.

    Raises
    ------
    InputError
        The file has changed since it was written.
    """
    file = Path(path)
    data = file.read_bytes()
    if _digest(data) != stored(file.parent).get(file.stem):
        raise InputError(f"checkpoint {file} has changed since it was written")
    return pickle.loads(data)  # noqa: S301 - our own file, its hash checked


def stored(folder: Path) -> dict[str, str]:
    """Return name → SHA-256 of the whole checkpoints in a folder."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            name, digest = str(manifest["name"]), str(manifest["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if (folder / f"{name}.pkl").is_file():
            found[name] = digest
    return found


def _write(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(data)
    aside.replace(path)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

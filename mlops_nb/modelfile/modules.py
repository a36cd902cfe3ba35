"""Which packages a model file is made of, found without building anything from it."""

from __future__ import annotations

import json
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops_nb.errors import InputError


def modules(path: Path) -> set[str]:
    """Return the first parts of the modules whose types a model file names.

    Parameters
    ----------
    path : Path
        A skops file or a pickle; neither is loaded.

    Raises
    ------
    InputError
        It cannot be read as either.
    """
    try:
        found = _skops(path) if zipfile.is_zipfile(path) else _pickle(path)
        return {name.partition(".")[0] for name in found if name}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, RecursionError) as error:
        raise InputError(f"cannot look into the model file {path}: {error}") from error


def _skops(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        schema = json.loads(archive.read("schema.json"))
    return set(_named(schema))


def _named(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        module = node.get("__module__")
        if isinstance(module, str):
            yield module
        for value in node.values():
            yield from _named(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named(value)


def _pickle(path: Path) -> set[str]:
    found: set[str] = set()
    said: list[str] = []
    for operation, argument, _ in pickletools.genops(path.read_bytes()):
        if operation.name == "GLOBAL" and isinstance(argument, str):
            found.add(argument.partition(" ")[0])
        elif isinstance(argument, str):
            said.append(argument)
        elif operation.name == "STACK_GLOBAL":
            # Module and name were put on the stack before; one used twice comes from the memo.
            found.update(text for text in said[-2:-1])
    return {name for name in found if all(part.isidentifier() for part in name.split("."))}

"""Changes to the project's configuration file that leave every other byte of it as it is.

The text is edited by lines; what comes out is read again, and unless it says exactly what was
meant and is valid, nothing is written.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_nb.config.project import Project, parse
from mlops_nb.errors import ConfigError

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"\s*\[[^\[].*")
OWN, TABLE = "mlops.toml", ("tool", "mlops")


def with_table(project: Project, path: Sequence[str], values: Mapping[str, Any]) -> Project:
    """Return the project as it would be with values in one of its tables; nothing is written.

    Parameters
    ----------
    project : Project
        Whose configuration; a project without any gets an ``mlops.toml``.
    path : sequence of str
        The table, below ``[tool.mlops]``: ``("jobs", "train")``.
    values : mapping
        Key → value; None takes the key away. Keys that are not named stay.

    Raises
    ------
    ConfigError
        The file cannot be edited safely, or would not be valid afterwards.
    """
    return _edited(project, path, values)[0]


def write_table(project: Project, path: Sequence[str], values: Mapping[str, Any]) -> Project:
    """Put values into a table of the configuration file and return the project as it is then.

    Parameters and errors as of :func:`with_table`; the file is replaced as a whole.
    """
    edited, text = _edited(project, path, values)
    target = edited.source
    if target is None:
        raise ConfigError("there is no configuration file to write")
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        aside.write_bytes(text.encode())
        if target.exists():
            aside.chmod(target.stat().st_mode & 0o777)
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ConfigError(f"cannot write {target}: {error.strerror or error}") from error
    return edited


def _edited(
    project: Project, path: Sequence[str], values: Mapping[str, Any]
) -> tuple[Project, str]:
    target = project.source or project.root / OWN
    full = (*(() if target.name == OWN else TABLE), *path)
    try:
        before = target.read_bytes().decode() if project.source else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {target}: {error}") from error
    end = "\r\n" if "\r\n" in before else "\n"
    # Not splitlines(), which breaks texts at signs that TOML lets stand in them.
    rows = before.replace("\r\n", "\n").removesuffix("\n").split("\n") if before else []
    lines = _set(rows, full, values)
    text = end.join([*lines, ""]) if lines else ""
    wanted = _wanted(tomllib.loads(before), full, values)
    if _read(text) != wanted:
        table = "\n".join(_table(full, values))
        raise ConfigError(f"{target} is laid out in a way that cannot be edited safely", table)
    return parse(wanted, target, project.root), text


def _wanted(
    document: dict[str, Any], path: Sequence[str], values: Mapping[str, Any]
) -> dict[str, Any]:
    table = document
    for key in path:
        table = table.setdefault(key, {})
    for key, value in values.items():
        table.pop(key, None)
        if value is not None:
            table[key] = value
    return document


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _set(lines: list[str], path: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """Return the lines with the values in their table, which is added when there is none."""
    begin = next((i for i, line in enumerate(lines) if _path_of(line) == tuple(path)), None)
    if begin is None:
        gap = [""] if lines and lines[-1].strip() else []
        return [*lines, *gap, *_table(path, values)]
    for key, value in values.items():
        stop = next((i for i in range(begin + 1, len(lines)) if _HEADER.match(lines[i])
                     or lines[i].lstrip().startswith("[[")), len(lines))  # fmt: skip
        lines = _set_key(lines, begin, stop, key, value)
    return lines


def _set_key(lines: list[str], begin: int, stop: int, key: str, value: Any) -> list[str]:
    starts = re.compile(rf"\s*(?:{re.escape(key)}|\"{re.escape(key)}\")\s*=")
    for first in range(begin + 1, stop):
        if not starts.match(lines[first]):
            continue
        last = next(
            (n for n in range(first + 1, stop + 1) if _read("\n".join(lines[first:n]))), first + 1
        )
        new = [] if value is None else [f"{_key(key)} = {_value(value)}{_comment(lines[first])}"]
        return [*lines[:first], *new, *lines[last:]]
    if value is None:
        return lines
    # After the last line of the table that says something: what follows may be the next one's.
    while stop > begin + 1 and not lines[stop - 1].strip().rstrip("#"):
        stop -= 1
    while stop > begin + 1 and lines[stop - 1].lstrip().startswith("#"):
        stop -= 1
    while stop > begin + 1 and not lines[stop - 1].strip():
        stop -= 1
    return [*lines[:stop], f"{_key(key)} = {_value(value)}", *lines[stop:]]


def _comment(line: str) -> str:
    """Return what stands behind the value of a line that holds all of it."""
    for place in (i for i, sign in enumerate(line) if sign == "#"):
        if _read(line[:place]):
            return f"  {line[place:]}"
    return ""


def _path_of(line: str) -> tuple[str, ...] | None:
    """Return which table a header begins, None for any other line."""
    document = _read(line) if _HEADER.match(line) else None
    found: list[str] = []
    while isinstance(document, dict) and document:
        key, document = next(iter(document.items()))
        found.append(key)
    return tuple(found) or None


def _table(path: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    rows = [f"{_key(k)} = {_value(v)}" for k, v in values.items() if v is not None]
    return [f"[{'.'.join(map(_key, path))}]", *rows]


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(k))} = {_value(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for one sign that TOML will not have unescaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)

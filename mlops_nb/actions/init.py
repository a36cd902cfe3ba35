"""Start a project: configuration, notebooks, playbooks, hooks; monitored from the first day."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from mlops_nb import git
from mlops_nb.config import HOME, load_project
from mlops_nb.errors import InputError

NOTEBOOKS = ("train.ipynb", "score.ipynb", "monitor.ipynb")
FEW = 30
"""With fewer rows, values that differ are no sign of an id."""
IGNORED = (f"{HOME}/", ".ipynb_checkpoints/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was done to one file.

    Parameters
    ----------
    path : Path
        The file.
    done : {"made", "extended", "kept"}
        ``kept``: it was there and already has what is needed.
    """

    path: Path
    done: Literal["made", "extended", "kept"]


def init(root: Path, answers: Mapping[str, str]) -> list[Step]:
    """Make, in an empty or existing folder, what is missing of a project.

    No file of the user's is overwritten: what exists is extended at its end or kept.

    Parameters
    ----------
    root : Path
        The folder; made when it does not exist.
    answers : mapping
        Values for the notebooks' parameters by name (``model_name``, ``data``, ``target`` …), and
        ``owner``: who answers for the models, by default the configured one, else git's user.

    Raises
    ------
    InputError
        The folder cannot be written, a file in it cannot be extended safely, or the data that
        are named lack a column that is named.
    ConfigError
        The configuration that is there is wrong.
    """
    if root.exists() and not root.is_dir():
        raise InputError(f"{root} is a file", "name a folder: mlops init my-project")
    # What could refuse comes before the first file is written.
    configured = load_project(root).config.owner if root.is_dir() else ""
    owner = answers.get("owner") or configured or git.email(root if root.is_dir() else Path.cwd())
    hooks = _pre_commit(root)
    _check_columns(root, answers)
    try:
        root.mkdir(parents=True, exist_ok=True)
        steps = [_configuration(root, owner), _write(root / ".pre-commit-config.yaml", hooks)]
        steps += [_notebook(root, name, answers) for name in NOTEBOOKS]
        steps += _playbooks(root, owner, answers.get("model_name", ""))
        return [*steps, _gitignore(root)]
    except OSError as error:
        raise InputError(f"cannot write to {root}: {error}", "check its permissions") from error


def likely_ids(root: Path, answers: Mapping[str, str]) -> list[str]:
    """Return the columns that have another value in each row, when no id is named.

    A model would learn them as features, and a table with new rows would break its contract.
    Without the data, or with less than :data:`FEW` rows of them, none are known.
    """
    data = _data(root, answers)
    if "id_column" in answers or not data.is_file():
        return []
    try:
        from mlops_nb import frames
    except ModuleNotFoundError:
        return []
    table = frames.open_table(data)
    if frames.rows(table) < FEW:
        return []
    named = {answers.get("target"), answers.get("timestamp_column")}
    return [name for name in frames.identifying(table) if name not in named]


def _data(root: Path, answers: Mapping[str, str]) -> Path:
    # Without the notebooks' folder, which is made later, `..` would lead nowhere.
    return Path(os.path.normpath(root / "notebooks" / answers.get("data", "")))


def _check_columns(root: Path, answers: Mapping[str, str]) -> None:
    data = _data(root, answers)
    named = [answers[key] for key in ("target", "id_column", "timestamp_column") if key in answers]
    named += [name.strip() for name in answers.get("groups", "").split(",") if name.strip()]
    if not data.is_file() or not named:
        return  # the data may come later
    try:
        from mlops_nb.frames import open_table
    except ModuleNotFoundError:
        return  # a project can be begun with the base install; the first job will tell
    open_table(data, required=named)


def _template(name: str) -> str:
    return (files("mlops_nb") / "templates" / name).read_text(encoding="utf-8")


def _write(path: Path, text: str | None) -> Step:
    """Write a file's new text; None: leave it as it is."""
    if text is None:
        return Step(path=path, done="kept")
    done: Literal["made", "extended"] = "extended" if path.exists() else "made"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return Step(path=path, done=done)


def _playbooks(root: Path, owner: str, model: str) -> list[Step]:
    """Copy the playbooks, with their owner and the model's name filled in."""
    steps = []
    for entry in sorted(
        (files("mlops_nb") / "templates/playbooks").iterdir(), key=lambda e: e.name
    ):
        path = root / "playbooks" / entry.name
        text = _owned(entry.read_text(encoding="utf-8"), "owner:", owner)
        if model:
            text = re.sub(r"\bMODEL\b", lambda _: shlex.quote(model), text)
        steps.append(_write(path, None if path.exists() else text))
    return steps


def _owned(text: str, key: str, owner: str) -> str:
    """Fill the first empty owner in; TOML and YAML write text in quotes as JSON does."""
    return text.replace(f'{key} ""', f"{key} {json.dumps(owner, ensure_ascii=False)}", 1)


def _configuration(root: Path, owner: str) -> Step:
    own, shared = root / "mlops.toml", root / "pyproject.toml"
    if own.is_file():
        return Step(path=own, done="kept")
    before = shared.read_text(encoding="utf-8") if shared.is_file() else ""
    if re.search(r"^\[tool\.mlops[\].]", before, flags=re.MULTILINE):
        return Step(path=shared, done="kept")
    return _write(shared, _joined(before, _owned(_template("pyproject.toml"), "owner =", owner)))


def _pre_commit(root: Path) -> str | None:
    path = root / ".pre-commit-config.yaml"
    entry = _template("pre-commit.yaml")
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    if "id: mlops-lint" in before:
        return None
    if not before.strip():
        return f"repos:\n{entry}"
    keys = re.findall(r"^([A-Za-z_]+):", before, flags=re.MULTILINE)
    if keys[-1:] != ["repos"] or not re.search(r"^ {2}- repo:", before, flags=re.MULTILINE):
        raise InputError(
            f"{path} is laid out in a way that cannot be extended safely",
            f"add this under `repos:` yourself, then run `mlops init` again:\n{entry}",
        )
    return _joined(before, entry, blank=False)


def _notebook(root: Path, name: str, answers: Mapping[str, str]) -> Step:
    path = root / "notebooks" / name
    if path.exists():
        return Step(path=path, done="kept")
    content = json.loads(_template(f"notebooks/{name}"))
    for cell in content["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            _answer(cell, answers)
    return _write(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _answer(cell: dict[str, Any], answers: Mapping[str, str]) -> None:
    """Replace the defaults of a parameters cell, line by line, by the user's answers."""
    for number, line in enumerate(cell["source"]):
        match = re.match(r'(\w+) = "[^"]*"', line)
        if match and match[1] in answers:
            value = json.dumps(answers[match[1]], ensure_ascii=False)
            cell["source"][number] = f"{match[1]} = {value}{line[match.end() :]}"


def _gitignore(root: Path) -> Step:
    path = root / ".gitignore"
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    missing = [line for line in IGNORED if line not in before.splitlines()]
    text = _joined(before, "\n".join(missing) + "\n", blank=False) if missing else None
    return _write(path, text)


def _joined(before: str, after: str, *, blank: bool = True) -> str:
    if not before:
        return after
    return before.rstrip("\n") + ("\n\n" if blank else "\n") + after

"""A copy of a project in which things may be broken: own store, own state, no routes, no secrets.

What is done in it reaches neither the project nor the outside world. Routes write to a file of the
copy, credentials are taken out of the environment, secrets of jobs are replaced, jobs start no
others, and where the system allows it, its processes have no network.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlops_nb.config import HOME, Project, load_project, raw_configuration
from mlops_nb.errors import InputError
from mlops_nb.state import audit
from mlops_nb.store.embedded import copy_store, sqlite_path

_COPIED = ("predictions", "labels")
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "*.egg-info")
_CREDENTIAL = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|ACCESS_KEY|PRIVATE_KEY", re.I)
_OURS = re.compile(r"(MLOPS|MLFLOW)_")
SECONDS = 3600
"""Longest that one command may take."""


@dataclass(slots=True, kw_only=True)
class Sandbox:
    """A copy of a project; made by :func:`sandbox`.

    Parameters
    ----------
    project : Project
        The copy.
    environment : mapping
        What its processes get.
    network : {"none", "shared"}
        Whether they can reach anything.
    commands : list of dict
        What was run: ``command``, ``exit_code``, ``seconds``.
    """

    project: Project
    environment: Mapping[str, str]
    network: str
    commands: list[dict[str, Any]] = field(default_factory=list)

    def run(self, *words: str) -> tuple[int, str]:
        """Run an ``mlops`` command in the copy; return its exit code and what it said.

        Raises
        ------
        InputError
            It took too long.
        """
        program = "from mlops_nb.cli.main import main; main()"
        command = [sys.executable, "-c", program, *words]
        began = time.monotonic()
        try:
            done = subprocess.run(
                [*(_WITHOUT_NETWORK if self.network == "none" else ()), *command],
                cwd=self.project.root,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise InputError(
                f"mlops {' '.join(words)} took over {SECONDS} s in the sandbox"
            ) from error
        seconds = round(time.monotonic() - began, 1)
        told = {"command": shlex.join(["mlops", *words]), "exit_code": done.returncode}
        self.commands.append({**told, "seconds": seconds})
        return done.returncode, (done.stdout + done.stderr).strip()

    def told(self) -> str:
        """Return what the routes would have sent."""
        log = self.project.home / "alerts.log"
        return log.read_text(encoding="utf-8") if log.is_file() else ""


# Loopback stays, for kernels whose sockets have a path that is too long.
_WITHOUT_NETWORK = (
    "unshare", "--net", "--map-root-user", "--",
    "sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh",
)  # fmt: skip


@contextmanager
def sandbox(project: Project) -> Iterator[Sandbox]:
    """Open a copy of a project, removed at the end of the block.

    Parameters
    ----------
    project : Project
        The project; its store must be the embedded one.

    Raises
    ------
    InputError
        The store is a server's, or there is no room for a copy.
    StoreError
        The store's files lie elsewhere than beside it.
    """
    database = sqlite_path(project.tracking_uri)
    if database is None or not database.is_file():
        raise InputError(
            "a sandbox needs the project's own embedded store to copy, which is "
            + ("a server here" if database is None else "not there yet"),
            "drill in a project whose store is SQLite, with a champion: mlops job run train",
        )
    with TemporaryDirectory(prefix="mlops-drill-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve() / project.root.name
        try:
            _copy_tree(project, root)
            copy_store(database, root / HOME / "mlops.db")
        except (OSError, shutil.Error) as error:
            text = str(error)[:300]
            raise InputError(f"the project cannot be copied to {root}: {text}", "TMPDIR") from error
        (root / "mlops.toml").write_text(_configuration(project), encoding="utf-8")
        environment = _environment(project, root)
        _ = project.state_uri  # read while `MLOPS_…` still speaks of it
        with _without_ours():
            copied = load_project(root)
            audit.copy(project, copied)
            network = "none" if _can_be_cut_off() else "shared"
            yield Sandbox(project=copied, environment=environment, network=network)


def _copy_tree(project: Project, root: Path) -> None:
    environments = {path.parent.name for path in project.root.glob("*/pyvenv.cfg")}

    def left_out(folder: str, names: list[str]) -> set[str]:
        ignored = set(_LEFT_OUT(folder, names))
        return ignored | (environments if Path(folder) == project.root else set())

    shutil.copytree(project.root, root, ignore=left_out)
    for name in _COPIED:
        if (project.home / name).is_dir():
            shutil.copytree(project.home / name, root / HOME / name)


def _configuration(project: Project) -> str:
    """Return the project's configuration as that of the copy: nothing in it leads outside."""
    values = dict(raw_configuration(project))
    for name in ("tracking-uri", "state-uri"):
        values.pop(name, None)
    values["experiment"] = project.experiment
    alerts = dict(values.get("alerts", {}))
    alerts.pop("heartbeat", None)
    alerts["routes"] = dict.fromkeys(project.config.alerts.routes, "local")
    values["alerts"] = alerts
    # A drill takes one step at a time; what a job would start is not part of it.
    without = ("after", "schedule", "grace", "freshness")
    values["jobs"] = {
        name: {key: value for key, value in job.items() if key not in without}
        for name, job in values.get("jobs", {}).items()
    }
    return "".join(f"{_toml_key(key)} = {_toml(value)}\n" for key, value in values.items())


def _toml(value: object) -> str:
    """Write a value that was read from TOML; tables stand in one line."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_toml_key(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str):
        return _toml_key(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _toml_key(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _environment(project: Project, root: Path) -> dict[str, str]:
    """Return the environment without our settings and without anything that opens a door."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not _OURS.match(name) and not _CREDENTIAL.search(name)
    }
    for job in project.config.jobs.values():
        for place in job.secrets.values():
            kept[place.removeprefix("env:")] = "a-secret-of-the-drill"
    return {**kept, "MLFLOW_DISABLE_TELEMETRY": "true", "PWD": str(root)}


@contextmanager
def _without_ours() -> Iterator[None]:
    """Let the copy be read here as its own processes will: `MLOPS_HOME` is the original's."""
    ours = {name: os.environ.pop(name) for name in list(os.environ) if _OURS.match(name)}
    try:
        yield
    finally:
        os.environ.update(ours)


@cache
def _can_be_cut_off() -> bool:
    """Whether this system lets a process have a network of its own, which leads nowhere."""
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run([*_WITHOUT_NETWORK, "true"], capture_output=True, check=False, timeout=30)
    return done.returncode == 0

"""Drills of playbooks: what was broken on purpose, what was seen of it, did the repair work."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.jobs.attempt import write_atomically
from mlops_nb.result import Result, Status

FOLDER = "drills"
SCHEMA = 1
_DONE = (Status.PASSED, Status.WARNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill of one playbook.

    Parameters
    ----------
    playbook : str
        The playbook's name.
    model : str
        The model it was drilled with.
    time : datetime
        When it began, in UTC.
    seconds : float
        How long it took.
    fault : str
        What was broken.
    owner : str
        Who answers for the playbook.
    network : str
        ``none`` when the sandbox could not reach any, ``shared`` when the system lets no process
        be cut off.
    results : sequence of Result
        ``drill.alert``, ``.message``, ``.link``, ``.owner``, ``.repair``, ``.recovery``: each
        with its evidence; those after one that failed may be missing.
    commands : sequence of mapping
        What was run in the sandbox: ``command``, ``exit_code``, ``seconds``.
    """

    playbook: str
    model: str
    time: datetime
    seconds: float
    fault: str
    owner: str
    network: str
    results: tuple[Result, ...]
    commands: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether alert, playbook and repair all worked."""
        return bool(self.results) and all(result.status in _DONE for result in self.results)

    def to_dict(self) -> dict[str, Any]:
        """Return the drill as JSON-serialisable values."""
        return {
            "schema": SCHEMA,
            "playbook": self.playbook,
            "model": self.model,
            "time": self.time.isoformat(),
            "seconds": round(self.seconds, 1),
            "passed": self.passed,
            "fault": self.fault,
            "owner": self.owner,
            "network": self.network,
            "results": [result.to_dict() for result in self.results],
            "commands": [dict(command) for command in self.commands],
        }


def keep(project: Project, drill: Drill) -> str:
    """Write a drill down as ``.mlops/drills/<playbook>/<time>.json``; return the path."""
    moment = drill.time.astimezone(UTC).strftime("%Y-%m-%dT%H%M%S.%fZ")
    path = project.home / FOLDER / drill.playbook / f"{moment}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(drill.to_dict(), indent=2, default=str) + "\n")
    return str(path)


def drills(project: Project, playbook: str = "") -> list[Drill]:
    """Return the drills that were held, the newest first.

    Parameters
    ----------
    project : Project
        The project.
    playbook : str, optional
        Only those of this playbook.

    Raises
    ------
    InputError
        A record cannot be read.
    """
    found = []
    for path in (project.home / FOLDER).glob(f"{playbook or '*'}/*.json"):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            found.append(_from_dict(values))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"cannot read the drill {path}: {error!r}") from error
    return sorted(found, key=lambda drill: drill.time, reverse=True)


def latest(held: Sequence[Drill]) -> dict[str, Drill]:
    """Return the newest drill of each playbook, given drills with the newest first."""
    return {drill.playbook: drill for drill in reversed(held)}


def _from_dict(values: Mapping[str, Any]) -> Drill:
    return Drill(
        playbook=values["playbook"],
        model=values["model"],
        time=datetime.fromisoformat(values["time"]),
        seconds=values["seconds"],
        fault=values["fault"],
        owner=values["owner"],
        network=values["network"],
        results=tuple(Result.from_dict(result) for result in values["results"]),
        commands=tuple(values["commands"]),
    )

"""A service and a timer a job. systemd reads calendars, not cron: the timer asks our `tick`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlops_nb.config import Project
from mlops_nb.jobs.export.target import Settings

_STOP_SECONDS = 30
_TICK = """[Unit]
Description=Start what is due in {experiment}

[Timer]
OnCalendar=minutely
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
"""
_SERVICE = """[Unit]
Description={description}
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
WorkingDirectory={folder}
ExecStart={command}
KillSignal=SIGTERM
KillMode=mixed
TimeoutStartSec=infinity
TimeoutStopSec={stop}
"""


def files(project: Project, names: Sequence[str], settings: Settings) -> Mapping[str, str]:
    """Return the units: ``mlops-PROJECT.timer`` ticks, ``mlops-PROJECT@JOB`` runs a job now.

    The due times stay in the project's configuration, with their time zones and what is run of
    those that were missed: a calendar of systemd could not say the half of it.

    Parameters
    ----------
    project : Project
        The project.
    names : sequence of str
        The jobs that may be started by ``systemctl start``.
    settings : Settings
        Where things are.
    """
    stem = f"mlops-{_escaped(project.experiment)}"
    command = _quoted(settings.command)
    common = {"folder": settings.folder.replace("%", "%%"), "stop": _STOP_SECONDS}
    tick = _SERVICE.format(
        description=f"What is due in {_line(project.experiment)}",
        command=f"{command} job tick",
        **common,
    )
    one = _SERVICE.format(
        description=f"Job %i of {_line(project.experiment)}",
        command=f"{command} job run %i",
        **common,
    )
    wanted = "\n".join(f"#   systemctl start {stem}@{name}.service" for name in names)
    return {
        f"{stem}.timer": _TICK.format(experiment=_line(project.experiment)),
        f"{stem}.service": tick,
        f"{stem}@.service": f"# Run one job now:\n{wanted}\n{one}",
    }


def _quoted(text: str) -> str:
    """Quote a word of a command line as systemd reads it: `%` and `$` would stand for more."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if any(c.isspace() or c in "\"'\\;" for c in text) else escaped


def _line(text: str) -> str:
    return " ".join(text.split()).replace("%", "%%")


def _escaped(text: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_.") else "-" for c in text)
    return kept.strip("-.") or "project"

"""Where alerts go: a local log, or any of the services that apprise speaks to."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime

from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError, did_you_mean
from mlops_nb.jobs.alerts import Message

LOCAL = "local"
LOG = "alerts.log"
_ENVIRONMENT = "env:"


def deliver(project: Project, message: Message, routes: Sequence[str] = ()) -> dict[str, str]:
    """Send a message by each of the routes; a route that fails never keeps the others.

    Parameters
    ----------
    project : Project
        Whose ``[tool.mlops.alerts.routes]``.
    message : Message
        What to send.
    routes : sequence of str, optional
        Names of routes; empty: all of them.

    Returns
    -------
    dict of str to str
        Route → what kept the message from it, empty when it was delivered.

    Raises
    ------
    NotFoundError
        There is no route of a name.
    """
    known = project.config.alerts.routes
    for name in routes:
        if name not in known:
            raise NotFoundError(f"unknown alert route {name!r}", did_you_mean(name, known))
    return {name: _send(project, known[name], message) for name in routes or known}


def _send(project: Project, target: str, message: Message) -> str:
    if target == LOCAL:
        return _append(project, message)
    if target.startswith(_ENVIRONMENT):
        variable = target.removeprefix(_ENVIRONMENT)
        target = os.environ.get(variable, "")
        if not target:
            return f"the environment variable {variable} is not set"
    return _notify(target, message)


def _append(project: Project, message: Message) -> str:
    text = " | ".join([message.title, *(line.strip() for line in message.body.splitlines())])
    try:
        project.home.mkdir(parents=True, exist_ok=True)
        with (project.home / LOG).open("a", encoding="utf-8") as stream:
            stream.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")
    except OSError as error:
        return str(error)
    return ""


def _notify(url: str, message: Message) -> str:
    import apprise

    sender = apprise.Apprise()
    with apprise.LogCapture(level=logging.WARNING) as captured:
        try:
            if not sender.add(url):
                return "apprise does not understand its URL"
            if sender.notify(title=message.title, body=message.body):
                return ""
        except Exception as error:
            # A service's client may raise anything; the attempt's own result must stand.
            return f"{type(error).__name__}: {error}"
        said = captured.getvalue().strip().splitlines()
    # The last line says what went wrong; it begins with a time and the level.
    return said[-1].rpartition(" - ")[2] if said else "the service did not take the message"

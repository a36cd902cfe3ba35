"""Where alerts go: a local log, or any of the services that apprise speaks to."""

from __future__ import annotations

import http.client
import logging
import os
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError, did_you_mean
from mlops_nb.jobs.alerts import Message
from mlops_nb.redaction import MINIMUM_LENGTH, Redaction
from mlops_nb.state.deliveries import settle, take_due

LOCAL = "local"
LOG = "alerts.log"
HEARTBEAT_SECONDS = 5.0
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


def flush(project: Project, now: datetime) -> dict[str, str]:
    """Try every message of the outbox whose turn it is; those that fail stay in it.

    Parameters
    ----------
    project : Project
        The project.
    now : datetime
        The moment, aware.

    Returns
    -------
    dict of str to str
        Route → what kept a message from it, for the routes that failed.
    """
    problems: dict[str, str] = {}
    known = project.config.alerts.routes
    for delivery in take_due(project, now):
        message = Message(title=delivery.title, body=delivery.body)
        problem = problems.get(delivery.route, "")
        # A route that has just failed is not waited for again: its messages have a next turn.
        if not problem:
            there = delivery.route in known
            problem = _send(project, known[delivery.route], message) if there else "it is gone"
        settle(project, delivery.id, problem)
        if problem:
            problems[delivery.route] = problem
    return problems


def ping(project: Project) -> str:
    """Tell whoever watches over the ticks that this one is done.

    Returns
    -------
    str
        What kept the word from them, empty when they took it or nobody watches.
    """
    url, problem = _target(project.config.alerts.heartbeat)
    if not url:
        return problem
    if not url.startswith(("http://", "https://")):
        return "the heartbeat is no http(s) URL"
    try:
        with urllib.request.urlopen(url, timeout=HEARTBEAT_SECONDS):  # noqa: S310 - scheme checked
            return ""
    except (OSError, ValueError, http.client.HTTPException) as error:
        return _discreet(url, str(error))


def _discreet(url: str, problem: str) -> str:
    """Return what went wrong without what opens the route: it stands in logs and in the state."""
    parts = urlsplit(url)
    held = [parts.username, parts.password, *parts.path.split("/")]
    held += [value for _, value in parse_qsl(parts.query)]
    if parts.password:  # whatever its length
        held.append(f"{parts.username or ''}:{parts.password}@")
    long = [unquote(one) for one in held if one and len(one) >= MINIMUM_LENGTH]
    return Redaction([url, *long]).text(problem)


def _target(target: str) -> tuple[str, str]:
    """Return what a target stands for, and what is wrong with it."""
    if not target.startswith(_ENVIRONMENT):
        return target, ""
    variable = target.removeprefix(_ENVIRONMENT)
    found = os.environ.get(variable, "")
    return found, "" if found else f"the environment variable {variable} is not set"


def _send(project: Project, target: str, message: Message) -> str:
    if target == LOCAL:
        return _append(project, message)
    url, problem = _target(target)
    try:
        return problem or _discreet(url, _notify(url, message))
    except ValueError:  # no URL at all
        return "apprise does not understand its URL"


def _append(project: Project, message: Message) -> str:
    lines = [*message.title.splitlines(), *message.body.splitlines()]
    text = " | ".join(line.strip() for line in lines)  # one alert, one line: none can be forged
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

"""``mlops alert``: what is wrong, who knows of it, and whether messages get through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_nb.cli.output import echo_json, echo_table, format_option, printable

if TYPE_CHECKING:
    from mlops_nb.state.alerts import Alert


@click.group(epilog="Example: mlops alert list")
def command() -> None:
    """List and acknowledge alerts, test the routes they take."""


def _times(alert: Alert) -> dict[str, str | None]:
    names = ("first_seen", "last_seen", "due", "told", "escalated")
    moments = {name: getattr(alert, name) for name in names}
    return {name: moment.isoformat() if moment else None for name, moment in moments.items()}


@command.command("list", epilog="Example: mlops alert list --all --format json")
@click.option("--all", "resolved", is_flag=True, help="Also those that are over.")
@format_option
def list_all(resolved: bool, output_format: str) -> None:
    """List the alerts, the newest first, and messages that no route has taken yet."""
    from mlops_nb.config import load_project
    from mlops_nb.state.alerts import list_alerts
    from mlops_nb.state.deliveries import undelivered

    project = load_project()
    alerts, waiting = list_alerts(project, resolved=resolved), undelivered(project)
    if output_format == "json":
        from dataclasses import asdict

        rows = [asdict(alert) | _times(alert) for alert in alerts]
        keys = ("attempt", "route", "problem")
        outbox = [dict(zip(keys, message, strict=True)) for message in waiting]
        echo_json({"schema": 1, "alerts": rows, "undelivered": outbox})
        return
    for attempt, route, problem in waiting:
        click.echo(f"route {route} has not taken the message of attempt {attempt}: {problem}")
    if not alerts:
        click.echo("no alerts")
        return
    echo_table(
        ["id", "severity", "status", "model", "finding", "windows", "since (UTC)", "message"],
        [
            [
                alert.id,
                alert.severity,
                alert.status,
                alert.model or "-",
                alert.identity,
                alert.windows,
                f"{alert.first_seen:%Y-%m-%d %H:%M}",
                (alert.message.splitlines() or [""])[0][:100],
            ]
            for alert in alerts
        ],
    )
    alive = sum(alert.status == "open" for alert in alerts)
    click.echo(f"{alive} open; the report of each is in its attempt's folder (--format json)")


@command.command("ack", epilog='Example: mlops alert ack 3 --note "new carrier, data team told"')
@click.argument("number", type=int)
@click.option("--note", default="", help="Who sees to it, or what is being done.")
@format_option
def acknowledge(number: int, note: str, output_format: str) -> None:
    """Say that somebody sees to the alert NUMBER: it triggers nothing any more."""
    from mlops_nb.config import load_project
    from mlops_nb.state import alerts

    alert = alerts.acknowledge(load_project(), number, note)
    if output_format == "json":
        from dataclasses import asdict

        echo_json({"schema": 1, "alert": asdict(alert) | _times(alert)})
    else:
        click.echo(f"alert {alert.id} is acknowledged: {printable(alert.identity)}")


@command.command("show", epilog="Example: mlops alert show 3")
@click.argument("number", type=int)
@format_option
def show(number: int, output_format: str) -> None:
    """Show the alert NUMBER: what is wrong, what to do, and all that happened to it."""
    from dataclasses import asdict

    from mlops_nb.config import load_project
    from mlops_nb.state import alerts
    from mlops_nb.state.alert_events import events

    project = load_project()
    alert = alerts.get(project, number)
    happened = events(project, number)
    if output_format == "json":
        told = [asdict(event) | {"time": event.time.isoformat()} for event in happened]
        echo_json({"schema": 1, "alert": asdict(alert) | _times(alert), "events": told})
        return
    click.echo(f"alert {alert.id}: {printable(alert.identity)}, {alert.severity}, {alert.status}")
    facts = (
        ("why", alert.message),
        ("what to do", alert.advice),
        ("playbook", alert.playbook),
        ("owner", alert.owner),
        ("model", alert.model),
        ("job", alert.job),
        ("report in", alert.folder),
        ("note", alert.note),
    )
    for name, text in facts:
        if text:
            click.echo(f"  {name:<11} {printable(text)}")
    for event in happened:
        note = f": {event.note}" if event.note else ""
        what = event.event.replace("_", " ")
        click.echo(f"  {event.time:%Y-%m-%d %H:%M:%S}  {what} by {event.actor}{printable(note)}")


@command.command("silence", epilog="Example: mlops alert silence 'drift.*' --for 4h --note move")
@click.argument("pattern", required=False)
@click.option("--for", "span", metavar="SPAN", help="How long, as 30m, 4h or 2d.")
@click.option("--note", default="", help="Why.")
@click.option("--lift", type=int, metavar="ID", help="End the silence of this number instead.")
@format_option
def silence(
    pattern: str | None, span: str | None, note: str, lift: int | None, output_format: str
) -> None:
    """Keep alerts quiet whose finding fits PATTERN, or list the silences that hold.

    PATTERN is a glob over findings, as `drift.*`; `MODEL:drift.*` holds for one model only. A
    silenced alert is recorded, sends nothing and starts no job; what is still open when the
    silence ends is told then.
    """
    from datetime import UTC, datetime

    from mlops_nb.config import load_project
    from mlops_nb.errors import InputError
    from mlops_nb.jobs.durations import as_duration
    from mlops_nb.state import silences

    project, now = load_project(), datetime.now(UTC)
    if lift is not None:
        silences.lift(project, lift)
    elif pattern is not None:
        if span is None:
            raise InputError("a silence wants an end", f"mlops alert silence {pattern!r} --for 4h")
        silences.silence(project, pattern, now + as_duration(span, "--for"), note)
    held = silences.silences(project, datetime.now(UTC))
    if output_format == "json":
        from dataclasses import asdict

        rows = [asdict(one) | {"until": one.until.isoformat()} for one in held]
        echo_json({"schema": 1, "silences": rows})
        return
    if not held:
        click.echo("no silences")
        return
    echo_table(
        ["id", "pattern", "until (UTC)", "by", "note"],
        [[o.id, o.pattern, f"{o.until:%Y-%m-%d %H:%M}", o.actor, o.note or "-"] for o in held],
    )


@command.command("test", epilog="Example: mlops alert test chat")
@click.argument("routes", nargs=-1)
@format_option
def test(routes: tuple[str, ...], output_format: str) -> None:
    """Send a test message by the ROUTES, or by all of them; what came of it is kept."""
    from mlops_nb.actions.try_routes import try_routes
    from mlops_nb.config import load_project

    problems = try_routes(load_project(), routes)
    if output_format == "json":
        told = [{"route": name, "problem": problem} for name, problem in problems.items()]
        echo_json({"schema": 1, "routes": told})
    else:
        echo_table(
            ["route", "outcome"],
            [[name, problem or "delivered"] for name, problem in problems.items()],
        )
    raise SystemExit(1 if any(problems.values()) else 0)

"""``mlops alert``: what is wrong, who knows of it, and whether messages get through."""

from __future__ import annotations

import click

from mlops_nb.cli.output import echo_json, echo_table, format_option


@click.group(epilog="Example: mlops alert list")
def command() -> None:
    """List and acknowledge alerts, test the routes they take."""


@command.command("list", epilog="Example: mlops alert list --all --format json")
@click.option("--all", "resolved", is_flag=True, help="Also those that are over.")
@format_option
def list_all(resolved: bool, output_format: str) -> None:
    """List the alerts, the newest first."""
    from mlops_nb.config import load_project
    from mlops_nb.state.alerts import list_alerts

    alerts = list_alerts(load_project(), resolved=resolved)
    if output_format == "json":
        from dataclasses import asdict

        times = ("first_seen", "last_seen", "due")
        rows = [
            asdict(alert) | {name: getattr(alert, name).isoformat() for name in times}
            for alert in alerts
        ]
        echo_json({"schema": 1, "alerts": rows})
        return
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
def acknowledge(number: int, note: str) -> None:
    """Say that somebody sees to the alert NUMBER: it triggers nothing any more."""
    from mlops_nb.config import load_project
    from mlops_nb.state import alerts

    alert = alerts.acknowledge(load_project(), number, note)
    click.echo(f"alert {alert.id} is acknowledged: {alert.identity}")


@command.command("test", epilog="Example: mlops alert test chat")
@click.argument("routes", nargs=-1)
@format_option
def test(routes: tuple[str, ...], output_format: str) -> None:
    """Send a test message by the ROUTES, or by all of them."""
    from mlops_nb.config import load_project
    from mlops_nb.jobs.alerts import Message
    from mlops_nb.jobs.routes import deliver

    project = load_project()
    message = Message(
        title=f"{project.experiment}: test of the alert routes",
        body="Nothing is wrong: this message shows that alerts arrive here.",
    )
    problems = deliver(project, message, routes)
    if output_format == "json":
        told = [{"route": name, "problem": problem} for name, problem in problems.items()]
        echo_json({"schema": 1, "routes": told})
    else:
        echo_table(
            ["route", "outcome"],
            [[name, problem or "delivered"] for name, problem in problems.items()],
        )
    raise SystemExit(1 if any(problems.values()) else 0)

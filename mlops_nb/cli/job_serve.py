"""``mlops job serve``: the ticks in a loop."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.job_many import workers_option
from mlops_nb.cli.output import format_option

if TYPE_CHECKING:
    from mlops_nb.actions.tick_jobs import Ticked


@click.command(epilog="Example: mlops job serve --every 30 --port 8787")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    help="Seconds from tick to tick.",
)
@workers_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the health page.")
@click.option(
    "--port", type=int, default=8787, show_default=True, help="Its port; 0 for any that is free."
)
@format_option
def serve(every: float, workers: int | None, host: str, port: int, output_format: str) -> None:
    """Do what `mlops job tick` does, again and again, until SIGTERM or Ctrl-C.

    `/healthz` answers 200 while the ticks come, else 503. Jobs that run at the end are cancelled,
    their notebooks saved. Several of these, on one machine or on many that share a state in
    PostgreSQL, run each due time once. With `--format json` every line is one document.
    """
    from mlops_nb.actions.serve_jobs import serve as serve_jobs
    from mlops_nb.actions.tick_jobs import default_workers
    from mlops_nb.config import load_project

    as_json = output_format == "json"

    def on_listen(listening: int) -> None:
        url = f"http://{host}:{listening}/healthz"
        click.echo(json.dumps({"event": "listening", "url": url}) if as_json else f"serving, {url}")

    def on_tick(done: list[Ticked], problems: list[str]) -> None:
        for one in done:
            click.echo(json.dumps(_document(one)) if as_json else _line(one))
        for problem in problems:
            document = {"event": "problem", "message": problem}
            click.echo(json.dumps(document) if as_json else f"warning: {problem}")

    serve_jobs(
        load_project(),
        every=every,
        workers=workers or default_workers(),
        host=host,
        port=port,
        on_listen=on_listen,
        on_tick=on_tick,
    )


def _line(one: Ticked) -> str:
    status = one.record.status.value if one.record else "left to another process"
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M:%S} {one.job} due {one.due:%Y-%m-%d %H:%M} UTC: {status}"


def _document(one: Ticked) -> dict[str, object]:
    return {
        "event": "ended",
        "job": one.job,
        "due": one.due.isoformat(),
        "missed": one.missed,
        "status": one.record.status.value if one.record else None,
        "attempt": one.record.attempt if one.record else None,
    }

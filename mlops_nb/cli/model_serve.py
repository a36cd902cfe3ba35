"""``mlops model serve``: answers over HTTP, every one of them in the predictions log."""

from __future__ import annotations

import click


@click.command(
    "serve", epilog="Example: mlops model serve flights@champion --shadow flights@challenger"
)
@click.argument("reference")
@click.option("--shadow", default="", help="A version that scores silently beside it.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=5000,
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that answer.",
)
@click.option(
    "--flush-seconds",
    type=click.FloatRange(min=0.05),
    default=10.0,
    show_default=True,
    help="Seconds that answers wait before they are logged.",
)
@click.option(
    "--allow-pickle",
    is_flag=True,
    help="Also serve a model stored as a pickle; loading it runs the code inside.",
)
def serve(
    reference: str,
    shadow: str,
    host: str,
    port: int,
    workers: int,
    flush_seconds: float,
    allow_pickle: bool,
) -> None:
    """Serve a version by MLflow's own model server: POST /invocations, GET /ping.

    Answers hold prediction, score and prediction_id; they and the rows asked for are written to
    the predictions log, off the path of the request. The server asks for no password: put it
    behind something that does before others can reach it.
    """
    from mlops_nb.actions.serve import serve as run_server

    run_server(
        reference,
        shadow=shadow,
        host=host,
        port=port,
        workers=workers,
        flush_seconds=flush_seconds,
        allow_pickle=allow_pickle,
    )

"""``mlops model register``: from a run to a version with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_nb.cli.output import echo_json, figures, format_option, pickle_option
from mlops_nb.errors import InputError

if TYPE_CHECKING:
    from mlops_nb.registry.versions import ModelVersion


@click.command(
    "register",
    epilog="Example: mlops model register train-42 flights --reference train.parquet "
    "--holdout later.parquet --label late --group carrier",
)
@click.argument("run")
@click.argument("name")
@click.option("--reference", required=True, metavar="TABLE", help="Training rows (Parquet, CSV).")
@click.option("--holdout", required=True, metavar="TABLE", help="Labelled rows not fitted on.")
@click.option("--label", required=True, help="Column of the truth.")
@click.option("--group", "groups", multiple=True, help="Column to tell the metrics apart by.")
@click.option("--time", help="Column that orders the training rows; it is no feature.")
@click.option("--threshold", type=float, help="Score from which a row counts as positive.")
@click.option(
    "--contract",
    type=click.Path(path_type=Path),
    help="Data contract that rows to be scored must keep to.",
)
@click.option("--owner", default="", help="Who answers for the model.")
@click.option("--intended-use", default="", help="What it is for.")
@click.option("--limits", default="", help="What it must not be used for.")
@click.option("--period", default="", help="The time the training rows are from.")
@pickle_option
@format_option
def register(run: str, name: str, output_format: str, **given: Any) -> None:
    """Make the model of a RUN a version of NAME, with its evidence.

    In a notebook RUN and the tables may be variables: %mlops model register clf flights
    --reference train --holdout later --label late
    """
    version = _register(run, name, given, {})
    if output_format == "json":
        echo_json({"schema": 1, "version": version.to_dict()})
    else:
        click.echo(f"registered {version.label} @challenger: {figures(version.metrics, 4)}")
        click.echo(f"next: mlops model evaluate {name}@challenger")


def answer(words: Sequence[str], namespace: Mapping[str, Any]) -> Callable[[], ModelVersion]:
    """Return what answers ``%mlops model register …`` with the version.

    Parameters
    ----------
    words : sequence of str
        What follows ``register``.
    namespace : mapping
        The notebook's names: runs, fitted models and tables may be among them.

    Raises
    ------
    InputError
        An option is missing or cannot be read.
    """
    try:
        given = register.make_context("register", list(words)).params
    except click.ClickException as error:
        raise InputError(error.format_message(), "%mlops model register --help") from None
    run, name, _ = (given.pop(key) for key in ("run", "name", "output_format"))
    source = namespace.get(run)
    # A run's name may be that of a table too.
    known = hasattr(source, "run_id") or hasattr(source, "predict")
    return lambda: _register(source if known else run, name, given, namespace)


def _register(
    source: Any, name: str, given: Mapping[str, Any], namespace: Mapping[str, Any]
) -> ModelVersion:
    from mlops_nb.actions.register import register_model

    options = dict(given)
    stated = {key: options.pop(key) for key in ("owner", "intended_use", "limits", "period")}
    tables = {key: _table(options.pop(key), namespace) for key in ("reference", "holdout")}
    return register_model(source, name, **tables, **options, card=stated)


def _table(word: str, namespace: Mapping[str, Any]) -> Any:
    from mlops_nb import frames

    return frames.open_table(namespace.get(word, word)).execute()

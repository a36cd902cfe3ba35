"""``mlops rehearse``: a past period under another policy, before it is lived with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_nb.cli.output import echo_json, format_option
from mlops_nb.errors import InputError

if TYPE_CHECKING:
    from mlops_nb.actions.rehearsed import Rehearsal

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command(
    epilog="Example: mlops rehearse churn --from 2026-01-01 --to 2026-03-31 --policy calm.toml"
)
@click.argument("model")
@click.option("--from", "start", type=_DAY, required=True, help="First day.")
@click.option("--to", "end", type=_DAY, required=True, help="Last day.")
@click.option(
    "--policy",
    "file",
    metavar="FILE.toml",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The proposed policy: tables of mlops.toml (monitoring, business, gates, jobs, "
    "lifecycle) with what it changes.",
)
@click.option("--alarm-budget", help="Proposed: such as '2 pages a quarter'.")
@click.option("--window", help="Proposed: length of a window, such as 1d or 1w.")
@click.option(
    "--preset",
    type=click.Choice(["evidence", "psi", "evidently"]),
    help="Proposed: the rule that decides about drift.",
)
@click.option(
    "--margin",
    "margins",
    metavar="FIGURE=FALL",
    multiple=True,
    help="Proposed: how far a figure of performance may fall, such as roc_auc=0.05; repeatable.",
)
@click.option(
    "--retrain-on",
    type=click.Choice(["alert", "new", "never"]),
    help="Proposed: by every verdict with a failure, by one that pages, or never.",
)
@click.option(
    "--retrain-after", type=click.IntRange(min=1), help="Proposed: verdicts in a row it takes."
)
@click.option(
    "--cooldown-days", type=click.FloatRange(min=0), help="Proposed: days between retrainings."
)
@click.option(
    "--report",
    "target",
    metavar="OUT.html",
    type=click.Path(dir_okay=False),
    help="Write a page with the days that were wrong and what each policy did; it needs no "
    "network.",
)
@format_option
def command(
    model: str,
    start: datetime,
    end: datetime,
    file: Path | None,
    margins: Sequence[str],
    target: str | None,
    output_format: str,
    **options: Any,
) -> None:
    """Replay what MODEL predicted in a past period under the present and a proposed policy.

    Says how often each would have paged, and how often for nothing; when it would have retrained;
    which degradations it would have missed; and what all that costs by
    [tool.mlops.lifecycle.costs].
    """
    found = _rehearse(model, start, end, file, margins, options)
    written = found.report(target) if target else None
    if output_format == "json":
        echo_json(found.to_dict())
        return
    click.echo(str(found))
    if written:
        click.echo(f"report  {written}")


def answer(words: list[str]) -> Callable[[], Rehearsal]:
    """Return what answers ``%mlops rehearse …`` with a value.

    Raises
    ------
    InputError
        An option is missing or cannot be read.
    """
    try:
        given = command.make_context("rehearse", words).params
    except click.ClickException as error:
        raise InputError(error.format_message(), "%mlops rehearse --help") from None
    own = ("model", "start", "end", "file", "margins", "target")
    model, start, end, file, margins, target = (given.pop(name) for name in own)
    del given["output_format"]

    def found() -> Rehearsal:
        answered = _rehearse(model, start, end, file, margins, given)
        if target:
            answered.report(target)
        return answered

    return found


def _rehearse(
    model: str,
    start: datetime,
    end: datetime,
    file: Path | None,
    margins: Sequence[str],
    options: Mapping[str, Any],
) -> Rehearsal:
    from mlops_nb.actions.rehearse import rehearse
    from mlops_nb.config import load_project, read_policy

    proposed = _with_options(read_policy(file) if file else {}, options, margins)
    origin = str(file) if file else "the options"
    return rehearse(load_project(), model, start.date(), end.date(), proposed, origin=origin)


def _with_options(
    tables: dict[str, Any], options: Mapping[str, Any], margins: Sequence[str]
) -> dict[str, Any]:
    """Return a policy's tables with what options say above them."""
    places = {
        "alarm_budget": ("monitoring", "alarm-budget"),
        "window": ("monitoring", "window"),
        "preset": ("monitoring", "preset"),
        "retrain_on": ("lifecycle", "policy", "retrain-on"),
        "retrain_after": ("lifecycle", "policy", "retrain-after"),
        "cooldown_days": ("lifecycle", "policy", "retrain-cooldown-days"),
    }
    for option, value in options.items():
        if value is not None:
            _put(tables, places[option], value)
    for text in margins:
        figure, sign, fall = text.partition("=")
        try:
            _put(tables, ("lifecycle", "policy", "margins", figure.strip()), float(fall))
        except ValueError:
            what = "has no figure" if sign else "has no ="
            raise InputError(f"--margin {text!r} {what}", "--margin roc_auc=0.05") from None
    return tables


def _put(tables: dict[str, Any], place: Sequence[str], value: object) -> None:
    *path, key = place
    for name in path:
        tables = tables.setdefault(name, {})
    tables[key] = value

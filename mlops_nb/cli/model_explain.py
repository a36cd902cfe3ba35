"""``mlops model explain``: why a version decides as it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_nb.cli.output import echo_json, echo_table, format_option, pickle_option
from mlops_nb.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.registry.explain import Explainer


@click.command(
    "explain", epilog="Example: mlops model explain flights --rows today.parquet --row 0"
)
@click.argument("reference")
@click.option("--rows", metavar="TABLE", help="Rows to explain; the hold-out by default.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Reasons of all --rows: a file."
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Reasons a row in --output.",
)
@click.option(
    "--row", type=click.IntRange(min=0), help="Explain one row, by its place from 0, with a hint."
)
@click.option("--keep", multiple=True, help="Column that the hint must not change.")
@click.option("--column", "columns", multiple=True, help="How the mean score goes with a column.")
@click.option("--training", metavar="TABLE", help="Compare with models that can be read.")
@pickle_option
@format_option
def explain(
    reference: str,
    rows: str | None,
    output: Path | None,
    top: int,
    row: int | None,
    keep: tuple[str, ...],
    columns: tuple[str, ...],
    training: str | None,
    allow_pickle: bool,
    output_format: str,
) -> None:
    """Tell what a version relies on, and why it decided on rows as it did.

    The comparison with --training, the labelled rows it was fitted on, goes into its card.
    """
    from mlops_nb.registry.explain import explain as load

    why = load(reference, allow_pickle=allow_pickle)
    table = why.holdout if rows is None else _table(rows)
    answer: dict[str, Any] = {"model": why.model.version.label, **_method(why)}
    if output is not None:
        answer["written"] = _write(why, table, output, top)
    if row is not None:
        answer["row"] = _single(why, table, row, keep)
    if columns:
        answer["columns"] = [why.partial_dependence(name).to_dict() for name in columns]
    if training is not None:
        answer["simpler"] = [one.to_dict() for one in why.simpler(_table(training))]
    if len(answer) == len(_method(why)) + 1:
        answer["importance"] = why.importance
    if output_format == "json":
        echo_json({"schema": 1, **answer})
    else:
        _show(answer)


def _method(why: Explainer) -> dict[str, Any]:
    found = why.attribution
    return {
        "method": found.method,
        "exact": found.exact,
        "unit": found.unit,
        "base": [float(value) for value in found.base],
    }


def _write(why: Explainer, table: pd.DataFrame, output: Path, top: int) -> str:
    if output.suffix not in {".parquet", ".csv"}:
        raise InputError(f"cannot write reasons to {output}", "use .parquet or .csv")
    answers = why.model.score(table).join(why.reasons(table, top=top))
    # What the table held of an earlier batch would stand beside the reasons of this one.
    told = table.drop(columns=[name for name in answers if name in table]).join(answers)
    try:
        if output.suffix == ".csv":
            told.to_csv(output, index=False)
        else:
            told.to_parquet(output, index=False)
    except OSError as error:
        raise InputError(f"cannot write {output}: {error.strerror or error}") from error
    return str(output)


def _single(why: Explainer, table: pd.DataFrame, row: int, keep: tuple[str, ...]) -> dict[str, Any]:
    if not 0 <= row < len(table):
        raise InputError(f"there is no row {row}: the table has {len(table):,}", "count from 0")
    one = table.iloc[[row]]
    scored = why.model.score(one)
    answer: dict[str, Any] = {
        "row": row,
        **{str(name): scored[name].tolist()[0] for name in scored},
        "reasons": [reason.to_dict() for reason in why.why(one)],
    }
    if why.model.task != "regression":
        hint = why.counterfactual(one, keep=keep)
        answer["hint"] = None if hint is None else hint.to_dict()
    return answer


def _show(answer: dict[str, Any]) -> None:
    base = ", ".join(f"{value:.4g}" for value in answer["base"])
    unit = f" {answer['unit']}" if answer["unit"] else ""
    click.secho(f"{answer['model']}: {answer['method']}, from {base}{unit}", bold=True)
    if "importance" in answer:
        from mlops_nb.registry.importance import ends

        found = answer["importance"]
        rows = [[i["feature"], i["drop"], *ends(i)] for i in found.get("features", [])]
        echo_table(["column", f"loss of {found.get('metric', '')}", "low", "high"], rows)
    if "row" in answer:
        _show_row(answer["row"])
    for curve in answer.get("columns", []):
        rows = [list(point) for point in zip(curve["values"], curve["mean"], strict=True)]
        echo_table([curve["column"], "mean score"], rows)
    for one in answer.get("simpler", []):
        click.echo(one["advice"])
    if "written" in answer:
        click.echo(f"wrote {answer['written']}")


def _show_row(found: dict[str, Any]) -> None:
    scores = ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in found.items()
        if key not in {"row", "reasons", "hint"}
    )
    click.echo(f"row {found['row']}: {scores}")
    for reason in found["reasons"]:
        click.echo(f"  {reason['reason']}")
    if "hint" in found:
        none = "no change of three columns or fewer would flip the decision"
        click.echo(found["hint"]["hint"] if found["hint"] else none)


def _table(path: str) -> pd.DataFrame:
    from mlops_nb import frames

    rows: pd.DataFrame = frames.open_table(path).execute()
    return rows

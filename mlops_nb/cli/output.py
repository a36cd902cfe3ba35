"""How commands print: one JSON shape or aligned text, colour only on a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print the answer.",
)
pickle_option = click.option(
    "--allow-pickle",
    is_flag=True,
    help="Also load a model stored as a pickle; that runs the code inside.",
)


def echo_json(payload: object) -> None:
    """Print one JSON document; what JSON has no form for is printed as text."""
    click.echo(json.dumps(payload, indent=2, default=str, allow_nan=False))


def echo_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print aligned columns under their headers; the numbers stand to the right."""
    cells = [[_text(value) for value in row] for row in rows]
    widths = [
        max(len(header), *(len(row[i]) for row in cells)) if cells else len(header)
        for i, header in enumerate(headers)
    ]
    right = [
        bool(rows) and all(isinstance(row[i], int | float) or row[i] is None for row in rows)
        for i in range(len(headers))
    ]
    click.secho(_line(headers, widths, right), bold=True)
    for row in cells:
        click.echo(_line(row, widths, right))


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        text.rjust(width) if is_right else text.ljust(width)
        for text, width, is_right in zip(row, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)

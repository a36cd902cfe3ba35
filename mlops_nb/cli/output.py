"""How commands print: one JSON shape or aligned text, colour only on a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)  # and text turned round
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


def figures(metrics: Mapping[str, float], count: int) -> str:
    """Return the first few metrics in one line."""
    return " ".join(f"{name}={value:.3f}" for name, value in list(metrics.items())[:count]) or "-"


def printable(text: str) -> str:
    """Return a text in which what would steer the terminal is spelled out: names come from data."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


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
    return printable(str(value).replace("\n", " "))

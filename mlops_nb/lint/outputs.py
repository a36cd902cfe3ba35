"""The text of stored outputs; pictures are not text."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_nb.notebook import Cell
from mlops_nb.notebook.read import joined
from mlops_nb.stretches import Stretches

_TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex")
MAXIMUM = 1_000_000  # characters of one output that are looked at
# Pictures and programs inside a page: random letters that mean nothing.
_ENCODED = Stretches(string.ascii_letters + string.digits + "+/", 300)
_LONG = 4_000  # characters of a text above which they are looked for
_PROGRAM = re.compile(r"<script\b.*?(?:</script>|\Z)", re.DOTALL)


def output_texts(cell: Cell) -> Iterator[tuple[int, str]]:
    """Yield the position of each output of a cell with what it shows as text."""
    for number, output in enumerate(cell.outputs):
        text = "\n".join(_texts(output))
        if text:
            text = text[:MAXIMUM]
            text = _PROGRAM.sub("…", text) if "<script" in text else text
            yield number, _readable(text) if len(text) > _LONG else text


def _readable(text: str) -> str:
    """Return a text with an ellipsis for each thing that is encoded in letters."""
    parts, at = [], 0
    for start, end in _ENCODED.spans(text):
        parts.append(text[at:start])
        at = end + 2 if text.startswith("==", end) else end + text.startswith("=", end)
    return "…".join([*parts, text[at:]])


def _texts(output: Mapping[str, Any]) -> Iterator[str]:
    yield joined(output.get("text"))
    data = output.get("data")
    if isinstance(data, dict):
        for kind in _TEXTS:
            yield joined(data.get(kind))
        if "application/json" in data:
            yield json.dumps(data["application/json"])
    for key in ("html", "evalue"):  # `html` in notebooks of format 3
        yield joined(output.get(key))
    traceback = output.get("traceback")
    if isinstance(traceback, list):
        yield "\n".join(line for line in traceback if isinstance(line, str))

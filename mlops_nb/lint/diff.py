"""The fixes as a person reads them: cell by cell, sources as lines and outputs as a summary."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_nb.notebook import Cell, Notebook
from mlops_nb.secrets import mask


def diff(before: Notebook, after: Notebook) -> str:
    """Return a unified diff of two states of a notebook, empty when nothing changed.

    Outputs are named and not shown, and secrets are masked: a diff ends up in logs.
    """
    parts = list(_parts(before, after))
    return "".join(_unified(f"{before.path}:{where}", a, b) for where, a, b in parts if a != b)


def _parts(before: Notebook, after: Notebook) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each part with its text before and after."""
    for old, new in _paired(before.cells, after.cells):
        place = f"cell {(old or new).index}"  # type: ignore[union-attr]
        yield place, old.source if old else "", new.source if new else ""
        if old and new:
            yield f"{place} (state)", _state(old, before), _state(new, after)
    yield "metadata", _written(before.metadata), _written(after.metadata)
    yield "format", _rest(before), _rest(after)


def _paired(
    before: Sequence[Cell], after: Sequence[Cell]
) -> Iterator[tuple[Cell | None, Cell | None]]:
    """Pair the cells of two states; a cell without a partner was removed or added."""
    old, new = ([cell.id or cell.source for cell in cells] for cells in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        for offset in range(max(i2 - i1, j2 - j1)):
            yield (
                before[i1 + offset] if i1 + offset < i2 else None,
                after[j1 + offset] if j1 + offset < j2 else None,
            )


def _state(cell: Cell, notebook: Notebook) -> str:
    """Return all there is to a cell besides its text, one line each."""
    raw: Any = notebook.raw
    for key in cell.pointer:
        raw = raw[key]
    rest = {k: v for k, v in raw.items() if k not in ("outputs", "metadata", cell.source_key)}
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)[:200]}" for key, value in rest.items()]
    outputs = [f"output: {_named(output)}" for output in cell.outputs]
    return "\n".join([*lines, *outputs, f"metadata: {_written(cell.metadata)}"])


def _named(output: Mapping[str, Any]) -> str:
    kind = str(output.get("output_type", "unknown"))
    more = output.get("ename") or output.get("name")
    data = output.get("data")
    shown = ", ".join(sorted(data)) if isinstance(data, dict) else (more or "")
    count = output.get("execution_count")
    return f"{kind} ({shown})" + (f" [{count}]" if count is not None else "")


def _rest(notebook: Notebook) -> str:
    return _written({k: v for k, v in notebook.raw.items() if k.startswith("nbformat")})


def _written(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _unified(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        mask(before).splitlines(), mask(after).splitlines(), name, name, lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)

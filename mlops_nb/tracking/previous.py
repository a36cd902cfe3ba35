"""The run before of the same cell: which one it was, and what changed since."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

import msgspec

from mlops_nb.secrets import mask
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.names import TAG_LENGTH, cut

PREVIOUS_TAG = "mlops.previous"
CHANGES_TAG = "mlops.changes"
_SHOWN = 8  # changes named in the tag; the file has all


class Kept(msgspec.Struct):
    """What is kept of a cell's newest run, in ``.mlops/cells``."""

    uid: str
    code: str = ""
    params: dict[str, str] = {}
    metrics: dict[str, float | str] = {}


def link(run: Run, cell: str, code: str) -> None:
    """Tie a run to the one before of the same cell, and keep it for the next.

    Parameters
    ----------
    run : Run
        The run, about to end.
    cell : str
        What tells the cell from others: its id or the run's name, and the notebook's.
    code : str
        The cell's source.
    """
    key = hashlib.sha256(cell.encode()).hexdigest()[:20]
    path = run.project.home / "cells" / f"{key}.json"
    now = Kept(
        uid=run.uid,
        code=mask(code),
        params=run.params,
        metrics={
            k: v if v == v and abs(v) != float("inf") else str(v) for k, v in run.metrics.items()
        },
    )
    before = _load(path)
    if before is not None:
        found = changes(before, now)
        run.set_tag(PREVIOUS_TAG, before.uid)
        run.set_tag(CHANGES_TAG, cut(summary(found), TAG_LENGTH))
        run.log_dict({"schema": 1, "previous": before.uid, **found}, "mlops/changes.json")
    _save(path, now)


def changes(before: Kept, now: Kept) -> dict[str, object]:
    """Return the code's difference, and old and new value of parameters and metrics that differ."""
    diff = unified_diff(
        before.code.splitlines(), now.code.splitlines(), "before", "now", lineterm=""
    )
    return {
        "code": list(diff),
        "params": _differences(before.params, now.params),
        "metrics": _differences(before.metrics, now.metrics),
    }


def summary(found: dict[str, object]) -> str:
    """Return the changes in one line: ``code +2 −1, depth 3 → 5, auc 0.81 → 0.84 (+0.03)``."""
    code = [line for line in found["code"] if line[:3] not in {"+++", "---"}]  # type: ignore[attr-defined]
    added, removed = (sum(line.startswith(sign) for line in code) for sign in "+-")
    parts = [f"code +{added} −{removed}"] if added or removed else []
    for kind in ("params", "metrics"):
        values: dict[str, list[object]] = found[kind]  # type: ignore[assignment]
        parts += [
            f"{key} {_shown(old)} → {_shown(new)}{_delta(old, new)}"
            for key, (old, new) in values.items()
        ]
    more = len(parts) - _SHOWN
    return ", ".join(parts[:_SHOWN]) + (f" and {more} more" if more > 0 else "") or "nothing"


def _differences(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, list[object]]:
    keys = sorted({*old, *new})
    return {key: [old.get(key), new.get(key)] for key in keys if old.get(key) != new.get(key)}


def _delta(old: object, new: object) -> str:
    if isinstance(old, float) and isinstance(new, float):
        return f" ({new - old:+.3g})"
    return ""


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else cut(str(value), 40)


def _load(path: Path) -> Kept | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except (OSError, msgspec.DecodeError):
        return None


def _save(path: Path, kept: Kept) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_bytes(msgspec.json.encode(kept))
        aside.replace(path)
    except OSError:
        return  # the next run of this cell will have none before it

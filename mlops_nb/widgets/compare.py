"""Runs side by side as data of a view."""

from __future__ import annotations

from typing import Any

from mlops_nb.tracking.compare import RunComparison
from mlops_nb.widgets.view import plain


def data(found: RunComparison) -> dict[str, Any]:
    """Return what differs, the curves, the axes and the code of a comparison."""
    return {
        "names": found.names,
        "summary": found.summary(),
        "rows": [[plain(value) for value in row] for row in found.rows()],
        "curves": {
            key: [[[step, plain(value)] for step, value in points] for points in runs]
            for key, runs in found.curves.items()
        },
        "axes": [
            {"label": label, "values": [plain(value) for value in values]}
            for label, values in found.axes().items()
        ],
        "diffs": list(found.diffs),
    }

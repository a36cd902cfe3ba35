"""A comparison of tables as data of a view."""

from __future__ import annotations

from html import unescape
from typing import Any

from mlops_nb.monitoring import charts
from mlops_nb.monitoring.comparison import Comparison
from mlops_nb.monitoring.drifted import Drift
from mlops_nb.widgets.view import column, plain

COLUMNS = 500
"""At most so many columns are listed, the worst first; all are in ``to_dict()``."""

_COLUMNS = [
    column("column"),
    column("status", "status"),
    column("kind"),
    *(column(label, "number") for label in ("js", "psi", "nulls ±")),
    column("decided by"),
    column("q", "number"),
]


def data(found: Drift) -> dict[str, Any]:
    """Return the verdict, the columns and their distributions."""
    listed = found.by_severity()[:COLUMNS]
    left_out = len(found.columns) - len(listed)
    more = [f"{left_out} columns more"] if left_out else []
    return {
        "drifted": found.drifted,
        "status": found.status.value,
        "headline": found.headline(),
        "sizes": f"{found.reference.rows:,} reference rows, {found.current.rows:,} current rows",
        "warnings": [*found.warnings, *more],
        "columns": _COLUMNS,
        "rows": [_row(one) for one in listed],
        "details": {one.column: _details(found, one) for one in listed},
    }


def _row(one: Comparison) -> list[Any]:
    known = [plain(one.statistic[name]) for name in ("js", "psi", "null_rate")]
    decision = one.decision
    told = f"{decision.name} {decision.value:.3g}"
    return [one.column, one.status.value, one.kind, *known, told, plain(decision.q_value)]


def _details(found: Drift, one: Comparison) -> dict[str, Any]:
    now = found.current.columns.get(one.column)
    drawn = charts.shares(found.reference.columns[one.column], now) if now is not None else None
    names, before, after = drawn or ([], [], [])
    pairs = zip(before, after, strict=True)
    return {
        "message": one.message,
        "advice": one.advice,
        "names": [unescape(name) for name in names],  # they are markup for plotly
        "shares": [[a / sum(before), b / sum(after)] for a, b in pairs],
    }

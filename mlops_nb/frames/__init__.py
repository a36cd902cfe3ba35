"""Tables: the one door to ibis and DuckDB.

A table of any origin becomes an ibis table; what the monitor asks of it (moments, histograms,
counts of values, a sample) is computed where the data are and comes back small.
"""

from __future__ import annotations

from mlops_nb.frames.figure import evaluate
from mlops_nb.frames.query import (
    FINITE,
    Kind,
    Moments,
    distinct,
    histograms,
    kinds,
    rows,
    sample,
    summarise,
    to_pandas,
    value_counts,
)
from mlops_nb.frames.rules import (
    Rule,
    count_breaches,
    count_orphans,
    count_repeated,
    examples,
    newest,
)
from mlops_nb.frames.source import open_table, read_table

__all__ = [
    "FINITE", "Kind", "Moments", "Rule", "count_breaches", "count_orphans", "count_repeated",
    "distinct", "evaluate", "examples", "histograms", "kinds", "newest", "open_table",
    "read_table", "rows", "sample", "summarise", "to_pandas", "value_counts",
]  # fmt: skip

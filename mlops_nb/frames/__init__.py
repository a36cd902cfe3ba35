"""Tables: the one door to ibis and DuckDB.

A table of any origin becomes an ibis table; what the monitor asks of it (moments, histograms,
counts of values, a sample) is computed where the data are and comes back small.
"""

from __future__ import annotations

from mlops_nb.frames.figure import evaluate
from mlops_nb.frames.moments import Moments, Summary, extremes, summarise
from mlops_nb.frames.period import by_period, in_periods, span, values_by_period
from mlops_nb.frames.query import (
    FINITE,
    Kind,
    filled,
    kinds,
    longest_gap,
    only,
    repeated_rows,
    rows,
    to_pandas,
    vectors,
)
from mlops_nb.frames.rules import (
    Rule,
    count_breaches,
    count_orphans,
    count_repeated,
    examples,
    newest,
)
from mlops_nb.frames.sampling import sample, sample_numbers
from mlops_nb.frames.source import open_table, read_table
from mlops_nb.frames.values import distinct, identifying, least_hashes, value_counts

__all__ = [
    "FINITE",
    "Kind",
    "Moments",
    "Rule",
    "Summary",
    "by_period",
    "count_breaches",
    "count_orphans",
    "count_repeated",
    "distinct",
    "evaluate",
    "examples",
    "extremes",
    "filled",
    "identifying",
    "in_periods",
    "kinds",
    "least_hashes",
    "longest_gap",
    "newest",
    "only",
    "open_table",
    "read_table",
    "repeated_rows",
    "rows",
    "sample",
    "sample_numbers",
    "span",
    "summarise",
    "to_pandas",
    "value_counts",
    "values_by_period",
    "vectors",
]

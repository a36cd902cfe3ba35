"""Even samples of a table, always the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis

from mlops_nb.frames.query import kinds, one_thread, rows, run, seconds
from mlops_nb.frames.spark import sampled

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray


SPREAD, PLACES = 2654435761, 2**32
"""A multiplicative hash of the row's number chooses it: even, and unlike every n-th row out of step
with anything periodic in the data."""


def sample(table: ibis.Table, size: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return about `size` rows spread over the whole table, always the same ones.

    All rows when there are no more than `size`. Datetime columns come as seconds since 1970.
    """
    frame: pd.DataFrame = _sample(table, size, columns, rows(table)).to_pandas()
    return frame


def sample_numbers(
    table: ibis.Table, size: int, columns: Sequence[str], total: int
) -> dict[str, NDArray[np.float64]]:
    """Return the numbers of :func:`sample` by column, NaN where there is none; without pandas.

    Parameters
    ----------
    total : int
        Rows of the table.
    """
    chosen = _sample(table, size, columns, total)
    # Not every integer of 64 bits has a double of its own: the nearest will do.
    return {name: chosen[name].cast("float64", safe=False).to_numpy() for name in columns}


def chosen_rows(begin: int, count: int, share: float) -> NDArray[np.intp]:
    """Return which of the rows from `begin` on :func:`sample` takes of a table that streams by."""
    import numpy as np

    if share >= 1:
        return np.arange(count)
    place = (np.arange(begin, begin + count) * SPREAD) % PLACES
    return np.flatnonzero(place < int(PLACES * share))


def _sample(table: ibis.Table, size: int, columns: Sequence[str] | None, total: int) -> pa.Table:
    names = list(table.columns if columns is None else columns)
    treated = kinds(table)
    chosen = table.select(**{
        name: seconds(table[name]) if treated[name][0] == "datetime" else table[name]
        for name in names
    })  # fmt: skip
    if total > size and table.get_backend().name == "pyspark":
        return sampled(chosen, size / total)
    if total > size:
        numbered = chosen.mutate(mlops_row=ibis.row_number())
        place = (numbered.mlops_row.cast("int64") * SPREAD) % PLACES
        chosen = numbered.filter(place < int(PLACES * size / total)).drop("mlops_row")
    # To number rows in their order is no work for two.
    with one_thread(table):
        return run(chosen)

"""Even samples of a table, always the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis

from mlops_nb.frames.query import kinds, rows, run, seconds
from mlops_nb.frames.spark import sampled

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray


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
    return {name: chosen[name].cast("float64").to_numpy() for name in columns}


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
        # A multiplicative hash of the row's number: even, and unlike every n-th row out of step
        # with anything periodic in the data.
        numbered = chosen.mutate(mlops_row=ibis.row_number())
        place = (numbered.mlops_row.cast("int64") * 2654435761) % 2**32
        chosen = numbered.filter(place < int(2**32 * size / total)).drop("mlops_row")
    return run(chosen)

"""Moments and histograms of columns as they stream out of DuckDB, which computes in this process.

DuckDB's own `histogram` searches the bounds for each value by itself. To hold a whole chunk of
values against one bound after the other takes a fifth of that time, since a processor compares
several of them at once; and whatever else is asked of the values comes from the same look at them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.frames.query import EXPRESSIONS, FINITE, batched, batches, kinds, number_of
from mlops_nb.frames.sampling import chosen_rows

if TYPE_CHECKING:
    import ibis
    from numpy.typing import NDArray

    Numbers = tuple[NDArray[np.float64], NDArray[np.bool_] | None]
    """Values, and which of them are there: the others may be anything."""

CELLS = 1_000_000
"""Numbers that are held at a time: 8 MB."""
CHUNK = 32_768
"""Numbers that are held against the bounds at a time: they stay in a core's own memory."""


@dataclass(slots=True)
class Running:
    """What has been seen of a column of numbers so far.

    Parameters
    ----------
    edges : sequence of float
        Bounds of its bins; may be none.
    above : array
        Of each bound, the finite values beyond it.
    drawn : list of array, optional
        The rows of the sample, NaN without a value.
    """

    edges: Sequence[float]
    above: NDArray[np.int64]
    drawn: list[NDArray[np.float64]] | None
    rows: int = 0
    infinite: int = 0
    finite: int = 0
    minimum: float = float("inf")
    maximum: float = float("-inf")
    mean: float = 0.0
    squares: float = 0.0

    def add(
        self,
        values: NDArray[np.float64],
        present: NDArray[np.bool_] | None,
        chosen: NDArray[np.intp],
    ) -> None:
        """Take in the next rows, of which some are chosen for the sample.

        Parameters
        ----------
        present : array, optional
            Which rows have a value; all without it.
        """
        self.rows += len(values)
        if self.drawn is not None:
            drawn = values[chosen]
            self.drawn.append(
                drawn if present is None else np.where(present[chosen], drawn, np.nan)
            )
        if present is not None:
            values = values[present]
        # Neither comparison holds when there is a NaN.
        if len(values) and not (values.min() >= -FINITE and values.max() <= FINITE):
            size = np.abs(values)
            self.infinite += int(np.count_nonzero(size > FINITE))
            values = values[size <= FINITE]
        if len(values):
            self._moments(values)
            self._bins(values)

    def _moments(self, values: NDArray[np.float64]) -> None:
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        mean, n, m = float(values.mean()), self.finite, len(values)
        apart = values - mean
        # Chan, Golub and LeVeque (1979): the pairwise update of mean and squares. Not `dot`, whose
        # threads wait for each other.
        self.squares += float(np.einsum("i,i->", apart, apart))
        self.squares += (mean - self.mean) ** 2 * n * m / (n + m)
        self.mean += (mean - self.mean) * m / (n + m)
        self.finite += m

    def _bins(self, values: NDArray[np.float64]) -> None:
        for begin in range(0, len(values), CHUNK):
            some = values[begin : begin + CHUNK]
            for i, edge in enumerate(self.edges):
                self.above[i] += np.count_nonzero(some > edge)

    def counts(self) -> list[int]:
        """Return the finite values in each bin."""
        beyond = [self.finite, *self.above.tolist(), 0]
        return [int(one - two) for one, two in pairwise(beyond)]

    def sampled(self) -> NDArray[np.float64]:
        """Return the rows of the sample."""
        return np.concatenate(self.drawn) if self.drawn else np.zeros(0)


def stream(
    table: ibis.Table, edges: Mapping[str, Sequence[float]], drawn: Collection[str], share: float
) -> dict[str, Running]:
    """Look once at all columns of numbers and datetimes.

    Parameters
    ----------
    edges : mapping
        Column → bounds of its bins.
    drawn : collection of str
        Columns to be sampled.
    share : float
        Share of the rows that the sample takes.
    """
    treated = kinds(table)
    numbers = [name for name, (kind, _) in treated.items() if kind in ("numeric", "datetime")]
    found: dict[str, Running] = {}
    for some in batched(numbers, EXPRESSIONS):
        # A column's name may hold anything: its place does instead.
        wanted = table.select(**{
            str(i): number_of(table[name], treated[name][0], clean=True)
            for i, name in enumerate(some)
        })  # fmt: skip
        group = [_fresh(edges.get(name, ()), name in drawn) for name in some]
        for begin, columns in _batches(wanted):
            chosen = chosen_rows(begin, len(columns[0][0]), share)
            for running, (values, present) in zip(group, columns, strict=True):
                running.add(values, present, chosen)
        found |= zip(some, group, strict=True)
    return found


def _fresh(edges: Sequence[float], drawn: bool) -> Running:
    return Running(edges, np.zeros(len(edges), dtype=np.int64), [] if drawn else None)


def _batches(table: ibis.Table) -> Iterator[tuple[int, list[Numbers]]]:
    """Yield the rows of a table of numbers in parts, and where each begins."""
    begin = 0
    for batch in batches(table, max(1, CELLS // len(table.columns))):
        if batch.num_rows:
            yield begin, [_array(column) for column in batch.columns]
        begin += batch.num_rows


def _array(column: Any) -> Numbers:
    """Look at an Arrow array of numbers as it is; its own `to_numpy` would import pandas."""
    present, data = column.buffers()
    rows = slice(column.offset, column.offset + len(column))
    values = np.frombuffer(data, dtype=np.float64)[rows]
    if not column.null_count:
        return values, None
    bits = np.unpackbits(np.frombuffer(present, dtype=np.uint8), bitorder="little")
    return values, bits[rows].view(np.bool_)

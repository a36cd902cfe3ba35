"""The parts of a column's summary: numbers, values, words. Each merges with its like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_nb.errors import InputError
from mlops_nb.monitoring.cardinality import KEPT, estimate, union
from mlops_nb.monitoring.membership import both

RARE = 5
"""Values with fewer rows are not named: they might name a person."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How much the periods of a reference differ from each other in one figure.

    Parameters
    ----------
    count : int
        Number of periods.
    mean, sd, largest : float
        Of the figure, over the periods.
    """

    count: int
    mean: float
    sd: float
    largest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The finite values of a numeric column, or of a datetime column in seconds since 1970.

    Parameters
    ----------
    minimum, maximum, mean : float, optional
        None without values.
    squares : float
        Sum of squared deviations from the mean.
    edges : tuple of float
        e₁ … eₖ, the bounds of the bins (−∞, e₁], (e₁, e₂], … (eₖ, ∞).
    counts : tuple of int
        Values in each bin.
    means : tuple of float, optional
        Mean of each bin's values; from a sample when the table is large.
    """

    minimum: float | None
    maximum: float | None
    mean: float | None
    squares: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    means: tuple[float | None, ...]

    @property
    def count(self) -> int:
        """Number of finite values."""
        return sum(self.counts)

    @property
    def sd(self) -> float:
        """Population standard deviation, 0 without values."""
        return math.sqrt(self.squares / self.count) if self.count else 0.0

    @property
    def running(self) -> bool:
        """Whether they follow one another as numbers of rows do.

        Told by their count, range and variance, which is (n² − 1) / 12 for n of them.
        """
        n = self.count
        if n < 2 or self.minimum is None or self.maximum != self.minimum + n - 1:
            return False
        return math.isclose(self.squares, n * (n * n - 1) / 12, rel_tol=1e-6)

    def quantile(self, share: float) -> float | None:
        """Return a quantile by linear interpolation within its bin, None without values.

        It is off by no more than the bin that holds it, a twentieth of a reference's rows.
        """
        if self.minimum is None or self.maximum is None:
            return None
        bounds = [self.minimum, *self.edges, self.maximum]
        wanted, passed = share * self.count, 0
        for i, rows in enumerate(self.counts):
            if rows and passed + rows >= wanted:
                low = min(max(bounds[i], self.minimum), self.maximum)
                high = max(min(bounds[i + 1], self.maximum), low)
                return low + (high - low) * (wanted - passed) / rows
            passed += rows
        return self.maximum

    def merge(self, other: Numbers) -> Numbers:
        """Return the summary of both parts; exact but for the bins' means of sampled tables."""
        if self.edges != other.edges:
            raise InputError(
                "profiles on different bins cannot be merged",
                "make them with edges_from= the same reference profile",
            )
        if self.mean is None or other.mean is None:
            return other if self.mean is None else self
        n, m = self.count, other.count
        # Chan, Golub and LeVeque (1979): the pairwise update of mean and squares.
        step = other.mean - self.mean
        bins = zip(self.means, self.counts, other.means, other.counts, strict=True)
        return Numbers(
            minimum=_extreme(min, self.minimum, other.minimum),
            maximum=_extreme(max, self.maximum, other.maximum),
            mean=self.mean + step * m / (n + m),
            squares=self.squares + other.squares + step * step * n * m / (n + m),
            edges=self.edges,
            counts=tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)),
            means=tuple(_weighted(*each) for each in bins),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """The values of a text or boolean column.

    Parameters
    ----------
    distinct : int
        Distinct values; after a merge an estimate where there are many, see `sketch`.
    counts : mapping
        Value → rows, of the values kept.
    other : int
        Rows of all other values.
    picked, picked_other
        The share of these rows that the choice of the kept values was made on. A test leaves them
        out: frequent values picked from a sample are too frequent in that very sample. Empty and 0
        when nothing was left out and so nothing chosen.
    largest_other : int
        Rows of the most frequent value that was not kept.
    seen : str
        Filter of the values that were seen and not kept, see
        :mod:`mlops_nb.monitoring.membership`; empty when there were none or too many.
    novel : mapping
        Frequent values that the reference has not kept, in a profile made on a reference's bins.
    unlisted : int
        Most rows that a value neither kept nor among these can have.
    sketch : str
        What the number of distinct values is merged by, with a standard error of 13 %, see
        :mod:`mlops_nb.monitoring.cardinality`.
    """

    distinct: int
    counts: Mapping[str, int]
    other: int = 0
    picked: Mapping[str, int] = field(default_factory=dict)
    picked_other: int = 0
    largest_other: int = 0
    seen: str = ""
    novel: Mapping[str, int] = field(default_factory=dict)
    unlisted: int = 0
    sketch: str = ""

    @property
    def rows(self) -> int:
        """Rows with a value."""
        return sum(self.counts.values()) + self.other

    @property
    def apart(self) -> tuple[str, ...]:
        """The kept values that a test may hold apart.

        When some rows were left out for the choice, those that are no rarer than :data:`RARE` by
        these rows alone: others were kept because of the very rows that are tested.
        """
        if not self.picked:
            return tuple(self.counts)
        return tuple(name for name in self.counts if self.picked[name] >= RARE)

    @property
    def rare(self) -> tuple[str, ...]:
        """The kept values that are not :attr:`apart`."""
        apart = self.apart
        return tuple(name for name in self.counts if name not in apart)

    def bins(self, names: Sequence[str]) -> list[int]:
        """Return the rows of some kept values, and last of all others together."""
        found = [self.counts[name] for name in names]
        return [*found, self.rows - sum(found)]

    def left_out(self, names: Sequence[str]) -> list[int]:
        """Return how many of the :meth:`bins`' rows the choice of the values was made on."""
        found = [self.picked.get(name, 0) for name in names]
        return [*found, sum(self.picked.values()) + self.picked_other - sum(found)]

    def merge(self, other: Categories) -> Categories:
        """Return the summary of both parts: exact in the counts, an estimate in `distinct`."""
        if list(self.counts) != list(other.counts):
            raise InputError(
                "profiles that keep different values cannot be merged",
                "make them with edges_from= the same reference profile",
            )
        sketched = union(self.sketch, other.sketch)
        return Categories(
            distinct=_together(self.distinct, other.distinct, sketched),
            sketch=sketched,
            counts=_added(self.counts, other.counts),
            other=self.other + other.other,
            picked=_added(self.picked, other.picked),
            picked_other=self.picked_other + other.picked_other,
            largest_other=self.largest_other + other.largest_other,
            seen=both(self.seen, other.seen),
            novel=_added(self.novel, other.novel),
            unlisted=(
                self.unlisted + other.unlisted
                if self.novel.keys() == other.novel.keys()
                else self.largest_other + other.largest_other
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The vocabulary of a text column, from a sample of its texts.

    Parameters
    ----------
    texts : int
        Texts looked at.
    counts : mapping
        Word → texts that hold it: the most frequent words, or those of the reference.
    """

    texts: int
    counts: Mapping[str, int]

    def merge(self, other: Words) -> Words:
        """Return the vocabulary of both parts."""
        if list(self.counts) != list(other.counts):
            raise InputError(
                "profiles that keep different words cannot be merged",
                "make them with edges_from= the same reference profile",
            )
        return Words(texts=self.texts + other.texts, counts=_added(self.counts, other.counts))


def _extreme(pick: Any, one: float | None, two: float | None) -> float | None:
    known = [value for value in (one, two) if value is not None]
    return pick(known) if known else None


def _weighted(one: float | None, n: int, two: float | None, m: int) -> float | None:
    if one is None or two is None:
        return two if one is None else one
    return (one * n + two * m) / (n + m) if n + m else one


def _together(one: int, two: int, sketched: str) -> int:
    """Return how many distinct values two parts have together; an estimate is below their sum.

    It must not say that no value is in both: that is for counting alone.
    """
    found = estimate(sketched)
    if found < KEPT:
        return int(found)
    return max(one, two, min(round(found), one + two - 1))


def _added(one: Mapping[str, int], two: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + two.get(name, 0) for name in (*one, *two)}

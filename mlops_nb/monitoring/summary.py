"""What a profile keeps of one column: counts that add up, in at most 2 kB."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from mlops_nb.errors import InputError

Kind = Literal["numeric", "boolean", "datetime", "categorical"]


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
        Distinct values seen; after a merge the larger of both.
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
    novel : mapping
        Frequent values that the reference has not kept, in a profile made on a reference's bins.
    """

    distinct: int
    counts: Mapping[str, int]
    other: int = 0
    picked: Mapping[str, int] = field(default_factory=dict)
    picked_other: int = 0
    largest_other: int = 0
    novel: Mapping[str, int] = field(default_factory=dict)

    def merge(self, other: Categories) -> Categories:
        """Return the summary of both parts: exact in the counts."""
        if list(self.counts) != list(other.counts):
            raise InputError(
                "profiles that keep different values cannot be merged",
                "make them with edges_from= the same reference profile",
            )
        return Categories(
            distinct=max(self.distinct, other.distinct),
            counts=_added(self.counts, other.counts),
            other=self.other + other.other,
            picked=_added(self.picked, other.picked),
            picked_other=self.picked_other + other.picked_other,
            largest_other=self.largest_other + other.largest_other,
            novel=_added(self.novel, other.novel),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a profile.

    Parameters
    ----------
    kind : {"numeric", "boolean", "datetime", "categorical"}
        How it is treated.
    dtype : str
        The table's own type.
    rows, nulls, infinite : int
        All rows, those without a value (NaN included), those with an infinite one.
    numbers, categories : optional
        The values: numbers of numeric and datetime columns, categories of the others.
    """

    kind: Kind
    dtype: str
    rows: int
    nulls: int
    infinite: int = 0
    numbers: Numbers | None = None
    categories: Categories | None = None

    @property
    def values(self) -> int:
        """Rows with a usable value."""
        return self.rows - self.nulls - self.infinite

    def merge(self, other: Column) -> Column:
        """Return the summary of both parts."""
        if self.kind != other.kind:
            raise InputError(f"{self.kind} and {other.kind} cannot be merged", "")
        return replace(
            self,
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            infinite=self.infinite + other.infinite,
            numbers=self.numbers and other.numbers and self.numbers.merge(other.numbers),
            categories=self.categories
            and other.categories
            and self.categories.merge(other.categories),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-serialisable values, without the row count, which all columns share."""
        found: dict[str, Any] = {"kind": self.kind, "type": self.dtype, "nulls": self.nulls}
        if self.infinite:
            found["infinite"] = self.infinite
        for part in (self.numbers, self.categories):
            if part is not None:
                found |= {name: _plain(getattr(part, name)) for name in type(part).__slots__}
        return found

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], rows: int) -> Self:
        """Build a column from :meth:`to_dict`'s answer."""
        own = dict(values)
        kind, dtype = own.pop("kind"), own.pop("type")
        counted = {"nulls": own.pop("nulls"), "infinite": own.pop("infinite", 0)}
        numbers = categories = None
        if "edges" in own:
            lists: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in own.items()
            }
            numbers = Numbers(**lists)
        elif "distinct" in own:
            categories = Categories(**own)
        return cls(
            kind=kind, dtype=dtype, rows=rows, numbers=numbers, categories=categories, **counted
        )


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _extreme(pick: Any, one: float | None, two: float | None) -> float | None:
    known = [value for value in (one, two) if value is not None]
    return pick(known) if known else None


def _weighted(one: float | None, n: int, two: float | None, m: int) -> float | None:
    if one is None or two is None:
        return two if one is None else one
    return (one * n + two * m) / (n + m) if n + m else one


def _added(one: Mapping[str, int], two: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + two.get(name, 0) for name in (*one, *two)}

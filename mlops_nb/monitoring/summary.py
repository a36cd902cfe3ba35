"""What a profile keeps of one column: counts that add up, in at most 2 kB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Literal, Self

from mlops_nb.errors import InputError
from mlops_nb.monitoring.parts import Categories, Numbers, Spread, Words

Kind = Literal["numeric", "boolean", "datetime", "categorical", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """The periods that a reference was divided into.

    Parameters
    ----------
    time : str
        Column that orders the rows.
    every : float
        Length of a period, in seconds for datetimes.
    count : int
        Periods compared with each other.
    """

    time: str
    every: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a profile.

    Parameters
    ----------
    kind : {"numeric", "boolean", "datetime", "categorical", "text"}
        How it is treated; text has too many values to be compared one by one.
    dtype : str
        The table's own type.
    rows, nulls, infinite : int
        All rows, those without a value (NaN included), those with an infinite one.
    numbers, categories : optional
        The values: numbers of numeric and datetime columns and the lengths of texts, categories
        of the others.
    words : optional
        The vocabulary of texts.
    gap : float, optional
        Of datetimes, the longest time without any, in seconds; after a merge of parts that
        overlap, at most that.
    variation : mapping
        Figure → how much the periods of a reference differ in it; empty without time order.
    """

    kind: Kind
    dtype: str
    rows: int
    nulls: int
    infinite: int = 0
    numbers: Numbers | None = None
    categories: Categories | None = None
    words: Words | None = None
    gap: float | None = None
    variation: Mapping[str, Spread] = field(default_factory=dict)

    @property
    def constant(self) -> bool:
        """Whether it holds one value and nothing else, or no value at all."""
        if self.nulls == self.rows:
            return True
        if self.nulls or self.infinite:
            return False
        if self.categories is not None:
            return self.categories.distinct == 1
        return self.numbers is not None and self.numbers.minimum == self.numbers.maximum

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
            variation=self.variation or other.variation,
            numbers=self.numbers and other.numbers and self.numbers.merge(other.numbers),
            categories=self.categories
            and other.categories
            and self.categories.merge(other.categories),
            words=self.words and other.words and self.words.merge(other.words),
            gap=_longest_gap(self, other),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-serialisable values, without the row count, which all columns share."""
        found: dict[str, Any] = {"kind": self.kind, "type": self.dtype, "nulls": self.nulls}
        if self.infinite:
            found["infinite"] = self.infinite
        if self.kind == "text" and self.numbers is not None:
            found["lengths"] = _fields(self.numbers)
            found |= _fields(self.categories) if self.categories else {}
        else:
            for part in (self.numbers, self.categories):
                found |= _fields(part) if part is not None else {}
        if self.words is not None:
            found["words"] = _fields(self.words)
        if self.gap is not None:
            found["gap"] = self.gap
        if self.variation:
            found["variation"] = {k: list(astuple(each)) for k, each in self.variation.items()}
        return found

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], rows: int) -> Self:
        """Build a column from :meth:`to_dict`'s answer."""
        own = dict(values)
        lengths, words = own.pop("lengths", None), own.pop("words", None)
        varied = own.pop("variation", {})
        found: dict[str, Any] = {
            "kind": own.pop("kind"), "dtype": own.pop("type"), "rows": rows,
            "nulls": own.pop("nulls"), "infinite": own.pop("infinite", 0),
            "gap": own.pop("gap", None), "words": Words(**words) if words else None,
            "variation": {name: Spread(*each) for name, each in varied.items()},
        }  # fmt: skip
        if "edges" in own or lengths:
            found["numbers"] = Numbers(**_tuples(lengths or own))
        if "distinct" in own:
            found["categories"] = Categories(**own)
        return cls(**found)


def _fields(part: Any) -> dict[str, Any]:
    return {name: _plain(getattr(part, name)) for name in type(part).__slots__}


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


def _longest_gap(one: Column, two: Column) -> float | None:
    gaps = [column.gap for column in (one, two) if column.gap is not None]
    if len(gaps) == 2 and one.numbers and two.numbers:
        first, last = sorted((one.numbers, two.numbers), key=lambda n: n.minimum or 0.0)
        gaps.append((last.minimum or 0.0) - (first.maximum or 0.0))
    return max(gaps, default=None)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value

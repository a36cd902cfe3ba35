"""Which subscripts take opposite parts of the same rows."""

from __future__ import annotations

import ast

import pytest

from mlops_nb.lint.leaks.cuts import complement, opposite, slice_part
from mlops_nb.lint.leaks.values import END, Part, Rows

ROWS: Rows = frozenset({("table",)})


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def bounds(text: str) -> object:
    node = expression(f"x[{text}]")
    assert isinstance(node, ast.Subscript)
    assert isinstance(node.slice, ast.Slice)
    part = slice_part(node.slice, ROWS, "x")
    return part and part.side


@pytest.mark.parametrize(
    ("text", "side"),
    [
        (":", None),
        ("0:", None),
        (":len(x)", None),
        ("::2", None),
        (":100", (0, 100)),
        ("100:", (100, END)),
        ("-100:", (END - 100, END)),
        (":-100", (0, END - 100)),
        ("100:200", (100, 200)),
        (":n", (0, "n")),
        ("n:", ("n", END)),
        ("n - 60:", ("n", END)),
        ("n:len(x)", ("n", END)),
        ("n:m", ("n", "m")),
        (":len(train)", (0, "len(train)")),
        ("len(train):", ("len(train)", END)),
        ("n:len(other)", ("n", END)),
    ],
)
def test_the_range_of_a_slice(text: str, side: object) -> None:
    assert bounds(text) == side


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("df.year < 2020", "df.year >= 2020"),
        ("df['year'] <= 2020", "df['year'] > 2020"),
        ("df.fold != 1", "df.fold == 1"),
        ("df['set'] == 'a'", "df['set'] != 'a'"),
        ("df.year < 2020", "df['year'] >= 2020"),
    ],
)
def test_opposite_comparisons_are_two_sides_of_one_split(one: str, other: str) -> None:
    here, there = complement(expression(one)), complement(expression(other))
    assert here is not None
    assert there is not None
    assert here.split == there.split
    assert here.side != there.side
    assert opposite(here) == there


@pytest.mark.parametrize("text", ["df.year in years", "df.year", "f(df)", "df.a is None"])
def test_other_masks_have_no_complement(text: str) -> None:
    assert complement(expression(text)) is None


def test_different_limits_are_different_splits() -> None:
    one, other = complement(expression("df.a < 1")), complement(expression("df.a < 2"))
    assert isinstance(one, Part)
    assert isinstance(other, Part)
    assert one.split != other.split

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.errors import InputError
from mlops_nb.jobs.parameters import Parameter
from mlops_nb.jobs.values import Text, convert, shown, source


class Colour(Enum):
    RED = "red"


def parameter(kind: str, *, optional: bool = False, callee: str = "") -> Parameter:
    return Parameter(name="x", kind=kind, optional=optional, callee=callee, default="3")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("int", 3, 3),
        ("int", np.int64(3), 3),
        ("int", 3.0, 3),
        ("float", 3, 3.0),
        ("float", np.float32(0.5), 0.5),
        ("float", np.float64(0.25), 0.25),
        ("float", Decimal("1.5"), 1.5),
        ("int", Decimal("2"), 2),
        ("bool", np.bool_(True), True),
        ("str", np.str_("a"), "a"),
        ("str", Colour.RED, "red"),
        ("date", date(2013, 4, 1), "2013-04-01"),
        ("date", pd.Timestamp("2013-04-01"), "2013-04-01"),
        ("date", "2013-04-01", "2013-04-01"),
        ("datetime", datetime(2013, 4, 1, 6), "2013-04-01T06:00:00"),  # noqa: DTZ001
        ("datetime", date(2013, 4, 1), "2013-04-01T00:00:00"),
        ("datetime", np.datetime64("2013-04-01T06:00:00"), "2013-04-01T06:00:00"),
        ("path", PurePosixPath("a/b"), "a/b"),
        ("str", Path("a"), "a"),
        ("list", (1, date(2013, 4, 1)), [1, "2013-04-01"]),
        ("list", np.array([1, 2]), [1, 2]),
        ("dict", {1: np.int8(2)}, {"1": 2}),
        ("any", None, None),
        ("int", Text("-12"), -12),
        ("float", Text("1e-3"), 0.001),
        ("bool", Text("No"), False),
        ("str", Text("007"), "007"),
        ("date", Text("2013-04-01"), "2013-04-01"),
        ("list", Text("[1, 2]"), [1, 2]),
        ("list", Text("a, b,3"), ["a", "b", 3]),
        ("list", Text(""), []),
        ("dict", Text('{"a": 1}'), {"a": 1}),
        ("any", Text("5"), 5),
        ("any", Text("five"), "five"),
    ],
)
def test_what_fits_is_converted(kind: str, value: object, expected: object) -> None:
    converted = convert(parameter(kind), value)
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", True),
        ("int", 3.5),
        ("int", "3"),
        ("int", Text("3.5")),
        ("int", Text("1; import os")),
        ("float", "3"),
        ("float", Text("three")),
        ("bool", 1),
        ("bool", Text("maybe")),
        ("str", 3),
        ("date", "2013-02-30"),
        ("date", datetime(2013, 4, 1, 6)),  # noqa: DTZ001
        ("date", 20130401),
        ("datetime", Text("yesterday")),
        ("list", "abc"),
        ("list", {1, 2}),
        ("dict", Text("[1]")),
        ("any", object()),
        ("any", b"bytes"),
        ("int", None),
    ],
)
def test_what_does_not_fit_is_named(kind: str, value: object) -> None:
    with pytest.raises(InputError, match=r"parameter 'x' wants .*, got") as caught:
        convert(parameter(kind), value)
    assert "default in the notebook is 3" in caught.value.hint


@pytest.mark.parametrize("value", [None, Text("none"), Text("")])
def test_none_where_it_is_allowed(value: object) -> None:
    assert convert(parameter("int", optional=True), value) is None


@pytest.mark.parametrize(
    ("kind", "callee", "value", "expected"),
    [
        ("date", "date", "2013-04-01", "x = date.fromisoformat('2013-04-01')"),
        (
            "datetime",
            "pd.Timestamp",
            "2013-04-01T06:00:00",
            "x = pd.Timestamp('2013-04-01T06:00:00')",
        ),
        ("path", "Path", "a/b", "x = Path('a/b')"),
    ],
)
def test_objects_are_built_as_the_notebook_builds_them(
    kind: str, callee: str, value: str, expected: str
) -> None:
    assert source({"x": parameter(kind, callee=callee)}, {"x": value}).endswith(expected)


def values() -> st.SearchStrategy[Any]:
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    return st.recursive(
        plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
    )


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    else:
        yield value


@given(values())
def test_any_value_survives_as_code_and_none_of_it_is_executed(value: Any) -> None:
    scope: dict[str, Any] = {}
    exec(source({"x": parameter("any")}, {"x": convert(parameter("any"), value)}), scope)
    pairs = zip(leaves(scope["x"]), leaves(value), strict=True)
    assert all(
        a == b or (isinstance(b, float) and math.isnan(b) and math.isnan(a)) for a, b in pairs
    )
    json.dumps(shown(scope["x"]), allow_nan=False)

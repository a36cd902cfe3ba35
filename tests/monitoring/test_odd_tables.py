"""Bad input: a clear result or a clear message, never a traceback, never a silent "no drift"."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlops_nb.errors import InputError
from mlops_nb.monitoring import Profile, drift, profile
from mlops_nb.monitoring.membership import both, never_seen, remember
from mlops_nb.monitoring.summary import Column
from mlops_nb.result import Status

pytestmark = pytest.mark.slow

WORDS = ["the", "train", "north", "was", "late", "again", "nobody", "station", "knew", "why"]
OTHERS = ["refund", "my", "ticket", "please", "written", "three", "times", "any", "answer", "far"]


def _prose(words: list[str], rows: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(words, rng.integers(5, 15))) + f" {i}" for i in range(rows)]


def test_prose_is_compared_by_its_words_and_lengths() -> None:
    reference = profile(pd.DataFrame({"text": _prose(WORDS, 800, 0)}))
    column = reference.columns["text"]
    assert column.kind == "text"
    assert column.words is not None
    assert "train" in column.words.counts
    assert not drift(reference, pd.DataFrame({"text": _prose(WORDS, 800, 1)})).drifted
    other = drift(reference, pd.DataFrame({"text": _prose(OTHERS, 800, 1)})).columns[0]
    assert (other.drifted, other.decision.name) == (True, "vocabulary")
    longer = [
        f"{one} {two}" for one, two in zip(*(_prose(WORDS, 800, i) for i in (2, 3)), strict=True)
    ]
    found = drift(reference, pd.DataFrame({"text": longer})).columns[0]
    assert found.drifted
    assert found.statistic["ks"] is not None
    assert found.statistic["ks"] > 0.5
    assert drift(reference, pd.DataFrame({"text": [None] * 800})).columns[0].drifted


def _vectors(rows: int, seed: int, *, shift: float = 0.0, size: int = 16) -> list[list[float]]:
    found: list[list[float]] = np.random.default_rng(seed).normal(shift, 1, (rows, size)).tolist()
    return found


def test_vectors_are_compared_by_their_projections() -> None:
    reference = profile(pd.DataFrame({"e": _vectors(1_000, 0), "x": range(1_000)}))
    assert {"e.norm", "e.dimensions", "e.direction 8", "x"} <= set(reference.columns)
    same = pd.DataFrame({"e": _vectors(1_000, 1), "x": range(1_000)})
    assert not drift(reference, same).drifted
    moved = drift(reference, same.assign(e=_vectors(1_000, 1, shift=0.5)), columns=["e"])
    assert moved.drifted
    shorter = drift(reference, same.assign(e=_vectors(1_000, 1, size=8)), columns=["e"])
    assert "e.dimensions" in [c.column for c in shorter.drifted_columns]
    gone = drift(reference, same.assign(e="no vector"))
    assert gone.status is Status.ERROR
    gaps = same.assign(e=[None if i % 5 == 0 else v for i, v in enumerate(same["e"])])
    assert "e.norm" in [c.column for c in drift(reference, gaps).drifted_columns]
    # The rows of both tables are told apart by the other columns.
    both = drift(same, same)
    assert not both.drifted
    assert both.classifier is not None


def test_zones_of_time_and_gaps() -> None:
    hours = pd.date_range("2030-03-01", periods=500, freq="h")
    reference = profile(pd.DataFrame({"t": hours.tz_localize("UTC")}))
    assert reference.columns["t"].gap == 3600
    # The same moments in another zone, or without one, are the same moments.
    for same in (hours.tz_localize("UTC").tz_convert("Asia/Tokyo"), hours):
        now = profile(pd.DataFrame({"t": same}), edges_from=reference)
        assert now.columns["t"].numbers == reference.columns["t"].numbers
        assert not drift(reference, now).drifted
    mixed = [str(t) if i % 2 else t for i, t in enumerate(hours)]
    found = drift(reference, pd.DataFrame({"t": mixed}))
    assert found.by_severity()[0].message.startswith("t was timestamp")
    later = profile(
        pd.DataFrame({"t": hours.tz_localize("UTC") + pd.Timedelta(days=40)}), edges_from=reference
    )
    joined = reference.merge(later).columns["t"].gap
    assert joined == 40 * 86400 - 499 * 3600


def test_duplicates_and_constant_columns() -> None:
    table = pd.DataFrame(
        {"a": [1, 1, 2, 2, 2], "b": ["x"] * 5, "c": [None] * 5, "d": [1, 1, 1, 1, None]}
    )
    made = profile(table, duplicates=True)
    assert made.duplicates == 2
    assert Profile.from_dict(made.to_dict()) == made
    assert {n: c.constant for n, c in made.columns.items()} == {
        "a": False,
        "b": True,
        "c": True,
        "d": False,
    }


def test_quantiles_lie_within_their_bin() -> None:
    x = np.random.default_rng(0).lognormal(0, 1, 5_000)
    numbers = profile(pd.DataFrame({"x": x})).columns["x"].numbers
    assert numbers is not None
    for share in (0.0, 0.05, 0.5, 0.9, 1.0):
        found = numbers.quantile(share)
        assert found is not None
        assert abs((x <= found).mean() - share) <= 0.051


def test_thousands_of_columns() -> None:
    rng = np.random.default_rng(0)
    one, two = (pd.DataFrame(rng.normal(0, 1, (60, 250))).rename(columns=str) for _ in range(2))
    found = drift(one, two, classifier=False)
    assert not found.drifted
    assert len(found.columns) == 250


def test_identifiers_of_64_bits_are_numbers_like_others() -> None:
    rng = np.random.default_rng(1)
    ids = rng.integers(2**60, 2**62, 2_000)
    table = pd.DataFrame({"tweet": ids, "gaps": pd.array(ids, "Int64")})
    table.loc[::10, "gaps"] = None
    assert not drift(table[:1_000], table[1_000:], classifier=False).drifted
    later = table.assign(tweet=table["tweet"] + 2**61)
    assert [c.column for c in drift(table, later, classifier=False).drifted_columns] == ["tweet"]


def test_an_identifier_of_many_values_is_told_not_to_be_compared() -> None:
    ids = pa.table({"id": pa.array([f"{i:07d}" for i in range(120_000)])})
    found = drift(ids, ids, classifier=False)
    assert found.columns[0].status is Status.SKIPPED
    assert "120,000 distinct values are not compared" in found.warnings[0]


@pytest.mark.parametrize("policy", ["evidence", "psi", "evidently"])
def test_every_preset_answers_on_odd_tables(policy: str) -> None:
    rng = np.random.default_rng(0)
    whole = pd.DataFrame({
        "x": rng.normal(0, 1, 200), "c": rng.choice(["a", "b"], 200), "one": "same",
        "nothing": [None] * 200, "far": np.where(rng.random(200) < 0.5, np.inf, 1.0),
    })  # fmt: skip
    for now in (whole, whole.head(1), whole.iloc[:, ::-1], whole.assign(x=np.nan)):
        found = drift(whole, now, classifier=False, policy=policy)  # type: ignore[arg-type]
        assert not any(c.status is Status.ERROR for c in found.columns)
        json.dumps(found.to_dict(), allow_nan=False)
    blind = drift(whole, whole.assign(x=np.nan), classifier=False, policy=policy)  # type: ignore[arg-type]
    assert blind.drifted or any("'x'" in text for text in blind.warnings)
    with pytest.raises(InputError, match="has no row"):
        drift(whole, whole.head(0), policy=policy)  # type: ignore[arg-type]


names = st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=60, unique=True)
numbers = st.lists(st.floats(-1e150, 1e150) | st.floats(-1, 1), min_size=5, max_size=80)


@settings(
    max_examples=15, deadline=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(names, numbers)
def test_a_column_stays_below_2_kb_at_ten_million_rows(
    levels: list[str], values: list[float]
) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({
        "text": rng.choice(np.array(levels, dtype=object), 300),
        "number": rng.choice(values, 300) * rng.choice([1, 1, np.pi], 300),
        "when": pd.Timestamp("2030-01-01") + pd.to_timedelta(np.arange(300), unit="h"),
    })  # fmt: skip
    made = profile(table, time="when", every="1d")
    for name, column in made.columns.items():
        assert _size(_times(column, 33_333)) <= 2_000, name


def _times(column: Column, factor: int) -> dict[str, object]:
    """The JSON form with every count as long as a table of ten million rows would have it."""
    found = column.to_dict()
    for key in ("counts", "picked"):
        if isinstance(found.get(key), dict):
            found[key] = {name: rows * factor for name, rows in found[key].items()}
        elif key in found:
            found[key] = [rows * factor for rows in found[key]]
    return found


def _size(values: dict[str, object]) -> int:
    return len(json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode())


@given(st.sets(st.text(max_size=20), min_size=1, max_size=200), st.text(max_size=20))
def test_a_filter_never_denies_what_it_has_seen(values: set[str], other: str) -> None:
    remembered = remember(values)
    assert not any(never_seen(remembered, value) for value in values)
    assert other in values or isinstance(never_seen(remembered, other), bool)
    assert both(remembered, remembered) == remembered


def test_a_filter_knows_most_of_what_it_has_not_seen() -> None:
    remembered = remember({f"seen {i}" for i in range(800)})
    unknown = [never_seen(remembered, f"other {i}") for i in range(1_000)]
    assert np.mean(unknown) > 0.8
    larger = remember({f"seen {i}" for i in range(800)}, spare=True)
    assert np.mean([never_seen(larger, f"other {i}") for i in range(1_000)]) > 0.96
    assert remember({str(i) for i in range(2_000)}) == ""
    assert not never_seen("", "anything")


def test_a_table_of_a_database_by_its_url(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table people as select range::double as x from range(500)")
    assert profile(f"duckdb://{path}#people").rows == 500
    with pytest.raises(InputError, match="no table 'person'"):
        profile(f"duckdb://{path}#person")
    with pytest.raises(InputError, match="names no table"):
        profile(f"duckdb://{path}")
    with pytest.raises(InputError, match="cannot open the nosuch database"):
        profile("nosuch://me:secret@host/db#people")

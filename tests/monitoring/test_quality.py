from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.errors import InputError
from mlops_nb.monitoring.contract import ColumnRules, Contract, derive_contract, read_contract
from mlops_nb.monitoring.profile import profile
from mlops_nb.monitoring.quality import check_contract, require
from mlops_nb.result import Result, Status

pytestmark = pytest.mark.slow


def table(rows: int = 2_000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "prediction_id": [f"{seed}-{i}" for i in range(rows)],
        "carrier": rng.choice(["AA", "UA", "DL"], rows), "distance": rng.integers(100, 2_000, rows),
        "rain": rng.gamma(1, 1, rows), "night": rng.random(rows) < 0.3,
        "timestamp": pd.Timestamp("2013-04-01") + pd.to_timedelta(np.arange(rows), "min"),
    })  # fmt: skip
    frame.loc[rng.random(rows) < 0.05, "rain"] = np.nan
    return frame


@pytest.fixture(scope="module")
def contract() -> Contract:
    return derive_contract(profile(table()))


def broken(results: list[Result]) -> dict[str, Result]:
    return {r.identity: r for r in results if r.status is not Status.PASSED}


def test_numbers_of_rows_may_go_on_but_not_come_twice() -> None:
    before = pd.DataFrame({"row": range(500), "x": np.arange(500) % 9})
    contract = derive_contract(profile(before))
    rules = ColumnRules(type="number", whole=True, minimum=0, unique=True)
    assert contract.columns["row"] == rules
    later = before.assign(row=range(90_000, 90_500))
    assert broken(check_contract(contract, later)) == {}
    assert [*broken(check_contract(contract, later.assign(row=7)))] == ["quality.unique/row"]


def test_the_reference_and_later_tables_of_its_kind_keep_the_contract(contract: Contract) -> None:
    assert contract.columns["distance"].whole
    assert contract.columns["rain"].minimum == 0
    assert contract.columns["carrier"].values == ["AA", "DL", "UA"]
    assert contract.columns["prediction_id"].unique
    for seed in range(6):
        for rows in (50, 2_000):
            assert broken(check_contract(contract, table(rows, seed))) == {}


def test_each_breach_has_a_result_with_counts_and_examples(contract: Contract) -> None:
    bad = table(1_000, 1).astype({"distance": float})
    bad.loc[:1, "distance"] = -999
    bad.loc[2, "distance"] = np.inf
    bad.loc[3:5, "distance"] = 100.5
    bad.loc[:199, "rain"] = np.nan
    bad.loc[:49, "carrier"] = "Ryanair"
    bad.loc[10, "prediction_id"] = bad.loc[11, "prediction_id"]
    bad["night"] = bad["night"].map({True: "yes", False: "no"})
    found = broken(check_contract(contract, bad.drop(columns="timestamp"), window="May"))
    assert set(found) == {
        "quality.minimum/distance", "quality.infinite/distance",
        "quality.whole/distance", "quality.nulls/rain", "quality.values/carrier",
        "quality.unique/prediction_id", "quality.type/night", "quality.column/timestamp",
    }  # fmt: skip
    low = found["quality.minimum/distance"]
    assert low.message == "2 of 1,000 rows (0.20%) are below 0, such as '-999.0'"
    assert "'Ryanair'" in found["quality.values/carrier"].message
    assert (
        found["quality.unique/prediction_id"].message == "1 rows repeat another one, such as '1-11'"
    )
    assert "not of type boolean" in found["quality.type/night"].message
    assert all(r.advice and r.window == "May" for r in found.values())
    with pytest.raises(InputError, match=r"the data contract is broken: .*and 3 more"):
        require(found.values())
    require(check_contract(contract, table(500, 2)))


def test_few_rows_do_not_break_a_share_that_is_allowed(contract: Contract) -> None:
    few = table(20, 3)
    few.loc[:2, "rain"] = np.nan  # 15 % where 8.5 % are allowed: luck
    few.loc[0, "carrier"] = "XX"
    assert broken(check_contract(contract, few)) == {}


def test_no_row_and_nothing_but_nulls(contract: Contract) -> None:
    [none] = check_contract(contract, table().head(0))
    assert (none.name, none.status) == ("quality.rows", Status.FAILED)
    empty = table(100, 1).assign(rain=None)
    assert set(broken(check_contract(contract, empty))) == {"quality.nulls/rain"}


def test_what_looks_like_a_credential_is_masked(contract: Contract) -> None:
    token = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5"
    bad = table(200, 1)
    bad.loc[:99, "carrier"] = token
    found = broken(check_contract(contract, bad))["quality.values/carrier"]
    assert token not in found.message
    assert token not in str(found.evidence)


def test_the_file_can_be_edited(contract: Contract, tmp_path: Path) -> None:
    path = contract.write(tmp_path / "deep" / "contract.toml")
    assert read_contract(path).columns == contract.columns
    table(100).iloc[:50][["prediction_id"]].to_csv(tmp_path / "deep" / "known.csv", index=False)
    text = path.read_text(encoding="utf-8").replace("min-rows = 1", "min-rows = 200")
    extra = (
        'timestamp = "timestamp"\nmax-age-hours = 24\nunique = [["carrier", "timestamp"]]\n'
        'extra = "refuse"\n'
    )
    text = text.replace("schema = 1\n", f"schema = 1\n{extra}")
    text += '\n[[references]]\ncolumns = ["prediction_id"]\ntable = "known.csv"\n'
    path.write_text(text, encoding="utf-8")
    frame = table(100).assign(new=1)
    now = datetime(2013, 4, 3, tzinfo=UTC)
    found = broken(check_contract(read_contract(path), frame, now=now))
    assert set(found) == {
        "quality.rows/rows", "quality.column/new", "quality.reference/prediction_id",
        "quality.freshness/timestamp",
    }  # fmt: skip
    orphans = found["quality.reference/prediction_id"].message
    assert "50 of 100 rows have a key that known.csv does not hold, such as" in orphans
    assert "46.4 hours old" in found["quality.freshness/timestamp"].message
    fresh = check_contract(read_contract(path), frame, now=now - timedelta(hours=24))
    assert "quality.freshness/timestamp" not in broken(fresh)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[columns.x]\ntype = 'number'\nminimun = 1", "unknown key 'minimun' in columns"),
        ("[columns.x]\ntype = 'nmber'", "columns"),
        ("columns = 3", "columns"),
        ("x = [", "cannot read"),
        ("schema = 9", "schema 9 is not known"),
        ("unique = [['y']]", "column 'y' has no rules"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_contract(tmp_path / "c.toml")
    with pytest.raises(InputError, match="no file"):
        read_contract(tmp_path / "other.toml")


NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(
    st.dictionaries(
        NAMES,
        st.builds(
            ColumnRules,
            type=st.sampled_from(["number", "text"]),
            minimum=st.none() | st.floats(allow_nan=False),
            values=st.none() | st.lists(NAMES, max_size=4),
            unique=st.booleans(),
        ),
        max_size=4,
    )
)
def test_any_contract_survives_its_file(columns: dict[str, ColumnRules]) -> None:
    import msgspec

    contract = Contract(columns=columns)
    assert msgspec.convert(tomllib.loads(contract.to_toml()), Contract) == contract

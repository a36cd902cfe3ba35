from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_nb import monitoring
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.monitoring import Profile, drift, profile
from mlops_nb.monitoring.comparison import STATISTICS
from mlops_nb.result import Status

pytestmark = pytest.mark.slow


def _table(rows: int = 2_000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "number": rng.normal(0, 1, rows),
        "whole": rng.poisson(3, rows),
        "level": rng.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2]),
        "flag": rng.random(rows) < 0.3,
        "when": pd.to_datetime(1.7e9 + rng.integers(0, 10**6, rows), unit="s"),
        "id": [f"{seed}-{i}" for i in range(rows)],
    })  # fmt: skip


@pytest.fixture(scope="module")
def reference() -> Profile:
    return profile(_table())


def _status(found: monitoring.Drift) -> dict[str, str]:
    return {column.column: column.status.value for column in found.columns}


def test_the_package_gives_functions_though_modules_have_their_names() -> None:
    for module in ("drift", "profile"):
        import_module(f"mlops_nb.monitoring.{module}")
    assert callable(monitoring.drift)
    assert callable(monitoring.profile)
    assert set(monitoring.__all__) <= set(dir(monitoring))
    with pytest.raises(AttributeError, match="no attribute 'drfit'"):
        _ = monitoring.drfit  # type: ignore[attr-defined]


def test_no_drift_between_samples_of_one_distribution(reference: Profile) -> None:
    found = drift(reference, _table(seed=1))
    assert not found.drifted
    assert found.status is Status.PASSED
    assert _status(found) == {
        "number": "passed", "whole": "passed", "level": "passed", "flag": "passed",
        "when": "passed", "id": "skipped",
    }  # fmt: skip


def test_json_has_the_documented_shape(reference: Profile) -> None:
    found = drift(reference, _table(seed=1)).to_dict()
    assert list(found) == ["schema", "drifted", "columns", "dataset", "rows", "warnings"]
    assert found["schema"] == 1
    assert found["rows"] == {"reference": 2_000, "current": 2_000}
    assert list(found["dataset"]) == [
        "status", "drifted_columns", "share", "domain_classifier", "reconstruction", "rule",
    ]  # fmt: skip
    for column in found["columns"]:
        assert list(column) == ["column", "kind", "status", "statistic", "decision"]
        assert tuple(column["statistic"]) == STATISTICS
        assert list(column["decision"]) == [
            "name",
            "value",
            "threshold",
            "p_value",
            "q_value",
            "reason",
        ]


def _shift(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(number=table["number"] + 0.2)


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(number=table["number"] * 1.3)


def _mix(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(level=table["level"].where(table.index % 10 > 0, "c"))


def _flags(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(flag=table["flag"] | (table.index % 10 == 0))


def _gaps(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(number=table["number"].where(table.index % 20 > 0))


def _infinite(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(number=table["number"].where(table.index % 20 > 0, np.inf))


def _unseen(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(level=table["level"].where(table.index % 50 > 0, "<b>new</b>"))


def _no_times(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(when=table["when"].where(table.index % 20 > 0))


@pytest.mark.parametrize(
    ("change", "column", "decided"),
    [
        (_shift, "number", "js"), (_spread, "number", "js"), (_mix, "level", "js"),
        (_flags, "flag", "js"), (_gaps, "number", "null_rate"),
        (_infinite, "number", "null_rate"), (_unseen, "level", "unseen"),
        (_no_times, "when", "null_rate"),
    ],
)  # fmt: skip
def test_changes_are_found_and_named(
    reference: Profile, change: Any, column: str, decided: str
) -> None:
    found = drift(reference, change(_table(seed=1)))
    assert [c.column for c in found.drifted_columns] == [column]
    worst = found.drifted_columns[0]
    assert worst.status is Status.WARNED
    assert worst.decision.name == decided
    assert column in worst.message
    assert worst.advice
    assert "<b>new" not in found._repr_html_()


def test_tiny_differences_do_not_matter_however_evident() -> None:
    found = drift(
        pd.DataFrame({"x": np.random.default_rng(0).normal(0, 1, 400_000)}),
        pd.DataFrame({"x": np.random.default_rng(1).normal(0.02, 1, 400_000)}),
        classifier=False,
    )
    assert found.columns[0].decision.p_value < 1e-9
    assert not found.drifted


def test_a_value_that_was_one_of_many_rare_ones_and_came_up_is_found() -> None:
    rng = np.random.default_rng(0)
    names = np.array([f"v{i}" for i in range(150)])
    before = pd.DataFrame({"level": rng.choice(names, 1_000)})
    rare = profile(before).columns["level"].categories
    assert rare is not None
    assert rare.rare
    for came_up in (rare.rare[0], *sorted({*names.tolist()} - {*rare.counts})[:1]):
        now = pd.DataFrame({"level": np.where(rng.random(1_000) < 0.04, came_up, before["level"])})
        found = drift(before, now, classifier=False).columns[0]
        assert found.drifted
        assert found.decision.name == "unseen"
        assert f"{came_up!r}, rare or unknown" in found.message


def test_a_missing_column_is_an_error_and_a_new_one_a_warning(reference: Profile) -> None:
    found = drift(reference, _table(seed=1).rename(columns={"flag": "flags"}))
    assert found.drifted
    assert found.status is Status.ERROR
    assert found.by_severity()[0].message == "flag is missing from the current table"
    assert found.warnings[0] == "column 'flags' is new: the reference does not have it"
    assert found.to_dict()["columns"][3]["decision"]["name"] == "missing"


def test_a_column_of_another_type_is_an_error(reference: Profile) -> None:
    table = _table(seed=1)
    for changed in (
        table.assign(number=table["number"].astype(str)),
        table.assign(number=[1, "x"] * 1_000),
    ):
        found = drift(reference, changed)
        assert found.by_severity()[0].decision.name == "type"
        assert found.status is Status.ERROR


def test_reordered_columns_are_no_drift(reference: Profile) -> None:
    table = _table(seed=1)
    assert not drift(reference, table[table.columns[::-1]]).drifted


def test_odd_tables_get_an_answer(reference: Profile) -> None:
    table = _table(seed=1)
    empty = drift(reference, table.assign(number=np.nan, level=None, when=pd.NaT))
    assert {c.column for c in empty.drifted_columns} == {"number", "level", "when"}
    one = drift(reference, table.head(1))
    assert not one.drifted
    assert {c.status for c in one.columns} == {Status.SKIPPED}
    assert "too few values to compare: 1" in one.warnings[0]
    assert one.status is Status.SKIPPED
    assert one.headline().startswith("nothing could be compared: too few values")
    assert one.results()[0].status is Status.SKIPPED
    constant = pd.DataFrame({"x": [5.0] * 500, "y": ["a"] * 500, "z": [None] * 500})
    assert not drift(constant, constant).drifted
    moved = drift(constant, constant.assign(x=5.1, y="b"), classifier=False)
    assert {c.column for c in moved.drifted_columns} == {"x", "y"}
    filled = drift(constant, constant.assign(z=1.0), classifier=False)
    assert {c.column for c in filled.drifted_columns} == {"z"}


def test_an_identifier_that_turns_constant_is_not_missed(reference: Profile) -> None:
    found = drift(reference, _table(seed=1).assign(id="always the same"))
    assert [c.column for c in found.drifted_columns] == ["id"]


def test_what_is_not_compared_is_not_said_to_be_without_drift() -> None:
    table = pd.DataFrame({"x": np.arange(1000) % 7, "u": [f"user {i}" for i in range(1000)]})
    found = drift(table, table, classifier=False)
    assert found.status is Status.PASSED
    assert found.headline() == "no drift in 1 of 2 columns, the others are not compared"


def test_a_number_of_rows_is_told_and_can_be_left_out(reference: Profile) -> None:
    before = _table().assign(row=range(2000))
    now = _table(seed=1).assign(row=range(2000, 4000))
    found = drift(before, now, classifier=False)
    assert [c.column for c in found.drifted_columns] == ["row"]
    assert "it numbers the rows" in found.drifted_columns[0].message
    assert found.drifted_columns[0].advice == "leave it out: ignore row"
    left = drift(before, now, ignore=["row"], classifier=False)
    assert not left.drifted
    assert "row" not in {c.column for c in left.columns}
    assert not any("'row'" in text for text in left.warnings)
    with pytest.raises(NotFoundError, match="no column 'rwo'"):
        drift(before, now, ignore=["rwo"])
    with pytest.raises(InputError, match="every column is ignored"):
        drift(before, now, columns=["row"], ignore=["row"])


def test_times_with_and_without_a_zone_are_told_apart(reference: Profile) -> None:
    now = _table(seed=1)
    zoned = drift(reference, now.assign(when=now["when"].dt.tz_localize("Europe/Berlin")))
    assert [text for text in zoned.warnings if "'when'" in text] == [
        "column 'when': times without a zone in the reference and with a zone in the current table "
        "may differ by hours"
    ]
    assert not any("'when'" in text for text in drift(reference, now).warnings)


def test_columns_can_be_chosen_and_unknown_ones_are_named(reference: Profile) -> None:
    assert [c.column for c in drift(reference, _table(), columns=["flag"]).columns] == ["flag"]
    with pytest.raises(NotFoundError, match="no column 'flg'"):
        drift(reference, _table(), columns=["flg"])
    with pytest.raises(InputError, match="none of the reference's columns"):
        drift(reference, pd.DataFrame({"other": [1]}))
    with pytest.raises(InputError, match="has no row"):
        drift(reference, _table().head(0))
    with pytest.raises(InputError, match="not made on the reference's bins"):
        drift(reference, profile(_table(seed=5)))


def test_a_profile_compares_as_its_table_does(reference: Profile) -> None:
    table = _shift(_table(seed=1))
    stored = Profile.from_dict(reference.to_dict())
    now = profile(table, edges_from=stored)
    expected = drift(_table(), table, classifier=False).to_dict()
    assert drift(stored, now).to_dict() == expected
    assert drift(stored, table).to_dict() == expected


def test_a_classifier_sees_what_no_single_column_shows() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (2, 3_000))
    one = pd.DataFrame({"a": a, "b": a + b})
    two = pd.DataFrame({"a": rng.permutation(a), "b": a + b})
    found = drift(one, two)
    assert not found.drifted
    assert found.classifier is not None
    assert found.classifier.low > 0.6
    alike = drift(one.head(1_500), one.tail(1_500)).classifier
    assert alike is not None
    assert alike.low < 0.5 < alike.high


def test_drift_warns_and_moved_answers_fail(reference: Profile) -> None:
    before = _table().rename(columns={"number": "score"})
    after = _table(seed=1).rename(columns={"number": "score"})
    results = drift(before, after.assign(score=after["score"] + 1), classifier=False).results(
        window="May"
    )
    by_name = {(r.name, r.subject): r for r in results}
    assert by_name["drift.prediction", "score"].status is Status.FAILED
    assert by_name["drift.dataset", "all columns"].status is Status.WARNED
    assert by_name["drift.column", "whole"].status is Status.PASSED
    assert {r.window for r in results} == {"May"}


def test_a_new_value_is_not_hidden_by_frequent_ones_that_are_merely_not_kept() -> None:
    rng = np.random.default_rng(8)
    known = [f"place {i}" for i in range(300)]
    before, now = (pd.DataFrame({"place": rng.choice(known, 30_000)}) for _ in range(2))
    assert not drift(before, now, classifier=False).drifted
    now.loc[:59, "place"] = "nowhere"  # the others have about a hundred rows each
    found = drift(before, now, classifier=False).columns[0]
    assert found.drifted
    assert "'nowhere'" in found.message

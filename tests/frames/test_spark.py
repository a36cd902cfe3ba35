"""The same figures from DuckDB and from a real Spark session."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mlops_nb import frames, monitoring
from mlops_nb.cli.main import mlops
from mlops_nb.errors import InputError

ROWS = 900
# As small as the tables are: by default each step is cut into 200 parts.
SUBMIT = "--conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=1 pyspark-shell"


@pytest.fixture(scope="module")
def spark(scripts_of: Callable[..., Path]) -> Iterator[str]:
    """The engine's name, PySpark being importable from an environment of its own."""
    if shutil.which("java") is None:
        pytest.skip("there is no Java (Debian: apt install default-jre-headless)")
    home = scripts_of("pyspark", "pyspark>=4.0,<4.1").parent
    (packages,) = home.glob("lib/python*/site-packages")
    sys.path.append(str(packages))
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYSPARK_SUBMIT_ARGS"] = SUBMIT
    yield "local[2]"
    from pyspark.sql import SparkSession

    SparkSession.builder.getOrCreate().stop()
    sys.path.remove(str(packages))


def _table(seed: int, shift: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    number = random.normal(5 + shift, 2, ROWS)
    number[:20] = np.nan
    number[20:25] = np.inf
    day = pd.Timestamp("2025-03-01") + pd.to_timedelta(random.integers(0, 80 * 86400, ROWS), "s")
    return pd.DataFrame(
        {
            "number": number,
            "count": random.poisson(3, ROWS),
            "flag": random.random(ROWS) < 0.3,
            "at": day,
            "day": day.date,
            "kind": random.choice(["a", "b", "c", None], ROWS, p=[0.5, 0.3, 0.1, 0.1]),
            "key": random.integers(0, 600, ROWS).astype(str),
            "remark": [" ".join(random.choice(list("uvwxyz"), 6)) + f" {i}" for i in range(ROWS)],
        }
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("tables")
    paths = [str(folder / name) for name in ("before.parquet", "now.parquet")]
    for path, table in zip(paths, (_table(1), _table(2, shift=1.5)), strict=True):
        table.to_parquet(path, coerce_timestamps="us")
    return paths


def _close(one: Any, other: Any, place: str = "") -> None:
    """Assert that two documents agree, sums of floating numbers up to their last digits."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            _close(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), place
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            _close(a, b, f"{place}[{i}]")
    elif isinstance(one, float) and isinstance(other, float):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-12), place
    else:
        assert one == other, place


@pytest.mark.slow
def test_profiles_are_equal(spark: str, files: list[str]) -> None:
    first, second = (
        monitoring.profile(
            frames.open_table(files[0], engine=engine), duplicates=True, time="at", every="10d"
        )
        for engine in ("duckdb", spark)
    )
    assert {c.kind for c in first.columns.values()} == {
        "numeric", "boolean", "datetime", "categorical", "text",
    }  # fmt: skip
    _close(json.loads(first.to_json()), json.loads(second.to_json()))
    on_edges = [
        monitoring.profile(frames.open_table(files[1], engine=engine), edges_from=first)
        for engine in ("duckdb", spark)
    ]
    _close(*(json.loads(profile.to_json()) for profile in on_edges))


@pytest.mark.slow
def test_drift_is_equal_by_segment_too(spark: str, files: list[str]) -> None:
    answers = []
    for engine in ("duckdb", spark):
        words = ["data", "drift", *files, "--engine", engine]
        words += ["--by", "kind", "--no-classifier", "--format", "json"]
        done = CliRunner().invoke(mlops, words)
        assert done.exit_code == 1, done.output
        answers.append(json.loads(done.stdout))
    _close(*answers)


@pytest.mark.slow
def test_a_sample_of_a_large_table_is_the_same_every_time(spark: str, files: list[str]) -> None:
    table = frames.open_table(files[0], engine=spark)
    one, other = (frames.sample(table, 300, ["number"]) for _ in range(2))
    assert 200 < len(one) < 400
    assert one.equals(other)


@pytest.mark.slow
def test_a_broken_file_is_named(spark: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"no parquet")
    with pytest.raises(InputError, match=r"broken\.parquet"):
        frames.open_table(path, engine=spark)


def test_only_known_engines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    with pytest.raises(InputError, match="unknown engine 'abacus'"):
        frames.open_table(path, engine="abacus")
    with pytest.raises(InputError, match="reads files, not a DataFrame"):
        frames.open_table(pd.DataFrame({"a": [1]}), engine="pyspark")

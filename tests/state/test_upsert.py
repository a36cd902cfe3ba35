"""Predictions in a table of somebody else's database: real servers, real statements."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, StoreError
from mlops_nb.sinks import send
from mlops_nb.state.upsert import upsert

pytestmark = pytest.mark.slow

KEY = ["prediction_id"]
MOMENT = pd.Timestamp("2026-03-01 06:00:00.125")
ROWS = pd.DataFrame(
    {
        "prediction_id": [f"p{n:03}" for n in range(25)],
        "timestamp": MOMENT,
        "prediction": [n % 2 for n in range(25)],
        "score": np.linspace(0, 1, 25),
        "reason_1": "Zoë 中 lowers the score",
    }
)


@pytest.fixture(params=["database", "mariadb"], ids=["postgres", "mariadb"])
def url(request: pytest.FixtureRequest) -> str:
    """A database of a real server, named without its driver, as people write it."""
    made: str = request.getfixturevalue(request.param)
    return made.replace("+psycopg", "").replace("+pymysql", "")


@pytest.fixture
def table() -> str:
    """A name that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def connection(url: str) -> Iterator[sa.Connection]:
    """What whoever reads the table sees."""
    driver = "postgresql+psycopg" if url.startswith("postgresql") else "mysql+pymysql"
    engine = sa.create_engine(sa.make_url(url).set(drivername=driver))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as opened:
        yield opened
    engine.dispose()


def read(connection: sa.Connection, table: str) -> pd.DataFrame:
    return pd.read_sql(sa.text(f"SELECT * FROM {table} ORDER BY prediction_id"), connection)


def test_a_sink_makes_its_table_and_replaces_what_it_sends_again(
    project: Project, url: str, table: str, connection: sa.Connection
) -> None:
    (project.root / "mlops.toml").write_text(
        f'experiment = "test"\n[sinks.crm]\nkind = "sql"\ntarget = "{url}"\n'
        f'table = "{table}"\nchunk = 10\n'
        'columns = ["timestamp", "prediction", "score", "reason_1", "model_version"]\n'
    )
    project = load_project(project.root)
    assert send(ROWS, "crm", version=3).rows == 25
    assert send(ROWS, "crm", version=3).known == 25
    pd.testing.assert_frame_equal(
        read(connection, table), ROWS.assign(model_version=3)[[*ROWS, "model_version"]],
        check_dtype=False, check_column_type=False, check_like=True,
    )  # fmt: skip
    newer = ROWS.assign(score=0.3, prediction=pd.Series([None] * 25, dtype="Int64"))
    assert send(newer.head(5), "crm", version=4).rows == 5
    found = read(connection, table)
    assert len(found) == 25
    assert (found["score"] == 0.3).sum() == 5
    assert found["prediction"].isna().sum() == (found["model_version"] == 4).sum() == 5


def test_keys_are_told_apart_letter_by_letter(
    url: str, table: str, connection: sa.Connection
) -> None:
    rows = pd.DataFrame({"prediction_id": ["a", "A", "é", "e", "中"], "score": range(5)})
    upsert(url, table, rows, KEY)
    upsert(url, table, rows.assign(score=1.0), KEY)
    assert sorted(read(connection, table)["prediction_id"]) == sorted(rows["prediction_id"])


def test_a_moment_stays_the_same_moment(url: str, table: str, connection: sa.Connection) -> None:
    zone = "America/New_York"
    rows = ROWS[KEY].head(1).assign(timestamp=MOMENT.tz_localize(zone))
    upsert(url, table, rows, KEY)
    kind = "TIMESTAMP" if url.startswith("postgresql") else "DATETIME(6)"
    other = f"{table}b"
    connection.exec_driver_sql(
        f"CREATE TABLE {other} (prediction_id VARCHAR(20) PRIMARY KEY, timestamp {kind})"
    )
    upsert(url, other, rows, KEY)
    for name in (table, other):
        (found,) = pd.to_datetime(read(connection, name)["timestamp"], utc=True)
        assert found == MOMENT.tz_localize(zone), name


def test_what_a_table_says_beside_stays(url: str, table: str, connection: sa.Connection) -> None:
    connection.exec_driver_sql(
        f"CREATE TABLE {table} (customer INT, day VARCHAR(10), score DOUBLE PRECISION, "
        "note VARCHAR(20) DEFAULT 'theirs', UNIQUE (customer, day))"
    )
    rows = pd.DataFrame({"customer": [1, 2], "day": "2026-03-01", "score": [0.1, 0.2]})
    upsert(url, table, rows, ["customer", "day"])
    upsert(url, table, rows.assign(score=0.5), ["day", "customer"])
    upsert(url, table, rows[["customer", "day"]], ["customer", "day"])
    found = connection.exec_driver_sql(f"SELECT customer, score, note FROM {table} ORDER BY 1")
    assert [tuple(row) for row in found] == [(1, 0.5, "theirs"), (2, 0.5, "theirs")]
    with pytest.raises(InputError, match="does not hold customer unique"):
        upsert(url, table, rows, ["customer"])


def test_a_row_of_another_key_is_not_replaced(
    url: str, table: str, connection: sa.Connection
) -> None:
    connection.exec_driver_sql(
        f"CREATE TABLE {table} (prediction_id VARCHAR(20) PRIMARY KEY, mail VARCHAR(50) UNIQUE)"
    )
    connection.exec_driver_sql(f"INSERT INTO {table} VALUES ('old', 'ann@example.org')")
    rows = pd.DataFrame({"prediction_id": ["new"], "mail": ["ann@example.org"]})
    with pytest.raises(InputError, match=f"{table}.*(mail unique as well|does not take the rows)"):
        upsert(url, table, rows, KEY)
    assert list(read(connection, table)["prediction_id"]) == ["old"]


@pytest.mark.parametrize(
    "bad", [{"score": "many"}, {"prediction_id": "x" * 300}, {"prediction": 2**62}]
)
def test_a_chunk_with_a_value_that_does_not_fit_is_refused_whole(
    url: str, table: str, connection: sa.Connection, bad: dict[str, Any]
) -> None:
    small = "prediction SMALLINT, score DOUBLE PRECISION, prediction_id VARCHAR(20) PRIMARY KEY"
    connection.exec_driver_sql(f"CREATE TABLE {table} ({small})")
    rows = ROWS[["prediction_id", "prediction", "score"]]
    rows = pd.concat([rows, rows.head(1).assign(**({"prediction_id": "last"} | bad))])
    with pytest.raises(InputError, match=f"{table} in .* does not take the rows"):
        upsert(url, table, rows, KEY)
    assert read(connection, table).empty


def test_senders_that_meet_lose_and_double_nothing(
    url: str, table: str, connection: sa.Connection
) -> None:
    barrier, wrong = threading.Barrier(4), []

    def work(number: int) -> None:
        rows = ROWS.iloc[number * 5 : number * 5 + 10].assign(score=float(number))
        barrier.wait()
        for _ in range(20):
            try:
                upsert(url, table, rows, KEY)
                return
            except StoreError:  # the others made the table first, or hold its rows: again
                continue
            except InputError as error:
                wrong.append(str(error))
                return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert list(read(connection, table)["prediction_id"]) == list(ROWS["prediction_id"])


def test_a_server_that_does_not_answer_is_down_and_keeps_its_password(url: str) -> None:
    nobody = sa.make_url(url).set(port=9, password="secret").render_as_string(hide_password=False)
    with pytest.raises(StoreError, match="cannot use") as caught:
        upsert(nobody, "scores", ROWS, KEY)
    assert "secret" not in str(caught.value)

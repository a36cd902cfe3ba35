"""Predictions that leave the project: every row once, whatever happens on the way."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, InputError, StoreError
from mlops_nb.sinks import send
from mlops_nb.state.upsert import _update_or_insert, upsert

ROWS = pd.DataFrame(
    {
        "prediction_id": [f"p{n:03}" for n in range(25)],
        "timestamp": pd.Timestamp("2026-03-01 06:00"),
        "prediction": [n % 2 for n in range(25)],
        "score": np.linspace(0, 1, 25),
        "age": range(25),
        "latency_ms": 3.0,
    }
)


def configured(project: Project, **values: Any) -> Project:
    values = {"kind": "webhook", "chunk": 10, "delay": 0.0, "tries": 3} | values
    lines = [f"{key} = {value!r}" for key, value in values.items()]
    text = 'experiment = "test"\n[sinks.crm]\n' + "\n".join(lines) + "\n"
    (project.root / "mlops.toml").write_text(text, encoding="utf-8")
    return load_project(project.root)


def test_chunks_arrive_once_and_features_stay(project: Project, crm: Any) -> None:
    configured(project, target=crm.url, headers={})
    sent = send(ROWS, "crm", version=3)
    assert str(sent) == "crm: 25 rows sent"
    assert [row["prediction_id"] for row in crm.rows] == list(ROWS["prediction_id"])
    assert set(crm.rows[0]) == {
        "prediction_id", "timestamp", "prediction", "score", "model_version",
    }  # fmt: skip
    assert crm.rows[7]["score"] == pytest.approx(ROWS["score"][7], rel=1e-12)
    assert crm.rows[0]["timestamp"].startswith("2026-03-01T06:00:00")
    assert len(set(crm.keys)) == 3

    # Another order, another latency, the same predictions.
    repeated = send(ROWS.sample(frac=1, random_state=1).assign(latency_ms=9.0), "crm", version=3)
    assert (repeated.rows, repeated.known, len(crm.rows)) == (0, 25, 25)
    changed = ROWS.assign(score=ROWS["score"].where(ROWS["prediction_id"] != "p024", 0.5))
    assert send(changed, "crm", version=3).rows == 5, "the chunk that holds the changed row"
    assert send(ROWS, "crm", version=3, again=True).rows == 25


def test_a_sink_that_is_down_is_tried_again(project: Project, crm: Any) -> None:
    crm.plan = lambda n: 503 if n in (0, 1, 3) else 200
    project = configured(project, target=crm.url)
    assert send(ROWS, "crm").rows == 25
    assert len(crm.headers) == 6
    assert sorted(row["prediction_id"] for row in crm.rows) == list(ROWS["prediction_id"])


def test_what_it_took_before_it_went_down_is_not_sent_again(project: Project, crm: Any) -> None:
    crm.plan = lambda n: 200 if n == 0 else 500
    configured(project, target=crm.url)
    with pytest.raises(StoreError, match=r"has 10 of 25 rows, then 3 times: .* answers 500"):
        send(ROWS, "crm")
    crm.plan = lambda _: 200
    sent = send(ROWS, "crm")
    assert (sent.rows, sent.known) == (15, 10)
    assert sorted(row["prediction_id"] for row in crm.rows) == list(ROWS["prediction_id"])


def test_an_answer_that_is_lost_repeats_the_key(project: Project, crm: Any) -> None:
    crm.plan = lambda n: "lost" if n == 1 else 200
    configured(project, target=crm.url)
    assert send(ROWS, "crm").rows == 25
    assert crm.keys[1] == crm.keys[2], "the receiver knows it for the same chunk"
    assert len(set(crm.keys)) == 3


def test_nobody_listens(project: Project) -> None:
    configured(project, target="http://user:secret@127.0.0.1:9/x?token=secret", tries=2)
    with pytest.raises(StoreError, match=r"cannot reach 127\.0\.0\.1:9") as caught:
        send(ROWS, "crm")
    assert "secret" not in str(caught.value)


def test_it_waits_as_long_as_it_is_asked_to(
    project: Project, crm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    crm.plan = lambda n: (429, {"Retry-After": "7"}) if n == 0 else 200
    configured(project, target=crm.url, delay=0.5)
    send(ROWS, "crm")
    assert 7 <= waits[0] <= 8.75


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (422, "answers 422"),
        ((302, {"Location": "http://elsewhere/"}), "sends on to http://elsewhere/"),
    ],
)
def test_a_refusal_is_not_tried_again(project: Project, crm: Any, answer: Any, words: str) -> None:
    crm.plan = lambda _: answer
    configured(project, target=crm.url)
    with pytest.raises(InputError, match=words):
        send(ROWS, "crm")
    assert len(crm.headers) == 1


def test_secrets_come_from_the_environment(
    project: Project, crm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_URL", crm.url)
    monkeypatch.setenv("CRM_TOKEN", "Bearer abc")
    configured(project, target="env:CRM_URL")
    with (project.root / "mlops.toml").open("a", encoding="utf-8") as stream:
        stream.write('headers = { Authorization = "env:CRM_TOKEN" }\n')
    send(ROWS, "crm")
    assert crm.headers[0]["Authorization"] == "Bearer abc"
    monkeypatch.delenv("CRM_TOKEN")
    with pytest.raises(InputError, match="the variable CRM_TOKEN is not set"):
        send(ROWS, "crm", again=True)


@pytest.mark.parametrize(("kind", "read"), [("parquet", pd.read_parquet), ("csv", pd.read_csv)])
def test_files_are_whole_and_one_a_batch(project: Project, kind: str, read: Any) -> None:
    configured(project, kind=kind, target="out", columns=["prediction", "age"])
    assert send(ROWS, "crm").rows == 25
    assert send(ROWS, "crm").known == 25
    [path] = (project.root / "out").iterdir()
    assert path.suffix == f".{kind}"
    found = read(path)
    pd.testing.assert_frame_equal(found, ROWS[["prediction_id", "prediction", "age"]])
    # Whoever reads the files may take them away: what was taken does not come again.
    path.unlink()
    assert send(ROWS, "crm").rows == 0


def test_a_folder_that_cannot_be_written_is_down(project: Project) -> None:
    (project.root / "out").write_text("a file", encoding="utf-8")
    configured(project, kind="csv", target="out")
    with pytest.raises(StoreError, match="has 0 of 25 rows, then 3 times: cannot write"):
        send(ROWS, "crm")


def test_a_table_is_made_and_rows_replace_their_like(project: Project) -> None:
    database = project.root / "crm.db"
    configured(project, kind="sql", target=f"sqlite:///{database}", table="scores")
    with pytest.raises(ConfigError, match="names no table"):
        send(ROWS, "crm", project=configured(project, kind="sql", target="sqlite://"))
    project = configured(project, kind="sql", target=f"sqlite:///{database}", table="scores")
    assert send(ROWS, "crm", version=3).rows == 25
    assert send(ROWS, "crm", version=3).known == 25
    newer = ROWS.assign(score=0.25, prediction=pd.Series([None] * 25, dtype="Int64"))
    send(newer.head(5), "crm", version=4)
    with sqlite3.connect(database) as connection:
        found = connection.execute(
            "SELECT count(*), sum(score = 0.25 AND prediction IS NULL), sum(model_version = 4), "
            "min(timestamp) FROM scores"
        ).fetchone()
    connection.close()
    assert found[:3] == (25, 5, 5)
    assert found[3].startswith("2026-03-01 06:00:00")


def test_a_table_that_would_double_rows_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE scores (prediction_id TEXT, score FLOAT)")
    connection.close()
    rows = ROWS[["prediction_id", "score"]]
    with pytest.raises(InputError, match="does not hold prediction_id unique") as caught:
        upsert(url, "scores", rows, ["prediction_id"])
    assert "ADD UNIQUE (prediction_id)" in caught.value.hint
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE UNIQUE INDEX one ON scores (prediction_id)")
    connection.close()
    upsert(url, "scores", rows, ["prediction_id"])
    with pytest.raises(InputError, match="no column 'scor'") as caught:
        upsert(url, "scores", rows.rename(columns={"score": "scor"}), ["prediction_id"])
    assert "did you mean 'score'" in caught.value.hint


def test_what_a_table_already_says_beside_stays(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    upsert(url, "people", ROWS[["prediction_id", "score", "age"]], ["prediction_id"])
    upsert(url, "people", ROWS[["prediction_id"]].assign(score=9.0), ["prediction_id"])
    with sa.create_engine(url).connect() as connection:
        sums = connection.exec_driver_sql("SELECT sum(age), sum(score), count(*) FROM people").one()
    assert sums == (sum(range(25)), 225.0, 25)


def test_plain_sql_does_what_the_databases_own_statement_does(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    rows = ROWS[["prediction_id", "score"]]
    upsert(url, "scores", rows.head(10), ["prediction_id"])
    engine = sa.create_engine(url)
    table = sa.Table("scores", sa.MetaData(), autoload_with=engine)
    records = rows.assign(score=2.0).iloc[5:15].to_dict("records")
    with engine.begin() as connection:
        _update_or_insert(connection, table, records, ["prediction_id"])
    with engine.connect() as connection:
        found = connection.execute(sa.select(sa.func.count(), sa.func.sum(table.c.score))).one()
    engine.dispose()
    assert found == (15, pytest.approx(rows["score"].head(5).sum() + 20))


def test_what_cannot_be_sent_is_refused_by_name(project: Project) -> None:
    configured(project, target="http://127.0.0.1:9/")
    with pytest.raises(ConfigError, match="no sink 'crn'") as caught:
        send(ROWS, "crn")
    assert "did you mean 'crm'" in caught.value.hint
    for rows, words in (
        (ROWS.drop(columns="prediction_id"), "wants a column 'prediction_id'"),
        (ROWS.head(0), "no row to send"),
        (pd.concat([ROWS, ROWS]), "missing or repeated"),
        (ROWS.assign(prediction_id=None), "missing or repeated"),
    ):
        with pytest.raises(InputError, match=words):
            send(rows, "crm")
    with pytest.raises(ConfigError, match="at least 1"):
        send(ROWS, "crm", project=configured(project, target="x", tries=0))


SENDER = """
import pandas as pd
from mlops_nb.sinks import send
rows = pd.DataFrame({"prediction_id": [f"p{n:03}" for n in range(200)], "prediction": 1})
send(rows, "crm")
"""


@pytest.mark.slow
def test_a_sender_that_is_killed_doubles_nothing(project: Project, crm: Any) -> None:
    configured(project, target=crm.url, chunk=2)
    slowly = time.sleep

    def plan(_: int) -> int:
        slowly(0.02)
        return 200

    crm.plan = plan
    process = subprocess.Popen([sys.executable, "-c", SENDER], cwd=project.root)
    deadline = time.monotonic() + 60
    while len(crm.keys) < 7 and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    assert 7 <= len(crm.keys) < 100
    subprocess.run([sys.executable, "-c", SENDER], cwd=project.root, check=True, timeout=120)
    # At most the chunk whose answer died with the sender came again, under the same key.
    assert len(crm.keys) <= 101
    assert len(set(crm.keys)) == 100
    assert len({row["prediction_id"] for row in crm.rows}) == 200

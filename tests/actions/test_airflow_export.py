"""The exported DAG in a real Airflow, which lives in an environment of its own (800 MB)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_nb.config import load_project
from mlops_nb.jobs.export import Settings, export
from mlops_nb.state.attempts import list_attempts

AddJob = Callable[..., Path]

LOAD = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1])
dags = {name: [task.task_id for task in dag.tasks] for name, dag in bag.dags.items()}
print(json.dumps({"errors": {k: v for k, v in bag.import_errors.items()}, "dags": dags}))
"""


@pytest.mark.slow
def test_airflow_loads_the_dag_and_runs_it(
    add_job: AddJob, tmp_path: Path, scripts_of: Callable[..., Path]
) -> None:
    scripts = scripts_of("airflow", "apache-airflow>=3,<4")
    add_job("score", "print('scored')", table='schedule = "0 6 * * *"\ntimezone = "Europe/Berlin"')
    dags = tmp_path / "dags"
    dags.mkdir()
    where = Settings(folder=str(tmp_path), command=str(Path(sys.executable).parent / "mlops"))
    for file in export(load_project(), "airflow", [], where, dags):
        file.path.write_text(file.text, encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    airflow = str(scripts / "airflow")

    def call(*command: str) -> str:
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    call(airflow, "db", "migrate")
    loaded = json.loads(call(str(scripts / "python"), "-c", LOAD, str(dags)).splitlines()[-1])
    assert loaded == {"errors": {}, "dags": {"test.score": ["score"]}}
    call(airflow, "dags", "test", "test.score", "2026-04-01T04:00:00+00:00")
    (row,) = list_attempts(load_project())
    assert row.status == "succeeded"
    assert row.logical_time == datetime(2026, 4, 1, 4, tzinfo=UTC)

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, InputError, NotFoundError
from mlops_nb.jobs.export import Settings, export

CONFIG = """
experiment = "Late flights"
[jobs.score]
notebook = "n.ipynb"
schedule = "0 6 * * 1-5"
timezone = "Europe/Berlin"
memory = "2 GB"
catch-up = "none"
grace = 900
secrets = {password = "env:DB_PASSWORD"}
concurrency = 1
[jobs.train]
notebook = "n.ipynb"
after = {job = "score", on = "alert"}
"""


@pytest.fixture
def with_jobs(tmp_path: Path) -> Project:
    (tmp_path / "mlops.toml").write_text(CONFIG, encoding="utf-8")
    return load_project(tmp_path)


def files(project: Project, target: str, *names: str, **settings: Any) -> dict[str, str]:
    where = Settings(folder="/srv/my project", command="/opt/venv/bin/mlops", **settings)
    return {
        str(file.path.name): file.text
        for file in export(project, target, names, where, Path("out"))
    }


def test_what_cannot_be_exported(with_jobs: Project, project: Project) -> None:
    with pytest.raises(NotFoundError, match="unknown target 'airflw'"):
        files(with_jobs, "airflw")
    with pytest.raises(NotFoundError, match="unknown job 'scor'"):
        files(with_jobs, "systemd", "scor")
    with pytest.raises(InputError, match="name the image"):
        files(with_jobs, "kubernetes")
    with pytest.raises(ConfigError, match="job 'train' has no schedule"):
        files(with_jobs, "kubernetes", "train", image="i")
    (project.root / "mlops.toml").write_text('[jobs.a]\nnotebook = "n"', encoding="utf-8")
    with pytest.raises(ConfigError, match="no job has a schedule"):
        files(load_project(project.root), "systemd")


# What the API server knows of a CronJob, by path: any other field would be refused or dropped.
FIELDS: dict[str, Any] = {
    "apiVersion": str,
    "kind": str,
    "metadata": {"name": str, "namespace": str, "labels": dict},
    "spec": {
        "schedule": str,
        "timeZone": str,
        "concurrencyPolicy": {"Allow", "Forbid", "Replace"},
        "startingDeadlineSeconds": int,
        "successfulJobsHistoryLimit": int,
        "failedJobsHistoryLimit": int,
        "suspend": bool,
        "jobTemplate": {
            "metadata": {"labels": dict},
            "spec": {
                "backoffLimit": int,
                "activeDeadlineSeconds": int,
                "template": {
                    "metadata": {"labels": dict},
                    "spec": {
                        "restartPolicy": {"Never", "OnFailure"},
                        "terminationGracePeriodSeconds": int,
                        "containers": [
                            {
                                "name": str,
                                "image": str,
                                "workingDir": str,
                                "command": [str],
                                "env": [
                                    {
                                        "name": str,
                                        "valueFrom": {"secretKeyRef": {"name": str, "key": str}},
                                    }
                                ],
                                "resources": {
                                    "requests": {"memory": str},
                                    "limits": {"memory": str},
                                },
                            }
                        ],
                    },
                },
            },
        },
    },
}


def fits(value: object, schema: object, path: str = "") -> list[str]:
    if isinstance(schema, dict):
        assert isinstance(value, dict), path
        wrong = [f"{path}.{key}" for key in value if key not in schema]
        return wrong + [
            problem
            for key, child in value.items()
            if key in schema
            for problem in fits(child, schema[key], f"{path}.{key}")
        ]
    if isinstance(schema, list):
        assert isinstance(value, list), path
        return [problem for item in value for problem in fits(item, schema[0], f"{path}[]")]
    if isinstance(schema, set):
        return [] if value in schema else [f"{path} = {value!r}"]
    assert isinstance(schema, type)
    return [] if isinstance(value, schema) else [f"{path} is no {schema.__name__}"]


def test_a_cron_job_has_the_fields_of_the_api(with_jobs: Project) -> None:
    yaml = pytest.importorskip("yaml")
    (text,) = files(with_jobs, "kubernetes", image="registry/flights:1").values()
    manifest = yaml.safe_load(text)
    assert manifest == json.loads(text)
    assert fits(manifest, FIELDS) == []
    assert (manifest["apiVersion"], manifest["kind"]) == ("batch/v1", "CronJob")
    assert manifest["metadata"]["name"] == "late-flights-score"
    spec = manifest["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("0 6 * * 1-5", "Europe/Berlin")
    assert (spec["concurrencyPolicy"], spec["startingDeadlineSeconds"]) == ("Forbid", 900)
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["/opt/venv/bin/mlops", "job", "tick", "score"]
    assert container["resources"]["limits"]["memory"] == "2385Mi"
    assert container["env"][0]["valueFrom"]["secretKeyRef"]["key"] == "DB_PASSWORD"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_takes_the_units(with_jobs: Project, tmp_path: Path) -> None:
    where = Settings(folder=str(tmp_path), command=str(Path(sys.executable).parent / "mlops"))
    units = tmp_path / "units"
    units.mkdir()
    found = export(with_jobs, "systemd", ["score", "train"], where, units)
    for file in found:
        file.path.write_text(file.text, encoding="utf-8")
    assert [file.path.name for file in found] == [
        "mlops-Late-flights.timer",
        "mlops-Late-flights.service",
        "mlops-Late-flights@.service",
    ]
    checked = [units / "mlops-Late-flights.timer", units / "mlops-Late-flights.service"]
    (units / "mlops-Late-flights@.service").rename(units / "mlops-Late-flights@score.service")
    checked.append(units / "mlops-Late-flights@score.service")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, checked)],
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
    )
    ours = [line for line in done.stderr.splitlines() if "mlops-" in line]
    assert ours == []
    assert done.returncode == 0, done.stderr


def test_a_command_with_spaces_is_one_word_for_systemd(with_jobs: Project) -> None:
    where = Settings(folder="/srv/100 %", command='/opt/my "venv"/bin/mlops$')
    service = export(with_jobs, "systemd", ["score"], where, Path())[1].text
    assert 'ExecStart="/opt/my \\"venv\\"/bin/mlops$$" job tick' in service
    assert "WorkingDirectory=/srv/100 %%" in service


def test_a_dag_is_python_that_calls_our_command(with_jobs: Project) -> None:
    (name,) = files(with_jobs, "airflow")
    text = files(with_jobs, "airflow")[name]
    assert name == "Late-flights.score.py"
    tree = ast.parse(text)
    (call,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "BashOperator"
    ]
    values = {keyword.arg: keyword.value for keyword in call.keywords}
    command = ast.literal_eval(values["bash_command"])
    assert command.startswith("/opt/venv/bin/mlops job run score --logical-time '{{")
    assert ast.literal_eval(values["cwd"]) == "/srv/my project"
    assert "schedule='0 6 * * 1-5'" in text
    assert "max_active_runs=1" in text

"""The kernel, the packages and the seeds that a job runs with."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from mlops_nb.actions.check_environment import check_environment
from mlops_nb.actions.run_job import run_job
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.jobs.attempt import AttemptStatus
from mlops_nb.jobs.spec import resolve
from mlops_nb.kernels import interpreter_of, packages_in

AddJob = Callable[..., Path]
CLICK = metadata.version("click")


def install_kernel(folder: Path, name: str, *argv: str, language: str = "python") -> None:
    place = folder / "kernels" / name
    place.mkdir(parents=True)
    spec = {
        "argv": list(argv), "display_name": name, "language": language,
        "env": {"MARK_OF_THE_KERNEL": name},
    }  # fmt: skip
    (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of kernels: this interpreter under another name, one of R, one that is gone."""
    folder = tmp_path / "share"
    launch = ("-m", "ipykernel_launcher", "-f", "{connection_file}")
    install_kernel(folder, "science", sys.executable, *launch)
    install_kernel(folder, "ir", "R", language="R")
    install_kernel(folder, "gone", "/nowhere/bin/python", *launch)
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    return folder


def project(root: Path) -> Project:
    return load_project(root)


@pytest.mark.parametrize(
    ("kernel", "error", "said", "hint"),
    [
        ("sciense", NotFoundError, "job 'a': there is no kernel 'sciense'", "mean 'science'"),
        ("ir", InputError, "job 'a': the kernel 'ir' speaks R", ""),
        ("gone", InputError, "the kernel 'gone' starts /nowhere/bin/python", "kernelspec remove"),
    ],
)
def test_a_kernel_that_cannot_start_is_told_before_anything_does(
    add_job: AddJob, tmp_path: Path, kernels: Path,
    kernel: str, error: type[Exception], said: str, hint: str,
) -> None:  # fmt: skip
    add_job("a", "1", table=f'kernel = "{kernel}"')
    with pytest.raises(error, match=said) as wrong:
        resolve(project(tmp_path), "a", {}, handover={}, offered={})
    assert hint in wrong.value.hint  # type: ignore[attr-defined]
    assert not (tmp_path / ".mlops").exists()


def test_what_another_interpreter_has_installed() -> None:
    found = packages_in(Path(sys.executable))
    assert found["click"] == CLICK
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    with pytest.raises(InputError, match="does not say what is installed"):
        packages_in(Path("/bin/false"))


@pytest.mark.slow
def test_a_job_runs_in_its_kernel_and_repeats(
    add_job: AddJob, tmp_path: Path, kernels: Path
) -> None:
    add_job(
        "draws",
        "import os, random\nprint(os.environ.get('MARK_OF_THE_KERNEL'))\nprint(random.random())",
        "import numpy as np\nprint(np.random.normal(), hash('a') % 1000)",
        table='kernel = "science"\nenvironment = "warn"\nreport.enabled = false',
        kernel="science",
    )
    assert interpreter_of("science") == Path(sys.executable)
    (tmp_path / "requirements.lock").write_text("numpy==0.0.1\nclick==0.0.1\n", encoding="utf-8")
    made = project(tmp_path)
    printed = []
    for day in ("01", "01", "02"):
        record = run_job(made, "draws", logical_time=_day(day))
        assert record.status is AttemptStatus.SUCCEEDED, record.message
        assert record.output is not None
        book = json.loads(record.output.read_text(encoding="utf-8"))
        code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in code] == [1, 2]
        printed.append("".join(t for c in code for o in c["outputs"] for t in o["text"]))
    assert printed[0] == printed[1] != printed[2]
    assert printed[0].startswith("science\n")

    kept = json.loads((record.folder / "job.json").read_text(encoding="utf-8"))
    assert kept["seeded"] == ["PYTHONHASHSEED", "random", "numpy.random"]
    assert (kept["environment"]["lock"], kept["environment"]["model"]) == (
        "requirements.lock",
        None,
    )
    differences = {one["package"]: one for one in kept["environment"]["differences"]}
    assert differences["numpy"]["matters"]
    assert not differences["click"]["matters"]
    (warning,) = kept["warnings"]
    assert "packages that matter differ from requirements.lock: numpy" in warning


def test_a_job_that_wants_its_lock_does_not_start_without_it(
    add_job: AddJob, tmp_path: Path
) -> None:
    add_job("strict", "import click", table='environment = "fail"')
    lock = tmp_path / "requirements.lock"
    lock.write_text("click==0.0.1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"'strict' was not started: .* click") as wrong:
        run_job(project(tmp_path), "strict")
    assert wrong.value.hint == "mlops env diff strict"
    assert not (tmp_path / ".mlops" / "jobs").exists()
    lock.unlink()
    (said,) = check_environment(project(tmp_path), "strict").warnings
    assert said == "environment: there is neither a lock nor a model to compare with"


def _day(day: str) -> object:
    from datetime import UTC, datetime

    return datetime.fromisoformat(f"2026-03-{day}T00:00").replace(tzinfo=UTC)

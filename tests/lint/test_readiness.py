"""What a notebook lacks for production, point by point."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.errors import NotFoundError
from mlops_nb.lint.editor import assess, change
from mlops_nb.lint.example import Code, Example, error
from mlops_nb.lint.readiness import verdict
from mlops_nb.lint.run import Linter, Options
from mlops_nb.result import Result, Status

HEAD = "# Delays\n\n**Purpose.** Count late flights.\n\n**Owner.** Operations"
PARAMETERS = Code("year = 2013", count=1, tags=["parameters"])
PRINT = Code("print(year)", count=2)
TRAIN = (
    "from sklearn.linear_model import LinearRegression\n\n"
    "model = LinearRegression().fit([[1], [2]], [1, 2])\nprint(model)"
)
READY = Example(text=HEAD, cells=[PARAMETERS, PRINT])


@pytest.fixture
def pinned(project: Project) -> Project:
    (project.root / "requirements.txt").write_text("scikit-learn==1.7.0\n", encoding="utf-8")
    return project


def points(project: Project, example: Example, **more: Any) -> Mapping[str, Result]:
    path = project.root / example.name
    found = assess(Linter(project, Options()), path, example.to_bytes(), **more).points
    return {point.name.removeprefix("readiness."): point for point in found}


def cells(*more: str | Code) -> Sequence[str | Code]:
    return [PARAMETERS, PRINT, *more]


def test_a_notebook_that_is_ready(pinned: Project) -> None:
    found = points(pinned, READY)
    assert {name: point.status for name, point in found.items()} == {
        "findings": Status.PASSED,
        "parameters": Status.PASSED,
        "seeds": Status.PASSED,
        "environment": Status.PASSED,
        "tracking": Status.NOT_APPLICABLE,
        "owner": Status.PASSED,
        "executed": Status.PASSED,
    }
    assert str(verdict(list(found.values())).message) == "Ready for production"
    assert found["executed"].message == "2 cells, from top to bottom"


@pytest.mark.parametrize(
    ("name", "status", "message", "example"),
    [
        ("parameters", "failed", "no cell is tagged", Example(cells=["print(1)"])),
        (
            "parameters",
            "failed",
            "'year' is overwritten",
            Example(cells=cells("year = 2014\nprint(year)")),
        ),
        (
            "seeds",
            "failed",
            "without a seed",
            Example(cells=["import numpy as np\n\nprint(np.random.rand(3))"]),
        ),
        ("environment", "failed", "pip installs", Example(cells=["%pip install polars"])),
        ("tracking", "failed", "no run is logged", Example(cells=[TRAIN])),
        (
            "tracking",
            "passed",
            "kept as runs",
            Example(cells=["%load_ext mlops_nb", f'%%mlops run "a"\n{TRAIN}']),
        ),
        ("owner", "failed", "purpose, owner", Example(cells=["print(1)"])),
        ("executed", "failed", "has not been run", Example(cells=["print(1)"])),
        ("executed", "failed", "holds no code", Example(cells=[""])),
        ("executed", "failed", "cell 2 was not run", Example(cells=cells("print(3)"))),
        (
            "executed",
            "failed",
            "cell 2 ended in an error",
            Example(cells=cells(Code("1 / 0", count=3, outputs=[error("ZeroDivisionError", "")]))),
        ),
        (
            "executed",
            "failed",
            "another order",
            Example(cells=[Code("print(1)", count=2), Code("print(2)", count=1)]),
        ),
        ("executed", "warned", "ran twice", Example(cells=[Code("print(1)", count=4)])),
        ("findings", "failed", "1 error", Example(cells=["print(gone)"])),
        ("findings", "warned", "1 warning", Example(cells=["%pip install polars"])),
    ],
)
def test_what_is_missing(
    pinned: Project, name: str, status: str, message: str, example: Example
) -> None:
    point = points(pinned, example)[name]
    assert (point.status.value, message in point.message) == (status, True), point
    assert bool(point.advice) == (status != "passed")


def test_a_cell_that_was_edited_since_it_ran(pinned: Project) -> None:
    point = points(pinned, READY, edited=[2])["executed"]
    assert (point.status, point.message) == (Status.FAILED, "cell 2 was edited since")
    assert point.evidence["cell"] == 2


def test_an_environment_that_is_not_pinned(project: Project) -> None:
    assert "says nowhere" in points(project, READY)["environment"].message
    file = project.root / "pyproject.toml"
    file.write_text('[project]\nname = "x"\ndependencies = ["pandas", "polars==1"]', "utf-8")
    point = points(project, READY)["environment"]
    assert (point.status, point.message) == (
        Status.WARNED,
        "1 of 3 requirements have no version: pandas",
    )
    (project.root / "requirements.lock").write_text("pandas==3.0.0\n", encoding="utf-8")
    assert points(project, READY)["environment"].status is Status.PASSED


def test_an_import_that_no_requirement_names(pinned: Project) -> None:
    example = Example(cells=["import polars\n\nprint(polars)"])
    point = points(pinned, example)["environment"]
    assert (point.status, point.evidence["codes"]) == (Status.WARNED, ["NBD002"])


def test_the_owner_may_stand_in_the_configuration(project: Project) -> None:
    (project.root / "mlops.toml").write_text('owner = "ops"\n', encoding="utf-8")
    example = Example(text="**Purpose.** Count.", cells=["print(1)"])
    assert points(load_project(project.root), example)["owner"].status is Status.PASSED


def test_warnings_block_where_the_configuration_is_strict(project: Project) -> None:
    (project.root / "mlops.toml").write_text("[lint]\nstrict = true\n", encoding="utf-8")
    found = points(load_project(project.root), Example(cells=["%pip install polars"]))
    assert found["findings"].status is Status.FAILED
    assert verdict(list(found.values())).message == "Not ready: 1 warning"


def test_open_points_are_counted(pinned: Project) -> None:
    found = verdict(list(points(pinned, READY, edited=[2]).values()))
    assert (found.status, found.message) == (Status.WARNED, "Almost ready: 1 point open")


@pytest.mark.parametrize("content", [b"{", b"<html>"])
def test_what_is_no_notebook_has_a_finding_and_no_points(project: Project, content: bytes) -> None:
    found = assess(Linter(project, Options()), project.root / "a.ipynb", content)
    assert [d.code for d in found.report.diagnostics] == ["NBH001"]
    assert found.points == ()


def source(content: Mapping[str, Any], cell: int) -> str:
    text = content["cells"][cell]["source"]
    return text if isinstance(text, str) else "".join(text)


def test_one_finding_is_fixed_and_the_others_stay(project: Project) -> None:
    draw = "train_test_split([1, 2, 3])"
    code = f"from sklearn.model_selection import train_test_split\n\na = {draw}\nb = {draw}"
    content = Example(cells=[f"{code}\nprint(a, b)"]).to_bytes()
    path = project.root / "a.ipynb"
    linter = Linter(project, Options(change="all"))
    result = change(linter, path, content, lambda d: d.cell_line == 4)
    lines = source(result.notebook.raw, 0).split("\n")
    assert lines[2:4] == [f"a = {draw}", f"b = {draw[:-1]}, random_state=42)"]
    assert result.count == 1
    assert not path.exists(), "the editor makes the change"


def test_one_finding_is_accepted(project: Project) -> None:
    example = Example(cells=["print(gone)", "print(lost)"])
    linter = Linter(project, Options(change="accept"))
    content = example.to_bytes()
    result = change(linter, project.root / "a.ipynb", content, lambda d: d.cell == 1)
    assert source(result.notebook.raw, 0) == "print(gone)"
    assert source(result.notebook.raw, 1) == "print(lost)  # noqa: NBX001"
    assert result.count == 1


def test_a_finding_that_is_gone(project: Project) -> None:
    linter = Linter(project, Options(change="safe"))
    content = json.dumps(json.loads(READY.to_bytes())).encode()
    with pytest.raises(NotFoundError, match="no such finding"):
        change(linter, project.root / "a.ipynb", content, lambda d: d.code == "NBX001")

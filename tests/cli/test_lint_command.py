"""``mlops lint`` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from mlops_nb.config import Project
from mlops_nb.lint.example import Code, Example

BAD = Example(cells=["print(gone)"])
WARNS = Example(cells=[Code("1", count=2), Code("2", count=1)])
GOOD = Example(cells=["print(1)"])


def mlops(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from mlops_nb.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    ("example", "options", "code"),
    [
        (GOOD, [], 0),
        (BAD, [], 1),
        (BAD, ["--ignore", "NBX001"], 0),
        (BAD, ["--select", "NBP,NBC"], 0),
        (WARNS, [], 0),
        (WARNS, ["--strict"], 1),
        (BAD, ["--select", "NBX09"], 2),
        (BAD, ["--fix", "--diff"], 2),
        (BAD, ["--fix", "--add-noqa"], 2),
        (BAD, ["--unsafe-fixes"], 2),
        (BAD, ["--baseline", "none.json"], 2),
        (BAD, ["--write-baseline"], 0),
        (BAD, ["--add-noqa"], 0),
        (BAD, ["--jobs", "0"], 2),
        (BAD, ["--extend-select", "NBX9"], 2),
        (BAD, ["--with-ruff", "--no-cache"], 1),
        (BAD, ["nowhere"], 2),
        (BAD, ["--checklist"], 1),
        (GOOD, ["--checklist"], 0),
        (GOOD, ["--checklist", "--strict"], 1),
        (GOOD, ["--checklist", "--fix"], 2),
        (GOOD, ["--checklist", "--format", "sarif"], 2),
    ],
)
def test_exit_codes(project: Project, example: Example, options: list[str], code: int) -> None:
    (project.root / "a.ipynb").write_bytes(example.to_bytes())
    assert mlops("lint", *options).returncode == code


def test_the_current_folder_is_the_default(project: Project) -> None:
    (project.root / "a.ipynb").write_bytes(BAD.to_bytes())
    result = mlops("lint")
    assert result.stdout.splitlines() == [
        "a.ipynb:cell 0:1:7: NBX001 'gone' is bound nowhere",
        "1 finding in 1 notebook (1 error).",
    ]
    assert result.stderr == ""


def test_a_missing_path_is_said_on_stderr(project: Project) -> None:
    result = mlops("lint", "nowhere")
    assert result.stdout == ""
    assert result.stderr == "error: no such file or folder: nowhere\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "a.ipynb:1:2: NBH001 broken JSON"),
        (b"<html>", "a.ipynb:1:1: NBH001 a web page saved as a notebook"),
        ("é".encode("latin-1"), "a.ipynb:1:1: NBH001 not UTF-8"),
    ],
)
def test_an_unreadable_notebook_is_a_finding(
    project: Project, content: bytes, message: str
) -> None:
    (project.root / "a.ipynb").write_bytes(content)
    result = mlops("lint")
    assert result.returncode == 1
    assert result.stdout.startswith(message)


def test_json_is_one_document(project: Project) -> None:
    (project.root / "a.ipynb").write_bytes(BAD.to_bytes())
    document = json.loads(mlops("lint", "--format", "json").stdout)
    assert document["summary"] == {"files": 1, "findings": 1, "skipped": 0}


def test_half_a_surrogate_pair_can_be_printed(project: Project) -> None:
    cell = {"cell_type": "code", "source": "open('/home/\ud800da')", "outputs": []}
    text = json.dumps({"cells": [cell], "metadata": {"language_info": {"name": "python"}}})
    (project.root / "a.ipynb").write_text(text, encoding="utf-8")
    result = mlops("lint")
    assert result.returncode in (0, 1)
    assert "Traceback" not in result.stderr


def test_diff_then_fix(project: Project) -> None:
    path = project.root / "a.ipynb"
    path.write_bytes(WARNS.to_bytes())
    shown = mlops("lint", "--diff")
    assert shown.returncode == 1
    assert shown.stdout.startswith("--- a.ipynb:cell 0 (state)\n+++ a.ipynb:cell 0")
    assert path.read_bytes() == WARNS.to_bytes()

    fixed = mlops("lint", "--fix", "--strict")
    assert (fixed.returncode, fixed.stderr) == (0, "Fixed 1 finding in 1 notebook.\n")
    assert path.read_bytes() == WARNS.to_bytes().replace(
        b'"execution_count": 2', b'"execution_count": null'
    ).replace(b'"execution_count": 1', b'"execution_count": null')
    assert mlops("lint", "--diff").stdout == ""


def test_a_baseline_lets_only_new_findings_through(project: Project) -> None:
    path = project.root / "a.ipynb"
    path.write_bytes(BAD.to_bytes())
    (project.root / "mlops.toml").write_text('[lint]\nbaseline = "known.json"\n')
    written = mlops("lint", "--write-baseline")
    assert written.returncode == 0
    assert written.stderr == f"Wrote 1 finding to {project.root / 'known.json'}.\n"
    assert written.stdout == "All checks passed in 1 notebook; 1 known from the baseline.\n"
    path.write_bytes(Example(cells=["x = 1", "print(gone)", "print(new)"]).to_bytes())
    new = mlops("lint")
    assert new.returncode == 1
    assert new.stdout.splitlines()[0] == "a.ipynb:cell 2:1:7: NBX001 'new' is bound nowhere"
    path.write_bytes(GOOD.to_bytes())
    assert mlops("lint").stderr == "1 known finding is gone: --write-baseline drops them.\n"


def test_add_noqa_says_what_it_accepted(project: Project) -> None:
    path = project.root / "a.ipynb"
    path.write_bytes(BAD.to_bytes())
    accepted = mlops("lint", "--add-noqa")
    assert accepted.stderr == "Accepted 1 finding in 1 notebook.\n"
    before = BAD.to_bytes()
    assert path.read_bytes() == before.replace(b"print(gone)", b"print(gone)  # noqa: NBX001")


def test_strict_may_be_the_configurations(project: Project) -> None:
    (project.root / "a.ipynb").write_bytes(WARNS.to_bytes())
    (project.root / "mlops.toml").write_text("[lint]\nstrict = true\n")
    assert mlops("lint").returncode == 1


@pytest.mark.parametrize("form", ["json", "github", "gitlab", "sarif", "junit"])
def test_every_form_is_whole_and_alone_on_stdout(project: Project, form: str) -> None:
    (project.root / "a.ipynb").write_bytes(BAD.to_bytes())
    result = mlops("lint", "--format", form)
    assert (result.returncode, result.stderr) == (1, "")
    if form == "junit":
        assert ElementTree.fromstring(result.stdout.encode()).tag == "testsuites"
    elif form == "github":
        assert result.stdout.startswith("::error title=NBX001")
    else:
        json.loads(result.stdout)


def test_a_crashing_rule_ends_with_2(project: Project) -> None:
    (project.root / "a.ipynb").write_bytes(BAD.to_bytes())
    code = """
from dataclasses import replace
from mlops_nb.cli.main import main
from mlops_nb.lint import rule
known = rule.rules()
rule._RULES["NBX001"] = replace(known["NBX001"], check=lambda context: 1 / 0)
rule.rules.cache_clear()
main()
"""
    result = subprocess.run(
        [sys.executable, "-c", code, "lint"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    place = "a.ipynb:1:1: NBX001 internal error, please report it: ZeroDivisionError"
    assert result.stdout.startswith(place)
    assert "Traceback" not in result.stderr


def test_help_ends_with_an_example() -> None:
    assert mlops("lint", "--help").stdout.strip().splitlines()[-1].strip().startswith("Example:")


def test_nothing_heavy_is_imported(project: Project) -> None:
    (project.root / "a.ipynb").write_bytes(BAD.to_bytes())
    code = """
import sys
sys.argv = ["mlops", "lint", "a.ipynb"]
from mlops_nb.cli.main import main
try:
    main()
except SystemExit:
    pass
heavy = {"rich", "pydantic", "IPython", "nbformat", "pandas", "numpy", "mlflow", "ibis",
         "plotly", "sklearn", "sqlalchemy", "jupyter_core"}
print(sorted(heavy & sys.modules.keys()))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


def test_the_checklist_says_what_is_missing(project: Project) -> None:
    (project.root / "a.ipynb").write_bytes(BAD.to_bytes())
    (project.root / "b.ipynb").write_text("no notebook", encoding="utf-8")
    text = mlops("lint", "--checklist").stdout
    assert "a.ipynb: Not ready: 1 error" in text
    assert "readiness.parameters" in text
    assert "b.ipynb: not checked" in text
    found = json.loads(mlops("lint", "--checklist", "--format", "json").stdout)["notebooks"]
    assert [one["verdict"]["status"] for one in found] == ["failed", "skipped"]
    assert found[0]["points"][0]["message"] == "1 error"

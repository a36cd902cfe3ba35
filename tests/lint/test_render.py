"""What is printed, in each of the forms."""

from __future__ import annotations

import json
from pathlib import Path

from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import PYTHON, Code, Example
from mlops_nb.lint.render import page, reference, to_json, to_text
from mlops_nb.lint.report import FileReport, LintReport
from mlops_nb.lint.rule import get_rule, rules
from mlops_nb.notebook import parse_notebook


def report() -> LintReport:
    example = Example(
        cells=[Code("x = 1", count=2), Code("print(x,\n  gone)", count=1)],
        metadata={**PYTHON, "mlops": {"ignore": ["NBL101"]}},
    )
    found = lint_notebook(parse_notebook(example.to_bytes(), Path("a b.ipynb")))
    skipped = FileReport(file="r.ipynb", skipped="language: r")
    return LintReport(reports=[FileReport(file="a b.ipynb", diagnostics=found), skipped])


def test_text_is_one_line_a_finding_and_a_summary() -> None:
    assert to_text(report()).splitlines() == [
        "a b.ipynb:25:14: NBZ001 [*] unused suppression: NBL101 suppresses nothing here",
        "a b.ipynb:cell 1: NBX006 [*] executed as [1], after [2] above it: "
        "restart the kernel and run all cells",
        "a b.ipynb:cell 1:2:3: NBX001 'gone' is bound nowhere",
        "3 findings in 1 notebook (1 error, 2 warnings, 2 fixable with --fix); "
        "skipped 1 (language: r).",
    ]
    assert to_text(LintReport(reports=[FileReport(file=f) for f in "ab"])) == (
        "All checks passed in 2 notebooks."
    )


def test_json_has_the_stable_shape() -> None:
    document = json.loads(to_json(report()))
    assert document["schema"] == 1
    assert document["summary"] == {"files": 1, "findings": 3, "skipped": 1}
    assert document["diagnostics"][2] == {
        "file": "a b.ipynb",
        "line": 21,
        "column": 8,
        "end_line": 21,
        "end_column": 12,
        "cell": 1,
        "cell_id": "cell-1",
        "execution_count": 1,
        "code": "NBX001",
        "severity": "error",
        "message": "'gone' is bound nowhere",
        "fixable": False,
    }


def test_a_rules_page_comes_from_the_rule() -> None:
    text = page(get_rule("NBX001"))
    assert text.startswith("## NBX001 undefined-name\n\nFlag a name")
    assert "print(sum(rows))" in text
    assert "# noqa: NBX001" in text


def test_the_reference_names_every_rule() -> None:
    text = reference(rules())
    assert all(f"## {rule.code} {rule.name}" in text for rule in rules().values())

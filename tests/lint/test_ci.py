"""What CI services are given, held against what they ask for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from mlops_nb.lint.ci import to_github, to_gitlab, to_junit, to_sarif
from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import PYTHON, Code, Example
from mlops_nb.lint.report import FileReport, LintReport
from mlops_nb.notebook import parse_notebook


def report(*before: str, name: str = "a b.ipynb") -> LintReport:
    example = Example(
        cells=[*before, Code("x = 1", count=2), Code("print(x,\n  gone)", count=1)],
        metadata={**PYTHON, "mlops": {"ignore": ["NBL101"]}},
    )
    found = lint_notebook(parse_notebook(example.to_bytes(), Path(name)))
    skipped = FileReport(file="r.ipynb", skipped="language: r")
    clean = FileReport(file="c.ipynb")
    return LintReport(reports=[FileReport(file=name, diagnostics=found), skipped, clean])


def test_github_names_the_line_of_the_file() -> None:
    last = to_github(report()).splitlines()[-1]
    assert last == (
        "::error title=NBX001 undefined-name,file=a b.ipynb,line=21,col=8,endLine=21,endColumn=12"
        "::cell 1, line 2: 'gone' is bound nowhere"
    )


def test_sarif_names_rules_and_places() -> None:
    (run,) = json.loads(to_sarif(report()))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["NBX001", "NBX006", "NBZ001"]
    result = run["results"][2]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("NBX001", 0, "error")
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.ipynb"
    assert location["physicalLocation"]["region"]["startLine"] == 21
    assert location["logicalLocations"][0]["name"] == "cell 1"
    assert "logicalLocations" not in run["results"][0]["locations"][0]


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    """Return the schema of an object with these properties and no others."""
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": properties,
    }


TEXT = {"type": "string", "minLength": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
NUMBER = {"type": "integer", "minimum": 1}
MESSAGE = closed(["text"], text=TEXT)
# What SARIF 2.1.0 asks of the parts that are written here; its own schema is 117 kB.
SARIF = closed(
    ["version", "runs"],
    **{"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}},
    runs={
        "type": "array",
        "items": closed(
            ["tool"],
            tool=closed(
                ["driver"],
                driver=closed(
                    ["name"],
                    name=TEXT,
                    rules={
                        "type": "array",
                        "uniqueItems": True,
                        "items": closed(
                            ["id"],
                            id=TEXT,
                            name=TEXT,
                            shortDescription=MESSAGE,
                            fullDescription=MESSAGE,
                            defaultConfiguration=closed([], level=LEVEL),
                        ),
                    },
                ),
            ),
            invocations={
                "type": "array",
                "items": closed(
                    ["executionSuccessful"],
                    executionSuccessful={"type": "boolean"},
                    toolExecutionNotifications={
                        "type": "array",
                        "items": closed(["message"], level=LEVEL, message=MESSAGE),
                    },
                ),
            },
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            results={
                "type": "array",
                "items": closed(
                    ["message"],
                    ruleId=TEXT,
                    ruleIndex={"type": "integer", "minimum": -1},
                    level=LEVEL,
                    message=MESSAGE,
                    partialFingerprints={"additionalProperties": {"type": "string"}},
                    locations={
                        "type": "array",
                        "items": closed(
                            [],
                            physicalLocation=closed(
                                ["artifactLocation"],
                                artifactLocation=closed(
                                    [], uri={"type": "string", "pattern": "^[!-~]*$"}
                                ),
                                region=closed(
                                    [],
                                    startLine=NUMBER,
                                    startColumn=NUMBER,
                                    endLine=NUMBER,
                                    endColumn=NUMBER,
                                ),
                            ),
                            logicalLocations={
                                "type": "array",
                                "items": closed([], name=TEXT, fullyQualifiedName=TEXT, kind=TEXT),
                            },
                        ),
                    },
                ),
            },
        ),
    },
)


def test_sarif_is_valid() -> None:
    jsonschema.validate(json.loads(to_sarif(report())), SARIF)
    jsonschema.validate(json.loads(to_sarif(LintReport(reports=[]))), SARIF)
    foreign = replace(report().diagnostics[2], code="F401", internal=True)
    one = LintReport(reports=[FileReport(file="a", diagnostics=[foreign])])
    jsonschema.validate(json.loads(to_sarif(one)), SARIF)


def test_sarif_says_that_a_rule_crashed() -> None:
    whole = report()
    crashed = replace(whole.diagnostics[0], internal=True)
    broken = LintReport(reports=[FileReport(file="a", diagnostics=[crashed])])
    (invocation,) = json.loads(to_sarif(broken))["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert len(invocation["toolExecutionNotifications"]) == 1
    assert json.loads(to_sarif(whole))["runs"][0]["invocations"][0]["executionSuccessful"] is True


def test_gitlab_has_what_its_report_requires() -> None:
    issues = json.loads(to_gitlab(report()))
    for issue in issues:
        assert {"description", "check_name", "fingerprint", "severity", "location"} == set(issue)
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert not issue["location"]["path"].startswith(("/", "./"))
        assert issue["location"]["positions"]["begin"]["line"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == 3


def test_a_fingerprint_stays_when_cells_move_and_tells_equal_findings_apart() -> None:
    def of(*cells: str) -> list[str]:
        found = json.loads(to_gitlab(report(*cells)))
        return [i["fingerprint"] for i in found if i["check_name"] == "NBD001"]

    (alone,) = of("%pip install a")
    assert of("y = 1\ny", "z = 2", "%pip install a") == [alone]
    twice = of("%pip install a", "%pip install a")
    assert alone in twice
    assert len(set(twice)) == 2


def test_junit_has_a_case_a_notebook() -> None:
    suite = ET.fromstring(to_junit(report()))[0]
    assert suite.attrib["tests"] == "3"
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("1", "1")
    names = [case.attrib["name"] for case in suite]
    assert names == ["a b.ipynb", "r.ipynb", "c.ipynb"]
    assert suite[0][0].tag == "failure"
    assert "21:8: NBX001 cell 1, line 2: 'gone' is bound nowhere" in (suite[0][0].text or "")
    assert (suite[1][0].tag, suite[1][0].attrib["message"]) == ("skipped", "language: r")
    assert len(suite[2]) == 0


@pytest.mark.parametrize("form", [to_gitlab, to_sarif, to_junit, to_github])
def test_odd_names_and_texts_stay_well_formed(form) -> None:
    odd = "\x00\x1b[31m\ud800<&>\"'\r\n%,:\uffff"
    one = replace(report().diagnostics[2], message=odd, file=f"d/{odd}.ipynb")
    text = form(LintReport(reports=[FileReport(file=one.file, diagnostics=[one])]))
    text.encode("utf-8", "backslashreplace")
    if form is to_junit:
        ET.fromstring(text)
    elif form is to_github:
        assert "\n" not in text
    else:
        json.loads(text)

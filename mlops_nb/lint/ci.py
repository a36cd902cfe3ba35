"""Findings in the forms that CI services read."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.report import LintReport
from mlops_nb.lint.rule import Rule, rules

_SARIF = {"error": "error", "warning": "warning", "info": "note"}
_GITHUB = {"error": "error", "warning": "warning", "info": "notice"}
_GITLAB = {"error": "major", "warning": "minor", "info": "info"}
# Characters that XML cannot carry, not even escaped.
_NO_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(55296, 57344)), "�")
_NO_XML |= {0xFFFE: "�", 0xFFFF: "�"}


def to_github(report: LintReport) -> str:
    """Return workflow commands, which GitHub shows beside the lines of a pull request."""
    lines: list[str] = []
    for one in report.reports:
        file = _escaped(_relative(one.file), ",:")
        lines += [_command(diagnostic, file) for diagnostic in one.diagnostics]
    return "\n".join(lines)


def to_gitlab(report: LintReport) -> str:
    """Return GitLab's code quality report; a fingerprint stays the same when cells move."""
    issues = [
        {
            "description": f"{d.code}: {_message(d)}",
            "check_name": d.code,
            "fingerprint": fingerprint,
            "severity": _GITLAB[d.severity],
            "location": {
                "path": _relative(d.file),
                "positions": {
                    "begin": {"line": d.line, "column": d.column},
                    "end": {"line": d.end_line, "column": d.end_column},
                },
            },
        }
        for d, fingerprint in _fingerprinted(report)
    ]
    return json.dumps(issues, indent=2)


def to_sarif(report: LintReport) -> str:
    """Return SARIF 2.1.0, which code scanning services read."""
    used = sorted({diagnostic.code for diagnostic in report.diagnostics})
    failures = [d for d in report.diagnostics if d.internal]
    notices = [{"level": "error", "message": {"text": f"{d.file}: {d.message}"}} for d in failures]
    run = {
        "tool": {
            "driver": {
                "name": "mlops lint",
                "rules": [_sarif_rule(code, rules().get(code)) for code in used],
            }
        },
        "invocations": [
            {"executionSuccessful": not failures, "toolExecutionNotifications": notices}
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(d, used.index(d.code), f) for d, f in _fingerprinted(report)],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def to_junit(report: LintReport) -> str:
    """Return JUnit's XML: a notebook is a test case that fails with its findings."""
    suite = ET.Element("testsuite", name="mlops lint")
    failing = skipped = 0
    for one in report.reports:
        case = ET.SubElement(suite, "testcase", classname="mlops lint", name=_xml(one.file))
        if one.skipped:
            skipped += 1
            ET.SubElement(case, "skipped", message=_xml(one.skipped))
        if one.diagnostics:
            failing += 1
            lines = [f"{d.line}:{d.column}: {d.code} {_message(d)}" for d in one.diagnostics]
            worst = min(one.diagnostics, key=lambda d: list(_SARIF).index(d.severity))
            count = len(lines)
            message = f"{count} {'finding' if count == 1 else 'findings'}"
            failure = ET.SubElement(case, "failure", type=worst.severity, message=message)
            failure.text = _xml("\n".join(lines))
    counts = {"tests": len(report.reports), "failures": failing, "skipped": skipped, "errors": 0}
    suite.attrib.update({name: str(count) for name, count in counts.items()})
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode")


def _fingerprinted(report: LintReport) -> Iterator[tuple[Diagnostic, str]]:
    """Yield findings with a fingerprint that no other has: equal ones in a file are counted."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for diagnostic in report.diagnostics:
        key = _relative(diagnostic.file), diagnostic.code, diagnostic.fingerprint
        content = "\0".join([*key, str(seen[key])]).encode("utf-8", "surrogatepass")
        seen[key] += 1
        yield diagnostic, hashlib.blake2b(content, digest_size=16).hexdigest()


def _message(diagnostic: Diagnostic) -> str:
    if diagnostic.cell is None:
        return diagnostic.message
    line = f", line {diagnostic.cell_line}" if diagnostic.cell_line else ""
    return f"cell {diagnostic.cell}{line}: {diagnostic.message}"


def _relative(file: str) -> str:
    """Return the path from the current folder, which CI services take for the repository's root."""
    path = os.path.relpath(file) if os.path.isabs(file) else os.path.normpath(file)  # noqa: PTH117
    return Path(path).as_posix()


def _command(diagnostic: Diagnostic, file: str) -> str:
    rule = rules().get(diagnostic.code)
    title = _escaped(f"{diagnostic.code} {rule.name}" if rule else diagnostic.code, ",:")
    place = (
        f"line={diagnostic.line},col={diagnostic.column},"
        f"endLine={diagnostic.end_line},endColumn={diagnostic.end_column}"
    )
    shown = f"title={title},file={file},{place}"
    return f"::{_GITHUB[diagnostic.severity]} {shown}::{_escaped(_message(diagnostic))}"


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        if character in text:
            text = text.replace(character, f"%{ord(character):02X}")
    return text


def _sarif_rule(code: str, rule: Rule | None) -> Mapping[str, object]:
    if rule is None:  # ruff's
        return {"id": code}
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "defaultConfiguration": {"level": _SARIF[rule.severity]},
    }


def _sarif_result(diagnostic: Diagnostic, index: int, fingerprint: str) -> Mapping[str, object]:
    location: dict[str, object] = {
        "physicalLocation": {
            "artifactLocation": {
                "uri": quote(_relative(diagnostic.file).encode("utf-8", "surrogatepass"))
            },
            "region": {
                "startLine": diagnostic.line,
                "startColumn": diagnostic.column,
                "endLine": diagnostic.end_line,
                "endColumn": diagnostic.end_column,
            },
        }
    }
    if diagnostic.cell is not None:
        name = f"cell {diagnostic.cell}"
        logical = {"name": name, "fullyQualifiedName": f"cells/{diagnostic.cell}", "kind": "module"}
        location["logicalLocations"] = [logical]
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": _SARIF[diagnostic.severity],
        "message": {"text": _message(diagnostic)},
        "locations": [location],
        "partialFingerprints": {"mlopsLint/v1": fingerprint},
    }


def _xml(text: str) -> str:
    return text.translate(_NO_XML)

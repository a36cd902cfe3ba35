"""The forms in which findings are printed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from mlops_nb.lint.engine import LintReport
from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.rule import Rule, Severity, rules

_SARIF_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_GITHUB_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def to_text(report: LintReport) -> str:
    """Return one line a finding and one line of summary."""
    lines = [f"{_place(d)}: {d.code} {_mark(d)}{d.message}" for d in report.diagnostics]
    return "\n".join([*lines, summary(report)])


def summary(report: LintReport) -> str:
    """Return the one line that says how it went."""
    files = _plural(report.files, "notebook")
    skipped = ""
    if report.skipped:
        reasons = Counter(skip.reason for skip in report.skipped)
        skipped = f"; skipped {', '.join(f'{n} ({reason})' for reason, n in reasons.items())}"
    if not report.diagnostics:
        return f"All checks passed in {files}{skipped}."
    nouns = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    counts = [_plural(report.count(s), noun) for s, noun in nouns.items() if report.count(s)]
    fixable = sum(diagnostic.fixable for diagnostic in report.diagnostics)
    fix = f", {fixable} fixable with --fix" if fixable else ""
    found = _plural(len(report.diagnostics), "finding")
    return f"{found} in {files} ({', '.join(counts)}{fix}){skipped}."


def to_json(report: LintReport) -> str:
    """Return the stable JSON document."""
    document = {
        "schema": 1,
        "summary": {
            "files": report.files,
            "findings": len(report.diagnostics),
            "skipped": len(report.skipped),
        },
        "diagnostics": [diagnostic.to_dict() for diagnostic in report.diagnostics],
    }
    return json.dumps(document, indent=2)


def to_github(report: LintReport) -> str:
    """Return workflow commands, which GitHub shows beside the lines of a pull request."""
    return "\n".join(_command(diagnostic) for diagnostic in report.diagnostics)


def to_sarif(report: LintReport) -> str:
    """Return SARIF 2.1.0, which code scanning services read."""
    used = sorted({diagnostic.code for diagnostic in report.diagnostics})
    run = {
        "tool": {
            "driver": {
                "name": "mlops lint",
                "rules": [_sarif_rule(rules()[code]) for code in used],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(d, used.index(d.code)) for d in report.diagnostics],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


FORMATS: Mapping[str, Callable[[LintReport], str]] = {
    "text": to_text,
    "json": to_json,
    "github": to_github,
    "sarif": to_sarif,
}


def _place(diagnostic: Diagnostic) -> str:
    if diagnostic.cell is None:
        return f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}"
    cell = f"{diagnostic.file}:cell {diagnostic.cell}"
    if diagnostic.cell_line is None:
        return cell
    return f"{cell}:{diagnostic.cell_line}:{diagnostic.cell_column or 1}"


def _mark(diagnostic: Diagnostic) -> str:
    return "[*] " if diagnostic.fixable else ""


def _command(diagnostic: Diagnostic) -> str:
    properties = {
        "title": f"{diagnostic.code} {rules()[diagnostic.code].name}",
        "file": diagnostic.file,
        "line": diagnostic.line,
        "col": diagnostic.column,
        "endLine": diagnostic.end_line,
        "endColumn": diagnostic.end_column,
    }
    shown = ",".join(f"{name}={_escaped(str(v), ',:')}" for name, v in properties.items())
    where = f"cell {diagnostic.cell}: " if diagnostic.cell is not None else ""
    level = _GITHUB_LEVELS[diagnostic.severity]
    return f"::{level} {shown}::{_escaped(where + diagnostic.message)}"


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _sarif_rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "defaultConfiguration": {"level": _SARIF_LEVELS[rule.severity]},
    }


def _sarif_result(diagnostic: Diagnostic, index: int) -> dict[str, object]:
    where = f"cell {diagnostic.cell}: " if diagnostic.cell is not None else ""
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(Path(diagnostic.file).as_posix())},
            "region": {
                "startLine": diagnostic.line,
                "startColumn": diagnostic.column,
                "endLine": diagnostic.end_line,
                "endColumn": diagnostic.end_column,
            },
        }
    }
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": _SARIF_LEVELS[diagnostic.severity],
        "message": {"text": where + diagnostic.message},
        "locations": [location],
    }


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def reference(chosen: Mapping[str, Rule]) -> str:
    """Return the rules' reference in Markdown."""
    return "\n".join(["# Lint rules", "", *_reference(chosen)])


def _reference(chosen: Mapping[str, Rule]) -> Iterator[str]:
    yield "| code | name | severity | fix | what it flags |"
    yield "|---|---|---|---|---|"
    for rule in chosen.values():
        fix = "yes" if rule.fixable else ""
        weight = f"{rule.severity}, opt-in" if rule.opt_in else f"{rule.severity}"
        link = f"[{rule.code}](#{rule.code.lower()}-{rule.name})"
        yield f"| {link} | {rule.name} | {weight} | {fix} | {rule.summary} |"
    for rule in chosen.values():
        yield ""
        yield page(rule)


def page(rule: Rule) -> str:
    """Return one rule's page in Markdown."""
    fix = "`mlops lint --fix` puts it right. " if rule.fixable else ""
    opt_in = f"Off unless `select` names `{rule.code}` or its family." if rule.opt_in else ""
    parts = [
        f"## {rule.code} {rule.name}",
        f"{rule.summary}\n\nSeverity: {rule.severity}. {fix}{opt_in}".rstrip(),
        f"**Why it matters.** {rule.why}",
        f"Bad:\n\n```python\n{rule.bad.to_text().rstrip()}\n```",
        f"Good:\n\n```python\n{rule.good.to_text().rstrip()}\n```",
        f"Accept one finding with `# noqa: {rule.code}` on its line.",
    ]
    return "\n\n".join(parts)

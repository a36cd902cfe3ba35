"""Findings and rules as a person reads them, and as the stable JSON document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.report import LintReport
from mlops_nb.lint.rule import Rule, Severity


def to_text(report: LintReport) -> str:
    """Return one line a finding and one line of summary."""
    lines = [f"{_place(d)}: {d.code} {_mark(d)}{d.message}" for d in report.diagnostics]
    return "\n".join([*lines, summary(report)])


def summary(report: LintReport) -> str:
    """Return the one line that says how it went."""
    files = _plural(report.files, "notebook")
    skipped = ""
    if report.skipped:
        reasons = Counter(one.skipped for one in report.skipped)
        skipped = f"; skipped {', '.join(f'{n} ({reason})' for reason, n in reasons.items())}"
    if report.known:
        skipped += f"; {report.known} known from the baseline"
    if not report.diagnostics:
        return f"All checks passed in {files}{skipped}."
    nouns = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    counts = [_plural(report.count(s), noun) for s, noun in nouns.items() if report.count(s)]
    fixable = sum(diagnostic.fixable for diagnostic in report.diagnostics)
    unsafe = sum(diagnostic.unsafe for diagnostic in report.diagnostics)
    fix = f", {fixable} fixable with --fix" if fixable else ""
    fix += f", {unsafe} with --fix --unsafe-fixes" if unsafe else ""
    found = _plural(len(report.diagnostics), "finding")
    return f"{found} in {files} ({', '.join(counts)}{fix}){skipped}."


def to_json(report: LintReport) -> str:
    """Return the stable JSON document."""
    return json.dumps({"schema": 1, **document(report)}, indent=2)


def document(report: LintReport) -> dict[str, object]:
    """Return the content of the JSON document."""
    return {
        "summary": {
            "files": report.files,
            "findings": len(report.diagnostics),
            "skipped": len(report.skipped),
        },
        "diagnostics": [diagnostic.to_dict() for diagnostic in report.diagnostics],
    }


def _place(diagnostic: Diagnostic) -> str:
    if diagnostic.cell is None:
        return f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}"
    cell = f"{diagnostic.file}:cell {diagnostic.cell}"
    if diagnostic.cell_line is None:
        return cell
    return f"{cell}:{diagnostic.cell_line}:{diagnostic.cell_column or 1}"


def _mark(diagnostic: Diagnostic) -> str:
    return "[*] " if diagnostic.fixable else "[-] " if diagnostic.unsafe else ""


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def reference(chosen: Mapping[str, Rule]) -> str:
    """Return the rules' reference in Markdown."""
    return "\n".join(["# Lint rules", "", *_reference(chosen)])


def _reference(chosen: Mapping[str, Rule]) -> Iterator[str]:
    yield "| code | name | severity | fix | what it flags |"
    yield "|---|---|---|---|---|"
    for rule in chosen.values():
        fix = ("unsafe" if rule.unsafe else "yes") if rule.fixable else ""
        weight = f"{rule.severity}, opt-in" if rule.opt_in else f"{rule.severity}"
        link = f"[{rule.code}](#{rule.code.lower()}-{rule.name})"
        yield f"| {link} | {rule.name} | {weight} | {fix} | {rule.summary} |"
    for rule in chosen.values():
        yield ""
        yield page(rule)


def page(rule: Rule) -> str:
    """Return one rule's page in Markdown."""
    options = "--fix --unsafe-fixes" if rule.unsafe else "--fix"
    fix = f"`mlops lint {options}` puts it right. " if rule.fixable else ""
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

"""The findings of an old repository, known and let be, so that only new ones are reported."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import msgspec

from mlops_nb.errors import InputError
from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.report import FileReport, LintReport

DEFAULT = "lint-baseline.json"
_Known = dict[str, dict[str, dict[str, int]]]  # file → code → fingerprint → how often


class _File(msgspec.Struct, forbid_unknown_fields=True):
    schema: int
    findings: _Known


def known_removed(path: Path, report: LintReport) -> tuple[LintReport, int]:
    """Return a report without the findings of a baseline, and how many of those are gone.

    A finding is known again by the text it stands at, wherever its cell has moved.

    Parameters
    ----------
    path : Path
        The baseline.
    report : LintReport
        What was found.

    Raises
    ------
    InputError
        The baseline is not there, or is not one.
    """
    known = _read(path)
    reports, left_out, gone = [], 0, 0
    for one in report.reports:
        entry = known.get(_name(path, one), {})
        open_ = Counter({(c, f): n for c, codes in entry.items() for f, n in codes.items()})
        kept = []
        for diagnostic in one.diagnostics:
            key = diagnostic.code, diagnostic.fingerprint
            if open_[key] > 0 and not diagnostic.internal:
                open_[key] -= 1
            else:
                kept.append(diagnostic)
        left_out += len(one.diagnostics) - len(kept)
        gone += open_.total()
        reports.append(replace(one, diagnostics=kept))
    return replace(report, reports=reports, known=left_out), gone


def write_baseline(path: Path, report: LintReport) -> int:
    """Write all findings into a baseline; return how many they are.

    Files that were not looked at keep their entries.

    Raises
    ------
    InputError
        The file there is no baseline, or it cannot be written.
    """
    known = _read(path) if path.exists() else {}
    for one in report.reports:
        known.pop(_name(path, one), None)
        if found := [d for d in one.diagnostics if not d.internal]:
            known[_name(path, one)] = _counted(found)
    text = json.dumps({"schema": 1, "findings": known}, indent=1, sort_keys=True) + "\n"
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    return sum(len([d for d in one.diagnostics if not d.internal]) for one in report.reports)


def _read(path: Path) -> _Known:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"no such baseline: {path}", "--write-baseline makes it") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        document = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is no baseline: {error}", "delete it, and write it anew"
        ) from None
    if document.schema != 1:
        raise InputError(f"{path} is of a newer version of mlops lint", "upgrade mlops-nb")
    return document.findings


def _name(path: Path, one: FileReport) -> str:
    """Return a notebook's path as seen from the baseline, the same on every machine."""
    target, folder = os.path.abspath(one.file), os.path.abspath(path.parent)  # noqa: PTH100
    try:
        return Path(os.path.relpath(target, folder)).as_posix()
    except ValueError:  # on another drive
        return Path(target).as_posix()


def _counted(found: list[Diagnostic]) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = {}
    for diagnostic in found:
        entry = counted.setdefault(diagnostic.code, {})
        entry[diagnostic.fingerprint] = entry.get(diagnostic.fingerprint, 0) + 1
    return counted

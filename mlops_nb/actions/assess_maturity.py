"""Assess maturity: which level a project's own records carry, and the one next step."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from mlops_nb.actions.lifecycle_facts import Records
from mlops_nb.actions.maturity_evidence import gather
from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.lifecycle.badge import badge
from mlops_nb.lifecycle.maturity import LEVELS, Maturity, Need, assess
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.result import Result, Status
from mlops_nb.state import assessments
from mlops_nb.state.assessments import Assessment

_MARKS = {Status.PASSED: "yes", Status.FAILED: "no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MaturityReport:
    """What ``%mlops maturity`` answers.

    Parameters
    ----------
    maturity : Maturity
        The level, the criteria and the next step.
    history : tuple of Assessment
        What earlier assessments said, as far as it changed, the first one first.
    """

    maturity: Maturity
    history: tuple[Assessment, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from mlops_nb.monitoring import html

        status = Status.PASSED if self.maturity.level else Status.WARNED
        told = [self.maturity.need.advise(self.maturity.level), *self._past()]
        step = self.maturity.next_step
        rows = [
            (html.tag(r.status), str(r.evidence["level"]), _name(r), _date(r), escape(r.message),
             escape(r.advice))
            for r in self.maturity.results
        ]  # fmt: skip
        headers = ("", "level", "criterion", "evidence of", "found", "what to do")
        return html.fragment(
            html.heading(status, self._title(), ". ".join(told))
            + (html.cards([step], count=1) if step else "")
            + html.table(headers, rows, numeric=(1,))
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form, the history included."""
        past = [
            {"time": one.time.isoformat(), "level": one.level, "met": list(one.met)}
            for one in self.history
        ]
        return self.maturity.to_dict() | {"history": past}

    def badge(self, path: Path | str) -> Path:
        """Write the level as a picture for a README, and return where it is.

        Raises
        ------
        InputError
            The file is no ``.svg``, or cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise InputError(f"a badge cannot be written as {target.name!r}", "known: .svg")
        aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(badge(self.maturity.level), encoding="utf-8")
            aside.replace(target)
        except OSError as error:
            text = f"cannot write {target}: {error.strerror}"
            raise InputError(text, "choose another place") from error
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
        return target

    def _title(self) -> str:
        return f"maturity level {self.maturity.level}: {LEVELS[self.maturity.level]}"

    def _lines(self) -> Iterator[str]:
        results = self.maturity.results
        width = max(len(_name(result)) for result in results)
        for level in range(1, len(LEVELS)):
            met, all_ = self.maturity.counts(level)
            yield f"level {level}  {LEVELS[level]} ({met} of {all_})"
            for result in results:
                if result.evidence["level"] == level:
                    mark = _MARKS[result.status]
                    name = _name(result).ljust(width)
                    yield f"  {mark:3}  {name}  {_date(result):10}  {result.message}"
        yield ""
        yield from self._past()
        yield self._title()
        yield self.maturity.need.advise(self.maturity.level)
        step = self.maturity.next_step
        yield f"next: {step.advice}  ({_name(step)}: {step.message})" if step else "next: keep it"

    def _past(self) -> Iterator[str]:
        steps = [f"level {one.level} {one.time:%Y-%m-%d}" for one in _changes(self.history)]
        if len(steps) > 1:
            yield f"history: {' → '.join(steps)}"


def _changes(history: tuple[Assessment, ...]) -> Iterator[Assessment]:
    level = None
    for one in history:
        if one.level != level:
            yield one
        level = one.level


def _name(result: Result) -> str:
    return result.name.partition(".")[2].replace("_", " ")


def _date(result: Result) -> str:
    return str(result.evidence["date"] or "-")[:10]


def maturity(
    project: Project, need: Need | None = None, *, now: datetime | None = None
) -> MaturityReport:
    """Hold a project's records against the criteria of maturity, and write down what changed.

    Parameters
    ----------
    project : Project
        The project; one that was never used is at level 0.
    need : Need, optional
        How much is at stake; by default what ``[tool.mlops.lifecycle]`` says.
    now : datetime, optional
        The moment that is looked from, aware; now by default.

    Raises
    ------
    StoreError
        The store or the state cannot be reached.
    """
    found = assess(gather(Records(project, now)), need or need_of(project))
    met = tuple(r.name.partition(".")[2] for r in found.results if r.status is Status.PASSED)
    assessments.note(project, Assessment(time=found.at, level=found.level, met=met))
    return MaturityReport(maturity=found, history=tuple(assessments.history(project)))


def need_of(project: Project) -> Need:
    """Return what the configuration says of how much is at stake."""
    settings = project.config.lifecycle
    return Need(decisions_a_day=settings.decisions_a_day, criticality=settings.criticality or None)


def decisions_on_record(project: Project) -> float:
    """Return the predictions a day, over the days that any model predicted for; 0 for none."""
    folder = project.home / "predictions"
    if not folder.is_dir():
        return 0.0
    found = Records(project)
    total = 0.0
    for name in {version.name for version in found.versions}:
        scored = found.scored(name)
        days = len(predictions_log(name, project).days())
        total += sum(one.rows for one in scored) / days if days else 0.0
    return total

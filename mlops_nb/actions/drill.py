"""Drill: break something in a sandbox, and see whether alert, playbook and repair work."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mlops_nb.actions.faults import FAULTS, Fault, Scene, champion_of, remembered
from mlops_nb.actions.monitor_model import length
from mlops_nb.actions.sandbox import Sandbox, sandbox
from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.jobs.drills import Drill, keep
from mlops_nb.jobs.playbook import Playbook, find_playbook, section
from mlops_nb.monitoring.predictions import PredictionsLog, predictions_log
from mlops_nb.registry.versions import list_versions
from mlops_nb.result import Result, Status
from mlops_nb.state.alerts import Alert, list_alerts

WINDOW = "7d"
_RAN = (0, 1)
_MODEL = "MODEL"

Tell = Callable[[str], None]


def drill(
    project: Project,
    name: str,
    *,
    model: str = "",
    window: str = WINDOW,
    tell: Tell = lambda _text: None,
) -> tuple[Drill, str]:
    """Hold a drill of a playbook and write down how it went.

    In a copy of the project the monitor looks at a window, the playbook's fault is put into that
    window, and the monitor looks again: what it finds now and had not found before must raise an
    alert that is sent, has an owner and links to a step of the playbook. Then the cause is taken
    away and the playbook's repair is run, after which the alert must be over.

    Parameters
    ----------
    project : Project
        The project, of which nothing is changed but the record of the drill.
    name : str
        The playbook.
    model : str, optional
        The model; the one there is by default.
    window : str
        Length of the window, the latest that has predictions: a number and m, h, d or w.
    tell : callable, optional
        Told what is being done.

    Returns
    -------
    Drill, str
        How it went, and where that is written.

    Raises
    ------
    NotFoundError
        There is no such playbook or model.
    InputError
        The playbook names no fault, or this project cannot be drilled: it has no embedded store,
        no champion or no predictions.
    """
    playbook = find_playbook(project, name)
    fault = _fault(playbook)
    model = model or _only_model(project)
    began, started = datetime.now(UTC), time.monotonic()
    tell("copying the project")
    with sandbox(project) as box:
        results = tuple(_Exercise.begin(box, playbook, fault, model, window, tell).results())
    held = Drill(
        playbook=playbook.name,
        model=model,
        time=began,
        seconds=time.monotonic() - started,
        fault=fault.says,
        owner=playbook.owner,
        network=box.network,
        results=results,
        commands=tuple(box.commands),
    )
    return held, keep(project, held)


def _fault(playbook: Playbook) -> Fault:
    if not playbook.fault:
        known = ", ".join(FAULTS)
        raise InputError(f"{playbook.path} names no `fault` to drill", f"known: {known}")
    if playbook.fault not in FAULTS:
        hint = did_you_mean(playbook.fault, FAULTS)
        raise InputError(f"{playbook.path}: unknown fault {playbook.fault!r}", hint)
    if not playbook.repair:
        raise InputError(f"{playbook.path} names no `repair`", "a list of mlops commands")
    return FAULTS[playbook.fault]


def _only_model(project: Project) -> str:
    names = sorted({version.name for version in list_versions(project)})
    if len(names) == 1:
        return names[0]
    if not names:
        raise InputError("no model is registered: there is nothing to drill", "mlops job run train")
    raise InputError("there are several models", f"--model {' or '.join(names)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exercise:
    """A drill under way."""

    box: Sandbox
    playbook: Playbook
    fault: Fault
    scene: Scene
    look: Sequence[str]
    repair: Sequence[Sequence[str]]
    tell: Tell

    @classmethod
    def begin(
        cls, box: Sandbox, playbook: Playbook, fault: Fault, model: str, window: str, tell: Tell
    ) -> _Exercise:
        """Look where the fault is to happen, and what will look for it."""
        log = predictions_log(model, box.project)
        days = _window(log, window)
        repair = [[model if word == _MODEL else word for word in shlex.split(line)[1:]]
                  for line in playbook.repair]  # fmt: skip
        job = next((words[2] for words in repair if words[:2] == ["job", "run"]), "")
        if fault.seen_by == "job" and job not in box.project.config.jobs:
            hint = did_you_mean(job, box.project.config.jobs)
            raise NotFoundError(f"{playbook.path} repairs by an unknown job {job!r}", hint)
        after = max(days) + timedelta(days=1)
        looks = {
            "monitor": ["monitor", model, "--window", window, "--at", f"{after}T00:00"],
            "job": ["job", "run", job],
        }
        notebook = box.project.config.jobs[job].notebook if job in box.project.config.jobs else ""
        scene = Scene(
            project=box.project,
            version=champion_of(box.project, model),
            log=log,
            days=days,
            notebook=box.project.root / notebook,
        )
        look = [*looks[fault.seen_by], "--format", "json"]
        return cls(
            box=box,
            playbook=playbook,
            fault=fault,
            scene=scene,
            look=look,
            repair=repair,
            tell=tell,
        )

    def results(self) -> Iterator[Result]:
        """Hold the drill; what comes after a step that failed is left out."""
        known: set[str] = set()
        if self.fault.seen_by == "monitor":
            self.tell("looking at the window as it is")
            self._look("before the fault")
            known = {alert.identity for alert in self._alerts()}
        with remembered(self.scene) as restore:
            self.tell(f"breaking it: {self.fault.says}")
            self.fault.happens(self.scene)
            before = self._standing()
            self._look("with the fault")
            alert, raised = self._raised(known)
            yield raised
            if alert is None:
                return
            yield self._sent(alert)
            yield self._linked(alert)
            yield self._owned(alert)
            if self.fault.over != "retrained":
                restore()  # the source is repaired; what the playbook does comes now
            repaired = self._repaired(before)
            yield repaired
            if repaired.status is Status.FAILED:
                return
            yield self._recovered(alert, before)

    def _look(self, when: str) -> None:
        code, said = self.box.run(*self.look)
        if code not in _RAN:
            command = self.box.commands[-1]["command"]
            raise InputError(f"`{command}` {when} ended with exit code {code}: {said[-600:]}")

    def _alerts(self) -> list[Alert]:
        return [alert for alert in list_alerts(self.box.project) if alert.status == "open"]

    def _standing(self) -> tuple[int, int]:
        """Return the champion, and how many versions there are."""
        model = self.scene.log.model
        champion = champion_of(self.box.project, model).version
        return champion, len(list_versions(self.box.project, model))

    def _result(self, check: str, done: bool, message: str, **evidence: Any) -> Result:
        status = Status.PASSED if done else Status.FAILED
        return Result(
            name=f"drill.{check}",
            subject=self.playbook.name,
            status=status,
            message=message,
            evidence=evidence,
        )

    def _raised(self, known: set[str]) -> tuple[Alert | None, Result]:
        found = [alert for alert in self._alerts() if alert.identity not in known]
        fitting = [alert for alert in found if self.playbook.fits(_finding(alert))]
        if fitting:
            # The one that leads into this playbook, should another file name the finding closer.
            alert = next((a for a in fitting if self._leads_here(a)), fitting[0])
            facts = {"severity": alert.severity, "alert": alert.message}
            return alert, self._result("alert", True, f"raised {alert.identity}", **facts)
        others = ", ".join(alert.identity for alert in found) or "none"
        before = [a for a in known if self.playbook.fits(_finding_of(a))]
        why = f"; {', '.join(before)} was raised without the fault already" if before else ""
        missed = self._result(
            "alert",
            False,
            f"no alert for {', '.join(self.playbook.findings)} (raised: {others}){why}",
        )
        advice = "set a bound in the monitor notebook that sees this: the playbook's Detection"
        return None, replace(missed, advice=advice)

    def _leads_here(self, alert: Alert) -> bool:
        return alert.playbook.partition("#")[0] == self.playbook.path

    def _sent(self, alert: Alert) -> Result:
        line = next((x for x in self.box.told().splitlines() if alert.identity in x), "")
        message = "the message went to the routes" if line else "no route was told"
        return self._result("message", bool(line), message, sent=line)

    def _linked(self, alert: Alert) -> Result:
        _, _, anchor = alert.playbook.partition("#")
        there = self._leads_here(alert) and bool(section(self.playbook.body, anchor))
        where = alert.playbook or "no playbook"
        return self._result("link", there, f"the alert links to {where}", link=alert.playbook)

    def _owned(self, alert: Alert) -> Result:
        both = bool(alert.owner and self.playbook.owner)
        told = alert.owner or "nobody"
        answer = self.playbook.owner or "nobody"
        result = self._result("owner", both, f"the alert names {told}, the playbook {answer}")
        if both and alert.owner != self.playbook.owner:
            return replace(result, status=Status.WARNED, advice="name the same person in both")
        return result if both else replace(result, advice="`owner` in [tool.mlops] and playbook")

    def _repaired(self, before: tuple[int, int]) -> Result:
        for words in self.repair:
            self.tell(f"repairing: mlops {shlex.join(words)}")
            code, said = self.box.run(*words)
            if code and not (code in _RAN and self._standing()[1] > before[1]):
                text = f"`mlops {shlex.join(words)}` ended with exit code {code}"
                return self._result("repair", False, text, said=said[-2000:])
        lines = "; ".join(f"mlops {shlex.join(words)}" for words in self.repair)
        return self._result("repair", True, f"ran {lines}")

    def _recovered(self, alert: Alert, before: tuple[int, int]) -> Result:
        champion, count = self._standing()
        if self.fault.over == "retrained":
            done = count > before[1]
            text = f"version {count} was trained" if done else "no new version was made"
            return self._result("recovery", done, text, champion=champion)
        if self.fault.over == "rolled back" and champion >= before[0]:
            return self._result("recovery", False, f"version {champion} is still the champion")
        if self.fault.seen_by == "monitor":
            self.tell("looking again")
            self._look("after the repair")
        still = {one.identity for one in self._alerts()}
        done = alert.identity not in still
        text = f"{alert.identity} is {'over' if done else 'still there'}"
        back = f"; version {champion} is champion again" if self.fault.over == "rolled back" else ""
        return self._result("recovery", done, text + back, champion=champion)


def _finding_of(identity: str) -> Result:
    name, _, subject = identity.partition("/")
    return Result(name=name, subject=subject, status=Status.FAILED)


def _finding(alert: Alert) -> Result:
    return _finding_of(alert.identity)


def _window(log: PredictionsLog, window: str) -> frozenset[date]:
    days = log.days()
    if not days:
        raise InputError(f"{log.model} has made no prediction yet", "mlops job run score")
    first = days[-1] - length(window)
    return frozenset(day for day in days if day > first)

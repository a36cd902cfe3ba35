"""What a project's records say of how it works: the evidence that maturity is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened.

    Parameters
    ----------
    what : str
        In a few words, with the name by which it is found again.
    at : datetime
        When, in UTC.
    """

    what: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveModel:
    """A champion.

    Parameters
    ----------
    name : str
        The model.
    version : int
        The version that is live.
    promoted : Fact, optional
        Its promotion in the audit log; None when the log knows none.
    overridden : bool
        Whether that promotion went over the gates.
    gates_passed : int
        Gates that passed at its promotion; those that did not apply do not count.
    lacking : tuple of str
        Which parts of what reproduces it are not on record: its run, cells, packages, commit, data.
    judged : Fact, optional
        The latest verdict of a monitor.
    dimensions : frozenset of str
        Dimensions of which that verdict checked something.
    approved : Fact, optional
        The approvals that its promotion needed; None when they are missing or not asked for.
    """

    name: str
    version: int
    promoted: Fact | None = None
    overridden: bool = False
    gates_passed: int = 0
    lacking: tuple[str, ...] = ()
    judged: Fact | None = None
    dimensions: frozenset[str] = frozenset()
    approved: Fact | None = None

    @property
    def label(self) -> str:
        """``name/3``."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A drill of a playbook.

    Parameters
    ----------
    playbook : str
        Which.
    at : datetime
        When, in UTC.
    passed : bool
        Whether alert, playbook and repair worked.
    rolled_back : bool
        Whether a rollback was among its repairs, and worked.
    """

    playbook: str
    at: datetime
    passed: bool
    rolled_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that the criteria look at.

    Parameters
    ----------
    now : datetime
        The moment that is looked from.
    runs : int
        Runs in the store.
    last_run : Fact, optional
        The newest of them.
    reproduced : Fact, optional
        The newest run that was made again and came out the same.
    notebooks : mapping
        Path → when the last commit changed it; None: git does not know it.
    lint_errors : mapping
        Path → errors that the linter finds in it now; of clean ones 0.
    models : tuple of LiveModel
        The champions.
    candidates : tuple of str
        Models that are registered and have no champion.
    scheduled : Fact, optional
        The newest attempt that the clock started and that ended well.
    schedules : tuple of str
        Jobs with a schedule.
    routes : tuple of str
        Alert routes beyond the local file.
    delivered : Fact, optional
        The newest message that one of them took.
    alerts : int
        Alerts of late, and
    guided : int
        how many of them lead to a playbook.
    playbooks : tuple of str
        The playbooks that there are.
    last_alert : Fact, optional
        The newest alert that leads to a playbook.
    retrained : Fact, optional
        The newest champion that came of a job which an alert started.
    retrain_jobs : tuple of str
        Jobs that an alert starts.
    owners : int
        Roles with owners, 0 to 2.
    audit_problems : tuple of str
        What is wrong with the audit log.
    rollback : Fact, optional
        The newest rollback.
    drills : tuple of Drill
        Drills that are recent enough to count, the newest first.
    """

    now: datetime
    runs: int = 0
    last_run: Fact | None = None
    reproduced: Fact | None = None
    notebooks: Mapping[str, datetime | None] = field(default_factory=dict)
    lint_errors: Mapping[str, int] = field(default_factory=dict)
    models: tuple[LiveModel, ...] = ()
    candidates: tuple[str, ...] = ()
    scheduled: Fact | None = None
    schedules: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    delivered: Fact | None = None
    alerts: int = 0
    guided: int = 0
    playbooks: tuple[str, ...] = ()
    last_alert: Fact | None = None
    retrained: Fact | None = None
    retrain_jobs: tuple[str, ...] = ()
    owners: int = 0
    audit_problems: tuple[str, ...] = ()
    rollback: Fact | None = None
    drills: tuple[Drill, ...] = ()

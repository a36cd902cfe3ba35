"""What happened, as the project's records have it: the facts that a lifecycle is drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from mlops_nb.lifecycle.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookFacts:
    """A notebook of the project, or one that runs name.

    Parameters
    ----------
    path : str
        From the project's root; empty for runs that name none.
    commits : int
        How many commits changed it.
    first_commit : datetime, optional
        The first of them, in UTC.
    runs : tuple of Interval
        Its runs from begin to end, the first one first.
    models : int
        How many of them logged a model.
    is_job : bool
        Whether a declared job runs it.
    """

    path: str
    commits: int = 0
    first_commit: datetime | None = None
    runs: tuple[Interval, ...] = ()
    models: int = 0
    is_job: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    """A version of a model, with the moments it passed.

    Parameters
    ----------
    version : int
        Its number.
    notebook : str
        The notebook of its run; empty when the run does not name one or is gone.
    run : Interval, optional
        Its run from begin to end; None when it was deleted.
    created : datetime
        When it was registered.
    evaluated, promoted, scored, scored_last, judged : datetime, optional
        When its gates answered first, when it became champion first, when its first and its last
        prediction were logged, and when a monitor judged the model first after that.
    rows : int
        How many predictions it made.
    status : str
        What its gates said last.
    """

    version: int
    notebook: str
    run: Interval | None
    created: datetime
    evaluated: datetime | None = None
    promoted: datetime | None = None
    scored: datetime | None = None
    scored_last: datetime | None = None
    judged: datetime | None = None
    rows: int = 0
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Alerts about a model that one attempt opened.

    Parameters
    ----------
    alerts : tuple of int
        Their numbers.
    finding : str
        What the first of them found.
    opened : datetime
        When, in UTC.
    resolved : datetime, optional
        When the last of them was over; None while one is not.
    triggered : bool
        Whether it started a job.
    """

    alerts: tuple[int, ...]
    finding: str
    opened: datetime
    resolved: datetime | None = None
    triggered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A registered model.

    Parameters
    ----------
    name : str
        The model.
    versions : tuple of VersionFacts
        All of them, the first one first.
    champion : int, optional
        The version that is live.
    incidents : tuple of Incident
        The first one first.
    activity : tuple of Interval
        Runs and job attempts that worked on it.
    last_day : date, optional
        The latest day that it predicted for.
    last_judged : datetime, optional
        When a monitor judged it last.
    """

    name: str
    versions: tuple[VersionFacts, ...]
    champion: int | None = None
    incidents: tuple[Incident, ...] = ()
    activity: tuple[Interval, ...] = ()
    last_day: date | None = None
    last_judged: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """All that a lifecycle map is drawn from.

    Parameters
    ----------
    name : str
        The project.
    now : datetime
        The moment it is looked at.
    notebooks : tuple of NotebookFacts
        Those in its folder and those that runs name.
    models : tuple of ModelFacts
        The registered ones.
    notes : tuple of str
        What could not be read, or was left out.
    """

    name: str
    now: datetime
    notebooks: tuple[NotebookFacts, ...] = ()
    models: tuple[ModelFacts, ...] = ()
    notes: tuple[str, ...] = field(default=())

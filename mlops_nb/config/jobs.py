"""``[tool.mlops.jobs.NAME]`` and the tables inside it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mlops_nb.config.table import Table

Retryable = Literal["failed", "timeout", "kernel_died", "memory"]


class After(Table):
    """``[tool.mlops.jobs.NAME.after]``: run this job when another one ends."""

    job: str
    """The job waited for."""
    on: Literal["success", "failure", "alert"] = "success"
    """The ending that starts this job."""


class Bounds(Table):
    """``[tool.mlops.jobs.NAME.bounds.PARAMETER]``: which values a parameter may take."""

    minimum: Any = None
    """Least value allowed: a number, a date or a time."""
    maximum: Any = None
    """Greatest value allowed."""
    choices: list[Any] = []
    """The values allowed, of a list each of its items; empty: any."""


class Retries(Table):
    """``[tool.mlops.jobs.NAME.retries]``: what is tried again, and when."""

    times: int = 0
    """How often an attempt that ended badly is repeated."""
    on: list[Retryable] = msgspec.field(
        default_factory=lambda: ["failed", "timeout", "kernel_died"]
    )
    """The endings that are repeated; failed checks are findings and never are."""
    delay: float = 10.0
    """Seconds before the first repetition; each further one waits twice as long."""
    longest: float = 600.0
    """Longest wait in seconds."""
    jitter: float = 0.25
    """Share (0–1) by which a wait is made longer or shorter at random, so that jobs that failed
    together do not return together."""


class Report(Table):
    """``[tool.mlops.jobs.NAME.report]``: what the HTML page shows."""

    enabled: bool = True
    """Whether there is one."""
    code: bool = False
    """Whether the code is shown at first; a switch on the page shows and hides it."""
    title: str = ""
    """Heading of the page; empty: the job's name."""


class Job(Table):
    """``[tool.mlops.jobs.NAME]``: a notebook that runs unattended."""

    notebook: str
    """Path of the notebook, from the project's root."""
    parameters: dict[str, Any] = {}
    """Values that replace the defaults of the notebook's parameters cell."""
    bounds: dict[str, Bounds] = {}
    """Parameter → the values it may take, a table of its own, below."""
    secrets: dict[str, str] = {}
    """Parameter → `env:NAME`: handed over by the environment and never written anywhere."""
    kernel: str = ""
    """Name of the installed Python kernel (`jupyter kernelspec list`) that executes the notebook;
    empty: the interpreter that runs `mlops`."""
    environment: Literal["ignore", "warn", "fail"] = "ignore"
    """What to do before the start when a package that the notebook imports or its model
    (`model_name`) is made of is not that of the lock, or not that the model was trained with:
    nothing, warn in the record, or not start."""
    schedule: str = ""
    """Five-field cron expression; empty: only on demand."""
    timezone: str = "UTC"
    """IANA name of the time zone that the schedule is in."""
    catch_up: Literal["latest", "all", "none"] = "latest"
    """Of several due times that passed: run the latest, all in their order, or none but one
    that came due within `grace` (60 seconds when that is 0)."""
    grace: float = 0.0
    """Seconds after a due time by which a run for it must have succeeded, else an alert is
    raised; 0: no alert."""
    freshness: float = 0.0
    """Seconds that the latest success may lie back, else an alert is raised; 0: no alert."""
    timeout: float = 3600.0
    """Wall-clock limit of one attempt, in seconds."""
    cell_timeout: float = 0.0
    """Wall-clock limit of one cell, in seconds; 0: none but `timeout`."""
    memory: str = ""
    """Limit of the resident memory of the kernel and all that it starts, as `4 GB` or
    `512 MiB`; empty: none."""
    output: str = "100 MB"
    """Limit of what the cells print and show, of one attempt."""
    retries: Retries = msgspec.field(default_factory=Retries)
    concurrency: int = 0
    """At most so many attempts of this job at once, over all machines; 0: no limit."""
    after: After | None = None
    """Start when another job ends."""
    alerts: list[str] = []
    """Alert routes told of a failure or a failed check; empty: all of them."""
    owner: str = ""
    """Who answers for this job's alerts; empty: the project's `owner`."""
    playbook: str = ""
    """Markdown file, from the project's root, that says what to do; an alert links to its
    heading that names the check."""
    report: Report = msgspec.field(default_factory=Report)

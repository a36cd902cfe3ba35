"""The project: its root, its ``[tool.mlops]`` table and the ``MLOPS_*`` environment.

This is the only module that reads either.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec

from mlops_nb.errors import ConfigError, NotFoundError, did_you_mean

HOME = ".mlops"
ENVIRONMENT_PREFIX = "MLOPS_"


class _Table(msgspec.Struct, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """A table of the configuration: kebab-case keys, unknown ones refused."""


class Lint(_Table):
    """``[tool.mlops.lint]``: which rules look at which notebooks."""

    select: list[str] = msgspec.field(default_factory=lambda: ["NB"])
    """Rules or prefixes to run."""
    extend_select: list[str] = []
    """Rules or prefixes to run as well as `select`."""
    ignore: list[str] = []
    """Rules or prefixes not to run."""
    per_file_ignores: dict[str, list[str]] = {}
    """Glob of notebooks → rules not to run on them."""
    exclude: list[str] = []
    """Globs of notebooks that are not read."""


class After(_Table):
    """``[tool.mlops.jobs.NAME.after]``: run this job when another one ends."""

    job: str
    """The job waited for."""
    on: Literal["success", "failure", "alert"] = "success"
    """The ending that starts this job."""


class Job(_Table):
    """``[tool.mlops.jobs.NAME]``: a notebook that runs unattended."""

    notebook: str
    """Path of the notebook, from the project's root."""
    parameters: dict[str, Any] = {}
    """Values that replace the defaults of the notebook's parameters cell."""
    schedule: str = ""
    """Five-field cron expression; empty: only on demand."""
    timezone: str = "UTC"
    """IANA name of the time zone that the schedule is in."""
    timeout: float = 3600.0
    """Wall-clock limit of one attempt, in seconds."""
    after: After | None = None
    """Start when another job ends."""
    alerts: list[str] = []
    """Alert routes told of a failure or a failed check; empty: all of them."""


class Gates(_Table):
    """``[tool.mlops.gates]``: what a model version must show before it is promoted."""

    minimum: dict[str, float] = {}
    """Metric → lowest value allowed, on the version's hold-out."""
    maximum: dict[str, float] = {}
    """Metric → highest value allowed, on the version's hold-out."""
    challenger_metric: str = ""
    """Metric in which a challenger must beat the champion; empty: `roc_auc`, `accuracy` or `r2`
    as the task has it."""
    challenger_gain: float = 0.0
    """Least gain over the champion on the same rows."""
    confidence: float = 0.95
    """Certainty (0–1) with which the gain must be above `challenger-gain`."""


class Monitoring(_Table):
    """``[tool.mlops.monitoring]``: which rule decides about drift, and how often it may err."""

    preset: Literal["evidence", "psi", "evidently"] = "evidence"
    """`evidence`: a difference that matters, beyond noise; `psi` and `evidently`: fixed limits."""
    alarm_budget: str = ""
    """Pages that may come by chance, such as `2 pages a quarter`; empty: 2 % of windows."""
    window: str = "1d"
    """Length of a window, such as `6h`, `1d` or `1w`: each is a chance of a page."""


class Alerts(_Table):
    """``[tool.mlops.alerts]``: where alerts go."""

    routes: dict[str, str] = msgspec.field(default_factory=lambda: {"local": "local"})
    """Name → `local` (a line in `.mlops/alerts.log`), an apprise URL, or `env:NAME` of one."""


class Config(_Table):
    """``[tool.mlops]``: the whole configuration of a project."""

    experiment: str = ""
    """Experiment of new runs; empty: the project folder's name."""
    tracking_uri: str = ""
    """MLflow store; empty: `MLFLOW_TRACKING_URI`, else SQLite in `.mlops/`."""
    state_uri: str = ""
    """SQLAlchemy URL of jobs, alerts and audit; empty: SQLite in `.mlops/`."""
    owner: str = ""
    """Who answers for the project's models, shown in cards."""
    lint: Lint = msgspec.field(default_factory=Lint)
    jobs: dict[str, Job] = {}
    gates: Gates = msgspec.field(default_factory=Gates)
    monitoring: Monitoring = msgspec.field(default_factory=Monitoring)
    alerts: Alerts = msgspec.field(default_factory=Alerts)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A folder of notebooks with its configuration.

    Parameters
    ----------
    root : Path
        The folder that relative paths of the configuration start from.
    config : Config
        The validated configuration.
    source : Path, optional
        The file the configuration was read from; None: all defaults.
    """

    root: Path
    config: Config
    source: Path | None = None

    @property
    def home(self) -> Path:
        """``.mlops``: everything the suite writes. Not created here."""
        return self.root / HOME

    @cached_property
    def experiment(self) -> str:
        """Name of the experiment new runs go to."""
        return self.config.experiment or self.root.name or "default"

    @cached_property
    def tracking_uri(self) -> str:
        """URI of the MLflow store."""
        return (
            self.config.tracking_uri
            or os.environ.get("MLFLOW_TRACKING_URI", "")
            or f"sqlite:///{self.home / 'mlops.db'}"
        )

    @cached_property
    def state_uri(self) -> str:
        """SQLAlchemy URL of the state database."""
        return self.config.state_uri or f"sqlite:///{self.home / 'state.db'}"

    def job(self, name: str) -> Job:
        """Return the job of that name.

        Raises
        ------
        NotFoundError
            There is no such job.
        ConfigError
            The project declares no job at all.
        """
        if not self.config.jobs:
            raise ConfigError(f"no job is declared in {self.root}", "mlops init")
        try:
            return self.config.jobs[name]
        except KeyError:
            raise NotFoundError(
                f"unknown job {name!r}", did_you_mean(name, self.config.jobs)
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentAttempt:
    """The job attempt that this process runs in, told to it by the job's supervisor.

    Parameters
    ----------
    job, attempt : str
        The job's name and the attempt's id.
    folder : Path
        Where the attempt collects its files.
    logical_time : str
        The due time it runs for, ISO 8601.
    """

    job: str
    attempt: str
    folder: Path
    logical_time: str

    def environment(self) -> dict[str, str]:
        """Return the variables that hand this attempt to a child process."""
        return {
            f"{ENVIRONMENT_PREFIX}JOB": self.job,
            f"{ENVIRONMENT_PREFIX}ATTEMPT": self.attempt,
            f"{ENVIRONMENT_PREFIX}ATTEMPT_FOLDER": str(self.folder),
            f"{ENVIRONMENT_PREFIX}LOGICAL_TIME": self.logical_time,
        }


def current_attempt() -> CurrentAttempt | None:
    """Return the attempt this process belongs to, None outside of a job."""
    values = [
        os.environ.get(f"{ENVIRONMENT_PREFIX}{name}", "")
        for name in ("JOB", "ATTEMPT", "ATTEMPT_FOLDER", "LOGICAL_TIME")
    ]
    if not all(values):
        return None
    job, attempt, folder, logical_time = values
    return CurrentAttempt(job=job, attempt=attempt, folder=Path(folder), logical_time=logical_time)


def load_project(start: Path | str | None = None) -> Project:
    """Find the project around a folder and read its configuration.

    The root is the nearest parent with a ``[tool.mlops]`` table in its pyproject.toml, an
    ``mlops.toml`` or a ``.mlops`` folder; without any, the folder itself with all defaults.

    Parameters
    ----------
    start : path, optional
        Where to look from; the current folder by default.

    Raises
    ------
    ConfigError
        The configuration cannot be read, or holds a wrong or unknown key.
    """
    folder = Path(start or Path.cwd()).resolve()
    for candidate in (folder, *folder.parents):
        found = _read_tables(candidate)
        if found is not None:
            source, values = found
            return Project(root=candidate, config=_validate(values, source), source=source)
        if (candidate / HOME).is_dir():
            return Project(root=candidate, config=_validate({}, None))
    return Project(root=folder, config=_validate({}, None))


def _read_tables(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    own = folder / "mlops.toml"
    if own.is_file():
        return own, _parse(own)
    shared = folder / "pyproject.toml"
    if shared.is_file():
        table = _parse(shared).get("tool", {}).get("mlops")
        if table is not None:
            return shared, table
    return None


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error


def _validate(values: Mapping[str, Any], source: Path | None) -> Config:
    merged = {**values, **_environment()}
    try:
        return msgspec.convert(merged, Config)
    except msgspec.ValidationError as error:
        raise _explain(error, source) from error


def _environment() -> dict[str, str]:
    """Return the top-level string keys that ``MLOPS_*`` variables override."""
    names = {
        field.encode_name: f"{ENVIRONMENT_PREFIX}{field.name.upper()}"
        for field in msgspec.structs.fields(Config)
        if field.type is str
    }
    return {key: os.environ[name] for key, name in names.items() if os.environ.get(name)}


def _explain(error: msgspec.ValidationError, source: Path | None) -> ConfigError:
    """Turn msgspec's ``... unknown field `x` - at `$.jobs[...]``` into a place and a hint."""
    text = str(error)
    what, _, where = text.partition(" - at ")
    place = where.strip("`").replace("$.", "").replace("$", "") or "the top level"
    hint = ""
    if "unknown field" in what:
        unknown = what.rpartition("`")[0].rpartition("`")[2]
        hint = did_you_mean(unknown, _known_keys())
        what = f"unknown key {unknown!r}"
    origin = str(source) if source else "the MLOPS_* environment"
    return ConfigError(f"{origin}: {what} in {place}", hint)


def tables() -> dict[str, type[_Table]]:
    """Return every table of the configuration by its dotted name, for the reference."""
    return {
        "tool.mlops": Config,
        "tool.mlops.lint": Lint,
        "tool.mlops.jobs.NAME": Job,
        "tool.mlops.jobs.NAME.after": After,
        "tool.mlops.gates": Gates,
        "tool.mlops.monitoring": Monitoring,
        "tool.mlops.alerts": Alerts,
    }


def _known_keys() -> set[str]:
    return {f.encode_name for table in tables().values() for f in msgspec.structs.fields(table)}

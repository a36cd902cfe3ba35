"""The project: its root, its ``[tool.mlops]`` table and the ``MLOPS_*`` environment.

This is the only module that reads either.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec

from mlops_nb.errors import ConfigError, NotFoundError, did_you_mean
from mlops_nb.jobtable import After, Bounds, Job, Report, Retries, Table
from mlops_nb.secrets import Redaction

HOME = ".mlops"
ENVIRONMENT_PREFIX = "MLOPS_"


class Lint(Table):
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
    jobs: list[str] = []
    """Globs of notebooks that the rules for jobs hold for, besides the declared jobs."""
    max_cell_lines: int = 60
    """NBK001: lines of a code cell above which it is long."""
    max_cells: int = 100
    """NBK002: cells of a notebook above which it is long."""
    max_output_kb: int = 100
    """NBO002: kilobytes of stored outputs in a notebook above which they are too many."""
    required_fields: list[str] = msgspec.field(default_factory=lambda: ["purpose", "owner"])
    """NBG002: what a notebook has to say about itself in its first cells or its metadata."""
    severity: dict[str, Literal["error", "warning", "info"]] = {}
    """Rule → how much its findings weigh, instead of what the rule says."""
    strict: bool = False
    """Let warnings fail as errors do."""
    baseline: str = ""
    """File of known findings that are not reported, from the project's root; empty: none."""


class Fairness(Table):
    """``[tool.mlops.gates.fairness]``: how differently groups may be treated; unset: not asked."""

    columns: list[str] = []
    """Columns whose values are the groups; empty: the groups the version was registered with."""
    selection_ratio: float | None = None
    """Least ratio of the lowest to the highest selection rate; 0.8 is the four-fifths rule."""
    selection_difference: float | None = None
    """Largest difference between selection rates: demographic parity."""
    odds_difference: float | None = None
    """Largest difference between true or between false positive rates: equalised odds."""


class Gates(Table):
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
    group_minimum: dict[str, float] = {}
    """Metric → lowest value allowed in any group of the card; fails when it is surely lower."""
    group_maximum: dict[str, float] = {}
    """Metric → highest value allowed in any group of the card; fails when it is surely higher."""
    fairness: Fairness = msgspec.field(default_factory=Fairness)
    calibration_error: float | None = None
    """Largest expected calibration error of binary scores, 0–1; unset: not asked."""
    milliseconds_per_1000_rows: float | None = None
    """Longest time that scoring 1,000 rows may take; unset: not asked."""
    megabytes: float | None = None
    """Largest model file; unset: not asked."""
    lint: bool = False
    """Whether the linter must find no error in the notebook slice of the version's run."""
    complete_card: bool = False
    """Whether a card without owner, intended use or limits refuses; it warns otherwise."""


class Owners(Table):
    """``[tool.mlops.owners]``: who answers for the models, by e-mail address."""

    science: list[str] = []
    """Who may approve a version for data science."""
    engineering: list[str] = []
    """Who may approve a version for engineering."""


class Approvals(Table):
    """``[tool.mlops.approvals]``: what a promotion needs once owners are named."""

    science: int = 1
    """Number of approvals by owners of science, not counting who made the version."""
    engineering: int = 1
    """Number of approvals by owners of engineering, not counting who made the version."""
    allowed_signers: str = "allowed_signers"
    """File of identities and public SSH keys, from the project's root; commit it."""
    one_person: bool = False
    """Whether nobody else is there to approve; the model card says so."""


class Monitoring(Table):
    """``[tool.mlops.monitoring]``: which rule decides about drift, and how often it may err."""

    preset: Literal["evidence", "psi", "evidently"] = "evidence"
    """`evidence`: a difference that matters, beyond noise; `psi` and `evidently`: fixed limits."""
    alarm_budget: str = ""
    """Pages that may come by chance, such as `2 pages a quarter`; empty: 2 % of windows."""
    window: str = "1d"
    """Length of a window, such as `6h`, `1d` or `1w`: each is a chance of a page."""


class Alerts(Table):
    """``[tool.mlops.alerts]``: where alerts go."""

    routes: dict[str, str] = msgspec.field(default_factory=lambda: {"local": "local"})
    """Name → `local` (a line in `.mlops/alerts.log`), an apprise URL, or `env:NAME` of one."""
    escalate: list[str] = []
    """Routes told of an alert that nobody has acknowledged in time."""
    escalate_after: float = 0.0
    """Seconds that an alert may stay open before it is escalated; 0: never."""
    heartbeat: str = ""
    """http(s) URL, or `env:NAME` of one, asked after every tick: whoever watches it, as
    Healthchecks.io does, learns when the ticks themselves have stopped."""


class Business(Table):
    """``[tool.mlops.business.NAME]``: a figure that a model exists to keep high or low."""

    sql: str
    """Aggregate over the table `predictions` (predictions with their labels), or a whole query."""
    goal: float
    """What it should reach (`up`) or stay under (`down`)."""
    unit: str = ""
    """Unit of the figure and its goal."""
    direction: Literal["up", "down"] = "up"
    """Which way is better."""
    tolerance: float = 0.0
    """Share of the goal by which it may be missed with a warning only."""
    model: str = ""
    """The model it is of; empty: of every model."""


class Config(Table):
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
    owners: Owners = msgspec.field(default_factory=Owners)
    approvals: Approvals = msgspec.field(default_factory=Approvals)
    monitoring: Monitoring = msgspec.field(default_factory=Monitoring)
    alerts: Alerts = msgspec.field(default_factory=Alerts)
    business: dict[str, Business] = {}


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
        """``.mlops``, or the folder that ``MLOPS_HOME`` names: everything the suite writes.

        Not created here.
        """
        named = os.environ.get(f"{ENVIRONMENT_PREFIX}HOME", "")
        return Path(named) if named else self.root / HOME

    @property
    def cache(self) -> Path:
        """Folder of what can be made again: in `.mlops`, without a project in the user's own."""
        if self.source is not None or self.home.is_dir():
            return self.home / "cache"
        base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
        return (Path(base) if base else Path.home() / ".cache") / "mlops"

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
    secrets : tuple of str
        Names of the environment variables whose values must not be written anywhere.
    """

    job: str
    attempt: str
    folder: Path
    logical_time: str
    secrets: tuple[str, ...] = ()

    def environment(self) -> dict[str, str]:
        """Return the variables that hand this attempt to a child process."""
        return {
            f"{ENVIRONMENT_PREFIX}JOB": self.job,
            f"{ENVIRONMENT_PREFIX}ATTEMPT": self.attempt,
            f"{ENVIRONMENT_PREFIX}ATTEMPT_FOLDER": str(self.folder),
            f"{ENVIRONMENT_PREFIX}LOGICAL_TIME": self.logical_time,
            f"{ENVIRONMENT_PREFIX}SECRETS": ",".join(self.secrets),
        }

    def redaction(self) -> Redaction:
        """Return what blacks this attempt's secrets out."""
        return Redaction(os.environ.get(name, "") for name in self.secrets)


def current_attempt() -> CurrentAttempt | None:
    """Return the attempt this process belongs to, None outside of a job."""
    values = [
        os.environ.get(f"{ENVIRONMENT_PREFIX}{name}", "")
        for name in ("JOB", "ATTEMPT", "ATTEMPT_FOLDER", "LOGICAL_TIME")
    ]
    if not all(values):
        return None
    job, attempt, folder, logical_time = values
    named = os.environ.get(f"{ENVIRONMENT_PREFIX}SECRETS", "")
    return CurrentAttempt(
        job=job,
        attempt=attempt,
        folder=Path(folder),
        logical_time=logical_time,
        secrets=tuple(filter(None, named.split(","))),
    )


def in_experiment(project: Project, name: str) -> Project:
    """Return the project with another experiment; an empty name changes nothing."""
    if not name or name == project.experiment:
        return project
    config = msgspec.structs.replace(project.config, experiment=name)
    return replace(project, config=config)


def choose_experiment(name: str) -> None:
    """Choose the experiment of new runs for the rest of this process and its children."""
    os.environ[f"{ENVIRONMENT_PREFIX}EXPERIMENT"] = name


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


def tables() -> dict[str, type[Table]]:
    """Return every table of the configuration by its dotted name, for the reference."""
    return {
        "tool.mlops": Config,
        "tool.mlops.lint": Lint,
        "tool.mlops.jobs.NAME": Job,
        "tool.mlops.jobs.NAME.after": After,
        "tool.mlops.jobs.NAME.bounds.PARAMETER": Bounds,
        "tool.mlops.jobs.NAME.retries": Retries,
        "tool.mlops.jobs.NAME.report": Report,
        "tool.mlops.gates": Gates,
        "tool.mlops.gates.fairness": Fairness,
        "tool.mlops.owners": Owners,
        "tool.mlops.approvals": Approvals,
        "tool.mlops.monitoring": Monitoring,
        "tool.mlops.alerts": Alerts,
        "tool.mlops.business.NAME": Business,
    }


def _known_keys() -> set[str]:
    return {f.encode_name for table in tables().values() for f in msgspec.structs.fields(table)}

"""The project: its root, its ``[tool.mlops]`` table and the ``MLOPS_*`` environment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_origin

import msgspec

from mlops_nb.config.attempt import ENVIRONMENT_PREFIX
from mlops_nb.config.jobs import After, Bounds, Job, Report, Retries
from mlops_nb.config.lifecycle import Costs, Lifecycle, Policy
from mlops_nb.config.lint import Lint
from mlops_nb.config.monitoring import Alerts, Business, Monitoring
from mlops_nb.config.registry import Approvals, Explain, Fairness, Gates, Owners
from mlops_nb.config.sinks import Sink
from mlops_nb.config.table import Table
from mlops_nb.errors import ConfigError, NotFoundError, did_you_mean

HOME = ".mlops"


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
    widgets: Literal["auto", "off"] = "auto"
    """`off`: lists and charts stay static, for a Jupyter server that lacks ipywidgets or
    anywidget."""
    lint: Lint = msgspec.field(default_factory=Lint)
    jobs: dict[str, Job] = {}
    gates: Gates = msgspec.field(default_factory=Gates)
    owners: Owners = msgspec.field(default_factory=Owners)
    approvals: Approvals = msgspec.field(default_factory=Approvals)
    explain: Explain = msgspec.field(default_factory=Explain)
    monitoring: Monitoring = msgspec.field(default_factory=Monitoring)
    alerts: Alerts = msgspec.field(default_factory=Alerts)
    business: dict[str, Business] = {}
    lifecycle: Lifecycle = msgspec.field(default_factory=Lifecycle)
    sinks: dict[str, Sink] = {}


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


def in_experiment(project: Project, name: str) -> Project:
    """Return the project with another experiment; an empty name changes nothing."""
    if not name or name == project.experiment:
        return project
    config = msgspec.structs.replace(project.config, experiment=name)
    return replace(project, config=config)


def under_policy(project: Project, values: Mapping[str, Any], origin: str) -> Project:
    """Return the project with some of its configuration replaced, as a proposal has it.

    Parameters
    ----------
    project : Project
        The project as it is configured.
    values : mapping
        Tables as of ``mlops.toml``; keys that are not named stay as they are.
    origin : str
        Where the values come from, for the message.

    Raises
    ------
    ConfigError
        A key is wrong or unknown.
    """
    merged = _merged(dict(msgspec.to_builtins(project.config)), values)
    try:
        return replace(project, config=msgspec.convert(merged, Config))
    except msgspec.ValidationError as error:
        raise _explain(error, Path(origin)) from error


def read_policy(path: Path) -> dict[str, Any]:
    """Return the tables of a policy's file, with or without ``tool.mlops`` before them.

    Raises
    ------
    ConfigError
        It cannot be read.
    """
    values = _parse(path)
    own: dict[str, Any] = values.get("tool", {}).get("mlops", values)
    return own


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for key, value in above.items():
        inner = found.get(key)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            found[key] = _merged(inner, value)
        else:
            found[key] = value
    return found


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


def raw_configuration(project: Project) -> Mapping[str, Any]:
    """Return a project's table as it is written, without defaults and environment."""
    found = _read_tables(project.root) if project.source is not None else None
    return found[1] if found else {}


def parse(document: Mapping[str, Any], source: Path, root: Path) -> Project:
    """Return the project that the content of a configuration file makes.

    Raises
    ------
    ConfigError
        It holds a wrong or unknown key.
    """
    table = document if source.name == "mlops.toml" else document["tool"]["mlops"]
    return Project(root=root, config=_validate(table, source), source=source)


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
    """Return the top-level keys, texts and choices, that ``MLOPS_*`` variables override."""
    names = {
        field.encode_name: f"{ENVIRONMENT_PREFIX}{field.name.upper()}"
        for field in msgspec.structs.fields(Config)
        if field.type is str or get_origin(field.type) is Literal
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
        "tool.mlops.explain": Explain,
        "tool.mlops.monitoring": Monitoring,
        "tool.mlops.alerts": Alerts,
        "tool.mlops.business.NAME": Business,
        "tool.mlops.lifecycle": Lifecycle,
        "tool.mlops.lifecycle.costs": Costs,
        "tool.mlops.lifecycle.policy": Policy,
        "tool.mlops.sinks.NAME": Sink,
    }


def _known_keys() -> set[str]:
    return {f.encode_name for table in tables().values() for f in msgspec.structs.fields(table)}

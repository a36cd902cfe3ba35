"""The project, its configuration and its environment: nothing else reads either.

A table of ``[tool.mlops]`` is a class whose fields say what they mean; the reference is made from
them.
"""

from __future__ import annotations

from mlops_nb.config.attempt import ENVIRONMENT_PREFIX, CurrentAttempt, current_attempt
from mlops_nb.config.jobs import After, Bounds, Job, Report, Retries, Retryable
from mlops_nb.config.lifecycle import Costs, Lifecycle, Policy
from mlops_nb.config.lint import Lint
from mlops_nb.config.monitoring import Alerts, Business, Monitoring
from mlops_nb.config.project import (
    HOME,
    Config,
    Project,
    choose_experiment,
    in_experiment,
    load_project,
    raw_configuration,
    read_policy,
    tables,
    under_policy,
)
from mlops_nb.config.registry import Approvals, Explain, Fairness, Gates, Owners
from mlops_nb.config.sinks import Sink
from mlops_nb.config.table import Table

__all__ = [
    "ENVIRONMENT_PREFIX",
    "HOME",
    "After",
    "Alerts",
    "Approvals",
    "Bounds",
    "Business",
    "Config",
    "Costs",
    "CurrentAttempt",
    "Explain",
    "Fairness",
    "Gates",
    "Job",
    "Lifecycle",
    "Lint",
    "Monitoring",
    "Owners",
    "Policy",
    "Project",
    "Report",
    "Retries",
    "Retryable",
    "Sink",
    "Table",
    "choose_experiment",
    "current_attempt",
    "in_experiment",
    "load_project",
    "raw_configuration",
    "read_policy",
    "tables",
    "under_policy",
]

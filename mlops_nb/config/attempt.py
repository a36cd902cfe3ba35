"""The job attempt that a process runs in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mlops_nb.redaction import Redaction

ENVIRONMENT_PREFIX = "MLOPS_"


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

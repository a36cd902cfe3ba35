"""The one tree of errors that a user is meant to see, and the exit codes they end with."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every ``mlops`` command."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INTERNAL = 70
    ALREADY_RUNNING = 75
    TIMEOUT = 124
    MEMORY = 137
    KERNEL_DIED = 138
    CANCELLED = 143


class MlopsError(Exception):
    """Something a user can put right.

    Parameters
    ----------
    message : str
        What was wrong and where, in one sentence.
    hint : str, optional
        What to do about it.

    Attributes
    ----------
    exit_code : ExitCode
        The exit code of a command that ends with this error.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows instead of a traceback; IPython asks for it by this name."""
        return [f"\x1b[31merror:\x1b[0m {self}"]


class ConfigError(MlopsError):
    """The project's configuration is missing, unreadable or wrong."""


class InputError(MlopsError):
    """A file, a table or an argument cannot be used as it is."""


class NotFoundError(MlopsError):
    """A run, model, version, job or column of that name does not exist."""


class StoreError(MlopsError):
    """The tracking store, the state database or a sink cannot be reached or used."""


class GateError(MlopsError):
    """A gate refused a model version."""

    exit_code = ExitCode.FINDINGS


class MissingExtraError(MlopsError):
    """A part of the suite is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed", f"pip install 'mlops-nb[{extra}]'")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest of the known names, or lists them all.

    Parameters
    ----------
    name : str
        What the user wrote.
    known : iterable of str
        The names that exist.

    Returns
    -------
    str
        ``did you mean 'x'?``, ``known: a, b``, or an empty string when nothing is known.
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else ""

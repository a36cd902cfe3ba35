"""The words after ``%%mlops run``."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NoReturn

from mlops_nb.errors import InputError

VARIABLE_OPTIONS = ("--param", "--metric", "--model", "--data")
"""The options that are followed by names of variables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a cell asks to be logged.

    Parameters
    ----------
    name : str, optional
        The run's name.
    params, metrics, models, data : tuple of str
        Names of variables, looked up when the cell has ended.
    tags : dict
        Tags of the run.
    auto : bool
        Whether to log what the cell makes without being told.
    nested : bool
        Whether it is a child of the run that is current.
    """

    name: str | None = None
    params: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    auto: bool = True
    nested: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every variable that is named, once."""
        return tuple(dict.fromkeys((*self.params, *self.metrics, *self.models, *self.data)))

    def without(self, names: Collection[str]) -> RunOptions:
        """Return the options without variables that a cell did not come to set."""

        def left(named: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name for name in named if name not in names)

        return replace(
            self,
            params=left(self.params),
            metrics=left(self.metrics),
            models=left(self.models),
            data=left(self.data),
        )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"%%mlops run: {message}", self.format_usage().strip())


@cache
def parser() -> argparse.ArgumentParser:
    """Return the parser of the words after ``%%mlops run``."""
    made = _Parser(prog="%%mlops run", add_help=False, allow_abbrev=False)
    made.add_argument("name", nargs="?", help="the run's name")
    for option, what in (
        ("--param", "variables to log as parameters"),
        ("--metric", "variables to log as metrics: numbers, mappings of them, or series"),
        ("--model", "fitted estimators to keep"),
        ("--data", "tables to log as inputs"),
    ):
        made.add_argument(option, nargs="+", action="extend", default=[], metavar="NAME", help=what)
    made.add_argument("--tag", nargs="+", action="extend", default=[], metavar="KEY=VALUE")
    made.add_argument(
        "--auto",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="log what the cell makes: settings, results, fitted estimators, figures, tables used",
    )
    made.add_argument("--nested", action="store_true", help="a child of the current run")
    made.add_argument("-h", "--help", action="store_true", help="show this")
    return made


def asks_for_help(line: str) -> bool:
    """Whether the words ask what may stand there, and not for a run."""
    try:
        words = shlex.split(line)
    except ValueError:  # said when the run is opened
        return False
    return bool({"-h", "--help"} & {*words})


def parse_options(line: str) -> RunOptions:
    """Read the words after ``%%mlops run``.

    Raises
    ------
    InputError
        A word is not understood.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InputError(f"%%mlops run {line}: {error}", "close the quotes") from None
    found = parser().parse_args(words)
    names = [*found.param, *found.metric, *found.model, *found.data]
    for name in names:
        if not name.isidentifier():
            raise InputError(f"%%mlops run: {name!r} is not the name of a variable")
    tags = {}
    for pair in found.tag:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InputError(f"%%mlops run: --tag {pair!r} is not KEY=VALUE")
        tags[key] = value
    return RunOptions(
        name=found.name,
        params=tuple(found.param),
        metrics=tuple(found.metric),
        models=tuple(found.model),
        data=tuple(found.data),
        tags=tags,
        auto=found.auto,
        nested=found.nested,
    )

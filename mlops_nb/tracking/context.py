"""Opening and closing a run: ``with mlops_nb.run():`` and ``@mlops_nb.run``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from mlops_nb.config import Project, load_project
from mlops_nb.tracking import current, evidence
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.binding import Binding
from mlops_nb.tracking.follower import ensure_follower


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run between its start and its end, and what goes on beside it.

    Parameters
    ----------
    run : Run
        The run.
    surroundings : Surroundings
        The environment and the commit, being gathered.
    binding : Binding
        What ties MLflow's own functions to it.
    """

    run: Run
    surroundings: evidence.Surroundings
    binding: Binding


def start(
    name: str | None = None,
    *,
    tags: Mapping[str, str] | None = None,
    nested: bool = False,
    source: str = "",
    project: Project | None = None,
) -> OpenRun:
    """Start a run and make it the current one; :func:`finish` takes the answer.

    Parameters
    ----------
    name, tags, nested
        As :func:`run` takes them.
    source : str
        The code that will run in it, where it is known.
    project : Project, optional
        Whose run; that of the current folder by default.
    """
    project = project or load_project()
    run = Run(
        project,
        name or evidence.default_name(project),
        tags={**evidence.origin_tags(project), **(tags or {})},
        parent=current.parent() if nested else None,
    )
    current.push(run)
    ensure_follower(project)
    surroundings = evidence.Surroundings(project.root)
    return OpenRun(run=run, surroundings=surroundings, binding=Binding(run, source))


def finish(
    opened: OpenRun,
    error: BaseException | None = None,
    *,
    cell: str | None = None,
    call: str = "",
) -> None:
    """Write a run's evidence and end it, by the error that its code ended with.

    Parameters
    ----------
    opened : OpenRun
        The run.
    error : BaseException, optional
        What its code raised.
    cell, call
        As :func:`mlops_nb.tracking.evidence.log_code` takes them.
    """
    run = opened.run
    try:
        opened.binding.release()
        if run.status == "RUNNING":
            opened.surroundings.log(run)
            evidence.log_code(run, cell, call)
            run.end("FINISHED" if error is None else evidence.log_error(run, error))
    finally:
        run.end("FAILED")
        current.pop(run)


class RunContext:
    """What :func:`run` answers: a context manager and a decorator, usable any number of times."""

    def __init__(
        self,
        name: str | None,
        tags: Mapping[str, str] | None = None,
        nested: bool = False,
        project: Project | None = None,
    ) -> None:
        self._name, self._tags, self._nested = name, dict(tags or {}), nested
        self._project = project
        self._open: list[OpenRun] = []

    def __enter__(self) -> Run:
        self._open.append(
            start(self._name, tags=self._tags, nested=self._nested, project=self._project)
        )
        return self._open[-1].run

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        finish(self._open.pop(), error)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with a run around each of its calls."""
        name = self._name or getattr(function, "__name__", None)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with RunContext(name, self._tags, self._nested, self._project):
                    return await function(*args, **kwargs)

            return awaited

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with RunContext(name, self._tags, self._nested, self._project):
                return function(*args, **kwargs)

        return called


def run(
    name: str | Callable[..., Any] | None = None,
    *,
    tags: Mapping[str, str] | None = None,
    nested: bool = False,
) -> Any:
    """Track what happens inside as a run.

    Parameters
    ----------
    name : str, optional
        The run's name; by default that of the decorated function, the job or the notebook.
    tags : mapping, optional
        Tags of the run.
    nested : bool
        Make it a child of the current run; in a thread that was handed none, of the only run
        that has no parent. Without it, a run inside a run is a run of its own.

    Returns
    -------
    RunContext
        ``with run("baseline") as r:``, or ``@run("baseline")`` over a function, plain or async;
        ``@run`` alone takes the function's name. The status follows from how the block ends:
        FINISHED, FAILED with the traceback kept, or KILLED when it was interrupted.

    Notes
    -----
    Where the user's code has imported MLflow, the run is MLflow's active run of this thread too:
    ``mlflow.log_metric`` and ``mlflow.sklearn.autolog()`` land in it. As in any MLflow run,
    ``mlflow.start_run`` inside needs ``nested=True``.

    Examples
    --------
    >>> import mlops_nb
    >>> with mlops_nb.run("baseline") as r:  # doctest: +SKIP
    ...     mlops_nb.log_param("depth", 3)
    ...     mlops_nb.log_metric("auc", 0.91)
    """
    if callable(name):
        return RunContext(None, tags, nested)(name)
    return RunContext(name, tags, nested)

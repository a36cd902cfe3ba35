"""A function to try out: every call of it is a run."""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from time import perf_counter
from typing import Any

import ipywidgets

from mlops_nb.tracking import context, current
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.auto import is_number, is_table
from mlops_nb.widgets.live import LiveChart
from mlops_nb.widgets.sliders import controls
from mlops_nb.widgets.view import View, column, plain

_LOGGED = (str, int, float, bool, type(None), list, tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One call.

    Parameters
    ----------
    run : Run
        Its run.
    seconds : float
        How long it took.
    error : str
        What it raised, empty when it ended well.
    """

    run: Run
    seconds: float
    error: str


class Evaluations:
    """Controls, what the last call showed, and a table of all calls.

    Parameters
    ----------
    function : callable
        What is called; numbers that it returns become metrics.
    given : mapping
        Its arguments as :func:`mlops_nb.widgets.sliders.controls` takes them.
    on_run : callable
        Called with each run that has ended.
    """

    def __init__(
        self, function: Callable[..., Any], given: Mapping[str, Any], on_run: Callable[[Run], None]
    ) -> None:
        self._function, self._on_run = function, on_run
        self._name = getattr(function, "__name__", "function")
        self._done: list[Evaluation] = []
        self._controls = controls(self._logged(), given, f"Run {self._name}")
        self._each = ipywidgets.Checkbox(description="Run on every change", indent=False)
        self._live = ipywidgets.Box()
        self._table = View(kind="runs", data=self._data())
        for widget in self._controls.kwargs_widgets:
            widget.observe(self._changed, names="value")
        self.box = ipywidgets.VBox([self._each, self._controls, self._live, self._table])

    def _changed(self, _change: object) -> None:
        if self._each.value:
            self._controls.update()

    def _logged(self) -> Callable[..., Any]:
        @functools.wraps(self._function)
        def call(**values: Any) -> Any:
            return self._call(values)

        return call

    def _call(self, values: Mapping[str, Any]) -> Any:
        opened = context.start(self._name, nested=current.current() is not None)
        begun = perf_counter()
        error: BaseException | None = None
        chart: LiveChart | None = None
        try:
            chart = LiveChart(opened.run)
            self._show(chart)
            _log_arguments(opened.run, values)
            result = self._function(**values)
            for name, value in _numbers("result", result):
                opened.run.log_metric(name, value)
            return result
        except BaseException as raised:
            error = raised
            raise
        finally:
            seconds = perf_counter() - begun
            context.finish(opened, error, cell=self._code(values))
            if chart is not None:
                chart.update()
            told = f"{type(error).__name__}: {error}" if error is not None else ""
            self._done.append(Evaluation(run=opened.run, seconds=seconds, error=told))
            self._table.data = self._data()
            self._on_run(opened.run)

    def _show(self, chart: LiveChart) -> None:
        before = self._live.children
        self._live.children = (chart.view,)
        for view in before:
            view.close()

    def _code(self, values: Mapping[str, Any]) -> str:
        """Return the function and the call, as a cell would hold them."""
        try:
            source = textwrap.dedent(inspect.getsource(self._function)).rstrip()
        except (OSError, TypeError):  # not written in Python, or its text is gone
            source = ""
        plainly = (
            f"{k}={v!r}" if isinstance(v, _LOGGED) else f"{k}={k}" for k, v in values.items()
        )
        return f"{source}\n\n{self._name}({', '.join(plainly)})".lstrip("\n")

    def _data(self) -> dict[str, Any]:
        runs = [one.run for one in self._done]
        params = list(dict.fromkeys(key for run in runs for key in run.params))
        metrics = list(dict.fromkeys(key for run in runs for key in run.metrics))
        columns = [
            column("call"),
            column("status", "status"),
            *(column(key) for key in params),
            *(column(key, "number") for key in metrics),
            column("seconds", "number"),
            column("error"),
            column("run"),
        ]
        rows = [
            [
                f"#{number} {one.run.name}",
                one.run.status,
                *(one.run.params.get(key) for key in params),
                *(plain(one.run.metrics.get(key)) for key in metrics),
                round(one.seconds, 3),
                one.error or None,
                one.run.uid[:8],
            ]
            for number, one in enumerate(self._done, 1)
        ]
        return {"columns": columns, "rows": rows[::-1]}


def _log_arguments(run: Run, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if is_table(value):
            run.log_input(value, name=name)
        elif isinstance(value, _LOGGED) or is_number(value):
            run.log_param(name, value)


def _numbers(name: str, result: Any) -> Iterator[tuple[str, Any]]:
    """Yield the numbers in what a function returned, by their names: of a mapping its keys."""
    if is_number(result):
        yield name, result
    elif is_dataclass(result) and not isinstance(result, type):
        yield from _numbers(name, asdict(result))
    elif hasattr(result, "_asdict"):
        yield from _numbers(name, result._asdict())
    elif isinstance(result, Mapping):
        for key, value in result.items():
            yield from _numbers(str(key) if name == "result" else f"{name}.{key}", value)
    elif isinstance(result, tuple):
        for number, value in enumerate(result):
            yield from _numbers(f"{name}.{number}", value)

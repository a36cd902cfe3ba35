"""A function to try out: every call of it is a run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import ipywidgets

from mlops_nb.tracking.active import Run
from mlops_nb.tracking.executed import interactive_shell
from mlops_nb.widgets.evaluate import evaluate, name_of
from mlops_nb.widgets.live import LiveChart
from mlops_nb.widgets.sliders import controls
from mlops_nb.widgets.view import View, column, plain


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
        self._done: list[Evaluation] = []
        self._controls = controls(self._logged(), given, f"Run {name_of(function)}")
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
            try:
                return self._call(values)
            except Exception as error:
                _show_traceback(error)

        return call

    def _call(self, values: Mapping[str, Any]) -> Any:
        charts: list[LiveChart] = []
        runs: list[Run] = []

        def started(run: Run) -> None:
            runs.append(run)
            charts.append(LiveChart(run))
            self._show(charts[0])

        begun = perf_counter()
        error = ""
        try:
            return evaluate(self._function, values, started)
        except BaseException as raised:
            error = f"{type(raised).__name__}: {raised}"
            raise
        finally:
            for chart in charts:
                chart.update()
            for run in runs:
                seconds = perf_counter() - begun
                self._done.append(Evaluation(run=run, seconds=seconds, error=error))
                self._on_run(run)
            self._table.data = self._data()

    def _show(self, chart: LiveChart) -> None:
        before = self._live.children
        self._live.children = (chart.view,)
        for view in before:
            view.close()

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


def _show_traceback(error: Exception) -> None:
    """Show where the user's function failed, without the frames of ours that called it."""
    shell = interactive_shell()
    if shell is None:
        raise error
    trace = error.__traceback__
    for _ in range(3):
        trace = trace.tb_next if trace is not None and trace.tb_next is not None else trace
    shell.showtraceback((type(error), error, trace))

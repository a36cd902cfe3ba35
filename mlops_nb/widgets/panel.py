"""``mlops.panel()``: runs by hand, without a line of code for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InputError, MlopsError
from mlops_nb.widgets.frontend import speaks_widgets

if TYPE_CHECKING:
    import ipywidgets

    from mlops_nb.tracking.active import Run
    from mlops_nb.tracking.context import OpenRun


def panel(function: Callable[..., Any] | None = None, /, **arguments: Any) -> Panel:
    """Return a panel: start and stop a run, try a function out, take notes, register a model.

    Parameters
    ----------
    function : callable, optional
        What to try out. Each call is a run: the arguments are its parameters, the numbers that
        it returns (one, or those of a mapping, a dataclass or a tuple) its metrics; what it logs
        itself is added, and drawn as it comes. An exception makes the run FAILED.
    **arguments
        The values of the function's arguments, as ``ipywidgets.interact`` takes them:
        ``(1, 10)`` and ``(0.0, 1.0, 0.1)`` become sliders, lists and mappings choices, ``True`` a
        box, a text a field; widgets stay as they are, ``ipywidgets.fixed(x)`` is handed on. Two
        floats a factor of a hundred apart become a logarithmic slider. An argument left out is
        read off the function's default.

    Raises
    ------
    InputError
        The function has no such argument, or nothing says what the values of one may be.

    Examples
    --------
    >>> import mlops_nb
    >>> mlops_nb.panel(train, depth=(1, 10), lr=(1e-4, 1e-1))  # doctest: +SKIP
    """
    if function is None and arguments:
        raise InputError("mlops.panel: there is no function that takes these arguments",
                         "mlops.panel(train, depth=(1, 10))")  # fmt: skip
    return Panel(function, arguments)


class Panel:
    """What :func:`panel` returns; a notebook shows it where it is the last value of a cell."""

    def __init__(self, function: Callable[..., Any] | None, arguments: Mapping[str, Any]) -> None:
        self._function, self._arguments = function, arguments
        # Made here and not when it is shown: a mistake is one of this cell. Where nobody sees
        # widgets none is made, for nbclient keeps the state of each in the notebook.
        self._controls = _Controls(function, arguments) if speaks_widgets() else None

    def call(self, **values: Any) -> Any:
        """Call the function as the panel's button does, in a run of its own.

        Raises
        ------
        InputError
            The panel has no function.
        Exception
            What the function raises.
        """
        from mlops_nb.widgets.evaluate import evaluate

        if self._function is None:
            raise InputError("this panel has no function to call", "mlops.panel(train)")
        return evaluate(self._function, values)

    def __repr__(self) -> str:
        called = getattr(self._function, "__name__", "")
        words = [called, *(f"{name}={value!r:.60}" for name, value in self._arguments.items())]
        return f"mlops.panel({', '.join(word for word in words if word)})"

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, Any]:
        about = "An interactive panel stands here where the notebook is open in Jupyter."
        found: dict[str, Any] = {
            "text/plain": repr(self),
            "text/html": f"<p>{about}</p><pre>{escape(repr(self))}</pre>",
        }
        if self._controls is not None:
            from mlops_nb.widgets.view import bundle

            found |= bundle(self._controls.box.model_id)
        return found


class _Controls:
    """The panel's widgets, and what its buttons do."""

    def __init__(self, function: Callable[..., Any] | None, arguments: Mapping[str, Any]) -> None:
        import ipywidgets

        from mlops_nb.widgets.registration import Registration

        self._opened: OpenRun | None = None
        self._message = ipywidgets.HTML()
        self._name = ipywidgets.Text(description="Run", placeholder="name, or leave it empty")
        self._start = ipywidgets.Button(description="Start run", button_style="primary")
        self._stop = ipywidgets.Button(description="Stop run", disabled=True)
        self._start.on_click(self._guarded(self._begin))
        self._stop.on_click(self._guarded(self._end))
        self._chosen = ipywidgets.Dropdown(description="About run", options=[])
        self._note = ipywidgets.Textarea(description="Note", rows=3)
        save = ipywidgets.Button(description="Save note")
        save.on_click(self._guarded(self._save))
        self._live = ipywidgets.Box()
        self._registration = Registration(lambda: self._chosen.value, self._guarded)
        more = ipywidgets.Accordion(
            [ipywidgets.VBox([self._note, save]), self._registration.box],
            titles=("Note", "Register a model"),
        )
        more.observe(lambda _: self._registration.refresh(), names="selected_index")
        self.box: ipywidgets.VBox = ipywidgets.VBox(
            [
                ipywidgets.HBox([self._name, self._start, self._stop]),
                self._live,
                *self._tried(function, arguments),
                self._message,
                self._chosen,
                more,
            ]
        )

    def _tried(
        self, function: Callable[..., Any] | None, arguments: Mapping[str, Any]
    ) -> list[Any]:
        if function is None:
            return []
        from mlops_nb.widgets.evaluations import Evaluations

        return [Evaluations(function, arguments, self._add).box]

    def _begin(self) -> str:
        from mlops_nb.tracking import context
        from mlops_nb.widgets.live import LiveChart

        self._opened = context.start(self._name.value.strip() or None)
        run = self._opened.run
        self._start.disabled, self._stop.disabled = True, False
        self._live.children = (LiveChart(run).view,)
        self._add(run)
        return f"run {run.name} is running: what the cells log goes to it"

    def _end(self) -> str:
        from mlops_nb.tracking import context

        if self._opened is None:
            raise InputError("no run was started here")
        opened, self._opened = self._opened, None
        self._start.disabled, self._stop.disabled = False, True
        context.finish(opened)
        return f"run {opened.run.name} · {opened.run.status.lower()}"

    def _save(self) -> str:
        from mlops_nb.tracking.note import write_note

        run = self._chosen.value
        if run is None:
            raise InputError("there is no run yet to take a note on")
        write_note(run, self._note.value)
        return f"the note on {run.name} is saved"

    def _add(self, run: Run) -> None:
        label = f"#{len(self._chosen.options) + 1} {run.name} · {run.uid[:8]}"
        self._chosen.options = [*self._chosen.options, (label, run)]
        self._chosen.value = run

    def _guarded(self, action: Callable[[], str]) -> Callable[[Any], None]:
        """Return what a button calls: an error is told in the panel, and nothing else happens."""

        def clicked(button: Any) -> None:
            button.disabled = True
            self._tell("…")
            try:
                self._tell(action())
            except Exception as error:
                button.disabled = False
                is_ours = isinstance(error, MlopsError)
                self._tell(str(error) if is_ours else f"{type(error).__name__}: {error}", bad=True)
                if not is_ours:
                    raise
            else:
                # These two say themselves which of them can be used next.
                if button not in (self._start, self._stop):
                    button.disabled = False

        return clicked

    def _tell(self, text: str, *, bad: bool = False) -> None:
        style = " style='color:var(--jp-error-color1,#cf222e)'" if bad else ""
        shown = escape(text).replace("\n", "<br>")
        self._message.value = f"<span role='status'{style}>{shown}</span>"

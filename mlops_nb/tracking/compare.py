"""Several runs side by side: what differs, how their metrics went, and which code changed."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.tracking import drawing
from mlops_nb.tracking.names import cut
from mlops_nb.tracking.page import differences, json_metrics
from mlops_nb.tracking.slicefile import PATH, read_slice

if TYPE_CHECKING:
    from mlops_nb.store.runs import RunRecord

CURVES = 12
"""At most so many metrics are drawn as curves."""

MOST_RUNS = 20
_DIFF_LINES = 200
_LONGEST = 60

# A notebook keeps what it shows for ever: of a large comparison, a part.
_CELLS_KEPT = 400
_LINES_KEPT = 30
_POINTS_KEPT = 600
_AXES_KEPT = 4  # of the parameters, and as many of the metrics
_DIFF_KEPT = 80
_CODE = ("mlops/cell.py", "mlops/script.py")
_STYLE = (
    "<style>.mlops-compare td,.mlops-compare th{text-align:left;padding:2px 8px}"
    ".mlops-compare .differs td{font-weight:600}.mlops-compare pre{overflow:auto}"
    ".mlops-compare ins{background:#2da44e33;text-decoration:none}"
    ".mlops-compare del{background:#cf222e33;text-decoration:none}</style>"
)

_Curves = Mapping[str, Sequence[Sequence[tuple[float, float]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """Runs side by side.

    Parameters
    ----------
    records : tuple of RunRecord
        The runs; the others are told against the first.
    curves : mapping
        Metric → for each run its points (step, value); only metrics of several points.
    diffs : tuple of str
        For each run after the first, the unified diff of its code against the first's.
    """

    records: tuple[RunRecord, ...]
    curves: _Curves
    diffs: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Names of the runs, with the beginning of the uid where names repeat."""
        known = [record.name for record in self.records]
        return [
            record.name if known.count(record.name) == 1 else record.uid[:8] or record.run_id[:8]
            for record in self.records
        ]

    def rows(self) -> list[list[object]]:
        """Return the parameters that differ and every metric, one row each."""
        params, metrics = differences(self.records)
        found: list[list[object]] = [[f"params.{key}", *values] for key, values in params.items()]
        return found + [[f"metrics.{key}", *values] for key, values in metrics.items()]

    def summary(self) -> str:
        """Return how much differs, in one line."""
        params, metrics = differences(self.records)
        changed = sum(bool(diff) for diff in self.diffs)
        code = f", code of {changed} differs" if changed else ", same code"
        return f"{len(params)} parameters differ, {len(metrics)} metrics{code}"

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-serialisable values."""
        params, _ = differences(self.records)
        described = [
            {
                "run_id": run.run_id,
                "name": run.name,
                "params": {key: run.params.get(key) for key in params},
                "metrics": json_metrics(run.metrics),
                "code_diff": diff,
            }
            for run, diff in zip(self.records, ("", *self.diffs), strict=True)
        ]
        curves = {
            key: [[[step, _json_value(value)] for step, value in points] for points in runs]
            for key, runs in self.curves.items()
        }
        return {
            "schema": 1,
            "differing_params": sorted(params),
            "runs": described,
            "curves": curves,
        }

    def curve_lines(self) -> list[str]:
        """Return a line of small bars for each run of each metric that has several points."""
        return self._bars(self.curves)

    def _bars(self, curves: _Curves) -> list[str]:
        width = max((len(name) for name in self.names), default=0)
        found = []
        for key, runs in curves.items():
            everything = [value for points in runs for _, value in points]
            found.append(f"curve {key}")
            for name, points in zip(self.names, runs, strict=True):
                bars = drawing.bars([value for _, value in points], everything)
                found.append(f"  {name.ljust(width)}  {bars}")
        return found

    def diff_lines(self) -> list[str]:
        """Return the code diffs, line by line, cut where they are very long."""
        return [line for diff in self.diffs for line in _cut(diff, _DIFF_LINES)]

    def _rows_kept(self) -> list[list[object]]:
        return self.rows()[: max(10, _CELLS_KEPT // len(self.records))]

    def _diffs_kept(self) -> list[list[str]]:
        changed = [diff for diff in self.diffs if diff]
        return [_cut(diff, max(4, _DIFF_KEPT // len(changed))) for diff in changed]

    def _curves_kept(self) -> dict[str, list[list[tuple[float, float]]]]:
        keys = list(self.curves)[: max(1, _LINES_KEPT // len(self.records))]
        points = max(20, _POINTS_KEPT // max(1, len(keys) * len(self.records)))
        return {key: [drawing.thinned(run, points) for run in self.curves[key]] for key in keys}

    def __repr__(self) -> str:
        cells = [["", *self.names], *([_shown(v) for v in row] for row in self._rows_kept())]
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        table = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
        diffs = [line for lines in self._diffs_kept() for line in lines]
        return "\n".join([*table, *self._bars(self._curves_kept()), *diffs, self.summary()])

    def html(self) -> str:
        """Return the whole comparison as HTML."""
        changed = [diff.splitlines() for diff in self.diffs if diff]
        return self._html(self.rows(), self.curves, changed, self.axes())

    def _repr_html_(self) -> str:
        axes = list(self.axes().items())
        kept = dict([*axes[:_AXES_KEPT], *axes[-_AXES_KEPT:]])
        return self._html(self._rows_kept(), self._curves_kept(), self._diffs_kept(), kept)

    def _html(
        self,
        rows: Sequence[Sequence[object]],
        curves: _Curves,
        diffs: Sequence[Sequence[str]],
        axes: Mapping[str, Sequence[str | float | None]],
    ) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.names)
        body = "".join(
            f"<tr><th>{escape(str(row[0]))}</th>"
            + "".join(f"<td>{escape(_shown(value))}</td>" for value in row[1:])
            + "</tr>"
            for row in rows
        )
        drawn = "".join(
            drawing.curves(key, self.names, runs) for key, runs in curves.items()
        ) + drawing.parallel(self.names, axes)
        code = "".join(_marked(lines) for lines in diffs)
        return (
            f'{_STYLE}<div class="mlops-compare"><table><thead><tr><th></th>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>{drawn}{code}<p>{escape(self.summary())}</p></div>"
        )

    def axes(self) -> dict[str, list[str | float | None]]:
        """Return what parallel coordinates are drawn of: parameter or metric → a value a run."""
        params, metrics = differences(self.records)
        axes: dict[str, list[str | float | None]] = {}
        for key, values in params.items():
            axes[key] = [_number_or_text(value) for value in values]
        for key, found in metrics.items():
            axes[key] = [None if v is None or math.isnan(v) else v for v in found]
        return axes


def compare_runs(project: Project, references: Sequence[str]) -> RunComparison:
    """Bring the journal into the store and put runs side by side.

    Parameters
    ----------
    project : Project
        Whose runs.
    references : sequence of str
        Two or more: ids, beginnings of ids, or names.

    Raises
    ------
    InputError
        Fewer than two runs are named, or more than :data:`MOST_RUNS`.
    NotFoundError
        One of them does not exist.
    """
    from mlops_nb.store.runs import get_run
    from mlops_nb.tracking.sync import sync

    if not 2 <= len(references) <= MOST_RUNS:
        raise InputError(f"name two runs or more, {MOST_RUNS} at most", "mlops run compare A B")
    sync(project)
    records = tuple(get_run(project, reference) for reference in references)
    code = [_code(project, record) for record in records]
    return RunComparison(
        records=records,
        curves=_curves(project, records),
        diffs=tuple(
            _diff(code[0], other, records[0].name, record.name)
            for other, record in zip(code[1:], records[1:], strict=True)
        ),
    )


def _curves(
    project: Project, records: Sequence[RunRecord]
) -> dict[str, list[list[tuple[float, float]]]]:
    from mlops_nb.store.history import metric_history

    found: dict[str, list[list[tuple[float, float]]]] = {}
    for key in sorted({key for run in records for key in run.metrics}):
        runs = [
            [(float(step), value) for step, value, _ in metric_history(project, run.run_id, key)]
            if key in run.metrics
            else []
            for run in records
        ]
        if any(len(points) > 1 for points in runs):
            found[key] = [drawing.thinned(points) for points in runs]
        if len(found) == CURVES:
            break
    return found


def _code(project: Project, record: RunRecord) -> list[str]:
    """Return the code of a run: the cells of its slice, else its cell or script."""
    from mlops_nb.store.runs import download

    try:
        cells = read_slice(download(project, record.run_id, PATH)).cells
        if cells:
            return "\n\n".join(cell.source.rstrip("\n") for cell in cells).splitlines()
    except (NotFoundError, InputError):
        pass
    for path in _CODE:
        try:
            text = download(project, record.run_id, path).read_text(encoding="utf-8")
        except NotFoundError:
            continue
        return text.splitlines()
    return []


def _diff(before: list[str], after: list[str], old: str, new: str) -> str:
    return "\n".join(difflib.unified_diff(before, after, old, new, lineterm="", n=2))


def _cut(diff: str, most: int) -> list[str]:
    lines = diff.splitlines()
    more = [f"… {len(lines) - most} more lines"] if len(lines) > most else []
    return [*lines[:most], *more]


def _marked(diff: Sequence[str]) -> str:
    lines = []
    for line in diff:
        tag = {"+": "ins", "-": "del"}.get(line[:1])
        text = escape(line)
        lines.append(f"<{tag}>{text}</{tag}>" if tag else text)
    return f"<pre>{'<br>'.join(lines)}</pre>"


def _json_value(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _number_or_text(value: str) -> str | float:
    try:
        number = float(value)
    except ValueError:
        return value
    return number if math.isfinite(number) else value


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else cut(str(value), _LONGEST)

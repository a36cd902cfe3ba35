"""A lifecycle map as lines of text, for a terminal and for a notebook's plain output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlops_nb.lifecycle.intervals import lasting
from mlops_nb.lifecycle.overview import Overview
from mlops_nb.lifecycle.stages import Stage
from mlops_nb.lifecycle.timeline import ModelLife, Passage

EMPTY = "nothing has happened yet: mlops init, then %%mlops run in a notebook"


def told(overview: Overview) -> str:
    """Return the map as text, the bottleneck last."""
    lines: list[str] = []
    for model in overview.models:
        lines += [*_model(model), ""]
    lines += _funnel(overview)
    lines += _stranded(overview)
    lines += [f"note: {note}" for note in overview.notes]
    found = overview.bottleneck
    if found is not None:
        lines += [f"bottleneck  {found.message}", f"next        {found.remedy}"]
    else:
        lines.append(EMPTY if not dict(overview.funnel)["begun"] else "bottleneck  none")
    return "\n".join(lines)


def heading(model: ModelLife) -> str:
    """Return which version is live and how long the first one took."""
    champion = model.facts.champion
    live = f"version {champion} is live" if champion else "no version is live"
    lead = f", first run to first production prediction {lasting(model.lead_time)}"
    repaired = f", alert to retrained champion {lasting(model.repair_time)}"
    return (
        f"{model.facts.name}: {live}"
        + (lead if model.lead_time is not None else "")
        + (repaired if model.repair_time is not None else "")
    )


def title(passage: Passage, *, first: bool) -> str:
    """Return what a version's passage is called."""
    lead = f", lead time {lasting(passage.lead_time)}" if passage.lead_time is not None else ""
    return f"version {passage.version}{' (the first)' if first else ''}{lead}"


def shown(passage: Passage, *, first: bool) -> Sequence[Stage]:
    """Return the stages worth a line: later versions begin where the model was explored already."""
    stages = [stage for stage in passage.stages if first or stage.span is not None]
    while stages and stages[-1].span is None:
        stages.pop()
    return stages


def row(stage: Stage) -> tuple[str, str, str, str, str]:
    """Return a stage's name, what it took of work and of waiting, its begin and its evidence."""
    if stage.span is None:
        return stage.name, "-", "-", "-", "not on record"
    still = " …" if stage.is_open else ""
    return (
        stage.name,
        lasting(stage.worked) if stage.worked else "-",
        lasting(stage.waited) + still if stage.waited else "-",
        f"{stage.span.start:%Y-%m-%d %H:%M}",
        stage.evidence,
    )


HEADERS = ("stage", "worked", "waited", "from", "evidence")


def _model(model: ModelLife) -> Iterator[str]:
    yield heading(model)
    for number, passage in enumerate(model.passages):
        yield f"  {title(passage, first=not number)}"
        yield from _table([row(stage) for stage in shown(passage, first=not number)])
    if model.repairs:
        yield "  after alerts"
        yield from _table([row(repair.stage) for repair in model.repairs])
    for warning in model.warnings:
        yield f"  ! {warning}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(line[i]) for line in (HEADERS, *rows)) for i in range(len(HEADERS))]
    for line in (HEADERS, *rows):
        cells = (
            text.rjust(width) if i in (1, 2) else text.ljust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        yield ("    " + "  ".join(cells)).rstrip()


def _funnel(overview: Overview) -> list[str]:
    steps = " → ".join(f"{stage} {count}" for stage, count in overview.funnel)
    return [f"funnel      {steps}"]


def _stranded(overview: Overview) -> list[str]:
    return [
        f"{'stranded' if not number else '':11} {notebook.path or 'a notebook without a name'}: "
        f"{len(notebook.runs)} runs, {notebook.models} with a model, none registered; "
        f"the last {notebook.runs[-1].start:%Y-%m-%d}"
        for number, notebook in enumerate(overview.stranded)
    ]

"""Held-out rows that choose between models, settings or epochs, and judge the chosen one too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mlops_nb.lint.leaks import catalogue
from mlops_nb.lint.leaks.leak import Leak, held_out
from mlops_nb.lint.leaks.trace import Score, Split, Trace
from mlops_nb.lint.leaks.values import Path, Rows, disjoint


def reused(trace: Trace) -> Iterator[Leak]:
    """Yield test rows that judge several models, with no further rows for the one chosen."""
    groups = _groups(trace)
    for rows, scores in groups.items():
        models = _models(trace, scores)
        if len(models) < 2 or _is_validation(trace, rows, scores[0], groups):
            continue
        yield Leak(
            kind="reused",
            what=trace.things[models[1].thing].name,
            node=models[1].node,
            cell=models[1].cell,
            split=_last_split(trace, rows),
            score=models[1],
            others=tuple(models),
        )


def stopped(trace: Trace) -> Iterator[Leak]:
    """Yield fits that stop when the test rows say so, and are judged by the same rows."""
    groups = _groups(trace)
    for stop in trace.scores:
        if stop.how != "stopping" or _is_validation(trace, stop.rows, stop, groups):
            continue
        judged = (
            score
            for scores in groups.values()
            for score in scores
            if score.thing == stop.thing and score.rows == stop.rows
        )
        if (score := next(judged, None)) is not None:
            name = trace.things[stop.thing].name
            yield Leak(kind="stopped", what=name, node=stop.node, cell=stop.cell, score=score)


def _groups(trace: Trace) -> dict[Rows, list[Score]]:
    """Return the scores on held-out rows that are no folds, by rows.

    Parts that were drawn of the same rows at random, again and again, count as the same rows.
    """
    groups: dict[Rows, list[Score]] = defaultdict(list)
    same: dict[frozenset[Path], Rows] = {}
    for score in trace.scores:
        if score.how == "score" and held_out(score) and not trace.folds(score.rows):
            drawn = frozenset(_drawn(trace, path) for path in score.rows)
            groups[same.setdefault(drawn, score.rows)].append(score)
    return groups


def _drawn(trace: Trace, path: Path) -> Path:
    """Return a path without the seeds of its splits."""
    parts = []
    for part in path[1:]:
        split = trace.splits.get(part.split)
        seeded = split is not None and split.what == "train_test_split"
        parts.append((split.rows, part.side) if split is not None and seeded else part)
    return (path[0], *parts)


def _models(trace: Trace, scores: list[Score]) -> list[Score]:
    """Return one score of each different model; one made anew in a loop counts twice."""
    first: dict[tuple[int, Rows], Score] = {}
    for score in scores:
        rows = score.fit.rows if score.fit is not None else frozenset()
        first.setdefault((score.thing, rows), score)
    found = list(first.values())
    return found + [score for score in found if trace.things[score.thing].varied]


def _is_validation(trace: Trace, rows: Rows, score: Score, groups: dict[Rows, list[Score]]) -> bool:
    """Tell rows that choose from rows that judge: there are others for that."""
    for other, scores in groups.items():
        judges = disjoint(rows, other) and not _is_nested(other, rows)
        if judges and not _is_parameter(other) and len(_models(trace, scores)) == 1:
            return True
    told = [name for name in trace.held_out_names(rows) if catalogue.HELD_OUT.search(name)]
    if not all(map(catalogue.VALIDATION.search, told)):
        return False
    if told and _is_reserved(trace, rows):
        return True
    fit = score.fit
    return fit is not None and any(
        disjoint(said, rows) and disjoint(said, fit.rows) for said in trace.predicted
    )


def _is_nested(inner: Rows, outer: Rows) -> bool:
    """Tell whether rows were cut out of what the split that made the others left for training."""
    last = {path[-1].split for path in outer if len(path) > 1}
    return bool(last) and all(any(part.split in last for part in path[1:-1]) for path in inner)


def _is_reserved(trace: Trace, rows: Rows) -> bool:
    """Tell whether test rows were put aside that nothing was scored on yet."""
    cuts = {part.split for path in rows for part in path[-1:] if part in path[1:]}
    for key, split in trace.splits.items():
        names = [name for name in split.names if catalogue.HELD_OUT.search(name)]
        if key not in cuts and split.kind == "holdout" and names:
            return not any(map(catalogue.VALIDATION.search, names))
    return False


def _is_parameter(rows: Rows) -> bool:
    """Tell rows of a function that nobody calls."""
    return all(path[0][0] == "parameter" for path in rows)


def _last_split(trace: Trace, rows: Rows) -> Split | None:
    for path in sorted(rows, key=str):
        if len(path) > 1 and path[-1].split in trace.splits:
            return trace.splits[path[-1].split]
    return None

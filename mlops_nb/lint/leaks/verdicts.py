"""Which of the things that happened make an evaluation worthless."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mlops_nb.lint.leaks import catalogue
from mlops_nb.lint.leaks.trace import Score, Split, Trace
from mlops_nb.lint.leaks.values import Fit, Mark, Marks, Rows, disjoint, overlap, within

LeakKind = Literal[
    "fitted", "target", "resampled", "overlap", "reused", "stopped", "unheld", "refit", "shuffled"
]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Leak:
    """One reason not to believe a score.

    Parameters
    ----------
    kind : str
        Which.
    what : str
        The class or function that caused it.
    node : ast.AST
        Where.
    cell : int
        Index of the code cell among those analysed.
    split : Split, optional
        The split that came too late, or was of the wrong sort.
    score : Score, optional
        The score that is too good.
    others : tuple of Score
        Further scores on the same rows.
    """

    kind: LeakKind
    what: str
    node: ast.AST
    cell: int
    split: Split | None = None
    score: Score | None = None
    others: tuple[Score, ...] = ()


def leaks(trace: Trace) -> list[Leak]:
    """Return the leaks of a notebook, each line that causes one once."""
    found: list[Leak] = []
    seen: set[tuple[str, int, int]] = set()
    verdicts = (_learned, _late_splits, _overlaps, _reused, _stopped, _unheld, _refits, _shuffled)
    for verdict in verdicts:
        for leak in verdict(trace):
            place = (leak.kind, leak.cell, _place(leak.node)[0])
            if place not in seen:
                seen.add(place)
                found.append(leak)
    return found


def _held_out(score: Score) -> bool:
    return score.fit is not None and disjoint(score.fit.rows, score.rows)


def _marks(carried: Marks) -> list[Mark]:
    """Return the marks in the order of the file."""
    return sorted({mark for mark, _ in carried}, key=lambda m: (m.cell, *_place(m.node)))


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _kind(mark: Mark, fit: Fit | None) -> LeakKind:
    if mark.kind == "resampled":
        return "resampled"
    is_target = fit is not None and fit.target is not None and mark.column == fit.target
    return "target" if is_target and not mark.selects else "fitted"


def _learned(trace: Trace) -> Iterator[Leak]:
    """Yield what was learned from rows on both sides of a score."""
    for score in trace.scores:
        folds = score.how == "folds"
        if not folds and not _held_out(score):
            continue
        fit = score.fit
        trained: Rows = fit.rows if fit is not None else score.rows
        carried: Marks = score.marks | fit.marks if fit is not None else score.marks
        target = fit.target if fit is not None else None
        for mark in _marks(frozenset(pair for pair in carried if not target or pair[1] != target)):
            if mark.kind == "ordered" or not overlap(mark.rows, score.rows):
                continue
            if not overlap(mark.rows, trained):
                continue
            mild = folds or trace.folds(score.rows)
            if mild and (trace.side(mark.rows) == "train" or _judged_apart(trace, mark)):
                continue
            yield Leak(
                kind=_kind(mark, fit),
                what=mark.what,
                node=mark.node,
                cell=mark.cell,
                split=_split_of(trace, score.rows, mark.rows),
                score=score,
            )


def _judged_apart(trace: Trace, mark: Mark) -> bool:
    """Tell whether some model is judged by rows the mark knows nothing of."""
    return any(
        score.how == "score" and _held_out(score) and disjoint(mark.rows, score.rows)
        for score in trace.scores
    )


def _split_of(trace: Trace, rows: Rows, before: Rows) -> Split | None:
    """Return the split that made the rows a part, after what had been learned of them."""
    known = {part.split for path in before for part in path[1:]}
    for path in sorted(rows, key=str):
        for part in path[1:]:
            if part.split in trace.splits and part.split not in known:
                return trace.splits[part.split]
    return None


def _late_splits(trace: Trace) -> Iterator[Leak]:
    """Yield what was learned before a split whose parts no score could be followed to."""
    scored = {part.split for score in trace.scores for path in score.rows for part in path[1:]}
    for key, split in trace.splits.items():
        if split.what != "train_test_split" or key in scored:
            continue
        fits = [fit for fit in trace.fits if _cut_by(fit.rows, key)]
        carried: Marks = frozenset().union(*(fit.marks for fit in fits)) if fits else split.marks
        if not fits:
            carried = carried.union(*(m for rows, m in trace.applied if _cut_by(rows, key)))
        for mark in _marks(carried):
            known = _cut_by(mark.rows, key)
            if mark.kind != "ordered" and overlap(mark.rows, split.rows) and not known:
                yield Leak(
                    kind=_kind(mark, fits[0] if fits else None),
                    what=mark.what,
                    node=mark.node,
                    cell=mark.cell,
                    split=split,
                )


def _cut_by(rows: Rows, key: object) -> bool:
    return any(part.split == key for path in rows for part in path[1:])


def _overlaps(trace: Trace) -> Iterator[Leak]:
    """Yield scores on test rows that are among the rows of the fit."""
    for score in trace.scores:
        fit = score.fit
        if score.how != "score" or fit is None or trace.side(score.rows) != "test":
            continue
        if score.rows != fit.rows and within(score.rows, fit.rows) and not trace.folds(score.rows):
            split = _split_of(trace, score.rows, fit.rows)
            if split is not None and trace.side(fit.rows) != "test":
                yield Leak(
                    kind="overlap",
                    what=trace.things[score.thing].name,
                    node=fit.node,
                    cell=fit.cell,
                    split=split,
                    score=score,
                )


def _groups(trace: Trace) -> dict[Rows, list[Score]]:
    """Return the scores on held-out rows that are no folds, by rows."""
    groups: dict[Rows, list[Score]] = defaultdict(list)
    for score in trace.scores:
        if score.how == "score" and _held_out(score) and not trace.folds(score.rows):
            groups[score.rows].append(score)
    return groups


def _models(trace: Trace, scores: list[Score]) -> list[Score]:
    """Return one score of each different model; one made anew in a loop counts twice."""
    first: dict[tuple[int, Rows], Score] = {}
    for score in scores:
        rows = score.fit.rows if score.fit is not None else frozenset()
        first.setdefault((score.thing, rows), score)
    found = list(first.values())
    return found + [score for score in found if trace.things[score.thing].varied]


def _reused(trace: Trace) -> Iterator[Leak]:
    """Yield test rows that judge several models, with no further rows for the one chosen."""
    groups = _groups(trace)
    counts = {rows: len(_models(trace, scores)) for rows, scores in groups.items()}
    for rows, scores in groups.items():
        if counts[rows] < 2 or _is_validation(trace, rows, scores[0], counts):
            continue
        models = _models(trace, scores)
        second = models[1] if len(models) > 1 else models[0]
        yield Leak(
            kind="reused",
            what=trace.things[second.thing].name,
            node=second.node,
            cell=second.cell,
            split=_split_of(trace, rows, frozenset()),
            score=second,
            others=tuple(models),
        )


def _is_validation(trace: Trace, rows: Rows, score: Score, counts: dict[Rows, int]) -> bool:
    """Tell rows that choose from rows that judge: there are others for that."""
    if any(
        count == 1 and disjoint(rows, other) and not _is_parameter(other)
        for other, count in counts.items()
    ):
        return True
    fit = score.fit
    told = filter(catalogue.HELD_OUT.search, trace.held_out_names(rows))
    return (
        all(catalogue.VALIDATION.search(name) for name in told)
        and fit is not None
        and any(disjoint(p, rows) and disjoint(p, fit.rows) for p in trace.predicted)
    )


def _is_parameter(rows: Rows) -> bool:
    """Tell rows of a function that nobody calls."""
    return all(path[0][0] == "parameter" for path in rows)


def _stopped(trace: Trace) -> Iterator[Leak]:
    """Yield fits that stop when the test rows say so, and are judged by the same rows."""
    groups = _groups(trace)
    counts = {rows: len(_models(trace, scores)) for rows, scores in groups.items()}
    for stop in trace.scores:
        if stop.how != "stopping" or stop.rows not in groups:
            continue
        judged = [score for score in groups[stop.rows] if score.thing == stop.thing]
        if judged and not _is_validation(trace, stop.rows, stop, counts):
            yield Leak(
                kind="stopped",
                what=trace.things[stop.thing].name,
                node=stop.node,
                cell=stop.cell,
                score=judged[0],
            )


def _unheld(trace: Trace) -> Iterator[Leak]:
    """Yield the first score of a notebook that scores its models on the rows of their fit alone."""
    if trace.unread or not trace.scores:
        return
    for score in trace.scores:
        fit = score.fit
        if score.how != "score" or fit is None or not within(score.rows, fit.rows):
            return
    if any(trace.side(rows) == "test" and not trace.is_file(rows) for rows in trace.predicted):
        return  # held-out rows are predicted, and looked at in some other way
    first = trace.scores[0]
    if any(score.fit is not None and score.fit.supervised for score in trace.scores):
        name = trace.things[first.thing].name
        yield Leak(kind="unheld", what=name, node=first.node, cell=first.cell, score=first)


def _refits(trace: Trace) -> Iterator[Leak]:
    """Yield fits on held-out rows."""
    for refit in trace.refits:
        if trace.folds(refit.rows):
            continue
        is_file = trace.is_file(refit.rows)
        trained = any(disjoint(frozenset({path}), refit.rows) for path in refit.before)
        names = trace.held_out_names(refit.rows)
        if refit.is_model and (is_file or any(map(catalogue.VALIDATION.search, names))):
            continue  # a last round of training on all there is
        if not is_file or trained:
            what = f"{refit.name}.{refit.method}()"
            yield Leak(kind="refit", what=what, node=refit.node, cell=refit.cell)


def _shuffled(trace: Trace) -> Iterator[Leak]:
    """Yield random splits of rows that are in the order of time."""
    for split in trace.splits.values():
        if not split.shuffled:
            continue
        for mark in _marks(split.marks):
            if mark.kind == "ordered" and overlap(mark.rows, split.rows):
                yield Leak(
                    kind="shuffled", what=mark.what, node=split.node, cell=split.cell, split=split
                )

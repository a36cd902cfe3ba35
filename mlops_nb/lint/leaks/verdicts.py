"""Which of the things that happened make an evaluation worthless."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_nb.lint.leaks import catalogue
from mlops_nb.lint.leaks.choices import reused, stopped
from mlops_nb.lint.leaks.leak import Leak, LeakKind, held_out
from mlops_nb.lint.leaks.trace import Score, Split, Trace
from mlops_nb.lint.leaks.values import Fit, Mark, Marks, Rows, disjoint, overlap, within


def leaks(trace: Trace) -> list[Leak]:
    """Return the leaks of a notebook, each line that causes one once."""
    found: list[Leak] = []
    seen: set[tuple[str, int, int]] = set()
    verdicts = (_learned, _late_splits, _overlaps, reused, stopped, _unheld, _refits, _shuffled)
    for verdict in verdicts:
        for leak in verdict(trace):
            place = (leak.kind, leak.cell, _place(leak.node)[0])
            if place not in seen:
                seen.add(place)
                found.append(leak)
    return found


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
    judging = {s.rows for s in trace.scores if s.how == "score" and held_out(s)}
    seen: set[tuple[bool, Fit | None, Rows, Marks]] = set()
    for score in trace.scores:
        folds = score.how == "folds"
        key = (folds, score.fit, score.rows, score.marks)
        if key in seen or not (folds or held_out(score)):
            continue
        seen.add(key)
        for mark in _carried(score):
            if _is_mild(trace, mark, score, judging):
                continue
            yield Leak(
                kind=_kind(mark, score.fit),
                what=mark.what,
                node=mark.node,
                cell=mark.cell,
                split=_split_of(trace, score.rows, mark.rows),
                score=score,
            )


def _carried(score: Score) -> list[Mark]:
    """Return what the fit or the scored rows carry, learned from rows on both sides."""
    fit = score.fit
    trained: Rows = fit.rows if fit is not None else score.rows
    pairs: Marks = score.marks | fit.marks if fit is not None else score.marks
    target = fit.target if fit is not None else None
    marks = _marks(frozenset(pair for pair in pairs if not target or pair[1] != target))
    return [
        mark
        for mark in marks
        if mark.kind != "ordered" and overlap(mark.rows, score.rows) and overlap(mark.rows, trained)
    ]


def _is_mild(trace: Trace, mark: Mark, score: Score, judging: set[Rows]) -> bool:
    """Tell a mark that spoils the folds of training rows only: other rows judge."""
    folds = score.how == "folds" or trace.folds(score.rows)
    if folds and any(disjoint(mark.rows, rows) for rows in judging):
        return True
    return (folds or mark.kind == "fitted") and trace.side(mark.rows) == "train"


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
            known = _cut_by(mark.rows, key) or trace.side(mark.rows) == "train"
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
            taught = trained and refit.method == "fit_transform"
            yield Leak(kind="refit", what=what, node=refit.node, cell=refit.cell, taught=taught)


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

"""What fitting, applying and judging an estimator does to what is known."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mlops_nb.lint.leaks import catalogue
from mlops_nb.lint.leaks.trace import How, Refit, Score, Thing, Trace
from mlops_nb.lint.leaks.values import (
    NOTHING,
    Fit,
    Mark,
    Prediction,
    Rows,
    Value,
    marked,
)

FITS = frozenset(
    [
        "fit",
        "fit_transform",
        "fit_predict",
        "fit_resample",
        "fit_sample",
        "partial_fit",
        "fit_generator",
        "fit_on_texts",
        "adapt",
        "train_on_batch",
    ]
)
APPLIES = frozenset(["transform", "fit_transform", "texts_to_sequences", "texts_to_matrix"])
PREDICTS = re.compile(r"predict\w*|decision_function|forecast|score_samples")
JUDGES = frozenset({"score", "evaluate", "evaluate_generator"})
_TRANSFORMS = re.compile(
    r"\w+(?:Transformer|Scaler|Encoder|Imputer|Selector|Vectorizer|Discretizer|Binarizer)"
)


class Estimators:
    """The methods of estimators, in the notebook's order.

    Parameters
    ----------
    trace : Trace
        Where everything is written down.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def transforms(self, number: int) -> bool:
        """Tell a transformer from a model."""
        thing = self.trace.things[number]
        name = thing.name
        if name in catalogue.COMPOSITES:
            return all(self.transforms(step) for step in thing.steps)
        return (
            name in catalogue.LEARNERS
            or name in catalogue.NEUTRAL
            or ("transform" in thing.methods and "predict" not in thing.methods)
            or bool(_TRANSFORMS.fullmatch(name))
        )

    def learner(self, number: int) -> str:
        """Return the class that learns from rows: its own, or a step's; empty: none does."""
        thing = self.trace.things[number]
        if thing.name in catalogue.LEARNERS:
            return thing.name
        if thing.name in catalogue.COMPOSITES or thing.steps:
            return next(filter(None, map(self.learner, thing.steps)), "")
        return ""

    def fit(
        self,
        node: ast.AST,
        cell: int,
        owner: Value,
        method: str,
        arguments: Sequence[Value],
        named: Mapping[str, Value],
    ) -> Value:
        """Fit every estimator that the owner may be; return what the call returns."""
        data = _data(arguments, named)
        labels = arguments[1] if len(arguments) > 1 else named.get("y", NOTHING)
        for number in sorted(owner.things):
            if not (data.predictions or data.varied):
                self._held_out(node, cell, number, method, data.rows or labels.rows)
            if self.transforms(number):
                self._learn(node, cell, number, data)
            else:
                supervised = len(arguments) > 1 or "y" in named
                self._train(node, cell, number, data, labels, supervised=supervised)
                self._watch(node, cell, number, named, data)
        if method in ("fit_resample", "fit_sample"):
            return self._resampled(node, cell, owner, data, labels)
        if method in ("fit_transform", "fit_predict"):
            return self.apply(owner, data)
        return owner

    def _held_out(self, node: ast.AST, cell: int, number: int, method: str, rows: Rows) -> None:
        thing = self.trace.things[number]
        if catalogue.EXPLAINERS.fullmatch(thing.name) or thing.name in catalogue.CLUSTERERS:
            return
        before = self.trace.classes.get(thing.name, frozenset()) | thing.fitted_on
        if rows and self.trace.side(rows) == "test":
            is_model = not self.transforms(number)
            refit = Refit(thing.name, method, node, cell, rows, before, is_model)
            self.trace.refits.append(refit)
        thing.fitted_on = thing.fitted_on | rows if len(thing.fitted_on) < 20 else rows
        self.trace.classes[thing.name] = rows if len(before) > 20 else before | rows

    def _learn(self, node: ast.AST, cell: int, number: int, data: Value) -> None:
        thing = self.trace.things[number]
        what = self.learner(number)
        if not what or not data.rows or data.varied:
            return
        if thing.name in catalogue.COMPOSITES:
            what = f"{what} in {thing.name}"
        selects = thing.name in catalogue.SELECTORS
        thing.learned = Mark("fitted", what, node, cell, data.rows, selects)

    def _train(
        self, node: ast.AST, cell: int, number: int, data: Value, labels: Value, *, supervised: bool
    ) -> None:
        thing = self.trace.things[number]
        rows = data.rows or labels.rows
        fit = Fit(number, node, cell, rows, data.marks, labels.column, supervised)
        thing.fit = fit
        self.trace.fits.append(fit)
        if thing.name in catalogue.SEARCHES and rows:
            self.trace.scores.append(Score(number, fit, node, cell, rows, data.marks, "folds"))

    def _watch(
        self, node: ast.AST, cell: int, number: int, named: Mapping[str, Value], data: Value
    ) -> None:
        """Record the rows a fit watches or stops by."""
        fit = self.trace.things[number].fit
        if "validation_split" in named and data.rows:
            self.trace.scores.append(Score(number, fit, node, cell, data.rows, data.marks, "folds"))
        stops = "early_stopping_rounds" in named or any(
            self.trace.things[thing].name in catalogue.EARLY_STOPS
            for thing in named.get("callbacks", NOTHING).things
        )
        for key in ("validation_data", "eval_set", "valid_sets", "evals"):
            watched = _first_of(named.get(key, NOTHING))
            if watched.rows:
                how: How = "stopping" if stops else "validation"
                score = Score(number, fit, node, cell, watched.rows, watched.marks, how)
                self.trace.scores.append(score)

    def _resampled(
        self, node: ast.AST, cell: int, owner: Value, data: Value, labels: Value
    ) -> Value:
        for number in sorted(owner.things):
            name = self.trace.things[number].name
            if name in catalogue.OVERSAMPLERS and data.rows:
                mark = Mark("resampled", name, node, cell, data.rows)
                data = marked(data, frozenset({(mark, None)}))
        rows = replace(data, items=(), part=None)
        return replace(rows, items=(rows, replace(labels, items=(), part=None)))

    def apply(self, owner: Value, data: Value) -> Value:
        """Return the rows as the transformer leaves them."""
        learned = set()
        for number in sorted(owner.things):
            thing = self.trace.things[number]
            for step in (number, *thing.steps):
                mark = self.trace.things[step].learned
                if mark is not None:
                    learned.add((mark, None))
        if learned and data.rows:
            self.trace.applied.append((data.rows, frozenset(learned)))
        return marked(replace(data, items=(), column=None), frozenset(learned))

    def predict(self, owner: Value, data: Value) -> Value:
        """Return the predictions for some rows."""
        said = frozenset(
            Prediction(number, self.trace.things[number].fit, data.rows, data.marks)
            for number in owner.things
            if not self._is_clusterer(self.trace.things[number])
        )
        if data.rows and len(self.trace.predicted) < 200:
            self.trace.predicted.append(data.rows)
        return Value(rows=data.rows, marks=data.marks, predictions=said)

    def _is_clusterer(self, thing: Thing) -> bool:
        return thing.name in catalogue.CLUSTERERS

    def judge(self, node: ast.AST, cell: int, owner: Value, data: Value) -> None:
        """Record that the models were scored on rows."""
        for number in sorted(owner.things):
            thing = self.trace.things[number]
            if not self.transforms(number) and thing.name not in catalogue.CLUSTERERS:
                score = Score(number, thing.fit, node, cell, data.rows, data.marks)
                self.trace.scores.append(score)

    def score(self, node: ast.AST, cell: int, values: Sequence[Value]) -> bool:
        """Record a metric; tell whether any prediction was among the values."""
        said = frozenset().union(*(value.predictions for value in values))
        for thing, fit, rows, marks in sorted(said, key=_order):
            self.trace.scores.append(Score(thing, fit, node, cell, rows, marks))
        return bool(said)

    def cross_validate(self, node: ast.AST, cell: int, arguments: Sequence[Value]) -> None:
        """Record a score by folds of the rows."""
        if len(arguments) > 1 and arguments[1].rows:
            data = arguments[1]
            for number in arguments[0].things or {-1}:
                self.trace.scores.append(
                    Score(number, None, node, cell, data.rows, data.marks, "folds")
                )


def _data(arguments: Sequence[Value], named: Mapping[str, Value]) -> Value:
    if arguments:
        return arguments[0]
    keys = ("X", "x", "data", "generator", "raw_documents", "texts", "train_set", "dtrain")
    return next((named[key] for key in keys if key in named), NOTHING)


def _first_of(value: Value) -> Value:
    """Return the rows of ``(X, y)``, ``[(X, y)]`` or ``[train, valid]``: the last pair's first."""
    while value.items:
        inner = value.items[-1] if value.items[-1].items else None
        if inner is None:
            return value.items[0] if not _tables(value) else value.items[-1]
        value = inner
    return value


def _tables(value: Value) -> bool:
    """Tell ``[train, valid]`` from ``(X, y)``: a pair of rows lies on one side."""
    ends = [next((path[-1] for path in item.rows if len(path) > 1), None) for item in value.items]
    return len(ends) > 1 and ends[0] is not None and ends[1] is not None and ends[0] != ends[1]


def _order(prediction: Prediction) -> tuple[int, int, int]:
    fit = prediction.fit
    return prediction.thing, fit.cell if fit else 0, getattr(fit.node, "lineno", 0) if fit else 0

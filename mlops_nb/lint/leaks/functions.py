"""The abstract value of a call of a function: what is called decides."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from mlops_nb.lint.leaks import catalogue, tables
from mlops_nb.lint.leaks.bundles import bundle, element
from mlops_nb.lint.leaks.estimators import Estimators
from mlops_nb.lint.leaks.expressions import Expressions
from mlops_nb.lint.leaks.splitting import Splitting
from mlops_nb.lint.leaks.values import NOTHING, Mark, Value, combined, marked, statistic

_ESTIMATORS = catalogue.LEARNERS | catalogue.NEUTRAL | catalogue.COMPOSITES | catalogue.SEARCHES
_ASSESSES = re.compile(r"(?i)\w*(?:evaluat|score|report|metric|confusion)\w*")
_CLASS = re.compile(
    r"_?[A-Z]\w*[a-z]\w*|SVC|SVR|PCA|RFE|RFECV|SMOTE|SMOTENC|ADASYN|NMF|LDA|TSNE|UMAP"
)


class Functions(Expressions):
    """Evaluates calls of functions and classes."""

    def __init__(self, imports: dict[str, str], budget: int) -> None:
        super().__init__(imports, budget)
        self._sources = 0
        self.estimators = Estimators(self.trace)
        self.splitting = Splitting(self)
        self._functions: dict[str, Callable[..., Value]] = {
            "train_test_split": self.splitting.train_test_split,
            "random_split": self.splitting.random_split,
            "resample": self._resample,
            "shuffle": self._shuffle,
            "next": self._element,
            "train": self._train,
            **dict.fromkeys(("zip", "enumerate"), self._pairs),
            **dict.fromkeys(catalogue.CROSS_VALIDATIONS, self._cross_validate),
            **dict.fromkeys(catalogue.STACKS, self._stack),
        }

    def score(self, node: ast.AST, values: list[Value]) -> None:
        """Record that predictions among some values were compared with the truth."""
        self.estimators.score(node, self.cell, values)

    def data(self, node: ast.AST, value: Value) -> Value:
        """Return a value that is used as rows; rows nobody saw being made get a name now."""
        if value.rows:
            return value
        root = node
        while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
            root = root.func if isinstance(root, ast.Call) else root.value
        if not isinstance(root, ast.Name) or root.id in self.imports:
            return value
        known = self.lookup(root.id) or NOTHING
        if not known.rows:
            known = replace(known, rows=frozenset({(("name", root.id, self.here(root)),)}))
            self.store(root, known)
        if isinstance(node, ast.Subscript | ast.Name):
            return self.evaluate(node)
        return replace(value, rows=known.rows)

    def function(
        self, node: ast.Call, name: str, args: list[Value], named: dict[str, Value]
    ) -> Value:
        """Return what a function returns that is not the notebook's."""
        special = self._functions.get(name)
        if special is not None:
            return special(node, args, named)
        values = [*args, *named.values()]
        sort = _sort(name)
        if sort == "metric":
            return self._metric(node, values)
        if sort == "no data":
            return NOTHING
        if sort == "wrapper":
            return self._wrapped(node, values)
        if sort == "folds":
            return Value(things=frozenset({self.splitting.splitter(node, name)}))
        is_class = sort == "class" and not self._drawing(node.func)
        if sort == "estimator" or (is_class and not (args and args[0].rows)):
            return self._constructed(node, name, values)
        if _reads(name) and not any(value.rows for value in values):
            return self._read(node, name, named)
        return self._learning(node, name, args, values)

    def _read(self, node: ast.Call, name: str, named: dict[str, Value]) -> Value:
        table = Value(rows=frozenset({(self._source(node, name),)}))
        if not {"parse_dates", "index_col"} <= named.keys():
            return table
        mark = self.mark("ordered", f"{name}(index_col=…, parse_dates=…)", node, table)
        return marked(table, frozenset({(mark, None)}))

    def _wrapped(self, node: ast.Call, values: list[Value]) -> Value:
        found = combined(values[:1]) if values and values[0].rows else combined(values)
        if found.rows or not node.args or not isinstance(node.args[0], ast.Dict | ast.List):
            return found
        return replace(found, rows=frozenset({(("source", self.here(node)),)}))

    def _source(self, node: ast.Call, name: str) -> Any:
        """Return the same name for the same file read twice."""
        first = node.args[0] if node.args else None
        if not (name.startswith("read") and isinstance(first, ast.Constant)):
            self._sources += 1
            return ("source", self.here(node), self._sources if len(self.scopes) > 1 else 0)
        key = ("file", first.value)
        text = str(first.value).rpartition("/")[2]
        if catalogue.HELD_OUT.search(text) and not catalogue.TRAINING.search(text):
            self.trace.tests[key] = text
        return key

    def _constructed(self, node: ast.Call, name: str, values: list[Value]) -> Value:
        inside = combined(values, union=True)
        varied = inside.varied
        number = self.trace.new(name, node, steps=tuple(sorted(inside.things)), varied=varied)
        return Value(things=frozenset({number}))

    def _metric(self, node: ast.Call, values: list[Value]) -> Value:
        if self.estimators.score(node, self.cell, values):
            return NOTHING
        owner = next((value for value in values if value.things), None)
        data = next((value for value in values if value.rows and value is not owner), None)
        if owner is not None and data is not None:
            self.estimators.judge(node, self.cell, owner, data)
        else:
            self.trace.unread += 1
        return NOTHING

    def _learning(self, node: ast.Call, name: str, args: list[Value], values: list[Value]) -> Value:
        """Return what other functions make of their arguments."""
        first = args[0] if args else NOTHING
        if name in catalogue.LEARNING_FUNCTIONS or (name == "cut" and _counts_bins(node)):
            first = self.data(node.args[0], first) if args else first
            mark = self.mark("fitted", f"{name}()", node, first)
            return marked(first, frozenset({(mark, None)}) if first.rows else frozenset())
        if name in catalogue.SELECTING_FUNCTIONS and first.rows:
            mark = Mark("fitted", f"{name}()", node, self.cell, first.rows, True)
            return statistic(first, mark)
        if name in catalogue.STATISTICS and first.rows:
            return tables.reduce(self, node, first, name)
        if _assesses(name):
            self._assessed(node, values)
            return NOTHING
        # A number given by name, such as a length, sets the function up; it is no content.
        return combined([*args, *(value for value in values[len(args) :] if value.rows)])

    def _assessed(self, node: ast.Call, values: list[Value]) -> None:
        """Record a judgement by a function that is not in the notebook."""
        if not self.estimators.score(node, self.cell, values):
            self.trace.unread += 1

    def _cross_validate(self, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        given = list(args)
        if len(given) < 2 and "X" in named:
            given = [*(given or [named.get("estimator", NOTHING)]), named["X"]]
        if len(given) > 1 and len(node.args) > 1:
            given[1] = self.data(node.args[1], given[1])
        self.estimators.cross_validate(node, self.cell, given)
        return NOTHING

    def _train(self, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        """Return the model of ``xgboost.train(parameters, rows)`` or ``lightgbm.train``."""
        data = next((value for value in [*args, *named.values()] if value.rows), None)
        if data is None:
            return NOTHING
        varied = any(value.varied for value in args)
        owner = Value(things=frozenset({self.trace.new("train", node, varied=varied)}))
        return self.estimators.fit(node, self.cell, owner, "fit", [data, NOTHING], named)

    def _resample(self, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        replaced = next((k.value for k in node.keywords if k.arg == "replace"), None)
        if isinstance(replaced, ast.Constant) and replaced.value is False:
            return combined(args) if len(args) < 2 else bundle(args)
        found = [
            marked(v, frozenset({(self.mark("resampled", "resample()", node, v), None)}))
            for v in args
            if v.rows
        ]
        return found[0] if len(found) == 1 else bundle(found)

    def _shuffle(self, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        return args[0] if len(args) == 1 else bundle(args)

    def _element(self, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        return element(args[0]) if args else NOTHING

    def _pairs(self, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        inner = [element(value) for value in args]
        if self.called(node.func) == "enumerate":
            inner = [Value(varied=True), *inner[:1]]
        return Value(items=(Value(items=tuple(inner)),))

    def _stack(self, node: ast.Call, args: list[Value], named: dict[str, Value]) -> Value:
        name = self.called(node.func)
        along = next((k.value for k in node.keywords if k.arg == "axis"), None)
        columns = name in catalogue.SIDE_BY_SIDE or (
            isinstance(along, ast.Constant) and along.value in (1, "columns", -1)
        )
        inner = [item for value in args for item in (value.items or (value,))]
        inner += [item for item in named.values() if item.rows]
        found = combined(inner, union=not columns)
        return replace(found, items=(), part=None) if found is not NOTHING else found

    def _drawing(self, func: ast.expr) -> bool:
        """Tell the functions of OpenCV, which are written like classes."""
        root = func.value if isinstance(func, ast.Attribute) else None
        return isinstance(root, ast.Name) and self.imports.get(root.id, "").startswith("cv2")

    def called(self, func: ast.expr) -> str:
        """Return the name of what is called, as its library knows it."""
        if isinstance(func, ast.Attribute):
            return func.attr
        if isinstance(func, ast.Name):
            return self.imports.get(func.id, func.id).rpartition(".")[2]
        return ""


@lru_cache(maxsize=10_000)
def _sort(name: str) -> str:
    """Return what sort of function or class goes by a name, empty when it tells nothing."""
    if catalogue.METRIC.fullmatch(name) and name not in catalogue.NO_METRIC:
        return "metric"
    if name in catalogue.NO_DATA:
        return "no data"
    if name in catalogue.WRAPPERS:
        return "wrapper"
    if catalogue.FOLDS.fullmatch(name):
        return "folds"
    if name in _ESTIMATORS:
        return "estimator"
    return "class" if _CLASS.fullmatch(name) else ""


@lru_cache(maxsize=10_000)
def _reads(name: str) -> bool:
    return catalogue.READERS.fullmatch(name) is not None


@lru_cache(maxsize=10_000)
def _assesses(name: str) -> bool:
    return _ASSESSES.fullmatch(name) is not None


def _counts_bins(node: ast.Call) -> bool:
    """Tell ``cut(column, 5)``, whose edges come from the rows, from ``cut(column, [0, 18])``."""
    bins = node.args[1] if len(node.args) > 1 else None
    bins = next((k.value for k in node.keywords if k.arg == "bins"), bins)
    return isinstance(bins, ast.Constant) and isinstance(bins.value, int)

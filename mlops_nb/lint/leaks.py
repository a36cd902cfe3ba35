"""Follows data through a notebook: what was estimated from which rows, and what is split later.

Names are followed through assignments, tuple unpacking, subscripts and calls, statement by
statement; the body of each function is followed on its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from mlops_nb.dataflow import nodes_of

_PREPROCESSORS = re.compile(
    r"(?:StandardScaler|MinMaxScaler|RobustScaler|MaxAbsScaler|QuantileTransformer|"
    r"PowerTransformer|KBinsDiscretizer|SimpleImputer|KNNImputer|IterativeImputer|Imputer|PCA|"
    r"TruncatedSVD|FastICA|NMF|KernelPCA|SparsePCA|SelectKBest|SelectPercentile|SelectFromModel|"
    r"RFE|RFECV|TfidfVectorizer|CountVectorizer|TfidfTransformer|TargetEncoder|"
    r"LeaveOneOutEncoder|CatBoostEncoder|WOEEncoder)"
)
_COMPOSITES = frozenset(
    {"Pipeline", "make_pipeline", "ColumnTransformer", "make_column_transformer", "FeatureUnion"}
)
_FUNCTIONS = frozenset(
    {"scale", "minmax_scale", "maxabs_scale", "robust_scale", "quantile_transform"}
)
_SPLITS = frozenset({"train_test_split", "cross_val_score", "cross_validate", "cross_val_predict"})
_RESAMPLES = frozenset({"fit_resample", "fit_sample"})
_FITS = frozenset({"fit", "fit_transform"})

# A notebook that mentions none of these, or none of those, has nothing to follow.
SPLITS = _SPLITS | {"split"}
FITS = _FITS | _RESAMPLES | _FUNCTIONS

Kind = Literal["fitted", "resampled"]


@dataclass(frozen=True, slots=True)
class Taint:
    """Rows that know of each other: a statistic was estimated over them, or they were multiplied.

    Parameters
    ----------
    kind : {"fitted", "resampled"}
        How.
    what : str
        The class or function that did it.
    node : ast.AST
        Where.
    data : frozenset of str
        Names of the rows.
    """

    kind: Kind
    what: str
    node: ast.AST
    data: frozenset[str]


@dataclass(frozen=True, slots=True)
class Leak:
    """A taint, and the split that comes too late."""

    taint: Taint
    split: str


@dataclass(slots=True)
class Follower:
    """The state of the names as the statements go by."""

    taints: dict[str, frozenset[Taint]] = field(default_factory=dict)
    estimators: dict[str, str] = field(default_factory=dict)
    parts: set[str] = field(default_factory=set)
    split: dict[str, str] = field(default_factory=dict)

    def follow(self, statements: Sequence[ast.stmt]) -> Iterator[Leak]:
        """Yield the leaks of a block of statements."""
        for statement in statements:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from Follower().follow(statement.body)
                continue
            if isinstance(statement, ast.ClassDef):
                yield from Follower().follow(statement.body)
                continue
            for expression in _own_expressions(statement):
                yield from self._uses(expression)
            self._assign(statement)
            for block in _blocks(statement):
                yield from self.follow(block)

    def _uses(self, expression: ast.AST) -> Iterator[Leak]:
        for call in _parts(expression)[1]:
            name = _last(call.func)
            if name in _SPLITS or (name == "split" and _is_folds(call)):
                yield from self._split(call, name)
            elif name == "transform" and isinstance(call.func, ast.Attribute):
                yield from self._transform(call, call.func.value)

    def _split(self, call: ast.Call, name: str) -> Iterator[Leak]:
        for argument in call.args:
            if _is_model(argument):
                continue
            for taint in self._tainted(argument):
                yield Leak(taint, name)
            for used in _names(argument):
                self.split[used] = name

    def _transform(self, call: ast.Call, owner: ast.expr) -> Iterator[Leak]:
        """Yield what was fitted on all rows and is applied to a part of them after their split."""
        if not any(self.parts & _names(argument) for argument in call.args):
            return
        for taint in self._tainted(owner):
            late = [self.split[name] for name in taint.data if name in self.split]
            if late:
                yield Leak(taint, late[0])

    def _tainted(self, expression: ast.AST) -> frozenset[Taint]:
        """Return the taints of a value: of the names in it, and of a fit inside it."""
        found: set[Taint] = set()
        for name in _names(expression):
            found |= self.taints.get(name, frozenset())
        for call in _parts(expression)[1]:
            taint = self._made_by(call)
            if taint:
                found.add(taint)
        return frozenset(found)

    def _made_by(self, call: ast.Call) -> Taint | None:
        method = _last(call.func)
        if not call.args:
            return None
        data = _names(call.args[0])
        if not data or data & self.parts:
            return None  # rows of one part of a split know nothing of the other
        if method in _RESAMPLES and isinstance(call.func, ast.Attribute):
            what = self._estimator(call.func.value) or _last(call.func.value)
            return Taint("resampled", what or method, call, data)
        if method in _FUNCTIONS and isinstance(call.func, ast.Name | ast.Attribute):
            return Taint("fitted", f"{method}()", call, data)
        if method in _FITS and isinstance(call.func, ast.Attribute):
            what = self._estimator(call.func.value)
            if what and (method == "fit_transform" or what not in _COMPOSITES):
                return Taint("fitted", what, call, data)
        return None

    def _estimator(self, expression: ast.expr) -> str:
        """Return the class of preprocessing that an expression builds or names."""
        if isinstance(expression, ast.Name):
            return self.estimators.get(expression.id, "")
        if not isinstance(expression, ast.Call):
            return ""
        name = _last(expression.func)
        if _PREPROCESSORS.fullmatch(name):
            return name
        if name in _COMPOSITES:
            inside = [n for n in nodes_of(expression) if isinstance(n, ast.Call | ast.Name)]
            if any(self._estimator(n) for n in inside if n is not expression):
                return name
        return ""

    def _assign(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, value)
            case ast.AugAssign(target=target, value=value):
                for name in _names(target):
                    self.taints[name] = self._tainted(target) | self._tainted(value)
            case ast.For(target=target, iter=iterable):
                self._bind(target, iterable)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="fit", value=owner)) as call):
                taint = self._made_by(call)
                for name in _names(owner):
                    self.taints[name] = frozenset({taint} if taint else ())

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        pairs = [(target, value)]
        if (
            isinstance(target, ast.Tuple | ast.List)
            and isinstance(value, ast.Tuple | ast.List)
            and len(target.elts) == len(value.elts)
        ):
            pairs = list(zip(target.elts, value.elts, strict=True))
        is_split = isinstance(value, ast.Call) and _last(value.func) == "train_test_split"
        known = [(one, self._tainted(part), part) for one, part in pairs]
        for one, taints, part in known:
            names = _names(one)
            whole = isinstance(one, ast.Name | ast.Tuple | ast.List | ast.Starred)
            for name in names:
                # `df[column] = …` adds to what df knows; `df = …` replaces it.
                self.taints[name] = taints if whole else taints | self.taints.get(name, frozenset())
                if is_split or self.parts & _names(part):
                    self.parts.add(name)
                elif whole:
                    self.parts.discard(name)
                    self.split.pop(name, None)
                if whole:
                    self.estimators[name] = self._estimator(part)


def _own_expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the expressions of a statement, not those of the statements inside it."""
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.expr | ast.withitem):
            yield child


def _blocks(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list):
            yield block
    for handler in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
        yield handler.body


@lru_cache(maxsize=2048)
def _parts(expression: ast.AST) -> tuple[frozenset[str], tuple[ast.Call, ...]]:
    """Return the names of values in an expression, and its calls; what is called is no value."""
    nodes = nodes_of(expression)
    calls = tuple(node for node in nodes if isinstance(node, ast.Call))
    called = {id(call.func) for call in calls}
    names = (node for node in nodes if isinstance(node, ast.Name) and id(node) not in called)
    return frozenset(node.id for node in names), calls


def _names(expression: ast.AST) -> frozenset[str]:
    return _parts(expression)[0]


def _last(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_folds(call: ast.Call) -> bool:
    """Tell ``folds.split(X, y)`` from the split of a text."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    name = _last(owner.func if isinstance(owner, ast.Call) else owner) if owner else ""
    return bool(re.search(r"(?i)fold|kf|cv|split|sss|tscv", name)) and bool(call.args)


def _is_model(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Name) and bool(
        re.search(r"(?i)model|clf|classifier|regressor|pipe|estimator|^est$|^rf$|^lr$", argument.id)
    )

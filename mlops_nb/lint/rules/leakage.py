"""NBL: evaluations that say how a model does on rows it has not seen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlops_nb.lint.context import CodeCell, Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.leaks import FITS, SPLITS, Follower, Kind, Leak
from mlops_nb.lint.rule import Severity, rule

_SPLIT = (
    "from sklearn.model_selection import train_test_split\n"
    "from sklearn.preprocessing import StandardScaler\n\n"
    "rows, labels = [[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1]"
)
_HELD_OUT = re.compile(
    r"(?i)test|valid|(?:^|_)val(?:_|$)|hold_?out|unseen|(?:^|_)dev(?:_|$)|fold|cv"
)
_HOLDS_OUT = re.compile(
    r"(?i)split|cross_val|fold|GridSearch|RandomizedSearch|Halving|learning_curve|"
    r"validation_curve|backtest|LogisticRegressionCV|RidgeCV|LassoCV|bootstrap"
)
_METRICS = re.compile(r"sklearn\.metrics\.(?:\w+_score|\w+_error|classification_report|log_loss)")
_LIBRARIES = ("sklearn.", "xgboost.", "lightgbm.", "catboost.")
_UNSUPERVISED = re.compile(r"sklearn\.(?:cluster|decomposition|manifold|preprocessing|impute)\.")


@rule(
    "NBL101",
    "fitted-before-split",
    Severity.ERROR,
    why="""The scaler, imputer, selector or vectoriser has seen the test rows: the score measured
    on them is too good, and production will not reach it. Fit inside a Pipeline, or after the
    split on the training rows alone.""",
    bad=Example(
        cells=[
            _SPLIT,
            "scaler = StandardScaler()\nscaled = scaler.fit_transform(rows)",
            "X_train, X_test, y_train, y_test = train_test_split(scaled, labels, random_state=7)",
        ]
    ),
    good=Example(
        cells=[
            _SPLIT,
            "X_train, X_test, y_train, y_test = train_test_split(rows, labels, random_state=7)",
            "scaler = StandardScaler()\nX_train = scaler.fit_transform(X_train)\n"
            "X_test = scaler.transform(X_test)",
        ]
    ),
)
def fitted_before_split(context: Context) -> Iterator[Finding]:
    """Flag preprocessing fitted on rows that are split into training and test afterwards."""
    yield from _findings(context, "fitted", "is fitted on all rows before {split}()")


@rule(
    "NBL102",
    "resampled-before-split",
    Severity.ERROR,
    why="""Copies, or mixtures, of one row land on both sides of the split: the model is tested on
    what it was trained on. Resample the training rows alone.""",
    bad=Example(
        cells=[
            _SPLIT + "\nprint(StandardScaler)",
            "from imblearn.over_sampling import SMOTE\n\n"
            "more, more_labels = SMOTE(random_state=7).fit_resample(rows, labels)",
            "X_train, X_test, y_train, y_test = train_test_split(\n"
            "    more, more_labels, random_state=7\n)",
        ]
    ),
    good=Example(
        cells=[
            _SPLIT + "\nprint(StandardScaler)",
            "from imblearn.over_sampling import SMOTE\n\n"
            "X_train, X_test, y_train, y_test = train_test_split(rows, labels, random_state=7)",
            "X_train, y_train = SMOTE(random_state=7).fit_resample(X_train, y_train)",
        ]
    ),
)
def resampled_before_split(context: Context) -> Iterator[Finding]:
    """Flag rows multiplied before they are split into training and test."""
    yield from _findings(context, "resampled", "multiplies rows before {split}()")


def _findings(context: Context, kind: Kind, message: str) -> Iterator[Finding]:
    seen: set[int] = set()
    for code, leak in _leaks(context):
        if leak.taint.kind == kind and id(leak.taint.node) not in seen:
            seen.add(id(leak.taint.node))
            folds = leak.split not in ("train_test_split", "split")
            # Of rows already split off for training, only the folds' scores are too good.
            mild = folds and any("train" in name.lower() for name in leak.taint.data)
            text = f"{leak.taint.what} {message.format(split=leak.split)}"
            rows = "validation" if folds else "test"
            yield code.finding(
                leak.taint.node,
                f"{text}: {rows} rows leak into training",
                severity=Severity.WARNING if mild else None,
            )


def _leaks(context: Context) -> Iterator[tuple[CodeCell, Leak]]:
    if not (SPLITS & context.words and FITS & context.words):
        return
    follower = Follower()
    owners: dict[int, CodeCell] = {}
    for code, call in context.nodes(ast.Call):
        owners[id(call)] = code
    for code in context.code:
        if code.tree is not None and code.python.kind == "python":
            for leak in follower.follow(code.tree.body):
                yield owners[id(leak.taint.node)], leak


@rule(
    "NBL104",
    "scored-on-training-rows",
    Severity.WARNING,
    why="""A model is scored on the rows it was fitted on, and nowhere on others: the number says
    how well it remembers, not how well it predicts.""",
    bad=Example(
        cells=[
            "from sklearn.linear_model import LinearRegression\n\n"
            "rows, labels = [[1.0], [2.0], [3.0]], [1.0, 2.1, 2.9]",
            "model = LinearRegression()\nmodel.fit(rows, labels)\nprint(model.score(rows, labels))",
        ]
    ),
    good=Example(
        cells=[
            "from sklearn.linear_model import LinearRegression\n\n"
            "rows, labels = [[1.0], [2.0], [3.0]], [1.0, 2.1, 2.9]",
            "model = LinearRegression()\nmodel.fit(rows[:2], labels[:2])\n"
            "print(model.score(rows[2:], labels[2:]))",
        ]
    ),
)
def scored_on_training_rows(context: Context) -> Iterator[Finding]:
    """Flag a score on the rows of the fit, in a notebook that holds no rows out."""
    if "fit" not in context.words:
        return
    words = context.words | set(context.imports.values())
    if any(_HELD_OUT.search(word) or _HOLDS_OUT.search(word) for word in words):
        return
    models = _models(context)
    fitted: dict[str, set[str]] = {}
    for code, call, name in context.calls:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        model = owner.id if isinstance(owner, ast.Name) and owner.id in models else ""
        if model and call.args and isinstance(call.func, ast.Attribute):
            rows = ast.dump(call.args[0])
            if call.func.attr == "fit" and len(call.args) > 1:
                fitted.setdefault(model, set()).add(rows)
            elif call.func.attr == "score" and rows in fitted.get(model, ()):
                yield code.finding(call, f"{model} is scored on the rows it was fitted on")
        elif _METRICS.fullmatch(name):
            for model in _predicts_on(call, fitted):
                yield code.finding(call, f"{model} is scored on the rows it was fitted on")


def _models(context: Context) -> set[str]:
    found: set[str] = set()
    for _, node in context.nodes(ast.Assign):
        if isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            name = context.qualified(node.value.func)
            if name.startswith(_LIBRARIES) and not _UNSUPERVISED.match(name):
                found.add(node.targets[0].id)
    return found


def _predicts_on(metric: ast.Call, fitted: dict[str, set[str]]) -> Iterator[str]:
    for argument in metric.args:
        match argument:
            case ast.Call(
                func=ast.Attribute(attr="predict", value=ast.Name(id=model)), args=[rows, *_]
            ) if ast.dump(rows) in fitted.get(model, ()):
                yield model

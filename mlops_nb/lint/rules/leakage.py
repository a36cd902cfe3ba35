"""NBL101, NBL102, NBL105 and NBL107: what the model learns from the rows that test it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding, TextEdit
from mlops_nb.lint.leaks.evidence import evidence, finding, leaks_of
from mlops_nb.lint.leaks.leak import Leak
from mlops_nb.lint.repairs.statements import text_of
from mlops_nb.lint.rule import Severity, rule

_SPLIT = (
    "from sklearn.model_selection import train_test_split\n"
    "from sklearn.preprocessing import StandardScaler\n\n"
    "rows, labels = [[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1]"
)
_PARTS = "X_train, X_test, y_train, y_test = train_test_split(rows, labels, random_state=7)"
_TABLE = (
    "import pandas as pd\n"
    "from sklearn.model_selection import train_test_split\n\n"
    "table = pd.DataFrame({'town': ['Ulm', 'Bonn'], 'price': [1.0, 2.0]})"
)


@rule(
    "NBL101",
    "fitted-before-split",
    Severity.ERROR,
    why="""The scaler, imputer, selector, vectoriser or mean has seen the test rows: the score
    measured on them is too good, and production will not reach it. Fit inside a Pipeline, or
    after the split on the training rows alone.""",
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
            _PARTS,
            "scaler = StandardScaler()\nX_train = scaler.fit_transform(X_train)\n"
            "X_test = scaler.transform(X_test)",
        ]
    ),
)
def fitted_before_split(context: Context) -> Iterator[Finding]:
    """Flag preprocessing and statistics learned from rows that the model is later tested on."""
    for leak in leaks_of(context, "fitted"):
        advice = (
            "compute it from the training rows"
            if leak.what.endswith(")")
            else "fit it in a Pipeline or on the training rows"
        )
        message = f"{leak.what} learns from all rows, test rows too"
        yield finding(context, leak, f"{message}{evidence(context, leak)}: {advice}")


@rule(
    "NBL102",
    "resampled-before-split",
    Severity.ERROR,
    why="""Copies, or mixtures, of one row land on both sides of the split, or the model is fitted
    on rows that contain the test rows: it is tested on what it was trained on. Split first, and
    fit and resample the training rows alone.""",
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
            "from imblearn.over_sampling import SMOTE\n\n" + _PARTS,
            "X_train, y_train = SMOTE(random_state=7).fit_resample(X_train, y_train)",
        ]
    ),
)
def resampled_before_split(context: Context) -> Iterator[Finding]:
    """Flag rows multiplied before the split, and models fitted on their own test rows."""
    for leak in leaks_of(context, "resampled"):
        message = f"{leak.what} multiplies rows before they are split"
        advice = "resample the training rows after the split"
        yield finding(context, leak, f"{message}{evidence(context, leak)}: {advice}")
    for leak in leaks_of(context, "overlap"):
        message = f"{leak.what} is fitted on rows that contain its test rows"
        advice = "fit it on the training part"
        yield finding(context, leak, f"{message}{evidence(context, leak)}: {advice}")


@rule(
    "NBL105",
    "target-in-features",
    Severity.ERROR,
    why="""A mean of the target by group, taken over all rows, hands each test row a piece of its
    own answer. Compute it from the training rows, by folds, or with
    sklearn.preprocessing.TargetEncoder in a Pipeline.""",
    bad=Example(
        cells=[
            _TABLE,
            "table['usual'] = table.groupby('town')['price'].transform('mean')",
            "X_train, X_test, y_train, y_test = train_test_split(\n"
            "    table.drop(columns='price'), table['price'], random_state=7\n)",
            "from sklearn.linear_model import LinearRegression\n\n"
            "model = LinearRegression().fit(X_train, y_train)\nprint(model.score(X_test, y_test))",
        ]
    ),
    good=Example(
        cells=[
            _TABLE,
            "X_train, X_test, y_train, y_test = train_test_split(\n"
            "    table[['town']], table['price'], random_state=7\n)",
            "usual = y_train.groupby(X_train['town']).mean()\n"
            "X_train['usual'] = X_train['town'].map(usual)\n"
            "X_test['usual'] = X_test['town'].map(usual)",
        ]
    ),
)
def target_in_features(context: Context) -> Iterator[Finding]:
    """Flag statistics of the target by group, taken before the split, that become features."""
    for leak in leaks_of(context, "target"):
        message = f"{leak.what} of the target over all rows becomes a feature"
        advice = "take it from the training rows alone"
        yield finding(context, leak, f"{message}{evidence(context, leak)}: {advice}")


@rule(
    "NBL107",
    "fitted-on-test-rows",
    Severity.ERROR,
    why="""Test rows are there to be transformed and predicted by what the training rows taught.
    Fitted again, a scaler or encoder gives the same value another code: the model reads features
    it was not trained on, and the test rows describe themselves.""",
    bad=Example(
        cells=[
            _SPLIT,
            _PARTS,
            "scaler = StandardScaler()\nX_train = scaler.fit_transform(X_train)\n"
            "X_test = scaler.fit_transform(X_test)",
        ]
    ),
    good=Example(
        cells=[
            _SPLIT,
            _PARTS,
            "scaler = StandardScaler()\nX_train = scaler.fit_transform(X_train)\n"
            "X_test = scaler.transform(X_test)",
        ]
    ),
    fixable=True,
    unsafe=True,
)
def fitted_on_test_rows(context: Context) -> Iterator[Finding]:
    """Flag a transformer or model that is fitted on test rows."""
    for leak in leaks_of(context, "refit"):
        advice = "use transform() with what the training rows taught"
        message = f"{leak.what} is fitted on test rows: {advice}"
        yield finding(context, leak, message, edits=_transforming(context, leak))


def _transforming(context: Context, leak: Leak) -> tuple[TextEdit, ...]:
    """Return the edit that leaves what a named transformer has learned as it is."""
    match leak.node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name() | ast.Attribute() as owner, attr="fit_transform"),
            args=[_],
            keywords=[],
        ) if leak.taught:
            code = context.code[leak.cell]
            text = f"{text_of(code, owner)}.transform"
            return (code.replaced(leak.node.func, text),)
    return ()

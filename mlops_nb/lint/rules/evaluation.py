"""NBL103, NBL104 and NBL106: scores that ask too much, too little or the wrong of their rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.leaks.evidence import evidence, finding, leaks_of, place
from mlops_nb.lint.rule import Severity, rule

_MODELS = (
    "from sklearn.linear_model import RidgeClassifier\n"
    "from sklearn.model_selection import cross_val_score, train_test_split\n"
    "from sklearn.neighbors import KNeighborsClassifier\n\n"
    "rows, labels = [[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1]\n"
    + "X_train, X_test, y_train, y_test = train_test_split(rows, labels, random_state=7)"
)
_TABLE = (
    "import pandas as pd\n"
    "from sklearn.model_selection import train_test_split\n\n"
    "table = pd.DataFrame({'town': ['Ulm', 'Bonn'], 'price': [1.0, 2.0]})"
)
# A notebook that says one of these holds rows out in ways that are not followed.
_HOLDS_OUT = re.compile(
    r"(?i)cross_val|fold|GridSearch|RandomizedSearch|Halving|learning_curve|validation_curve|"
    r"backtest|RidgeCV|LassoCV|LogisticRegressionCV|bootstrap|oob_score|\w*Search$"
)


@rule(
    "NBL103",
    "test-rows-choose",
    Severity.WARNING,
    why="""Whoever compares several models, settings or epochs on the test rows and keeps the best
    has fitted to the test rows: the best score is too good. Choose by cross-validation on the
    training rows or on a validation part, and score the chosen model once on the test rows.""",
    bad=Example(
        cells=[
            _MODELS + "\nprint(cross_val_score)",
            "for model in (RidgeClassifier(random_state=7), KNeighborsClassifier(1)):\n"
            "    model.fit(X_train, y_train)\n    print(model.score(X_test, y_test))",
        ]
    ),
    good=Example(
        cells=[
            _MODELS,
            "for model in (RidgeClassifier(random_state=7), KNeighborsClassifier(1)):\n"
            "    print(cross_val_score(model, X_train, y_train))",
            "chosen = KNeighborsClassifier(1).fit(X_train, y_train)\n"
            "print(chosen.score(X_test, y_test))",
        ]
    ),
)
def test_rows_choose(context: Context) -> Iterator[Finding]:
    """Flag held-out rows that compare several models, or stop the training, and judge it too."""
    advice = "choose on a validation part or by cross-validation, and score the chosen model once"
    for leak in leaks_of(context, "reused"):
        places = [place(context, score.cell, score.node) for score in leak.others]
        shown = ", ".join(dict.fromkeys(places[:4]))
        message = f"the same test rows score {len(places)} models ({shown})"
        if len(set(leak.others)) < len(leak.others):
            message = f"the same test rows score a model for each turn of a loop ({shown})"
        yield finding(context, leak, f"{message}: {advice}")
    for leak in leaks_of(context, "stopped"):
        message = f"{leak.what} stops training by its test rows{evidence(context, leak)}"
        yield finding(context, leak, f"{message}: stop by a validation part of the training rows")


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
    """Flag a score on the rows of the fit, in a notebook that scores no others."""
    found = list(leaks_of(context, "unheld"))
    if not found or any(map(_HOLDS_OUT.search, context.words)):
        return
    for leak in found:
        message = f"{leak.what} is scored on the rows it was fitted on, and no model on others"
        yield finding(context, leak, f"{message}: hold rows out with train_test_split")


@rule(
    "NBL106",
    "shuffled-in-time",
    Severity.WARNING,
    why="""Rows in the order of time are split at random: the model learns from days after those it
    is tested on, which production never lets it do. Split by time.""",
    bad=Example(
        cells=[
            _TABLE,
            "table['before'] = table['price'].shift(1)",
            "train, test = train_test_split(table, random_state=7)",
        ]
    ),
    good=Example(
        cells=[
            _TABLE,
            "table['before'] = table['price'].shift(1)",
            "train, test = train_test_split(table, shuffle=False)",
        ]
    ),
)
def shuffled_in_time(context: Context) -> Iterator[Finding]:
    """Flag a random split of rows that are in the order of time."""
    for leak in leaks_of(context, "shuffled"):
        splitter = leak.split.what if leak.split is not None else "the split"
        message = f"{splitter} shuffles rows that {leak.what} put in the order of time"
        advice = "split by time: shuffle=False, TimeSeriesSplit or a date"
        yield finding(context, leak, f"{message}: {advice}")

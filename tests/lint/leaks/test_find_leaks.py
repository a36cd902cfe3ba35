"""Leaks that must be found, and correct evaluations that must stay silent."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.leaks import Leak
from mlops_nb.notebook import parse_notebook

HEAD = """
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GridSearchCV, KFold, StratifiedShuffleSplit, cross_val_score, train_test_split,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler
from sklearn.utils import resample
from imblearn.over_sampling import SMOTE
from tensorflow.keras.callbacks import EarlyStopping
from tensorflow.keras.models import Sequential
df = pd.read_csv('houses.csv')
y = df['sold']
X = df.drop(columns='sold')
"""
SPLIT = "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)\n"
FIT = "model = LogisticRegression().fit(X_train, y_train)\n"
SCORE = "print(model.score(X_test, y_test))\n"
END = SPLIT + FIT + SCORE


def find(*cells: str) -> list[Leak]:
    example = Example(cells=[HEAD, *cells])

    return Context(parse_notebook(example.to_bytes(), Path("n.ipynb"))).leaks


FOUND = {
    # ---- fitted before the split
    "a scaler": (["X = StandardScaler().fit_transform(X)", END], "fitted"),
    "a scaler kept in an attribute": (
        ["class Bag: pass\nbag = Bag()\nbag.s = StandardScaler()\nX = bag.s.fit_transform(X)", END],
        "fitted",
    ),
    "a scaler fitted on all, applied to the parts": (
        [
            "s = StandardScaler()\ns.fit(X)",
            SPLIT + "X_train = s.transform(X_train)\nX_test = s.transform(X_test)\n" + FIT + SCORE,
        ],
        "fitted",
    ),
    "a scaler fitted on two lists of rows": (
        [
            SPLIT,
            "s = StandardScaler().fit(list(X_train) + list(X_test))",
            "X_train = s.transform(X_train)\nX_test = s.transform(X_test)\n" + FIT + SCORE,
        ],
        "fitted",
    ),
    "an imputer in a helper": (
        ["def clean(table):\n    return SimpleImputer().fit_transform(table)", "X = clean(X)", END],
        "fitted",
    ),
    "a helper that changes its argument": (
        ["def fill(t):\n    t['age'].fillna(t['age'].mean(), inplace=True)", "fill(X)", END],
        "fitted",
    ),
    "a method of a class": (
        [
            "class Prep:\n    def __init__(self):\n        self.s = StandardScaler()\n"
            "    def run(self, t):\n        return self.s.fit_transform(t)\nX = Prep().run(X)",
            END,
        ],
        "fitted",
    ),
    "feature selection": (["X = SelectKBest(k=2).fit_transform(X, y)", END], "fitted"),
    "columns chosen by correlation": (
        ["top = df.corr()['sold'].abs().nlargest(5).index\nX = df[top]", END],
        "fitted",
    ),
    "columns chosen by a fitted selector": (
        ["s = SelectKBest(k=2).fit(X, y)\nX = X[X.columns[s.get_support()]]", END],
        "fitted",
    ),
    "columns chosen by importances": (
        [
            "f = RandomForestClassifier().fit(X, y)\n"
            "best = pd.Series(f.feature_importances_, index=X.columns).nlargest(5).index",
            "X = X[best]",
            END,
        ],
        "fitted",
    ),
    "a mean that fills": (["X['age'] = X['age'].fillna(X['age'].mean())", END], "fitted"),
    "a mean kept in a name": (["m = X.age.median()\nX.age.fillna(m, inplace=True)", END], "fitted"),
    "a loop over columns": (
        ["for c in X.columns:\n    X[c] = X[c].fillna(X[c].mode()[0])", END],
        "fitted",
    ),
    "a loop over tables": (
        [
            "other = pd.read_csv('other.csv')\nfor t in (X, other):\n"
            "    t['age'] = t['age'].fillna(t['age'].mean())",
            END,
        ],
        "fitted",
    ),
    "arithmetic with statistics": (["X = (X - X.mean()) / X.std()", END], "fitted"),
    "a lambda over columns": (["X = X.apply(lambda c: (c - c.mean()) / c.std())", END], "fitted"),
    "groupwise statistics": (
        ["X['size'] = X.groupby('town')['rooms'].transform('mean')", END],
        "fitted",
    ),
    "merged statistics": (
        ["s = X.groupby('town')['rooms'].mean().reset_index()\nX = X.merge(s, on='town')", END],
        "fitted",
    ),
    "quantiles": (["X['age'] = pd.qcut(X['age'], 4, labels=False)", END], "fitted"),
    "a number of bins": (["X['age'] = pd.cut(X['age'], 4, labels=False)", END], "fitted"),
    "interpolation": (["X = X.interpolate()", END], "fitted"),
    "under the same roof": (
        ["if len(X) > 10:\n    X = StandardScaler().fit_transform(X)", END],
        "fitted",
    ),
    "slices instead of a split": (
        [
            "n = int(len(X) * 0.8)\nX = StandardScaler().fit_transform(X)",
            "model = Ridge().fit(X[:n], y[:n])\nprint(model.score(X[n:], y[n:]))",
        ],
        "fitted",
    ),
    "three slices": (
        [
            "X = StandardScaler().fit_transform(X)\ntrain, test = X[:a], X[b:]",
            "model = Ridge().fit(train, y[:a])\nprint(model.score(test, y[b:]))",
        ],
        "fitted",
    ),
    "a stack that is cut again": (
        [
            "other = pd.read_csv('other.csv')\nboth = pd.concat([df, other])\n"
            "both['age'] = both['age'].fillna(both['age'].mean())\n"
            "df, other = both[: len(df)], both[len(df) :]",
            "print(cross_val_score(Ridge(), df[['age']], df['sold']))",
        ],
        "fitted",
    ),
    "a number made of a mean": (
        ["m = int(X['age'].mean())\nX['age'] = X['age'].replace(np.nan, m)", END],
        "fitted",
    ),
    "masks instead of a split": (
        [
            "df['age'] = df['age'] / df['age'].max()\n"
            "train, test = df[df.year < 2020], df[df.year >= 2020]",
            "model = Ridge().fit(train[['age']], train['sold'])\n"
            "print(model.score(test[['age']], test['sold']))",
        ],
        "fitted",
    ),
    "sample and drop": (
        [
            "df['age'] = df['age'] - df['age'].mean()\ntrain = df.sample(frac=0.8)\n"
            "test = df.drop(train.index)",
            "model = Ridge().fit(train[['age']], train['sold'])\n"
            "print(model.score(test[['age']], test['sold']))",
        ],
        "fitted",
    ),
    "positions that are split": (
        [
            "X = StandardScaler().fit_transform(X)\n"
            "here, there = train_test_split(np.arange(len(X)))",
            "model = Ridge().fit(X[here], y[here])\nprint(model.score(X[there], y[there]))",
        ],
        "fitted",
    ),
    "folds": (
        [
            "X = StandardScaler().fit_transform(X)",
            "for a, b in KFold(5).split(X):\n    model = Ridge().fit(X[a], y[a])\n"
            "    print(accuracy_score(y[b], model.predict(X[b])))",
        ],
        "fitted",
    ),
    "folds as they once were": (
        [
            "X = StandardScaler().fit_transform(X)\nkf = KFold(len(y), n_folds=3)",
            "for a, b in kf:\n    model = Ridge().fit(X[a], y[a])\n"
            "    print(accuracy_score(y[b], model.predict(X[b])))",
        ],
        "fitted",
    ),
    "folds with a counter": (
        [
            "X['age'] = X['age'].fillna(X['age'].mean())",
            "for i, (a, b) in enumerate(KFold(5).split(X, y)):\n"
            "    model = Ridge().fit(X.iloc[a], y.iloc[a])\n"
            "    print(i, model.score(X.iloc[b], y.iloc[b]))",
        ],
        "fitted",
    ),
    "cross-validation": (
        ["X = StandardScaler().fit_transform(X)", "print(cross_val_score(Ridge(), X, y))"],
        "fitted",
    ),
    "a search": (
        ["X = StandardScaler().fit_transform(X)", "g = GridSearchCV(Ridge(), {}).fit(X, y)"],
        "fitted",
    ),
    "keras's own split": (
        [
            "X = StandardScaler().fit_transform(X)",
            "m = Sequential()\nm.fit(X, y, validation_split=.2)",
        ],
        "fitted",
    ),
    "a score of one's own": (
        [
            "X = StandardScaler().fit_transform(X)",
            SPLIT + FIT + "print(np.mean(model.predict(X_test) == y_test))",
        ],
        "fitted",
    ),
    "the test rows in a pre-made file": (
        [
            "test = pd.read_csv('test.csv')\nboth = pd.concat([df, test])\n"
            "s = StandardScaler().fit(both[['age']])",
            "model = Ridge().fit(s.transform(df[['age']]), df['sold'])\n"
            "print(model.score(s.transform(test[['age']]), test['sold']))",
        ],
        "fitted",
    ),
    # ---- the target by group
    "the target by group": (
        ["X['usual'] = df.groupby('town')['sold'].transform('mean')", END],
        "target",
    ),
    "the target mapped": (
        ["means = df.groupby('town')['sold'].mean()\nX['usual'] = X['town'].map(means)", END],
        "target",
    ),
    # ---- overlap
    "SMOTE": (["X, y = SMOTE().fit_resample(X, y)", END], "resampled"),
    "SMOTE before folds": (
        ["X, y = SMOTE().fit_resample(X, y)", "print(cross_val_score(Ridge(), X, y))"],
        "resampled",
    ),
    "a class sampled up": (
        [
            "few = df[df.sold == 1]\nmany = df[df.sold == 0]\n"
            "df = pd.concat([many, resample(few, replace=True, n_samples=100)])\n"
            "X, y = df.drop(columns='sold'), df['sold']",
            END,
        ],
        "resampled",
    ),
    "sampling with replacement": (["X = X.sample(500, replace=True)", END], "resampled"),
    "the test rows among the training rows": (
        [SPLIT + "model = Ridge().fit(X, y)\nprint(model.score(X_test, y_test))"],
        "overlap",
    ),
    # ---- the test rows choose
    "two models, and rows of the train part for a third": (
        [
            SPLIT,
            "a = Ridge().fit(X_train, y_train)\nprint(a.score(X_test, y_test))\n"
            "b = LogisticRegression().fit(X_train, y_train)\nprint(b.score(X_test, y_test))",
            "left, right, l, r = train_test_split(X_train, y_train)\n"
            "print(Ridge().fit(left, l).score(right, r))",
        ],
        "reused",
    ),
    "two models": (
        [
            SPLIT,
            "for m in (Ridge(), LogisticRegression()):\n    m.fit(X_train, y_train)\n"
            "    print(m.score(X_test, y_test))",
        ],
        "reused",
    ),
    "a setting in a loop": (
        [
            SPLIT,
            "for a in (1, 2, 3):\n    m = Ridge(alpha=a).fit(X_train, y_train)\n"
            "    print(m.score(X_test, y_test))",
        ],
        "reused",
    ),
    "a helper for each model": (
        [
            SPLIT,
            "def run(m):\n    m.fit(X_train, y_train)\n"
            "    return accuracy_score(y_test, m.predict(X_test))",
            "run(Ridge())\nrun(LogisticRegression())",
        ],
        "reused",
    ),
    "models on a file of test rows": (
        [
            "test = pd.read_csv('test.csv')",
            "for m in (Ridge(), LogisticRegression()):\n    m.fit(X, y)\n"
            "    print(m.score(test[['age']], test['sold']))",
        ],
        "reused",
    ),
    "rows drawn again for each model": (
        [
            "a, b, c, d = train_test_split(X, y)\nm = Ridge().fit(a, c)\nprint(m.score(b, d))",
            "a, b, c, d = train_test_split(X, y)\nn = LogisticRegression().fit(a, c)\n"
            "print(n.score(b, d))",
        ],
        "reused",
    ),
    "a search that calls a function": (
        [
            SPLIT,
            "def objective(trial):\n    m = Ridge(alpha=trial.suggest_float('a', 0, 1))\n"
            "    m.fit(X_train, y_train)\n    return m.score(X_test, y_test)",
            "study.optimize(objective)",
        ],
        "reused",
    ),
    "models in a dictionary": (
        [
            SPLIT,
            "models = {'a': Ridge(), 'b': LogisticRegression()}\n"
            "for name, m in models.items():\n    m.fit(X_train, y_train)\n"
            "    print(name, m.score(X_test, y_test))",
        ],
        "reused",
    ),
    "stopped by the test rows": (
        [
            SPLIT,
            "m = Sequential()\nm.fit(X_train, y_train, validation_data=(X_test, y_test),\n"
            "      callbacks=[EarlyStopping()])\nprint(m.evaluate(X_test, y_test))",
        ],
        "stopped",
    ),
    # ---- the rest
    "no rows held out": (["m = Ridge().fit(X, y)\nprint(m.score(X, y))"], "unheld"),
    "predictions on the rows of the fit": (
        ["m = Ridge().fit(X, y)\np = m.predict(X)\nprint(accuracy_score(y, p))"],
        "unheld",
    ),
    "fitted again on test rows": (
        [
            SPLIT,
            "s = StandardScaler()\nX_train = s.fit_transform(X_train)\n"
            "X_test = s.fit_transform(X_test)",
        ],
        "refit",
    ),
    "an encoder fitted again on the test file": (
        [
            "test = pd.read_csv('test.csv')\ne = LabelEncoder()\n"
            "df['town'] = e.fit_transform(df['town'])\ntest['town'] = e.fit_transform(test['town'])"
        ],
        "refit",
    ),
    "lags split at random": (["X['before'] = X['price'].shift(1)", END], "shuffled"),
    "dates put on as an index": (
        ["df.index = pd.to_datetime(df['date'])\nX = df.drop(columns='sold')", END],
        "shuffled",
    ),
    "dates read as an index": (
        ["df = pd.read_csv('a.csv', index_col='day', parse_dates=True)\nX = df[['age']]", END],
        "shuffled",
    ),
    "a date as index split at random": (
        ["df = df.set_index('date')\nX = df.drop(columns='sold')", END],
        "shuffled",
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_must_be_found(name: str) -> None:
    cells, kind = FOUND[name]
    assert kind in {leak.kind for leak in find(*cells)}


QUIET = {
    "a pipeline": [
        "model = make_pipeline(StandardScaler(), Ridge())",
        SPLIT,
        "model.fit(X_train, y_train)\n" + SCORE,
    ],
    "a pipeline in cross-validation": [
        "p = Pipeline([('s', StandardScaler()), ('m', Ridge())])\nprint(cross_val_score(p, X, y))"
    ],
    "a pipeline in a search": [
        SPLIT,
        "g = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {})\n"
        "g.fit(X_train, y_train)\nprint(g.score(X_test, y_test))",
    ],
    "fitted on the training rows": [
        SPLIT + "s = StandardScaler().fit(X_train)\n"
        "X_train, X_test = s.transform(X_train), s.transform(X_test)\n" + FIT + SCORE
    ],
    "a mean of the training rows": [
        SPLIT + "m = X_train['age'].mean()\nX_train['age'] = X_train['age'].fillna(m)\n"
        "X_test['age'] = X_test['age'].fillna(m)\n" + FIT + SCORE
    ],
    "SMOTE on the training rows": [
        SPLIT + "X_train, y_train = SMOTE().fit_resample(X_train, y_train)\n" + FIT + SCORE
    ],
    "folds with their own scaler": [
        "for a, b in KFold(5).split(X):\n    s = StandardScaler().fit(X.iloc[a])\n"
        "    model = Ridge().fit(s.transform(X.iloc[a]), y.iloc[a])\n"
        "    print(model.score(s.transform(X.iloc[b]), y.iloc[b]))"
    ],
    "statistics that are only looked at": ["print(X.mean(), X.corr())\nX.describe()", END],
    "a scaled copy that is only drawn": ["Z = StandardScaler().fit_transform(X)\nprint(Z)", END],
    "labels encoded": ["y = LabelEncoder().fit_transform(y)", END],
    "categories encoded": ["X = pd.get_dummies(X)\nX = OneHotEncoder().fit_transform(X)", END],
    "row by row": [
        "X['age'] = np.log1p(X['age'])\nX['name'] = X['name'].str.strip().map({'a': 1})\n"
        "X['mean'] = X[['a', 'b']].mean(axis=1)\nX['day'] = pd.to_datetime(X['day']).dt.day\n"
        "X['age'] = X['age'].apply(lambda v: v * 2)",
        END,
    ],
    "constant bins": ["X['age'] = pd.cut(X['age'], [0, 18, 99])", END],
    "what rows say of themselves": [
        "own = X.groupby('customer_id')['spent'].mean()\nX = X.merge(own, on='customer_id')",
        END,
    ],
    "a column that is dropped again": [
        "X['rank'] = X['age'].rank()\nX = X.drop(columns='rank')",
        END,
    ],
    "the target scaled by itself": [
        "df['sold'] = df['sold'] / df['sold'].max()\ny = df['sold']\nX = df.drop(columns='sold')",
        END,
    ],
    "pre-made files": [
        "test = pd.read_csv('test.csv')\ns = StandardScaler().fit(df[['age']])\n"
        "model = Ridge().fit(s.transform(df[['age']]), df['sold'])\n"
        "print(model.score(s.transform(test[['age']]), test['sold']))"
    ],
    "a competition's test rows": [
        "test = pd.read_csv('test.csv')\nboth = pd.concat([df, test])\n"
        "s = StandardScaler().fit(both[['age']])\n"
        "model = Ridge().fit(s.transform(df[['age']]), df['sold'])\n"
        "print(model.predict(s.transform(test[['age']])))"
    ],
    "chosen on validation rows": [
        "X_rest, X_test, y_rest, y_test = train_test_split(X, y)\n"
        "X_train, X_val, y_train, y_val = train_test_split(X_rest, y_rest)",
        "for m in (Ridge(), LogisticRegression()):\n    m.fit(X_train, y_train)\n"
        "    print(m.score(X_val, y_val))",
        "best = Ridge().fit(X_train, y_train)\nprint(best.score(X_test, y_test))",
    ],
    "chosen on validation rows, the test rows untouched": [
        "rest, test = train_test_split(df)\ntrain, val = train_test_split(rest)",
        "for a in (1, 2):\n    m = Ridge(alpha=a).fit(train[['age']], train['sold'])\n"
        "    print(m.score(val[['age']], val['sold']))",
    ],
    "the training rows split once more": [
        SPLIT + "s = StandardScaler().fit(X_train)\nX_train = s.transform(X_train)",
        "X_fit, X_val, y_fit, y_val = train_test_split(X_train, y_train)",
        "m = Ridge().fit(X_fit, y_fit)\nprint(m.score(X_val, y_val))",
    ],
    "means of each day": [
        "X['rest'] = X['price'] - X.groupby('date')['price'].transform('mean')",
        END,
    ],
    "one model, several metrics": [
        SPLIT + FIT + "p = model.predict(X_test)\nprint(accuracy_score(y_test, p))\n" + SCORE
    ],
    "the training score beside the test score": [
        SPLIT + FIT + "print(model.score(X_train, y_train))\n" + SCORE
    ],
    "a holdout of one cut": [
        "cut = StratifiedShuffleSplit(n_splits=1)\nfor a, b in cut.split(X, y):\n"
        "    train, test = X.iloc[a], X.iloc[b]",
        "model = Ridge().fit(train, y)\nprint(model.score(test, y))",
    ],
    "clusters": [
        "from sklearn.cluster import KMeans\n"
        "print(KMeans().fit_predict(StandardScaler().fit_transform(X)))"
    ],
    "lags split in order": [
        "X['before'] = X['price'].shift(1)",
        "X_train, X_test, y_train, y_test = train_test_split(X, y, shuffle=False)\n" + FIT + SCORE,
    ],
    "each row scaled by itself": [
        "rows = []\nfor row in X.values:\n"
        "    rows.append(StandardScaler().fit_transform(row.reshape(-1, 1)))\nX = np.array(rows)",
        END,
    ],
    "a rolling mean": [
        "X['mean'] = X['price'].rolling(3).mean()",
        "a, b = X[:50], X[50:]\nm = Ridge().fit(a, y[:50])\nprint(m.score(b, y[50:]))",
    ],
    "test rows that are looked at in a table": [
        SPLIT + FIT + "print(model.score(X_train, y_train))",
        "t = pd.DataFrame(model.predict(X_test))\nt['truth'] = y_test\nt",
    ],
    "a text that is split": [
        "parts = 'a,b'.split(',')\nfor f in X['name']:\n    f.split('-')",
        END,
    ],
    "a length that sets a function up": [
        "n = max(len(t) for t in X['name'])\nm = X['name'].str.len().max()\n"
        "X = pad_sequences(X, maxlen=n)\nX = pad_sequences(X, maxlen=m)",
        END,
    ],
    "an explainer on test rows": [
        "from eli5.sklearn import PermutationImportance",
        END + "PermutationImportance(model).fit(X_test, y_test)",
    ],
}


@pytest.mark.parametrize("name", QUIET)
def test_what_must_stay_silent(name: str) -> None:
    assert [(leak.kind, leak.what) for leak in find(*QUIET[name])] == []


def test_the_cause_the_split_and_the_score_are_told() -> None:
    leaks = find("X = StandardScaler().fit_transform(X)", SPLIT + FIT + SCORE)
    (leak,) = [leak for leak in leaks if leak.kind == "fitted"]
    assert (leak.what, leak.cell) == ("StandardScaler", 1)
    assert leak.split is not None
    assert (leak.split.what, leak.split.cell) == ("train_test_split", 2)
    assert leak.score is not None
    assert isinstance(leak.score.node, ast.Call)
    assert (leak.score.cell, leak.score.node.lineno) == (2, 3)


def test_a_leak_inside_a_function_is_told_where_the_function_is() -> None:
    helper = "def clean(t):\n    return StandardScaler().fit_transform(t)"
    (leak,) = find(helper, "print(1)", "X = clean(X)", END)
    assert (leak.cell, getattr(leak.node, "lineno", 0)) == (1, 2)


def test_a_function_that_nobody_calls_is_followed_too() -> None:
    body = (
        "def f(a, b):\n    a = StandardScaler().fit_transform(a)\n    return train_test_split(a, b)"
    )
    (leak,) = find(body)
    assert (leak.kind, leak.cell) == ("fitted", 1)


def test_several_models_are_told_apart_in_the_order_of_the_file() -> None:
    one = "a = Ridge().fit(X_train, y_train)\nprint(a.score(X_test, y_test))"
    two = "b = LogisticRegression().fit(X_train, y_train)\nprint(b.score(X_test, y_test))"
    (leak,) = find(SPLIT, one, two)
    assert [score.cell for score in leak.others] == [2, 3]

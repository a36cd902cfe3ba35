"""What the findings of leaks say, and where they point."""

from __future__ import annotations

import re

HEAD = (
    "import pandas as pd\nfrom sklearn.linear_model import LinearRegression, Ridge\n"
    "from sklearn.metrics import r2_score\n"
    "from sklearn.model_selection import GridSearchCV, train_test_split\n"
    "from sklearn.preprocessing import StandardScaler\n"
    "df = pd.read_csv('a.csv')\nX, y = df.drop(columns='price'), df['price']"
)
SPLIT = "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)"
FIT = "model = Ridge().fit(X_train, y_train)\nprint(model.score(X_test, y_test))"


def found(lint, code: str, *cells: str):
    return [d for d in lint(HEAD, *cells) if d.code == code]


def test_the_fit_the_split_the_score_and_the_cure_are_named(lint) -> None:
    (d,) = found(lint, "NBL101", "X = StandardScaler().fit_transform(X)", SPLIT, FIT)
    assert (d.cell, d.cell_line, d.cell_column) == (1, 1, 5)
    assert re.search(r"^StandardScaler .*split at cell 2 line 1, score at cell 3 line 2", d.message)
    assert d.message.endswith("fit it in a Pipeline or on the training rows")


def test_a_statistic_is_computed_not_fitted(lint) -> None:
    (d,) = found(lint, "NBL101", "X['a'] = X['a'].fillna(X['a'].mean())", SPLIT, FIT)
    assert d.message.startswith("mean() learns from all rows")
    assert d.message.endswith("compute it from the training rows")


def test_each_line_is_told_once(lint) -> None:
    code = "X = (X - X.min()) / (X.max() - X.min())"
    assert len(found(lint, "NBL101", code, SPLIT, FIT, FIT)) == 1


def test_the_scores_of_several_models_are_listed(lint) -> None:
    other = "m = LinearRegression().fit(X_train, y_train)\nprint(m.score(X_test, y_test))"
    (d,) = found(lint, "NBL103", SPLIT, FIT, other)
    assert (d.cell, d.cell_line) == (3, 2)
    assert "2 models (cell 2 line 2, cell 3 line 2)" in d.message


def test_a_model_made_anew_in_a_loop_is_several(lint) -> None:
    fit = "m = Ridge(alpha=a).fit(X_train, y_train)"
    loop = f"for a in (1, 2):\n    {fit}\n    m.score(X_test, y_test)"
    (d,) = found(lint, "NBL103", SPLIT, loop)
    assert "each turn of a loop (cell 2 line 3)" in d.message


def test_a_notebook_that_cross_validates_somewhere_is_no_case_for_nbl104(lint) -> None:
    code = "m = Ridge().fit(X, y)\nprint(m.score(X, y))"
    assert found(lint, "NBL104", code)
    assert not found(lint, "NBL104", code, "GridSearchCV(Ridge(), {})")


def test_a_notebook_that_fits_nothing_is_not_followed(lint) -> None:
    assert not found(lint, "NBL101", "X = X - X.mean()\nprint(X)")

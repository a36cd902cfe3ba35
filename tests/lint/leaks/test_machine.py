"""The machine gets through whatever Python allows, in bounded work."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_nb.lint.leaks.machine import BUDGET, Machine
from mlops_nb.lint.leaks.verdicts import leaks

IMPORTS = {
    "train_test_split": "sklearn.model_selection.train_test_split",
    "KFold": "sklearn.model_selection.KFold",
    "pd": "pandas",
    "Scaler": "sklearn.preprocessing.StandardScaler",
    "SMOTE": "imblearn.over_sampling.SMOTE",
}
NAMES = st.sampled_from(["X", "y", "X_train", "X_test", "model", "f", "C", *IMPORTS])
METHODS = st.sampled_from(
    [
        "fit",
        "transform",
        "fit_transform",
        "fit_resample",
        "predict",
        "score",
        "split",
        "mean",
        "fillna",
        "groupby",
        "drop",
        "merge",
        "append",
        "apply",
        "loc",
        "iloc",
        "index",
        "columns",
        "values",
        "sample",
        "items",
        "corr",
        "shift",
    ]
)
CONSTANTS = st.sampled_from(["0", "-1", "None", "'sold'", "True", "...", "b''", "1.5"])


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.builds("({0}).{1}".format, inner, METHODS),
        st.builds("({0})({1})".format, inner, st.lists(inner, max_size=3).map(", ".join)),
        st.builds("({0}).{1}({2}, inplace=True)".format, inner, METHODS, inner),
        pair.map("({0[0]})[{0[1]}]".format),
        pair.map("({0[0]})[{0[1]}:, :]".format),
        pair.map("({0[0]} - {0[1]})".format),
        pair.map("({0[0]} == {0[1]})".format),
        pair.map("({0[0]}, *{0[1]})".format),
        pair.map("[{0[0]} for a, b in {0[1]}]".format),
        pair.map("{{'k': {0[0]}, **{0[1]}}}".format),
        pair.map("(lambda v, *w: {0[0]})({0[1]})".format),
        pair.map("({0[0]} if {0[1]} else ~{0[0]})".format),
        pair.map("f'{{ {0[0]} }} {{ {0[1]} }}'".format),
        inner.map("(name := {})".format),
    )


EXPRESSIONS = st.recursive(st.one_of(NAMES, CONSTANTS), _compound, max_leaves=12)
TARGETS = st.sampled_from(["X", "X['a']", "X.loc[y, 'a']", "a, *b", "(a, b), c", "f.x", "X[:3]"])
STATEMENTS = st.one_of(
    EXPRESSIONS,
    st.builds("{} = {}".format, TARGETS, EXPRESSIONS),
    st.builds("X += {}".format, EXPRESSIONS),
    st.builds("for a, b in {}:\n    y = {}".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("def f(X, *a, y=1, **k):\n    return {}".format, EXPRESSIONS),
    st.builds("class C:\n    def fit(self, X):\n        self.x = {}".format, EXPRESSIONS),
    st.builds("try:\n    {}\nexcept E as e:\n    {}\nfinally:\n    {}".format, *[EXPRESSIONS] * 3),
    st.builds("with {} as (a, b):\n    {}".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("match {}:\n    case [a, *b]:\n        {}".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("if {}:\n    {}\nelse:\n    del X".format, EXPRESSIONS, EXPRESSIONS),
)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STATEMENTS.filter(_parses), min_size=1, max_size=6))
def test_any_code_gets_through(cells: list[str]) -> None:
    machine = Machine(IMPORTS, budget=5_000)
    leaks(machine.run_cells(ast.parse(cell) for cell in cells))


def test_the_standard_library_gets_through() -> None:
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("[a-h]*.py")):
        machine = Machine({}, budget=BUDGET)
        leaks(machine.run_cells([ast.parse(path.read_bytes())]))


def test_work_is_bounded_where_functions_call_each_other() -> None:
    lines = [f"def f{i}(X):\n    return [f{i + 1}(X) + f{i + 1}(X) for _ in X]" for i in range(40)]
    machine = Machine(IMPORTS, budget=2_000)
    leaks(machine.run_cells([ast.parse("\n".join(lines)), ast.parse("f0(X)"), None]))
    assert machine.spent <= 2_000


def test_a_function_that_calls_itself_ends() -> None:
    code = "def f(X, n):\n    return f(Scaler().fit_transform(X), n - 1)\nZ = f(X, 3)"
    assert Machine(IMPORTS).run_cells([ast.parse(code)]).things


def test_a_cell_nested_too_deeply_ends() -> None:
    tree = ast.parse("X = " + "(" * 80 + "X" + " + 1)" * 80)
    leaks(Machine(IMPORTS).run_cells([tree]))
    deep: ast.expr = ast.Name("X", ast.Load())
    for _ in range(5_000):
        deep = ast.UnaryOp(ast.Not(), deep)
    leaks(Machine(IMPORTS).run_cells([ast.Module([ast.Expr(deep)], [])]))

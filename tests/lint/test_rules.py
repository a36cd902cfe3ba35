"""Every rule against its own examples, and the cases that must not raise an alarm."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from mlops_nb.config import Lint
from mlops_nb.errors import NotFoundError
from mlops_nb.lint.context import Context
from mlops_nb.lint.engine import lint_notebook, lint_unreadable
from mlops_nb.lint.example import PYTHON, Code, Example, error, stream
from mlops_nb.lint.rule import Rule, Severity, get_rule, rule, rules
from mlops_nb.notebook import UnreadableNotebookError, parse_notebook

RULES = list(rules().values())


def codes(example: Example, also: Rule, folder: Path) -> set[str]:
    path = folder / example.name
    for name, content in example.files.items():
        (folder / name).write_text(content)
    try:
        notebook = parse_notebook(example.to_bytes(), path)
    except UnreadableNotebookError as problem:
        return {d.code for d in lint_unreadable(path, problem, RULES)}
    context = Context(notebook, job=example.job, root=folder)
    chosen = [rule for rule in RULES if rule is also or not rule.opt_in]
    return {d.code for d in lint_notebook(notebook, rules_to_run=chosen, context=context)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_bad_example_triggers_this_rule_alone(rule: Rule, tmp_path: Path) -> None:
    assert codes(rule.bad, rule, tmp_path) == {rule.code}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_good_example_triggers_nothing(rule: Rule, tmp_path: Path) -> None:
    assert codes(rule.good, rule, tmp_path) == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_what_it_flags_and_why(rule: Rule) -> None:
    assert rule.summary.startswith("Flag ")
    assert rule.summary.endswith(".")
    assert len(rule.why) > 60
    assert rule.name == rule.name.lower()
    assert " " not in rule.name


def test_a_rule_is_found_by_code_or_name() -> None:
    assert get_rule("nbx001") is get_rule("undefined-name")
    with pytest.raises(NotFoundError, match="unknown rule 'NBX00'") as caught:
        get_rule("NBX00")
    assert "did you mean" in caught.value.hint


def test_a_code_is_given_once() -> None:
    with pytest.raises(ValueError, match="NBX001"):
        rule("NBX001", "again", Severity.INFO, why="", bad=Example(), good=Example())


SPLIT = (
    "from sklearn.model_selection import train_test_split, cross_val_score\n"
    "from sklearn.pipeline import make_pipeline, Pipeline\n"
    "from sklearn.preprocessing import StandardScaler\n"
    "from sklearn.linear_model import LogisticRegression\n"
    "X, y = [[1.0], [2.0]], [0, 1]\n"
)
PARTS = "X_train, X_test, y_train, y_test = train_test_split({}, y, random_state=1)"

# What must stay silent.
QUIET = {
    "a cell magic that binds": ["%%capture cap\nprint(1)", "cap.show()"],
    "a shell cell that binds": ["%%bash --out text\necho", "print(text)"],
    "sql into a name": ["%sql rows << select 1", "print(rows)"],
    "sql cell into a name": ["%%sql rows <<\nselect 1", "print(rows)"],
    "a stored name": ["%store -r model", "print(model)"],
    "a script that is run": ["%run setup.py", "print(whatever)"],
    "a timed assignment": ["%time q = 5", "print(q)"],
    "a timed statement": ["q = 1\n%timeit -n 10 q + 1"],
    "shell into a name": ["files = !ls", "print(files)"],
    "IPython's own names": [
        "1 + 1",
        "print(_, __, Out[1], In, _1, _i2)",
        "display(1)\nget_ipython()",
    ],
    "a comprehension": ["xs = [1]\nprint([x for x in xs if x], {k: v for k, v in zip(xs, xs)})"],
    "a nested comprehension": ["m = [[1]]\nprint([c for row in m for c in row])"],
    "a class body": [
        "class A:\n    n = 1\n    rows = [n for _ in range(n)]\n    def m(self): return 1"
    ],
    "super without arguments": ["class A(dict):\n    def m(self): return __class__, super().m()"],
    "an optional import": [
        "try:\n    import ujson as j\nexcept ImportError:\n    import json as j\nj.x"
    ],
    "a guarded name": ["try:\n    SEEN\nexcept NameError:\n    SEEN = 1", "print(SEEN)"],
    "globals asked": ["if 'seen' not in globals():\n    seen = 1\nprint(seen)"],
    "a switch that is off": ["if False:\n    print(gone)\nelse:\n    print(1)"],
    "Python 2 asked": ["import sys\nif sys.version_info[0] < 3:\n    text = unicode"],
    "a global statement": ["def f():\n    global n\n    n = 1", "f()\nprint(n)"],
    "a decorator": ["import functools\n@functools.cache\ndef f(): return 1\nf()"],
    "annotations": ["from __future__ import annotations\ndef f(a: 'Later') -> int: return a"],
    "an annotation bound later": ["def f(a: Later): return a", "class Later: pass"],
    "a match statement": [
        "p = 1\nmatch p:\n    case [a, *b]: print(a, b)\n    case {'k': v, **w}: print(v, w)"
    ],
    "a walrus": ["if (n := len('a')) > 1:\n    print(n)\nprint([m := i for i in range(2)], m)"],
    "an f-string": ["w = 3\nprint(f'{w!r:>{w}} {w=}')"],
    "async": [
        "async def f(): return 1",
        "print(await f())\nasync with f() as g:\n    print(g)",
    ],
    "mutual recursion": ["def a(n): return b(n)\ndef b(n): return a(n - 1)\na(1)"],
    "a name of the loop before": [
        "for i in range(3):\n    if i:\n        print(last)\n    last = i"
    ],
    "a name in a cell that does not parse": ["print(total)", Code("ok = 1\ntotal = = 2")],
    "exec": ["exec('n = 1')", "print(n)"],
    "an unknown cell magic": ["%%cached\nmodel = fit()", "print(model)"],
    "an unknown magic's name": ["%connect db --as con", "print(con)"],
    "automagic": ["matplotlib inline", "ls", "pwd"],
    "a lambda's later name": ["f = sorted([1], key=lambda v: v * SCALE)", "SCALE = 2"],
    "except as": ["try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(e)"],
    "a name bound on each path": [
        "import os\nif os.name == 'nt':\n    sep = 1\nelse:\n    sep = 2",
        "print(sep)",
    ],
    "a name bound by two conditions": [
        "import os\nnew = os.path.exists('x')\nif new:\n    kind = 1",
        "if not new:\n    kind = 2",
        "print(kind)",
    ],
    "used under the same condition": [
        "import os\nif os.name == 'nt':\n    sep = 1",
        "if os.name == 'nt':\n    print(sep)",
    ],
    "deleted and bound again": ["n = 1\ndel n", "n = 2\nprint(n)"],
    "perhaps deleted": ["n = 1\ntry:\n    del n\nexcept NameError:\n    pass", "print(n)"],
    "a column deleted": ["d = {'a': 1}\ndel d['a']", "print(d)"],
    "an error kept": [
        "err = None\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    err = e",
        "print(err)",
    ],
    "a name that a handler hides": [
        "e = 2.7\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    pass",
        "print(e)",
    ],
    "a reset that asks": ["n = 1\n%reset", "print(n)"],
    "a reset at the top": ["%reset -f\nn = 1", "print(n)"],
    "shell words that are Python as well": ["ls - all"],
    "a switch that is always on": ["if True or gone:\n    print(1)"],
    "an annotation of a local name": ["def f():\n    n: Gone = 1\n    return n", "f()"],
    "a magic with its percent sign": ["%matplotlib inline\n1"],
    "two cell magics": ["%%capture\n%%time\nprint(1)"],
    "a cell magic after an empty line": ["\n%%bash\nls"],
    "a percent in a cell of another language": ["%%bash\nls\n%% x"],
    "one kind of warning silenced": [
        "import warnings\nwarnings.filterwarnings('ignore', category=FutureWarning)",
        "with warnings.catch_warnings():\n    warnings.simplefilter('ignore')",
    ],
    "an own pickle": [
        "import joblib\njoblib.dump([1], 'm-20130401.pkl')\nprint(joblib.load('m-20130401.pkl'))"
    ],
    "weights only": ["import torch\ntorch.load('m.pt', weights_only=True)"],
    "safe yaml": ["import yaml\nyaml.load('a', Loader=yaml.SafeLoader)"],
    "plain arrays": ["import numpy as np\nnp.load('a.npy')"],
    "a guarded platform": [
        "import sys\nif 'google.colab' in sys.modules:\n    import google.colab"
    ],
    "a seed that an estimator takes": [
        "import numpy as np\nfrom sklearn.svm import SVC\nnp.random.seed(1)\nSVC().fit([[1]], [1])"
    ],
    "a sorted folder": ["import glob\nfor f in sorted(glob.glob('*.csv')):\n    print(f)"],
    "a function by row": ["import pandas as pd\ndf = pd.DataFrame()\ndf.apply(str, axis=1)"],
    "a version that is pinned": ["# for numpy==1.20\nimport numpy as np\nprint(np.int)"],
    "a model's file with its run": [
        "import joblib\nrun = 'a'\njoblib.dump([1], f'models/{run}.joblib')"
    ],
    "executed from 1 on": [Code("1", count=1), Code("# note"), Code("2", count=2)],
    "a type alias in quotes": ["x: 'Whatever' = 1"],
    "a prompt": [">>> n = 1\n>>> print(n)"],
    "help": ["import os", "os.path?", "?os"],
    "a pipeline": [
        SPLIT,
        "p = make_pipeline(StandardScaler(), LogisticRegression())",
        PARTS.format("X"),
        "p.fit(X_train, y_train)\ncross_val_score(p, X, y)",
    ],
    "fit after the split": [
        SPLIT,
        PARTS.format("X"),
        "s = StandardScaler().fit(X_train)\nX_test = s.transform(X_test)",
    ],
    "scaled for a picture only": [
        SPLIT,
        "Z = StandardScaler().fit_transform(X)\nprint(Z, cross_val_score)",
        PARTS.format("X"),
        "print(make_pipeline, Pipeline, LogisticRegression)",
    ],
    "new rows under the old name": [
        SPLIT,
        "Z = StandardScaler().fit_transform(X)\nZ = [[3.0]]",
        PARTS.format("Z"),
    ],
    "a path of a URL": [
        "import os\nu = 'https://x.org/home/ada/file'\nos.path.exists('/dev/null')"
    ],
    "a docstring with a path": ["def f():\n    '''/home/ada/x'''\nf()"],
    "a seed for all": ["import numpy as np\nnp.random.seed(1)\nprint(np.random.rand(2))"],
    "a seeded generator": ["import numpy as np\nprint(np.random.default_rng(7).normal())"],
    "options that may hold the seed": [SPLIT, "o = {}\ntrain_test_split(X, y, **o)"],
    "a parameter that is converted": [
        Code("start = '2013-01-01'", tags=["parameters"]),
        "from datetime import date\nstart = date.fromisoformat(start)\nprint(start)",
    ],
    "a date as parameter": [
        Code(
            "from datetime import date\nday = date(2013, 4, 1)\nn: int = -1\nq: list = [0.5, None]",
            tags=["parameters"],
        ),
        "print(day, n, q)",
    ],
    "an own function named exit": ["def exit(): pass", "exit()"],
    "an address that is nobody's": [
        Code("1", outputs=[stream("git@github.com:a/b x@example.com")])
    ],
    "the home of a container": [Code("1", outputs=[stream("/home/jovyan/work")])],
    "a number that is no card": [Code("1", outputs=[stream("4000 1234 5678 9011")])],
    "an error that is wanted": [
        Code("1 / 0", tags=["raises-exception"], outputs=[error("E", "x")])
    ],
    "an install in a written file": ["%%writefile setup.sh\npip install x"],
    "no counts": [Code("1", count=None), Code("2", count=2), Code("3", count=3)],
}


@pytest.mark.parametrize("name", QUIET)
def test_no_false_alarm(name: str, lint) -> None:
    quiet = {"NBX008", "NBX011", "NBX012", "NBH004"}  # beside the point here
    assert [d for d in lint(*QUIET[name]) if d.code not in quiet] == []


# What must be found: cells → (code, cell, line, column in the cell).
FOUND = {
    "in a function": (["def f():\n    return gone\nf()"], ("NBX001", 0, 2, 12)),
    "in an f-string": (["x = f'{gone}'"], ("NBX001", 0, 1, 8)),
    "after letters of two bytes": (["é = 1; print(é, gone)"], ("NBX001", 0, 1, 17)),
    "behind a magic": (["%time print(gone)"], ("NBX001", 0, 1, 13)),
    "in the first iterable": (["print([x for x in gone])"], ("NBX001", 0, 1, 19)),
    "a class used early": (
        ["class A:\n    def __init__(self): self.k = K", "A()", "K = 1"],
        ("NBX003", 1, 1, 1),
    ),
    "a call of a call": (
        ["def f(): return g()\ndef g(): return K", "f()", "K = 1"],
        ("NBX003", 1, 1, 1),
    ),
    "a call in a loop": (
        ["def f(): return K", "for _ in range(3):\n    f()", "K = 1"],
        ("NBX003", 1, 2, 5),
    ),
    "a magic below the first line": (["x = 1\n%%time\nx"], ("NBH005", 0, 2, 1)),
    "a space in an indented magic": (["if True:\n    % time 1"], ("NBH005", 0, 2, 5)),
    "one cell left out": ([Code("1", count=1), Code("2")], ("NBX008", 1, None, None)),
    "a gap": ([Code("1", count=1), Code("2", count=3)], ("NBX007", 1, None, None)),
    "exec at the top": (["exec('n = 1')"], ("NBX012", 0, 1, 1)),
    "a stored variable": (["%store -r model"], ("NBX012", 0, 1, 1)),
    "a folder changed": (["%cd data"], ("NBC102", 0, 1, 1)),
    "the search path": (["import sys\nsys.path.insert(0, '..')"], ("NBC102", 0, 2, 1)),
    "Databricks": (["dbutils.widgets.get('x')"], ("NBP008", 0, 1, 1)),
    "a parameter nobody reads": (
        [Code("year = 1\nname = 'x'", tags=["parameters"]), "print(year)"],
        ("NBP004", 0, 2, 1),
    ),
    "an old import": (["import sklearn.grid_search as g\nprint(g)"], ("NBD007", 0, 1, 1)),
    "an old attribute": (["import numpy as np\nprint(np.float(1))"], ("NBD007", 0, 2, 7)),
    "a seed of another library": (
        ["import random, torch\nrandom.seed(1)\nprint(torch.rand(2))"],
        ("NBS002", 0, 2, 1),
    ),
    "a seed of nothing": (["import random\nrandom.seed()"], ("NBS003", 0, 2, 1)),
    "today in a filter": (
        ["import datetime as d\nt = {}\nprint(t[t['a'] < d.datetime.now()])"],
        ("NBS004", 0, 3, 9),
    ),
    "files of a folder": (
        ["from pathlib import Path\nprint([p for p in Path('.').rglob('*')])"],
        ("NBS004", 0, 2, 19),
    ),
    "an import of a package's own": (["from . import features"], ("NBD006", 0, 1, 1)),
    "a module of the project": (["import utils\nprint(utils)"], ("NBD006", 0, 1, 1)),
    "a registered model": (
        ["import mlflow\nmlflow.sklearn.log_model(1, registered_model_name='m')"],
        ("NBG003", 0, 2, 1),
    ),
    "a card in the source": (["card = '4111 1111 1111 1111'"], ("NBO003", 0, None, None)),
    "in one branch": (
        ["import os\nif os.name == 'nt':\n    sep = 1\nprint(sep)"],
        ("NBX004", 0, 4, 7),
    ),
    "after xdel": (["n = 1", "%xdel n\nprint(n)"], ("NBX005", 1, 2, 7)),
    "after a reset": (["n = 1\nprint(n)\n%reset -f\nprint(n)"], ("NBX005", 0, 4, 7)),
    "a name of a handler": (
        ["try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(e)", "print(e)"],
        ("NBX005", 1, 1, 7),
    ),
    "deleted twice": (["n = 1\ndel n", "del n"], ("NBX005", 1, 1, 5)),
    "called after a deletion": (
        ["K = 1\ndef f(): return K", "del K", "f()"],
        ("NBX005", 2, 1, 1),
    ),
    "within a cell": (["print(n)\nn = 1"], ("NBX002", 0, 1, 7)),
    "a scaler kept in a name": (
        [SPLIT, "s = StandardScaler()\ns.fit(X)\nZ = s.transform(X)", PARTS.format("Z")],
        ("NBL101", 1, 2, 1),
    ),
    "two names at once": (
        [
            SPLIT,
            "s, n = StandardScaler(), 1",
            "Z, w = s.fit_transform(X), y\nq = Z",
            PARTS.format("q"),
        ],
        ("NBL101", 2, 1, 8),
    ),
    "a column": (
        [
            "import pandas as pd\n" + SPLIT,
            "df = pd.read_csv('a.csv')\ndf[['a']] = StandardScaler().fit_transform(df[['a']])",
            "Z = df.drop(columns='y')\n" + PARTS.format("Z"),
        ],
        ("NBL101", 1, 2, 13),
    ),
    "a pipeline of preprocessing": (
        [
            SPLIT,
            "p = Pipeline([('s', StandardScaler())])\nZ = p.fit_transform(X)",
            PARTS.format("Z"),
        ],
        ("NBL101", 1, 2, 5),
    ),
    "fitted on all, used on parts": (
        [
            SPLIT,
            "s = StandardScaler()\ns.fit(X)",
            PARTS.format("X"),
            "X_train = s.transform(X_train)",
        ],
        ("NBL101", 1, 2, 1),
    ),
    "inside a function": (
        [
            SPLIT + "def f(X, y):\n    Z = StandardScaler().fit_transform(X)\n    "
            "return train_test_split(Z, y, random_state=1)"
        ],
        ("NBL101", 0, 7, 9),
    ),
    "an f-string path": (["n = 1\nopen(f'/home/ada/{n}.csv')"], ("NBC101", 0, 2, None)),
    "a path in a command": (["!cp a.csv /Users/ada/data/"], ("NBC101", 0, 1, 1)),
    "cd": (["%cd /content/drive"], ("NBC101", 0, 1, 1)),
    "a Windows path": ([r"open('C:\\Users\\ada\\x.csv')"], ("NBC101", 0, 1, 6)),
    "apt": (["!sudo apt-get -qq install -y graphviz"], ("NBD001", 0, 1, 1)),
    "the interpreter's pip": (
        ["import sys\n!{sys.executable} -m pip install x"],
        ("NBD001", 0, 2, 1),
    ),
    "automagic pip": (["pip install x"], ("NBD001", 0, 1, 1)),
    "pip in bash": (["%%bash\nls\npip install x"], ("NBD001", 0, 3, 1)),
    "pip by subprocess": (
        ["import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'x'])"],
        ("NBD001", 0, 2, 1),
    ),
    "shutdown": (
        ["import IPython\nIPython.Application.instance().kernel.do_shutdown(True)"],
        ("NBP007", 0, 2, 1),
    ),
    "two parameter cells": (
        [Code("a = 1", tags=["parameters"]), Code("b = 1", tags=["parameters"])],
        ("NBP003", 1, None, None),
    ),
    "used before the parameters": (
        ["a = 0\nprint(a)", Code("a = 1", tags=["parameters"])],
        ("NBP003", 0, None, None),
    ),
    "a loop over a parameter": (
        [Code("year = 1", tags=["parameters"]), "for year in (1, 2):\n    print(year)"],
        ("NBP002", 1, 1, 5),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_must_be_found(name: str, lint) -> None:
    cells, (code, cell, line, column) = FOUND[name]
    (found,) = [d for d in lint(*cells) if d.code == code]
    assert found.cell == cell
    assert found.cell_line == line
    if column is not None:
        assert found.cell_column == column


def test_a_guarded_exit_weighs_less(lint) -> None:
    (found,) = lint("import os\nif os.environ.get('CI'):\n    exit()")
    assert (found.code, found.severity) == ("NBP007", "warning")


def test_a_star_import_silences_what_it_may_bind(lint) -> None:
    assert [
        d.code for d in lint("from math import *", "print(pi, tau)", "x = later\nlater = 1")
    ] == ["NBX011"]


def test_no_syntax_error_of_a_newer_python(lint) -> None:
    newer = {"language_info": {"name": "python", "version": "3.99.0"}}
    assert lint("x = = 1", metadata=newer) == []


def test_one_broken_cell_does_not_hide_the_rest(lint) -> None:
    assert [(d.code, d.cell) for d in lint("x = = 1", "print(gone)")] == [
        ("NBH004", 0),
        ("NBX001", 1),
    ]


@pytest.mark.parametrize("source", ["(" * 5000, "x = 1\x00", "-" * 20000 + "1", "\ud800 = 1"])
def test_no_source_crashes_the_rules(source: str, lint) -> None:
    assert {d.code for d in lint(source)} <= {"NBH004"}


def test_personal_data_by_kind(lint) -> None:
    html = {"output_type": "display_data", "data": {"text/html": ["<th>email</th>"]}}
    card = stream("4111 1111 1111 1111")
    home = error("FileNotFoundError", "/home/grace/flights.csv")
    found = lint(Code("1", outputs=[html, card, home], tags=["raises-exception"]))
    assert [d.message.removesuffix(" in a stored output") for d in found] == [
        "a table with the personal column 'email'",
        "a payment card number",
        "a user's home folder",
    ]


def test_pictures_are_not_searched(lint) -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "ghp_" + "aB3d" * 9}}
    assert lint(Code("1", outputs=[picture])) == []


def test_an_opt_in_rule_runs_when_its_family_is_named(lint) -> None:
    notebook = parse_notebook(Example(cells=["print(1)"]).to_bytes(), Path("n.ipynb"))
    quiet = [[], ["NB"], ["NBG003"]]
    loud = [["NBG"], ["NBG001"], ["NB", "NBG0"]]
    for select in [*quiet, *loud]:
        found = lint_notebook(notebook, Lint(select=select) if select else None)
        assert ("NBG001" in {d.code for d in found}) == (select in loud)
    assert lint("print(1)") == []


def test_the_limits_of_the_configuration_hold() -> None:
    cells = [Code("a = 1\nb = 2\nprint(a, b)", outputs=[stream("1 2\n" * 600)]), "print(1)"]
    notebook = parse_notebook(Example(cells=cells).to_bytes(), Path("n.ipynb"))
    strict = Lint(
        select=["NBK", "NBO", "NBG"],
        max_cell_lines=2,
        max_cells=1,
        max_output_kb=1,
        required_fields=["licence"],
    )
    codes = {d.code for d in lint_notebook(notebook, strict)}
    assert {"NBK001", "NBK002", "NBO002", "NBG002"} <= codes


def test_metadata_are_searched_but_not_shown(lint) -> None:
    token = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6"
    metadata = {**PYTHON, "papermill": {"parameters": {"auth": token}, "path": "/home/grace/x"}}
    found = lint("print(1)", metadata=metadata)
    assert [d.code for d in found] == ["NBC202", "NBO003"]
    assert not any(token in d.message or "grace" in d.message for d in found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_no_rule_takes_long_over_odd_text(rule: Rule) -> None:
    odd = ["-" * 5000, "#" * 5000 + "!", "a" * 5000 + "@", "<th" * 2000, "://" * 2000, "%" * 5000]
    for text in odd:
        example = Example(text=text, cells=[Code(f"x = {text!r}", outputs=[stream(text)])])
        notebook = parse_notebook(example.to_bytes(), Path("n.ipynb"))
        started = process_time()
        lint_notebook(notebook, rules_to_run=[rule] if not rule.last else [])
        assert process_time() - started < 2  # what backtracks takes minutes

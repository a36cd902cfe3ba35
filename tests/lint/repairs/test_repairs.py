"""What the longer fixes make of notebooks, and where they leave them alone."""

from __future__ import annotations

from functools import partial

import pytest

from mlops_nb.config import Lint
from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import Code, Example
from mlops_nb.lint.fix import fixed
from mlops_nb.lint.rule import rules
from mlops_nb.notebook import Notebook, parse_notebook

from ..conftest import ELSEWHERE

TAGGED = "parameters"
SKLEARN = (
    "from sklearn.model_selection import train_test_split\n"
    "from sklearn.preprocessing import StandardScaler\n"
    "X_train, X_test = train_test_split([[1.0], [2.0], [3.0]], random_state=7)"
)
KEY = "tk3Xq9Lw7ZpR4vB2"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def repaired(code: str, *cells: str | Code, unsafe: bool = True, job: bool = False) -> Notebook:
    """Make the fixes of one rule until there are none left, and again."""
    notebook = parse_notebook(Example(cells=cells).to_bytes(), ELSEWHERE)
    chosen = [rules()[code]]
    lint = partial(lint_notebook, config=Lint(), rules_to_run=chosen, job=job)
    result = fixed(notebook, lint(notebook), lint, unsafe=unsafe)
    assert not any(d.edits and (unsafe or d.fixable) for d in result.diagnostics)
    again = fixed(result.notebook, result.diagnostics, lint, unsafe=unsafe)
    assert again.notebook.text == result.notebook.text
    return result.notebook


def sources(notebook: Notebook) -> list[str]:
    return [cell.source for cell in notebook.cells]


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        # NBE002
        (
            "NBE002",
            ["import warnings\n\nwarnings.simplefilter('ignore')  # hush\n"],
            ["import warnings"],
        ),
        ("NBE002", ["import warnings; warnings.filterwarnings('ignore')"], ["import warnings"]),
        (
            "NBE002",
            ["import warnings\nwarnings.filterwarnings('ignore'); x = 1"],
            ["import warnings\nx = 1"],
        ),
        (
            "NBE002",
            ["import warnings\nif 1:\n    warnings.filterwarnings('ignore')\nx = 1"],
            ["import warnings\nif 1:\n    pass\nx = 1"],
        ),
        (
            "NBE002",
            [
                "import warnings\nimport numpy as np\nif 1:\n"
                "    warnings.filterwarnings('ignore')\n    np.seterr(all='ignore')"
            ],
            ["import warnings\nimport numpy as np\nif 1:\n    pass"],
        ),
        (
            "NBE002",
            ["import numpy as np\nold = np.seterr(all='ignore')"],
            ["import numpy as np\nold = np.seterr(all='ignore')"],
        ),
        # NBS003
        (
            "NBS003",
            ["import time, random\nrandom.seed(time.time())"],
            ["import time, random\nrandom.seed(42)"],
        ),
        (
            "NBS003",
            ["import numpy as np\nnp.random.seed()"],
            ["import numpy as np\nnp.random.seed(42)"],
        ),
        # NBS004
        (
            "NBS004",
            ["from glob import glob\nn = [len(f) for f in glob('*.csv')]"],
            ["from glob import glob\nn = [len(f) for f in sorted(glob('*.csv'))]"],
        ),
        (
            "NBS004",
            ["import os\nfor e in os.scandir('.'): print(e)"],
            ["import os\nfor e in os.scandir('.'): print(e)"],
        ),
        # NBL107
        (
            "NBL107",
            [
                SKLEARN,
                "s = StandardScaler()\nA = s.fit_transform(X_train)\nB = s.fit_transform(X_test)",
            ],
            [
                SKLEARN,
                "s = StandardScaler()\nA = s.fit_transform(X_train)\nB = s.transform(X_test)",
            ],
        ),
        (
            "NBL107",
            [SKLEARN, "B = StandardScaler().fit_transform(X_test)"],
            [SKLEARN, "B = StandardScaler().fit_transform(X_test)"],
        ),
        # NBL111
        (
            "NBL111",
            [
                "import numpy as np\nimport pandas as pd\nt = pd.DataFrame()",
                "t[(t.a == np.nan) & (np.nan != t.b)]",
            ],
            [
                "import numpy as np\nimport pandas as pd\nt = pd.DataFrame()",
                "t[(pd.isna(t.a)) & (pd.notna(t.b))]",
            ],
        ),
        (
            "NBL111",
            ["import numpy as np\nx = 1.0\nx != np.nan, x == float('nan'), x < np.nan"],
            ["import numpy as np\nx = 1.0\n~np.isnan(x), np.isnan(x), x < np.nan"],
        ),
        ("NBL111", ["x = 1.0\nx == float('nan')"], ["x = 1.0\nx == float('nan')"]),
        # NBD007
        (
            "NBD007",
            ["import numpy as np\na, b, c = np.int(1), np.float_(2), np.int(3)"],
            ["import numpy as np\na, b, c = int(1), np.float64(2), int(3)"],
        ),
        ("NBD007", ["import cPickle, json"], ["import pickle as cPickle, json"]),
        (
            "NBD007",
            ["from sklearn.cross_validation import (  # all\n    KFold,\n)"],
            ["from sklearn.model_selection import (  # all\n    KFold,\n)"],
        ),
        (
            "NBD007",
            ["if 1:\n    from itertools import chain, izip as z"],
            ["if 1:\n    from itertools import chain\n    z = zip"],
        ),
        (
            "NBD007",
            ["from pandas.tools.plotting import scatter_matrix"],
            ["from pandas.plotting import scatter_matrix"],
        ),
        (
            "NBD007",
            ["from sklearn import grid_search"],
            ["from sklearn import model_selection as grid_search"],
        ),
        (
            "NBD007",
            ["from sklearn.preprocessing import Imputer"],  # takes other arguments
            ["from sklearn.preprocessing import Imputer"],
        ),
        # NBD003
        (
            "NBD003",
            ["%matplotlib inline\nimport os\nx = 1", "import re  # words\n\nimport os\n\nre.x", ""],
            ["%matplotlib inline\nimport os\nimport re  # words\nx = 1", "re.x", ""],
        ),
        ("NBD003", ["time = 3", "import time"], ["time = 3", "import time"]),
        ("NBD003", ["x = 1\n!pip install a", "import a"], ["x = 1\n!pip install a", "import a"]),
        (
            "NBD003",
            ["def f(): return sum", "from numpy import sum"],
            ["def f(): return sum", "from numpy import sum"],
        ),
        # NBD001
        (
            "NBD001",
            ["!pip install -q polars==1.0 \\\n    pandas  # both\nx = 1"],
            ["# requires: polars==1.0 pandas\nx = 1"],
        ),
        ("NBD001", ["if 1:\n    %pip install a"], ["if 1:\n    pass  # requires: a"]),
        ("NBD001", ["pip install a"], ["# requires: a"]),
        ("NBD001", ["!apt-get install -y graphviz"], ["# requires (apt-get): graphviz"]),
        ("NBD001", ["%%bash\npip install a\nls"], ["%%bash\n# requires: a\nls"]),
        ("NBD001", ["!cd x && pip install ."], ["!cd x && pip install ."]),
        ("NBD001", ["log = !pip install a"], ["log = !pip install a"]),
        (
            "NBD001",
            ["import os\nos.system('pip install a')"],
            ["import os\n# requires: a"],
        ),
        (
            "NBD001",
            ["import subprocess\nsubprocess.run(['python', '-m', 'pip', 'install', 'a'])"],
            ["import subprocess\n# requires: a"],
        ),
        # NBX002
        ("NBX002", ["print(rows)", "x = 1", "rows = [1]"], ["rows = [1]", "print(rows)", "x = 1"]),
        (
            "NBX002",
            ["print(rows)", "x = 1", "rows = [x]"],  # needs what is bound in between
            ["print(rows)", "x = 1", "rows = [x]"],
        ),
        (
            "NBX002",
            ["x = 1", "print(rows, x)", "rows, x = [1], 2"],  # would give x another value
            ["x = 1", "print(rows, x)", "rows, x = [1], 2"],
        ),
        (
            "NBX002",
            ["t = []", "print(rows, t)", "rows = 1\nt.append(1)"],  # would change t too early
            ["t = []", "print(rows, t)", "rows = 1\nt.append(1)"],
        ),
    ],
)
def test_a_fix_makes_this_of_that(code: str, before: list[str], after: list[str]) -> None:
    assert sources(repaired(code, *before)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"api_key = '{KEY}'", 'import os\napi_key = os.environ["API_KEY"]'),
        (f"import os\nf(token='{TOKEN}')", 'import os\nf(token=os.environ["TOKEN"])'),
        (f"import os\nf('{TOKEN}')", 'import os\nf(os.environ["GITHUB_TOKEN"])'),
        (f"import os\nos.environ['GH'] = '{TOKEN}'\nf()", "import os\nf()"),
        (
            f"%%time\nheaders = {{'api_key': '{KEY}'}}",
            "%%time\nimport os\nheaders = {'api_key': os.environ[\"API_KEY\"]}",
        ),
        (
            f"import os\npassword = '{KEY}'\npassword = '{KEY[::-1]}'",
            'import os\npassword = os.environ["PASSWORD"]\npassword = os.environ["PASSWORD_2"]',
        ),
        (f"# {TOKEN}", f"# {TOKEN}"),
        (f"x = f'Bearer {TOKEN} {{1}}'", f"x = f'Bearer {TOKEN} {{1}}'"),
        (f"%env GH={TOKEN}", f"%env GH={TOKEN}"),
        (f"os = 1\nf('{TOKEN}')", f"os = 1\nf('{TOKEN}')"),
    ],
)
def test_a_credential_comes_from_the_environment(before: str, after: str) -> None:
    assert sources(repaired("NBC201", before)) == [after]


def test_no_secret_is_left_by_the_fix_and_two_keep_their_names_apart() -> None:
    cells = [f"secret = '{KEY}'", f"use(secret='{KEY}')", f"use(secret='{KEY[::-1]}')"]
    after = sources(repaired("NBC201", *cells))
    assert after == [
        'import os\nsecret = os.environ["SECRET"]',
        'import os\nuse(secret=os.environ["SECRET"])',
        'import os\nuse(secret=os.environ["SECRET_2"])',
    ]


def test_a_path_becomes_a_parameter_in_a_cell_of_its_own() -> None:
    after = repaired("NBC101", "x = 1", "f('/home/ada/flights.csv')\nf('/home/ada/flights.csv')")
    assert sources(after) == [
        "flights_path = '/home/ada/flights.csv'",
        "x = 1",
        "f(flights_path)\nf(flights_path)",
    ]
    assert [cell.tags for cell in after.cells] == [(TAGGED,), (), ()]
    assert len({cell.id for cell in after.cells}) == 3


def test_a_path_joins_the_parameters_that_are_there() -> None:
    cells = [Code("year = 2013\n", tags=[TAGGED]), "data = r'C:\\Users\\ada'\nf(data, '/mnt/x/y')"]
    assert sources(repaired("NBC101", *cells)) == [
        "year = 2013\ndata = r'C:\\Users\\ada'\ny_path = '/mnt/x/y'\n",
        "f(data, y_path)",
    ]


@pytest.mark.parametrize(
    "cells",
    [
        ["x = f'/home/ada/{1}.csv'"],
        ["f('/home/ada/x')", Code("year = 2013", tags=[TAGGED])],
        [Code("path = '/home/ada/x'", tags=[TAGGED])],
        ["!cp /home/ada/x ."],
    ],
)
def test_a_path_stays_where_no_parameter_can_take_its_place(cells: list[str | Code]) -> None:
    before = [cell.source if isinstance(cell, Code) else cell for cell in cells]
    assert sources(repaired("NBC101", *cells)) == before


def test_a_job_gets_one_parameters_cell_whichever_rule_asks_first() -> None:
    cells = ["year = 2013", "print(open('/home/ada/x.csv'), year)"]
    notebook = parse_notebook(Example(cells=cells).to_bytes(), ELSEWHERE)
    lint = partial(lint_notebook, job=True)
    after = fixed(notebook, lint(notebook), lint, unsafe=True).notebook
    assert [cell.tags for cell in after.cells] == [(TAGGED,), ()]
    assert sources(after) == [
        "year = 2013\nx_path = '/home/ada/x.csv'",
        "print(open(x_path), year)",
    ]


def test_what_is_computed_leaves_the_parameters_cell() -> None:
    source = "year = 2013\n# for people\nlabel = f'{year}'\n\nprint(label)\ncarrier = 'UA'\n"
    after = repaired("NBP003", Code(source, tags=[TAGGED]), "print(carrier)")
    assert sources(after) == [
        "year = 2013\n# for people\ncarrier = 'UA'\n",
        "label = f'{year}'\n\nprint(label)",
        "print(carrier)",
    ]
    assert [cell.tags for cell in after.cells] == [(TAGGED,), (), ()]


def test_the_parameters_come_once_and_above_their_use() -> None:
    cells = ["print(year)", Code("year = 2013", tags=[TAGGED]), Code("n = 1", tags=[TAGGED, "x"])]
    after = repaired("NBP003", *cells)
    assert sources(after) == ["year = 2013", "print(year)", "n = 1"]
    assert [cell.tags for cell in after.cells] == [(TAGGED,), (), ("x",)]


def test_a_parameter_that_nothing_uses_goes() -> None:
    cells = [Code("year: int = 2013\nunused = 1; carrier = 'UA'", tags=[TAGGED]), "print(carrier)"]
    assert sources(repaired("NBP004", *cells))[0] == "carrier = 'UA'"


def test_the_fields_are_added_below_the_title() -> None:
    example = Example(text="# Delays\n\nOwner: Operations", cells=["print(1)"])
    notebook = parse_notebook(example.to_bytes(), ELSEWHERE)
    lint = partial(lint_notebook, config=Lint(select=["NBG002"]))
    after = fixed(notebook, lint(notebook), lint).notebook
    assert [cell.kind for cell in after.cells] == ["markdown", "markdown", "code"]
    assert after.cells[1].source == "**Purpose.** (to be filled in)"


def test_what_numpy_tests_is_not_for_every_type_and_so_not_safe() -> None:
    cells = ["import numpy as np\nx = 'a'\nx == np.nan"]
    assert sources(repaired("NBL111", *cells, unsafe=False)) == cells
    cells = ["import numpy as np\nimport pandas as pd\nx = 'a'\nx == np.nan"]
    assert sources(repaired("NBL111", *cells, unsafe=False))[0].endswith("\npd.isna(x)")


def test_no_fix_takes_away_what_another_of_the_same_pass_has_come_to_use() -> None:
    cells = [
        Code("path = '/home/ada/flights.csv'\nyear = 2013", tags=[TAGGED]),
        "import pandas as pd",
        "print(pd.read_csv('/home/ada/flights.csv'), year)",
    ]
    notebook = parse_notebook(Example(cells=cells).to_bytes(), ELSEWHERE)
    lint = partial(lint_notebook, config=Lint())
    found = lint(notebook)
    assert {"NBC101", "NBP004"} <= {d.code for d in found if d.edits}
    result = fixed(notebook, found, lint, unsafe=True)
    assert not [d for d in result.diagnostics if d.code.startswith("NBX")]
    assert any("flights.csv" in source for source in sources(result.notebook))

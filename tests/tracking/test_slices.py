"""Slices cut from what a real shell has executed: they hold enough, and no more."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from mlops_nb.config import Project
from mlops_nb.tracking import executed

START = "import numpy as np\nimport pandas as pd\nimport random"
FRAME = "df = pd.DataFrame({'a': [3.0, None, 1.0], 'b': [1, 2, 3]})"


@pytest.fixture
def shell(project: Project) -> Iterator[InteractiveShell]:
    made = InteractiveShell.instance()
    made.user_ns.clear()
    made.init_user_ns()
    made.run_cell("%load_ext mlops_nb", store_history=True)
    yield made
    made.run_line_magic("unload_ext", "mlops_nb")
    InteractiveShell.clear_instance()


def run(shell: InteractiveShell, *cells: str) -> None:
    for cell in cells:
        shell.run_cell(cell, store_history=True)


def cut(shell: InteractiveShell, project: Project) -> tuple[list[str], dict[str, Any]]:
    content = json.loads(executed.slice_notebook(shell, project.root))
    sources = ["".join(cell["source"]) for cell in content["cells"]]
    assert sources[0] == "%load_ext mlops_nb"
    return sources[1:], content["metadata"]["mlops"]


# name → cells as they ran; a leading "-" marks those that do not belong to the slice.
SCENARIOS: dict[str, list[str]] = {
    "changed in place by a method": [START, FRAME, "df.dropna(inplace=True)", "r = len(df)"],
    "changed through another name": [START, FRAME, "alias = df", "alias['c'] = 1", "r = df.shape"],
    "changed by a function whose value is taken": [
        START,
        FRAME,
        "def clean(t):\n    t.drop(columns='a', inplace=True)\n    return 1",
        "n = clean(df)",
        "-other = 5",
        "r = df.shape",
    ],
    "shown, not changed": [START, FRAME, "-print(df.describe())", "-len(df)", "r = df.b.sum()"],
    "handed to a function that only looks": [
        START,
        FRAME,
        "-def look(t):\n    return t.shape",
        "-look(df)",
        "r = df.b.sum()",
    ],
    "list grown": ["rows = []", "rows.append(1)", "-unused = 2", "r = len(rows)"],
    "list grown in a dict": ["d = {'k': []}", "d['k'].append(3)", "r = len(d['k'])"],
    "attribute set": ["class A: pass", "o = A()", "o.x = 3", "r = o.x"],
    "run twice counts twice": ["x = 1", "x = x + 1", "x = x + 1", "r = x"],
    "edited": ["-x = 1", "x = 5", "r = x"],
    "out of order": ["-y = 0", "x = 2", "y = x + 1", "-x = 100", "r = y"],
    "function reads a global bound later": ["def f(): return G", "G = 4", "r = f()"],
    "method reads a global bound after the instance": [
        "class A:\n    def m(self): return M",
        "o = A()",
        "M = 6",
        "r = o.m()",
    ],
    "function in a list": ["def f(): return K", "fs = [f]", "K = 1", "r = fs[0]()"],
    "branch that was not taken": ["x = 1", "-if x > 5: y = 3", "r = x"],
    "branch that was taken replaces": ["-y = 1", "if True and 1: y = 3", "r = y"],
    "star import": ["-from os.path import *", "from math import *", "r = sqrt(4)"],
    "names made by exec": ["exec('made = 7')", "r = made"],
    "computed names": ["alpha = 1", "name = 'al' + 'pha'", "r = globals()[name]"],
    "eval of a text": ["u = 3", "-v = 4", "r = eval('u + 1')"],
    "query reads a variable": [START, FRAME, "limit = 1", "r = len(df.query('b > @limit'))"],
    "magic that runs Python": ["%%time\nt = 5", "-%%time\nq = 6", "r = t"],
    "magic that binds": ["%%capture out\nprint('x')", "r = out.stdout"],
    "shell line that binds": ["files = !echo hi", "-!ls", "r = files[0]"],
    "variable in a magic": ["word = 'hi'", "out = !echo {word}", "r = out[0]"],
    "environment variable": ["import os", "os.environ['DEEP'] = '3'", "r = os.getenv('DEEP')"],
    "folder changed": ["%mkdir -p sub", "%cd sub", "-x = 3", "import os", "r = os.getcwd()"],
    "deleted": ["x = 1", "y = x", "del x", "r = 'x' in dir() or y"],
    "raised after a binding": ["-x = 1", "x = 2\n1 / 0\nx = 3", "r = x"],
    "never ran": ["x = 1", "-x = = 2", "r = x"],
    "random numbers since the seed": [
        START,
        "-np.random.rand()",
        "np.random.seed(3)",
        "np.random.rand(7)",
        "-unused = 1",
        "r = np.random.rand()",
    ],
    "another generator's numbers": [
        START,
        "random.seed(1)",
        "-np.random.rand(7)",
        "r = random.random()",
    ],
    "own generator": [START, "rng = np.random.default_rng(0)", "z = rng.normal(size=3)",
                      "r = rng.normal()"],
    "iterator used up": ["it = iter([1, 2, 3])", "first = next(it)", "r = next(it)"],
    "estimator fitted elsewhere": [
        "from sklearn.linear_model import LinearRegression",
        "m = LinearRegression()",
        "ok = m.fit([[0], [1]], [0, 2])",
        "-m.get_params()",
        "r = m.coef_[0]",
    ],
    "array scaled in place": [START, "a = np.ones(9)", "_ = a.__imul__(2)", "r = a.sum()"],
    "option of a module": [START, "-import math", "np.seterr(all='ignore')", "r = np.log(0)"],
    "import replaced": ["-import json as j", "import math as j", "r = j.pi"],
    "comprehension and walrus": ["-i = 9", "n = 3", "r = [m := k * n for k in range(3)], m"],
    "async": ["import asyncio", "v = await asyncio.sleep(0, 4)", "r = v"],
    "file written by one cell and read by another": [
        "with open('made.txt', 'w') as f: f.write('5')",
        "-open('other.txt', 'w').close()",
        "r = open('made.txt').read()",
    ],
}  # fmt: skip

# What is kept of a cell that raised.
RAN = {
    "x = 2\n1 / 0\nx = 3": (
        "x = 2\ntry:\n    1 / 0\nexcept Exception:  # raised when it was run\n    pass\n"
    )
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_slice_holds_what_the_result_needs(name: str, shell, project: Project) -> None:
    cells = SCENARIOS[name]
    run(shell, *(cell.removeprefix("-") for cell in cells))
    assert "r" in shell.user_ns
    wanted = [RAN.get(cell, cell) for cell in cells if not cell.startswith("-")]
    found, _ = cut(shell, project)
    assert found == wanted


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_slice_gives_the_same_result_again(name: str, shell, project: Project) -> None:
    run(shell, *(cell.removeprefix("-") for cell in SCENARIOS[name]))
    before = shell.user_ns["r"]
    found, _ = cut(shell, project)
    run(shell, "%cd -q " + str(project.root), "import os\nos.environ.pop('DEEP', None)")
    hidden = {name for name in shell.user_ns if name in shell.user_ns_hidden}
    for known in [n for n in shell.user_ns if n not in hidden]:
        del shell.user_ns[known]
    for cell in found:
        result = shell.run_cell(cell, store_history=True)
        assert result.success, cell
    after = shell.user_ns["r"]
    assert after == before or repr(after) == repr(before)


def test_what_else_the_result_needs_is_named(
    shell, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(project.root)
    (project.root / "in.csv").write_text("a\n1\n")
    (project.root / "own.py").write_text("V = 2\n")
    run(shell, START, "import own", "n = np.random.rand()", "t = pd.read_csv('in.csv')")
    run(shell, "name = 'in' + '.csv'", "u = open(name).read()", "r = t, u, n, own.V")
    _, needs = cut(shell, project)
    assert [(f["path"], f["changed"]) for f in needs["files"]] == [("in.csv", False)]
    assert needs["files"][0]["hash"].startswith("sha256:")
    assert [module["path"] for module in needs["modules"]] == ["own.py"]
    assert needs["unseeded"] == ["numpy"]
    (project.root / "in.csv").write_text("a\n2222\n")
    run(shell, "r = r")
    _, needs = cut(shell, project)
    assert needs["files"][0]["changed"]


def test_credentials_are_masked_and_commands_named(shell, project: Project) -> None:
    run(shell, "token = 'ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'", "r = token[:3]")
    found, _ = cut(shell, project)
    assert found[0] == "token = '********'"
    run(shell, "import subprocess\nr = subprocess.run(['true']).returncode")
    _, needs = cut(shell, project)
    assert needs["commands"] == ["true"]


def test_watching_stops_with_the_extension(shell, project: Project) -> None:
    run(shell, "%unload_ext mlops_nb", "x = 1", "r = x")
    assert not [c for c in shell.events.callbacks["pre_run_cell"] if "Watch" in repr(c)]
    content = json.loads(executed.slice_notebook(shell, project.root))
    assert "".join(content["cells"][-1]["source"]) == "r = x"


@st.composite
def sessions(draw: st.DrawFn) -> list[str]:
    """Sessions over three lists that share, change, replace and hand on their objects."""
    names = st.sampled_from("abc")
    cells = ["a, b, c = [1], [2], [3]", "def grow(t): t.append(len(t)); return t"]
    cells += ["def total(): return sum(a) + len(b)", "class Box:\n    def get(self): return c"]
    for _ in range(draw(st.integers(2, 9))):
        x, y, n = draw(names), draw(names), draw(st.integers(0, 9))
        cells.append(
            draw(
                st.sampled_from(
                    [
                        f"{x} = {y}",
                        f"{x} = list({y})",
                        f"{x} = [{n}]",
                        f"{x}.append({n})",
                        f"{x}[0] = {n}",
                        f"{x} += [{n}]",
                        f"z = grow({x})",
                        f"{x} = grow({y})",
                        f"{x}.append(total())",
                        f"box = Box()\n{x}.append(len(box.get()))",
                        f"if len({x}) > {n}: {y} = [{n}]",
                        f"for i in {x}[:3]: {y}.append(i)",
                        f"print({x})",
                        f"{x}.append({n})\n1 / 0\n{y} = []",
                    ]
                )
            )
        )
    return [*cells, draw(st.sampled_from(["r = list(a)", "r = total()", "r = Box().get()[:]"]))]


@pytest.mark.slow
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sessions())
def test_any_session_is_made_again_from_its_slice(shell, project: Project, cells) -> None:
    shell.run_line_magic("unload_ext", "mlops_nb")
    shell.reset(new_session=True)
    shell.history_manager.input_hist_raw[:] = [""]
    shell.run_cell("%load_ext mlops_nb", store_history=True)
    with redirect_stdout(io.StringIO()):
        run(shell, *cells)
    found, _ = cut(shell, project)
    names: dict[str, Any] = {}
    with redirect_stdout(io.StringIO()):
        exec("\n".join(found), names)
    assert names["r"] == shell.user_ns["r"]
    assert not [cell for cell in found if cell.startswith("print")]

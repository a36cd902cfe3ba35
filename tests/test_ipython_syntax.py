"""IPython's syntax as we read it without IPython, beside what IPython itself makes of it."""

from __future__ import annotations

import ast
import warnings
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlops_nb.notebook import PythonText, to_python
from mlops_nb.notebook.magics import PYTHON_CELLS

pytestmark = pytest.mark.slow
MAGIC = ast.Name(id="MAGIC", ctx=ast.Load())


@pytest.fixture(scope="module")
def ipython() -> Any:
    """The part of IPython that turns a cell into Python."""
    return pytest.importorskip("IPython.core.inputtransformer2").TransformerManager()


def parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def of_ipython(ipython: Any, source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parsed(ipython.transform_cell(source))
    except SyntaxError:  # a line that ends in the middle of a string
        return None


class HideIPython(ast.NodeTransformer):
    """Puts one mark in the place of every call of IPython."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node.func:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython"))):
                return MAGIC
        return self.generic_visit(node)


class HideMagics(ast.NodeTransformer):
    """Puts the same mark in the place of every statement that stands for a magic."""

    def __init__(self, source: str, python: PythonText) -> None:
        lines = source.split("\n")
        self.waiting = {
            magic.line: lines[magic.line - 1][: magic.column - 1].rstrip().endswith("=")
            for magic in python.magics
        }

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt) and node.lineno in self.waiting:
            assigned = self.waiting.pop(node.lineno)
            if assigned and isinstance(node, ast.Assign):
                return ast.Assign(targets=node.targets, value=MAGIC)
            return ast.Expr(value=MAGIC)
        return super().visit(node)


def cell_magic(tree: ast.Module | None) -> tuple[str, str] | None:
    """Return the name and the body of what IPython takes for a cell magic."""
    match tree:
        case ast.Module(body=[ast.Expr(value=ast.Call(func=ast.Attribute(attr=name), args=words))]):
            if name == "run_cell_magic":
                return words[0].value, words[2].value  # type: ignore[attr-defined]
    return None


def assert_equal(ipython: Any, source: str) -> None:
    theirs, python = of_ipython(ipython, source), to_python(source)
    magic = cell_magic(theirs)
    if magic is not None:
        name, body = magic
        first = python.magics[0]
        assert first.name == name
        inner = cell_magic(of_ipython(ipython, body)) if name in PYTHON_CELLS else magic
        # The innermost magic says what its body is.
        assert inner or python.kind == "python"
        assert name in PYTHON_CELLS or python.kind == "foreign"
        if name in PYTHON_CELLS:
            assert_equal(ipython, body)
        return
    ours = parsed(python.text)
    if theirs is None:
        assert ours is None
        return
    assert ours is not None
    hidden = HideMagics(source, python).visit(ours)
    assert ast.dump(hidden) == ast.dump(HideIPython().visit(theirs))


CELLS = [
    "x = 1",
    "%matplotlib inline\nx = 1",
    "x = 5\n%time f(x)\nfor i in x:\n    %timeit f(i)\n    !echo {i}\n    y = i",
    "a = !ls -l\nb = %pwd\na.b = %pwd\nc['d'] = !ls\ne, f = !ls",
    "!ls \\\n  -l \\\n  -a\nx = 1",
    "%run a.py \\\n  --b\nx",
    "?print",
    "print?",
    "print??\nx = 1",
    "x.y?",
    "%time?",
    "x = 1 # what?",
    "x = '''\n%not a magic\n!nor this\n'''",
    "f(\n  a,\n  %b\n)",
    "f(a\n  % b)",
    "f(a\n  , b)",
    "x = (1\n!= 2)",
    "x = 5 \\\n  % 3",
    "a %= 2\na != b",
    "/f x",
    ",f a b",
    ";f a b",
    "!!ls",
    "%%time\nx = 1\n%ls",
    "%%capture out\n!ls\nx = 1",
    "%%bash\nfor i in 1 2; do echo $i; done",
    "%%writefile a.py\nx = (",
    "\n\n%%html\n<b>",
    ">>> x = 1\n>>> y = 2",
    ">>> for i in x:\n...     print(i)",
    "In [1]: x = 1\nIn [2]: y = 2",
    "    x = 1\n    y = 2",
    "  for i in x:\n      y = 2\n  z = 3",
    " x = 1\ny = 2",
    "if x:\n    %cd a\nelse:\n    !pwd",
    "def f():\n    '''\n    >>> f()\n    '''\n    return 1",
    "x = [\n  '!',\n  '%',\n]\n!ls",
    "'''a''' '''\n!b'''\n!c",
    "x = 'it\\'s' # '''\n!ls",
    "print(f'{x!r}')\n%cd ..",
    "x = 1;\n!ls",
    "lambda: 1\n%env A=b",
    "# %%time\nx = 1",
    "#!ls\nx = 1",
    "%%time\n\n",
    "x: int = 5\n!ls",
    "async def f():\n    await g()\n!ls",
    "def f(:\n!ls",
    "x = '",
]


@pytest.mark.parametrize("source", CELLS)
def test_a_cell_is_read_as_ipython_reads_it(ipython: Any, source: str) -> None:
    assert_equal(ipython, source)


LINES = st.sampled_from(
    [
        *("x = 1", "y = f(x)", "%cd a", "%time g = 2", "!ls", "a = !ls", "b = %pwd", "?x"),
        *("if x:", "    y = 1", "    !ls", "    %cd b", "else:", "def f():", "    return (", ")"),
        *("s = '''", "'''", '"""', "# c", "", "x = [", "]", "x = 1 \\", "z %= 2", "!ls \\"),
        *("!!ls", "%%time", "%%bash", "%%capture c", "x != y", "print('%d' % 3)", "é = 'ü'"),
        *("x = '!'", "(a", "% b)", "/f 1", "x  # !", "@d", "lambda x: x", "for i in x: pass"),
    ]
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(LINES, min_size=1, max_size=7))
@example(["x = 1 \\", "%cd a"])
@example(["%%time", "%%bash"])
def test_mixed_lines_are_read_as_ipython_reads_them(ipython: Any, lines: list[str]) -> None:
    assert_equal(ipython, "\n".join(lines))

"""The names of cells, and the slices cut from them."""

from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.dataflow import (
    CellFacts,
    bound_on_some_paths,
    facts,
    nodes_of,
    slice_cells,
)


def of(source: str) -> CellFacts:
    return facts(ast.parse(textwrap.dedent(source)))


@pytest.mark.parametrize(
    ("source", "defines", "uses"),
    [
        ("x = y", {"x"}, {"y"}),
        ("x += 1", {"x"}, {"x"}),
        ("import a.b as c, d.e", {"c", "d"}, set()),
        ("from a import b as c", {"c"}, set()),
        ("[i for i in xs if i > n]", set(), {"xs", "n"}),
        ("[w := i for i in xs]", {"w"}, {"xs"}),
        ("if (n := size) > 1: print(n)", {"n"}, {"size"}),
        ("for i in xs: print(i)", {"i"}, {"xs"}),
        ("with a as (b, c): d = b", {"b", "c", "d"}, {"a"}),
        ("try:\n  import q\nexcept ImportError as e:\n  q = None", {"q", "e"}, set()),
        ("match p:\n case [a, *b]: c = 0\n case {'k': v, **w}: pass", set("abcvw"), {"p"}),
        ("match p:\n case P(x=1) as q: pass", {"q"}, {"p", "P"}),
        ("print(f'{a!r:>{b}}')", set(), {"a", "b"}),
        ("class A(B):\n  q = 1\n  r = q + s", {"A"}, {"B", "s"}),
        ("class A:\n  def m(self): return self.x + y", {"A"}, set()),
        ("@deco\ndef f(a=d, *, b=e, **k): return a + g", {"f"}, {"deco", "d", "e"}),
        ("x: Foo = 1", {"x"}, set()),
        ("def f():\n  global z\n  z = 1", {"f", "z"}, set()),
        ("def f():\n  n = 1\n  def g():\n    nonlocal n\n    n = 2", {"f"}, set()),
        ("await thing\nasync def f(): await other", {"f"}, {"thing"}),
        ("try: q\nexcept NameError: q = 1", {"q"}, set()),
        ("if 'q' in globals(): print(q)", set(), set()),
        ("a, (b, *c) = d", {"a", "b", "c"}, {"d"}),
        ("a[i].b = c", set(), {"a", "i", "c"}),
        ("del x", set(), set()),
    ],
)
def test_what_a_cell_defines_and_uses(source: str, defines: set[str], uses: set[str]) -> None:
    found = of(source)
    assert found.defines == defines
    assert found.uses == uses


def test_what_runs_later_is_kept_apart() -> None:
    found = of(
        """
        def f(a): return a + G
        class A:
            def __init__(self): self.x = K
            def m(self): return M
        h = lambda z: z + L
        print(lambda: N)
        """
    )
    deferred = {name: set(reads) for name, reads in found.deferred.items()}
    assert deferred == {"f": {"G"}, "A": {"K", "M"}, "h": {"L"}, "": {"N"}}


def test_deletions_and_changes() -> None:
    found = of("del a\nb[0] = 1\nc.append(d)\ntrain(e)\nprint(f)\nm.fit(x)\ng.sort(inplace=True)")
    assert found.deletes == {"a"}
    assert {"b", "c", "e", "m", "g"} <= found.mutates
    assert "f" not in found.mutates


CELLS = [
    "import numpy as np",
    "G = 1",
    "def f(): return G",
    "unused = 3",
    "rows = []",
    "rows.append(G)",
    "np.random.seed(0)",
    "other = np.zeros(3)",
    "result = f() + len(rows) + np.pi",
]


def test_a_slice_holds_what_the_result_depends_on() -> None:
    cells = [of(source) for source in CELLS]
    assert slice_cells(cells, 8) == [0, 1, 2, 4, 5, 6, 8]


def test_a_later_binding_replaces_an_earlier_one() -> None:
    cells = [of(source) for source in ("x = load()", "x = 2", "y = x")]
    assert slice_cells(cells, 2) == [1, 2]


def test_a_binding_in_a_branch_does_not() -> None:
    cells = [of(source) for source in ("x = 1", "if flag: x = 2", "y = x")]
    assert slice_cells(cells, 2) == [0, 1, 2]


def test_a_slice_runs_and_gives_the_same_result() -> None:
    sources = ["a = [1]", "b = 5", "def add(n): a.append(n + b)", "c = 9", "add(2)", "r = sum(a)"]
    chosen = slice_cells([of(source) for source in sources], 5)
    names: dict[str, int] = {}
    exec("\n".join(sources[i] for i in chosen if i != 3), names)
    assert 3 not in chosen
    assert 0 in chosen
    assert 4 not in chosen or names["r"] == 8


@st.composite
def programs(draw: st.DrawFn) -> list[str]:
    """Straight programs over three names, every name bound first."""
    names = st.sampled_from("xyz")
    cells = [f"{name} = {number}" for number, name in enumerate("xyz")]
    for _ in range(draw(st.integers(0, 8))):
        a, b, c = draw(names), draw(names), draw(names)
        cells.append(draw(st.sampled_from([f"{a} = {b} + {c}", f"{a} += {b}", f"{a} = 7"])))
    return cells


@given(programs())
def test_a_slice_of_a_straight_program_gives_the_same_value(sources: list[str]) -> None:
    sources = [*sources, "result = x"]
    cells = [of(source) for source in sources]
    chosen = slice_cells(cells, len(cells) - 1)
    whole: dict[str, int] = {}
    part: dict[str, int] = {}
    exec("\n".join(sources), whole)
    exec("\n".join(sources[i] for i in chosen), part)
    assert part["result"] == whole["result"]


def test_nodes_come_in_file_order() -> None:
    tree = ast.parse("a = f(b)\nc = [d, e]")
    names = [node.id for node in nodes_of(tree) if isinstance(node, ast.Name)]
    assert names == ["a", "f", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("if a: x = 1", {"x"}),
        ("if a: x = 1\nelse: x = 2", set()),
        ("if a: x = 1\nelse: y = 2", {"x", "y"}),
        ("if a: x = 1\nelif b: x = 2", {"x"}),
        ("if a: x = 1\nelif b: x = 2\nelse: raise ValueError", set()),
        ("import sys\nif a: x = 1\nelse: sys.exit(1)", set()),
        ("if True: x = 1", set()),
        ("if __name__ == '__main__': x = 1", set()),
        ("if False: x = 1", {"x"}),
        ("if (n := a): x = 1", {"x"}),
        ("x = 0\nif a: x = 1", set()),
        ("if a: x = 1\nx = 2", set()),
        ("if a: x = 1\nif not a: x = 2", set()),
        ("if 'x' not in globals(): x = 1", set()),
        ("try: x\nexcept NameError: x = 1", set()),
        ("try: x = f()\nexcept OSError: print(1)", {"x"}),
        ("try: x = f()\nexcept OSError: x = None", set()),
        ("try: x = f()\nexcept OSError: raise", set()),
        ("try: x = f()\nfinally: y = 1", set()),
        ("try: x = f'{a}'; y = f()\nexcept OSError: print(1)", {"y"}),
        ("try: x = f()\nexcept OSError as e: x = e", set()),
        ("try: import x\nexcept ImportError: print(1)", set()),
        ("try: f()\nexcept OSError: print(1)\nelse: x = 1", {"x"}),
        ("with a as b:\n  if b: x = 1", set()),
        ("if a:\n  with b as c: x = c", {"c", "x"}),
        ("for i in a:\n  if i: x = 1", set()),
        ("if a:\n  for i in b: pass", set()),
        ("match a:\n  case 1: x = 1\n  case 2: x = 2", {"x"}),
        ("match a:\n  case 1: x = 1\n  case _: x = 2", set()),
        ("if a: del x", {"x"}),
    ],
)
def test_names_bound_on_some_paths_only(source: str, names: set[str]) -> None:
    assert set(bound_on_some_paths(ast.parse(source))) == names


def test_the_name_of_a_handler_ends_with_it() -> None:
    found = of("try: f()\nexcept OSError as e: print(e)")
    assert [(e.kind, e.name) for e in found.events if e.name == "e"] == [
        ("bind", "e"),
        ("read", "e"),
        ("release", "e"),
    ]
    assert found.deletes == frozenset()

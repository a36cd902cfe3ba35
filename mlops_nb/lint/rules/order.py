"""NBX: running from top to bottom in a fresh kernel."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.names import NameProblem
from mlops_nb.lint.repairs.moves import earlier
from mlops_nb.lint.rule import Severity, rule
from mlops_nb.notebook.syntax import OPAQUE_MODULE

_FROM_OUTSIDE = frozenset({"run", "load", "loadpy", "pylab", "rerun", "recall"})
_RUNS_TEXT = frozenset({"exec", "execfile", "dill.load_session", "dill.load_module"})


def _where(problem: NameProblem, way: str = "") -> str:
    """Say which cell binds or deletes the name; `way` leads there within the same cell."""
    if problem.binding != problem.cell.cell.index:
        return f"in cell {problem.binding}"
    return f"{way} in this cell".strip()


@rule(
    "NBX001",
    "undefined-name",
    Severity.ERROR,
    why="""The name lives only in the kernel's memory: its cell was deleted or its import was
    never written. A fresh kernel, and so every job, stops here with a NameError.""",
    bad=Example(cells=["table = [1, 2, 3]", "print(sum(rows))"]),
    good=Example(cells=["rows = [1, 2, 3]", "print(sum(rows))"]),
)
def undefined_name(context: Context) -> Iterator[Finding]:
    """Flag a name that is used but bound nowhere in the notebook."""
    for problem in context.name_problems:
        if problem.kind == "undefined":
            yield problem.cell.finding(problem.node, f"{problem.name!r} is bound nowhere")


@rule(
    "NBX002",
    "used-before-bound",
    Severity.ERROR,
    why="""It worked because the cells were run in another order than they stand in. Run from top
    to bottom, the notebook fails or, worse, uses an older value.""",
    bad=Example(cells=["print(sum(rows))", "rows = [1, 2, 3]"]),
    good=Example(cells=["rows = [1, 2, 3]", "print(sum(rows))"]),
    fixable=True,
    unsafe=True,
)
def used_before_bound(context: Context) -> Iterator[Finding]:
    """Flag a name that is used in an earlier place than its first binding."""
    for problem in context.name_problems:
        if problem.kind == "early":
            where = _where(problem, "further down")
            message = f"{problem.name!r} is used before it is bound ({where})"
            edits = earlier(context, problem)
            yield problem.cell.finding(problem.node, message, edits=edits)


@rule(
    "NBX003",
    "called-too-early",
    Severity.ERROR,
    why="""A function reads its globals when it is called, not where it is written. Called before
    they are bound it fails in a fresh kernel, though every line looks right.""",
    bad=Example(cells=["def area(r):\n    return PI * r * r", "print(area(2))", "PI = 3.14159"]),
    good=Example(cells=["def area(r):\n    return PI * r * r", "PI = 3.14159", "print(area(2))"]),
)
def called_too_early(context: Context) -> Iterator[Finding]:
    """Flag a call of a function or class before a global that it reads is bound."""
    for problem in context.name_problems:
        if problem.kind == "call":
            where = _where(problem, "further down")
            message = f"{problem.function}() needs {problem.name!r}, which is bound later ({where})"
            yield problem.cell.finding(problem.node, message)


@rule(
    "NBX004",
    "bound-on-some-paths",
    Severity.WARNING,
    why="""On the day the condition does not hold, the run fails further down with a NameError that
    says nothing about the condition; in a kernel that has run before, an old value is used.""",
    bad=Example(
        cells=[
            "import os\n\nif os.path.exists('flights.csv'):\n    text = open('flights.csv').read()",
            "print(len(text))",
        ]
    ),
    good=Example(
        cells=[
            "import os\n\ntext = ''\nif os.path.exists('flights.csv'):\n"
            "    text = open('flights.csv').read()",
            "print(len(text))",
        ]
    ),
)
def bound_on_some_paths(context: Context) -> Iterator[Finding]:
    """Flag a name that is used though an `if`, `try` or `match` above may leave it unbound."""
    for problem in context.name_problems:
        if problem.kind == "partial":
            where = _where(problem, "further up")
            message = f"{problem.name!r} is bound on some paths only ({where})"
            yield problem.cell.finding(problem.node, message)


@rule(
    "NBX005",
    "used-after-deletion",
    Severity.ERROR,
    why="""The name is gone when it is used: `del`, `%xdel`, `%reset -f` or the end of an
    `except ... as` took it away. It worked because the cells were run in another order.""",
    bad=Example(cells=["rows = [1, 2, 3]\nprint(sum(rows))\ndel rows", "print(len(rows))"]),
    good=Example(cells=["rows = [1, 2, 3]\nprint(sum(rows))", "print(len(rows))\ndel rows"]),
)
def used_after_deletion(context: Context) -> Iterator[Finding]:
    """Flag a name that is used after it was deleted."""
    for problem in context.name_problems:
        if problem.kind == "deleted":
            where = _where(problem)
            needs = (
                f"{problem.function}() needs {problem.name!r}, which" if problem.function else ""
            )
            message = f"{needs or repr(problem.name)} was deleted before ({where})"
            yield problem.cell.finding(problem.node, message)


@rule(
    "NBX009",
    "changed-in-place",
    Severity.INFO,
    why="""Run twice, the cell changes its own result once more. While one works on the notebook
    the table then depends on how often each cell was run, which no file records.""",
    bad=Example(
        cells=[
            "rows = [3, 1, 2, 2]",
            "rows = rows[1:]",
            "rows = [row * 2 for row in rows]\nprint(rows)",
        ]
    ),
    good=Example(
        cells=[
            "rows = [3, 1, 2, 2]",
            "kept = rows[1:]",
            "doubled = [row * 2 for row in kept]\nprint(doubled)",
        ]
    ),
    opt_in=True,
)
def changed_in_place(context: Context) -> Iterator[Finding]:
    """Flag a name that several cells replace by something computed from itself."""
    places: dict[str, list[tuple[CodeCell, ast.AST]]] = defaultdict(list)
    bound: set[str] = set()
    for code in context.code:
        if code.flow is None:
            continue
        for name in sorted(code.flow.uses & code.flow.binds & bound):
            binds = (e.node for e in code.flow.events if e.kind == "bind" and e.name == name)
            places[name].append((code, next(binds)))
        bound |= code.flow.defines
    for name, found in places.items():
        for code, node in found if len(found) > 1 else ():
            yield code.finding(node, f"{name!r} is replaced by what is made of it, in two cells")


@rule(
    "NBX012",
    "state-from-outside",
    Severity.WARNING,
    why="""What the cells below use is written in another file, in a database of the user or in a
    text: it changes without a change of this notebook, and a fresh machine does not have it.""",
    bad=Example(cells=["%store -r model", "print(model)"]),
    good=Example(cells=["model = open('model.txt').read()", "print(model)"]),
)
def state_from_outside(context: Context) -> Iterator[Finding]:
    """Flag names that come from `%run`, `%store -r`, `%load`, `exec` or a pickled session."""
    for code in context.code:
        for magic in code.python.magics:
            restored = magic.name == "store" and magic.arguments.startswith("-r")
            if magic.body is None and (restored or magic.name in _FROM_OUTSIDE):
                yield code.finding_at(magic, f"%{magic.name} binds names from outside the file")
    for code, call, name in context.calls:
        own = call.func.id if isinstance(call.func, ast.Name) else name
        if own in _RUNS_TEXT and _at_top(code, call):
            yield code.finding(call, f"{own}() binds names that the notebook does not show")


@rule(
    "NBX011",
    "star-import",
    Severity.WARNING,
    why="""Nobody can tell which names it brings, what they hide, or whether a later version still
    brings them; from there on undefined names cannot be found (NBX001 to NBX003 keep silent).""",
    bad=Example(cells=["from math import *", "print(pi)"]),
    good=Example(cells=["from math import pi", "print(pi)"]),
)
def star_import(context: Context) -> Iterator[Finding]:
    """Flag a star import, which hides where names come from."""
    for code in context.code:
        for event in code.flow.events if code.flow else ():
            if event.kind == "star" and event.name != OPAQUE_MODULE:
                yield code.finding(event.node, f"'from {event.name} import *' hides its names")


def _at_top(code: CodeCell, call: ast.Call) -> bool:
    """Tell whether a call is a statement of its own at the top level of its cell."""
    statements = code.tree.body if code.tree else []
    return any(isinstance(s, ast.Expr) and s.value is call for s in statements)

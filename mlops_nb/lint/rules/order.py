"""NBX: running from top to bottom in a fresh kernel."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Code, Example
from mlops_nb.lint.finding import Edit, Finding
from mlops_nb.lint.rule import Severity, rule
from mlops_nb.notebook.syntax import OPAQUE_MODULE


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
)
def used_before_bound(context: Context) -> Iterator[Finding]:
    """Flag a name that is used in an earlier place than its first binding."""
    for problem in context.name_problems:
        if problem.kind == "early":
            same = problem.binding == problem.cell.cell.index
            where = "further down in this cell" if same else f"in cell {problem.binding}"
            message = f"{problem.name!r} is used before it is bound ({where})"
            yield problem.cell.finding(problem.node, message)


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
            same = problem.binding == problem.cell.cell.index
            where = "further down in this cell" if same else f"in cell {problem.binding}"
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
            same = problem.binding == problem.cell.cell.index
            where = "further up in this cell" if same else f"in cell {problem.binding}"
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
            same = problem.binding == problem.cell.cell.index
            where = "in this cell" if same else f"in cell {problem.binding}"
            needs = (
                f"{problem.function}() needs {problem.name!r}, which" if problem.function else ""
            )
            message = f"{needs or repr(problem.name)} was deleted before ({where})"
            yield problem.cell.finding(problem.node, message)


@rule(
    "NBX006",
    "executed-out-of-order",
    Severity.WARNING,
    why="""The outputs on the page were not made by the cells in the order shown: what a reader
    sees may not come out again.""",
    bad=Example(cells=[Code("rows = [1, 2, 3]", count=7), Code("print(sum(rows))", count=4)]),
    good=Example(cells=[Code("rows = [1, 2, 3]", count=1), Code("print(sum(rows))", count=2)]),
    fixable=True,
)
def executed_out_of_order(context: Context) -> Iterator[Finding]:
    """Flag execution counts that do not rise from cell to cell."""
    last = 0
    for cell in context.notebook.code_cells:
        if cell.execution_count is None:
            continue
        if cell.execution_count <= last:
            yield Finding(
                message=f"executed as [{cell.execution_count}], after [{last}] above it: "
                "restart the kernel and run all cells",
                cell=cell.index,
                pointer=(*cell.pointer, _count_key(context)),
                edits=tuple(_cleared_counts(context)),
            )
            return
        last = cell.execution_count


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


def _count_key(context: Context) -> str:
    return "prompt_number" if "worksheets" in context.notebook.raw else "execution_count"


def _cleared_counts(context: Context) -> Iterator[Edit]:
    key = _count_key(context)
    for cell in context.notebook.code_cells:
        if cell.execution_count is not None:
            yield Edit(pointer=(*cell.pointer, key), value=None)
        for number, output in enumerate(cell.outputs):
            if output.get(key) is not None:
                yield Edit(pointer=(*cell.pointer, "outputs", number, key), value=None)

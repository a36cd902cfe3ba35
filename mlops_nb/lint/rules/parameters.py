"""NBP: running unattended, with other values than those written down."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Code, Example
from mlops_nb.lint.finding import Finding, TextEdit
from mlops_nb.lint.repairs.moves import move_before
from mlops_nb.lint.repairs.parameters import (
    TAG,
    is_plain,
    split_off,
    tagged,
    tagging,
    untagging,
)
from mlops_nb.lint.repairs.statements import removed
from mlops_nb.lint.rule import Severity, rule

_WORD = re.compile(r"[^\W\d]\w*")

_PARAMETERS = Code("year = 2013\ncarrier = 'UA'", tags=[TAG])


def _targets(statement: ast.stmt) -> Iterator[ast.Name]:
    """Yield the names that an assignment or a loop at the top level binds."""
    roots: list[ast.expr] = []
    match statement:
        case ast.Assign(targets=targets):
            roots = list(targets)
        case ast.AnnAssign(target=target, value=ast.expr()):
            roots = [target]
        case ast.For(target=target):
            roots = [target]
    for root in roots:
        for node in ast.walk(root):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node


@rule(
    "NBP001",
    "no-parameters",
    Severity.WARNING,
    why="""The job runner puts a job's values after the cell tagged `parameters`. Without one they
    land at the top of the notebook, and the values written below replace them.""",
    bad=Example(cells=["year = 2013", "print(year)"], job=True),
    good=Example(cells=[_PARAMETERS, "print(year, carrier)"], job=True),
    fixable=True,
    unsafe=True,
)
def no_parameters(context: Context) -> Iterator[Finding]:
    """Flag a job's notebook that has no cell tagged `parameters`."""
    if context.job and not tagged(context):
        found = tagging(context)
        message = "a job's notebook without a cell tagged 'parameters'"
        yield Finding(message=message, edits=(found[1],) if found else ())


@rule(
    "NBP002",
    "parameter-overwritten",
    Severity.ERROR,
    why="""The value given to the job is replaced in silence: the run succeeds, with the wrong
    year, threshold or path.""",
    bad=Example(cells=[_PARAMETERS, "year = 2014\nprint(year, carrier)"]),
    good=Example(cells=[_PARAMETERS, "next_year = year + 1\nprint(next_year, carrier)"]),
)
def parameter_overwritten(context: Context) -> Iterator[Finding]:
    """Flag a parameter that is assigned again further down."""
    names: set[str] = set()
    for code in context.code:
        if TAG in code.cell.tags:
            names |= code.flow.defines if code.flow else frozenset()
            continue
        if not names or code.tree is None or "injected-parameters" in code.cell.tags:
            continue
        for statement in code.tree.body:
            value = getattr(statement, "value", None) or getattr(statement, "iter", None)
            read = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)} if value else set()
            for target in _targets(statement):
                # `start = pd.Timestamp(start)` keeps the given value.
                if target.id in names and target.id not in read:
                    message = f"parameter {target.id!r} is overwritten: a job's value is lost"
                    yield code.finding(target, message)


@rule(
    "NBP003",
    "parameters-not-simple",
    Severity.WARNING,
    why="""Values are put into a new cell after this one: what the cell computes from a default is
    computed from the default even when the job gives another value.""",
    bad=Example(
        cells=[Code("year = 2013\nlabel = f'flights of {year}'", tags=[TAG]), "print(label)"]
    ),
    good=Example(cells=[_PARAMETERS, "label = f'{carrier} in {year}'\nprint(label)"]),
    fixable=True,
    unsafe=True,
)
def parameters_not_simple(context: Context) -> Iterator[Finding]:
    """Flag a parameters cell that does more than assign plain values, comes twice or too late."""
    cells = tagged(context)
    for code in cells[1:]:
        message = "a second cell tagged 'parameters': only the first one is replaced"
        yield Finding(message=message, cell=code.cell.index, edits=untagging(code))
    for code in cells[:1]:
        wrong = list(_not_simple(code))
        apart = split_off(context, code, [statement for statement, _ in wrong]) if wrong else ()
        for statement, message in wrong:
            yield code.finding(statement, message, edits=apart)
        yield from _used_above(context, code, movable=not wrong)


def _used_above(context: Context, code: CodeCell, *, movable: bool) -> Iterator[Finding]:
    names = code.flow.defines if code.flow else frozenset()
    for before in context.code[: context.code.index(code)]:
        flow = before.flow
        early = sorted(names & (flow.uses | flow.defines)) if flow else []
        if early:
            message = f"{early[0]!r} is used above its cell tagged 'parameters'"
            free = movable and code.tree and not (flow and names & flow.defines)
            edits = move_before(code.cell, before.cell) if free else ()
            yield Finding(message=message, cell=before.cell.index, edits=edits)


def _not_simple(code: CodeCell) -> Iterator[tuple[ast.stmt, str]]:
    """Yield the statements that do not belong into a parameters cell, and why."""
    own = code.flow.defines - code.flow.imports if code.flow else frozenset()
    for statement in code.tree.body if code.tree else ():
        if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        value = getattr(statement, "value", None)
        if isinstance(statement, ast.AnnAssign) and value is None:
            continue
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or value is None:
            yield statement, "a parameters cell holds assignments only"
            continue
        derived = sorted({n.id for n in ast.walk(value) if isinstance(n, ast.Name) and n.id in own})
        if derived:
            yield statement, f"computed from {derived[0]!r}: move it below the parameters cell"
        elif not is_plain(value):
            yield statement, "not a plain value: move the computation below the parameters cell"


@rule(
    "NBP004",
    "unused-parameter",
    Severity.INFO,
    why="""A job that sets it believes it changes something. The run succeeds, with a result that
    has nothing to do with the value.""",
    bad=Example(cells=[_PARAMETERS, "print(year)"]),
    good=Example(cells=[_PARAMETERS, "print(year, carrier)"]),
    fixable=True,
    unsafe=True,
)
def unused_parameter(context: Context) -> Iterator[Finding]:
    """Flag a declared parameter that no cell uses."""
    cells = tagged(context)[:1]
    for code in cells:
        words = {
            word
            for other in context.code
            if other is not code
            for word in _WORD.findall(other.cell.source)
        }
        own = {e.name for e in code.flow.events if e.kind == "read"} if code.flow else set()
        told: set[str] = set()
        for event in code.flow.events if code.flow else ():
            unused = event.name not in words | own | told and not event.imported
            if event.kind == "bind" and unused and not event.name.startswith("_"):
                told.add(event.name)
                message = f"parameter {event.name!r} is not used"
                yield code.finding(event.node, message, edits=_undeclared(code, event.node))


def _undeclared(code: CodeCell, name: ast.AST) -> tuple[TextEdit, ...]:
    """Return the edit that takes the assignment of a plain value to one name away."""
    for statement in code.tree.body if code.tree else ():
        match statement:
            case ast.Assign(targets=[target], value=value) if target is name and is_plain(value):
                return removed(code, statement)
            case ast.AnnAssign(target=target, value=value) if target is name:
                return removed(code, statement) if value is None or is_plain(value) else ()
    return ()

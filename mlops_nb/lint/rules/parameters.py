"""NBP: running unattended, with other values than those written down."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlops_nb.lint.context import CodeCell, Context
from mlops_nb.lint.example import Code, Example
from mlops_nb.lint.finding import Edit, Finding
from mlops_nb.lint.rule import Severity, rule

TAG = "parameters"
# What may build a default: values, not work.
_VALUES = frozenset(
    {"date", "datetime", "timedelta", "Timestamp", "Timedelta", "Path", "PurePath", "Decimal"}
)
_WORD = re.compile(r"[^\W\d]\w*")

_PARAMETERS = Code("year = 2013\ncarrier = 'UA'", tags=[TAG])


def tagged_cells(context: Context) -> list[CodeCell]:
    """Return the code cells whose values a job may replace."""
    return [code for code in context.code if TAG in code.cell.tags]


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
    if context.job and not tagged_cells(context):
        yield Finding(
            message="a job's notebook without a cell tagged 'parameters'", edits=_tagging(context)
        )


def _tagging(context: Context) -> tuple[Edit, ...]:
    """Return the edit that tags the first cell of nothing but plain assignments."""
    for code in context.code:
        statements = code.tree.body if code.tree else []
        plain = [s for s in statements if isinstance(s, ast.Assign) and _is_plain(s.value)]
        if plain and len(plain) == len(statements) and not code.python.magics:
            pointer = (*code.cell.pointer, "metadata", "tags")
            known = "tags" in code.cell.metadata
            tags = [*code.cell.tags, TAG]
            return (Edit(pointer=pointer, value=tags, action="replace" if known else "insert"),)
    return ()


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
)
def parameters_not_simple(context: Context) -> Iterator[Finding]:
    """Flag a parameters cell that does more than assign plain values, comes twice or too late."""
    tagged = tagged_cells(context)
    for code in tagged[1:]:
        message = "a second cell tagged 'parameters': only the first one is replaced"
        yield Finding(message=message, cell=code.cell.index)
    for code in tagged[:1]:
        yield from _not_simple(code)
        names = code.flow.defines if code.flow else frozenset()
        for before in context.code:
            if before is code:
                break
            early = sorted(
                names & (before.flow.uses | before.flow.defines if before.flow else set())
            )
            if early:
                message = f"{early[0]!r} is used above its cell tagged 'parameters'"
                yield Finding(message=message, cell=before.cell.index)


def _not_simple(code: CodeCell) -> Iterator[Finding]:
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
            yield code.finding(statement, "a parameters cell holds assignments only")
            continue
        derived = sorted({n.id for n in ast.walk(value) if isinstance(n, ast.Name) and n.id in own})
        if derived:
            message = f"computed from {derived[0]!r}: move it below the parameters cell"
            yield code.finding(statement, message)
        elif not _is_plain(value):
            message = "not a plain value: move the computation below the parameters cell"
            yield code.finding(statement, message)


def _is_plain(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return all(_is_plain(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_plain(key) for key in keys) and all(
                _is_plain(value) for value in values
            )
        case ast.UnaryOp(operand=operand):
            return _is_plain(operand)
        case ast.BinOp(left=left, right=right):
            return _is_plain(left) and _is_plain(right)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keys):
            values = [*args, *(keyword.value for keyword in keys)]
            return name in _VALUES and all(_is_plain(value) for value in values)
    return False


@rule(
    "NBP004",
    "unused-parameter",
    Severity.INFO,
    why="""A job that sets it believes it changes something. The run succeeds, with a result that
    has nothing to do with the value.""",
    bad=Example(cells=[_PARAMETERS, "print(year)"]),
    good=Example(cells=[_PARAMETERS, "print(year, carrier)"]),
)
def unused_parameter(context: Context) -> Iterator[Finding]:
    """Flag a declared parameter that no cell uses."""
    tagged = tagged_cells(context)[:1]
    for code in tagged:
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
                yield code.finding(event.node, f"parameter {event.name!r} is not used")

"""NBP: running unattended, with other values than those written down."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_nb.lint.context import CodeCell, Context
from mlops_nb.lint.example import Code, Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.rule import Severity, rule

TAG = "parameters"
# What may build a default: values, not work.
_VALUES = frozenset(
    {"date", "datetime", "timedelta", "Timestamp", "Timedelta", "Path", "PurePath", "Decimal"}
)
_EXITS = frozenset({"exit", "quit"})
_KILLS = frozenset({"os._exit", "os.abort"})
_ASKS = frozenset({"input", "getpass.getpass", "breakpoint"})

_PARAMETERS = Code("year = 2013\ncarrier = 'UA'", tags=[TAG])


def _tagged(context: Context) -> list[CodeCell]:
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
)
def no_parameters(context: Context) -> Iterator[Finding]:
    """Flag a job's notebook that has no cell tagged `parameters`."""
    if context.job and not _tagged(context):
        yield Finding(message="a job's notebook without a cell tagged 'parameters'")


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
    tagged = _tagged(context)
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
    "NBP006",
    "waits-for-a-person",
    Severity.ERROR,
    why="""Nobody sits before a job: the call fails at once (a kernel without a front end raises
    StdinNotImplementedError) or waits until the time limit.""",
    bad=Example(cells=["year = int(input('Which year? '))\nprint(year)"]),
    good=Example(cells=[Code("year = 2013", tags=[TAG]), "print(year)"]),
)
def waits_for_a_person(context: Context) -> Iterator[Finding]:
    """Flag calls that ask a person: input(), getpass(), a browser login."""
    defined = _defined(context)
    for code, call, qualified in context.calls:
        name = qualified
        if isinstance(call.func, ast.Name) and not name and call.func.id not in defined:
            name = call.func.id
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and isinstance(call.func, ast.Attribute):
            name = name or f"{owner.id}.{call.func.attr}"
        if name in _ASKS or name.endswith(("notebook_login", "drive.mount", "files.upload")):
            yield code.finding(call, f"{name.rpartition('.')[2]}() waits for a person")


@rule(
    "NBP007",
    "kills-the-kernel",
    Severity.ERROR,
    why="""The run ends here as if the kernel had crashed: nothing below is executed, and the
    outputs made so far may be lost.""",
    bad=Example(cells=["total = 1 + 1", "exit()", "print(total)"]),
    good=Example(cells=["total = 1 + 1", "if total != 2:\n    raise ValueError(total)"]),
)
def kills_the_kernel(context: Context) -> Iterator[Finding]:
    """Flag calls that end or restart the kernel from inside the notebook."""
    defined = _defined(context)
    for code, call, name in context.calls:
        own_exit = isinstance(call.func, ast.Name) and call.func.id in _EXITS - defined
        stops = isinstance(call.func, ast.Attribute) and call.func.attr == "do_shutdown"
        if own_exit or stops or name in _KILLS or (name == "os.kill" and _is_own_process(call)):
            guarded = not any(call in ast.walk(s) for s in _top_level_calls(code))
            severity = Severity.WARNING if guarded else None
            yield code.finding(
                call, f"{ast.unparse(call.func)}() ends the kernel", severity=severity
            )


def _defined(context: Context) -> set[str]:
    return {name for code in context.code if code.flow for name in code.flow.defines}


def _is_own_process(call: ast.Call) -> bool:
    return bool(call.args) and "getpid" in ast.unparse(call.args[0])


def _top_level_calls(code: CodeCell) -> list[ast.stmt]:
    simple = (ast.Expr, ast.Assign)
    return [s for s in code.tree.body if isinstance(s, simple)] if code.tree else []

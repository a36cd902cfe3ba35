"""NBS: the same result twice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlops_nb.dataflow import nodes_of
from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding, TextEdit
from mlops_nb.lint.repairs.statements import text_of
from mlops_nb.lint.rule import Severity, rule
from mlops_nb.lint.stochastic import Stochastic, entry_of, is_seeded, unseeded_draw

# Functions that seed everything, whoever wrote them.
_ALL = re.compile(
    r"(?:seed_everything|set_seeds?|set_random_seed|seed_all|set_all_seeds|fix_seed)$"
)
_SEEDS = frozenset(
    {
        *("numpy.random.seed", "random.seed", "torch.manual_seed", "torch.random.manual_seed"),
        *("tensorflow.random.set_seed", "tensorflow.set_random_seed"),
    }
)
# First package of a seed → beginnings of what draws from it.
_GOVERNED = {
    "random": ("random.",),
    "numpy": (
        *("numpy.random.", "sklearn.", "scipy.", "pandas.", "imblearn.", "statsmodels."),
        *("seaborn.", "xgboost.", "lightgbm.", "keras.", "tensorflow."),
    ),
    "torch": ("torch.", "torchvision.", "transformers.", "lightning."),
    "tensorflow": ("tensorflow.", "keras."),
}
_END = re.compile(r"\s*,?\s*\)")
SEED = 42  # what the fix gives; any number will do
_GENERATORS = frozenset({"numpy.random.default_rng", "numpy.random.RandomState", "random.Random"})
_ENTROPY = frozenset(
    {
        *(
            "time.time",
            "time.time_ns",
            "os.getpid",
            "os.urandom",
            "random.randint",
            "secrets.randbits",
        ),
        *("random.randrange", "numpy.random.randint", "datetime.datetime.now", "datetime.now"),
        *("uuid.uuid4", "secrets.randbelow", "random.SystemRandom", "time.perf_counter"),
    }
)
_TODAY = (".now", ".today", ".utcnow")
_LISTINGS = frozenset(
    {"os.listdir", "os.scandir", "glob.glob", "glob.iglob", "pathlib.Path.iterdir"}
)


@rule(
    "NBS001",
    "unseeded",
    Severity.WARNING,
    why="""Two runs give two results. A metric that moves by chance cannot be compared with last
    month's, and a bug that shows in one run in five cannot be found.""",
    bad=Example(
        cells=[
            "from sklearn.model_selection import train_test_split",
            "train, test = train_test_split(list(range(100)))\nprint(len(train), len(test))",
        ]
    ),
    good=Example(
        cells=[
            "from sklearn.model_selection import train_test_split",
            "train, test = train_test_split(list(range(100)), random_state=7)\n"
            "print(len(train), len(test))",
        ]
    ),
    fixable=True,
    unsafe=True,
)
def unseeded(context: Context) -> Iterator[Finding]:
    """Flag a random split, estimator or draw without a seed of its own or a global one."""
    calls = context.calls
    seeds = {name for _, call, name in calls if name and (call.args or call.keywords)}
    if any(_ALL.search(_last(call)) for _, call, _ in calls):
        return
    for code, call, name in calls:
        entry = entry_of(name)
        if entry and not is_seeded(call, entry) and not seeds.intersection(entry.governed_by):
            yield _finding(code, call, name, entry)


@rule(
    "NBS002",
    "seed-misses",
    Severity.WARNING,
    why="""The notebook looks seeded and is not: a seed governs its own library, and only what is
    drawn after it.""",
    bad=Example(
        cells=[
            "import numpy as np\n\nnoise = np.random.normal(size=3)",
            "np.random.seed(7)\nprint(noise, np.random.normal(size=3))",
        ]
    ),
    good=Example(
        cells=[
            "import numpy as np\n\nnp.random.seed(7)\nnoise = np.random.normal(size=3)",
            "print(noise, np.random.normal(size=3))",
        ]
    ),
)
def seed_misses(context: Context) -> Iterator[Finding]:
    """Flag a global seed that comes after the first draw, or governs another library only."""
    drawn: set[str] = set()
    seeded: set[str] = set()
    draws = {name for _, call, name in context.calls if unseeded_draw(call, name)}
    for code, call, name in context.calls:
        entry = unseeded_draw(call, name)
        if entry and _is_top(code, call):
            drawn.update(entry.governed_by)
        if name not in _SEEDS or not (call.args or call.keywords) or name in seeded:
            continue
        seeded.add(name)
        if name in drawn and _is_top(code, call):
            yield code.finding(call, f"{name}() comes after the first draw that it governs")
        elif draws and not _is_useful(context, name):
            yield code.finding(call, f"{name}() does not govern {sorted(draws)[0]}()")


@rule(
    "NBS003",
    "seed-from-the-clock",
    Severity.WARNING,
    why="""A seed that is another one each time is no seed: the run cannot be repeated, and unlike a
    missing seed it looks as if it could.""",
    bad=Example(
        cells=[
            "import time\nfrom sklearn.model_selection import train_test_split",
            "train, test = train_test_split(list(range(9)), random_state=int(time.time()))\n"
            "print(train, test)",
        ]
    ),
    good=Example(
        cells=[
            "from sklearn.model_selection import train_test_split",
            "train, test = train_test_split(list(range(9)), random_state=7)\nprint(train, test)",
        ]
    ),
    fixable=True,
    unsafe=True,
)
def seed_from_the_clock(context: Context) -> Iterator[Finding]:
    """Flag a seed that is taken from the time, the process or the system's random numbers."""
    for code, call, name in context.calls:
        given = [k.value for k in call.keywords if k.arg in ("random_state", "seed")]
        if name in _SEEDS or name in _GENERATORS:
            given += call.args[:1]
        for value in given:
            source = next((n for n in _called(context, value) if n in _ENTROPY), None)
            if source:
                message = f"the seed comes from {source}(): another one each run"
                yield code.finding(value, message, edits=(code.replaced(value, str(SEED)),))
        if name in ("numpy.random.seed", "random.seed") and not (call.args or call.keywords):
            seeded = code.replaced(call, f"{text_of(code, call.func)}({SEED})")
            message = f"{name}() without a number seeds from the clock"
            yield code.finding(call, message, edits=(seeded,))


@rule(
    "NBS004",
    "order-by-chance",
    Severity.INFO,
    why="""The order of a folder's files and of a set's texts differs between machines and runs;
    `today()` in a filter picks other rows tomorrow. The same code then gives another result.""",
    bad=Example(cells=["import os\n\nfor name in os.listdir('data'):\n    print(name)"]),
    good=Example(cells=["import os\n\nfor name in sorted(os.listdir('data')):\n    print(name)"]),
    fixable=True,
    unsafe=True,
)
def order_by_chance(context: Context) -> Iterator[Finding]:
    """Flag a loop over an unsorted folder or a set of values, and `today()` in a filter of rows."""
    loops = [(code, node.iter) for code, node in context.nodes(ast.For)]
    loops += [(code, node.iter) for code, node in context.nodes(ast.comprehension)]
    for code, iterable in loops:
        what = _unordered(context, iterable)
        if what:
            message = f"{what} has no fixed order: sort it"
            yield code.finding(iterable, message, edits=_sorting(context, code, iterable, what))
    if not context.words & {"now", "today", "utcnow"}:
        return
    for code, subscript in context.nodes(ast.Subscript):
        compared = (n for n in ast.walk(subscript.slice) if isinstance(n, ast.Compare))
        for node in compared:
            source = next((n for n in _called(context, node) if n.endswith(_TODAY)), None)
            if source:
                yield code.finding(node, f"{source}() in a filter: other rows each day")


def _finding(code: CodeCell, call: ast.Call, name: str, entry: Stochastic) -> Finding:
    shown = name.rpartition(".")[2] if entry.seed else name.replace("numpy.", "np.")
    remedy = f"{entry.seed}=" if entry.seed else entry.governed_by[0].replace("numpy.", "np.")
    message = f"{shown}() without a seed: give {remedy}"
    return code.finding(call.func, message, edits=_seeding(code, call, entry))


def _seeding(code: CodeCell, call: ast.Call, entry: Stochastic) -> tuple[TextEdit, ...]:
    """Return the edit that gives a call a number as its seed."""
    seed = entry.seed
    if seed not in ("random_state", "seed") or any(k.arg == seed for k in call.keywords):
        return ()
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if given:
        last = max(given, key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0))
        simple = _END.fullmatch(_between(code, last, call))
        return (code.inserted_after(last, f", {seed}={SEED}"),) if simple else ()
    if call.end_lineno != call.lineno:
        return ()
    return (code.replaced(call, f"{ast.unparse(call.func)}({seed}={SEED})"),)


def _between(code: CodeCell, last: ast.expr, call: ast.Call) -> str:
    """Return the text from the end of a call's last argument to the end of the call."""
    first, end = last.end_lineno or 1, call.end_lineno or 1
    lines = [line.encode("utf-8", "surrogatepass") for line in code.lines[first - 1 : end]]
    lines[-1] = lines[-1][: call.end_col_offset]
    lines[0] = lines[0][last.end_col_offset :]
    return b"\n".join(lines).decode("utf-8", "replace")


def _last(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _is_useful(context: Context, seed: str) -> bool:
    """Tell whether the notebook uses something that the seed may be for."""
    packages = _GOVERNED[seed.partition(".")[0]]
    used = {name for _, _, name in context.calls if name not in _SEEDS}
    used |= {whole for name, whole in context.imports.items() if name != whole or "." in whole}
    return any(f"{name}.".startswith(packages) for name in used)


def _is_top(code: CodeCell, call: ast.Call) -> bool:
    """Tell whether a call is made as the cell runs, not in the body of a function."""
    inside = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    functions = (n for n in nodes_of(code.tree) if isinstance(n, inside)) if code.tree else ()
    return not any(node is call for function in functions for node in nodes_of(function))


def _sorting(
    context: Context, code: CodeCell, iterable: ast.expr, what: str
) -> tuple[TextEdit, ...]:
    """Return the edit that sorts what a loop goes over; what `os.scandir` yields has no order."""
    if what == "os.scandir()" or "sorted" in context.rebound:
        return ()
    return (code.replaced(iterable, f"sorted({text_of(code, iterable)})"),)


def _called(context: Context, node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            yield context.qualified(inner.func)


def _unordered(context: Context, node: ast.expr) -> str:
    """Return what a loop goes over in an order that nobody fixed, empty when it is fixed."""
    if not isinstance(node, ast.Call):
        return ""
    name = context.qualified(node.func)
    if name in _LISTINGS:
        return f"{name}()"
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if method in ("iterdir", "rglob"):
        return f"{method}()"
    if isinstance(node.func, ast.Name) and node.func.id == "set" and node.args:
        return "a set"
    return ""

"""NBE: failures that are seen, and files that cannot do harm."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Code, Example
from mlops_nb.lint.finding import Finding, TextEdit
from mlops_nb.lint.repairs.statements import removed, statement_of
from mlops_nb.lint.rule import Severity, rule

# Loaders that run code they find in the file → what to use instead.
_LOADERS = {
    "pickle.load": "skops, or a format without code",
    "pickle.loads": "skops, or a format without code",
    "cPickle.load": "skops, or a format without code",
    "dill.load": "skops, or a format without code",
    "dill.loads": "skops, or a format without code",
    "cloudpickle.load": "skops, or a format without code",
    "cloudpickle.loads": "skops, or a format without code",
    "joblib.load": "skops",
    "sklearn.externals.joblib.load": "skops",
    "pandas.read_pickle": "Parquet",
    "torch.load": "weights_only=True",
    "numpy.load": "allow_pickle=False",
    "yaml.load": "yaml.safe_load",
    "yaml.unsafe_load": "yaml.safe_load",
}
_SAFE_YAML = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader"})
# Commands whose failure leaves the data of yesterday, or none, in their place.
_WRITES = re.compile(
    r"^\s*(?:sudo\s+)?(?:cp|mv|rm|ln|mkdir|wget|curl|tar|unzip|gunzip|git\s+(?:clone|pull|checkout)|"
    r"aws\s+s3|gsutil|gcloud|az|kaggle|rsync|scp|dvc|docker|make)\b"
)


@rule(
    "NBE002",
    "warnings-silenced",
    Severity.INFO,
    why="""The warning that a column changed its type, a solver did not converge or a function is
    about to be removed is then seen by nobody, until it is an error at night.""",
    bad=Example(cells=["import warnings\n\nwarnings.filterwarnings('ignore')"]),
    good=Example(
        cells=[
            "import warnings\n\nwarnings.filterwarnings('ignore', category=DeprecationWarning)",
        ]
    ),
    fixable=True,
    unsafe=True,
)
def warnings_silenced(context: Context) -> Iterator[Finding]:
    """Flag all warnings silenced for the whole notebook."""
    for code, call, name in context.calls:
        if name in ("warnings.filterwarnings", "warnings.simplefilter") and _ignores_all(call):
            if not _within_catch(code, call):
                message = "all warnings are silenced: name the category, or the message"
                yield code.finding(call, message, edits=_dropped(code, call))
        elif name == "numpy.seterr" and _text(_keyword(call, "all")) == "ignore":
            message = "all floating-point warnings are silenced"
            yield code.finding(call, message, edits=_dropped(code, call))


@rule(
    "NBE004",
    "shell-failure-ignored",
    Severity.INFO,
    why="""`!command` raises nothing when the command fails: the run goes on with the file of
    yesterday, or with none, and ends as a success.""",
    bad=Example(cells=["!cp data/raw.csv data/today.csv"]),
    good=Example(cells=["import shutil\n\nshutil.copy('data/raw.csv', 'data/today.csv')"]),
    opt_in=True,
)
def shell_failure_ignored(context: Context) -> Iterator[Finding]:
    """Flag a shell command that writes, and whose failure nobody notices."""
    for code in context.code:
        for magic in code.python.magics:
            if magic.name == "!" and magic.body is None and _WRITES.match(magic.arguments):
                command = magic.arguments.split()[0]
                message = f"a failure of {command!r} is not noticed: use subprocess.run(check=True)"
                yield code.finding_at(magic, message)


@rule(
    "NBE005",
    "unsafe-load",
    Severity.WARNING,
    why="""A pickle is a program: who can write the file can run anything under the job's account.
    It also breaks with the next version of the library that wrote it.""",
    bad=Example(cells=["import joblib\n\nmodel = joblib.load('model.joblib')\nprint(model)"]),
    good=Example(cells=["import skops.io\n\nmodel = skops.io.load('model.skops')\nprint(model)"]),
)
def unsafe_load(context: Context) -> Iterator[Finding]:
    """Flag a file loaded by a function that runs the code it finds there."""
    written = {
        argument.value
        for _, call, name in context.calls
        if name.endswith((".dump", ".save", ".to_pickle")) or not name
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    for code, call, name in context.calls:
        if name in _LOADERS and _runs_code(name, call) and not _own(call, written):
            yield code.finding(call, f"{name}() runs code from the file: use {_LOADERS[name]}")


@rule(
    "NBE006",
    "failure-expected",
    Severity.WARNING,
    why="""A cell tagged `raises-exception` may fail, and the job is reported as a success: whatever
    the cell was to do is missing, and nothing tells.""",
    bad=Example(
        cells=[
            Code("count = 1", tags=["parameters"]),
            Code("print(10 / count)", tags=["raises-exception"]),
        ],
        job=True,
    ),
    good=Example(
        cells=[Code("count = 1", tags=["parameters"]), "print(10 / count if count else None)"],
        job=True,
    ),
)
def failure_expected(context: Context) -> Iterator[Finding]:
    """Flag the tag `raises-exception` in a job's notebook."""
    for cell in context.notebook.code_cells if context.job else ():
        if "raises-exception" in cell.tags:
            yield Finding(message="a failure of this cell does not fail the job", cell=cell.index)


def _ignores_all(call: ast.Call) -> bool:
    action = call.args[0] if call.args else _keyword(call, "action")
    narrow = len(call.args) > 1 or any(k.arg != "action" for k in call.keywords)
    return _text(action) == "ignore" and not narrow


def _dropped(code: CodeCell, call: ast.Call) -> tuple[TextEdit, ...]:
    statement = statement_of(code, call)
    return removed(code, statement) if statement else ()


def _within_catch(code: CodeCell, call: ast.Call) -> bool:
    """Tell whether the call stands in ``with warnings.catch_warnings()``."""
    return any(
        "catch_warnings" in ast.dump(node.items[0].context_expr)
        and any(inner is call for inner in ast.walk(node))
        for node in ast.walk(code.tree or ast.Module([], []))
        if isinstance(node, ast.With)
    )


def _runs_code(name: str, call: ast.Call) -> bool:
    if name == "numpy.load":
        return _is_true(_keyword(call, "allow_pickle"))
    if name == "torch.load":
        return not _is_true(_keyword(call, "weights_only"))
    if name == "yaml.load":
        loader = call.args[1] if len(call.args) > 1 else _keyword(call, "Loader")
        called = getattr(loader, "attr", None) or getattr(loader, "id", None)
        return called not in _SAFE_YAML
    return True


def _own(call: ast.Call, written: set[str]) -> bool:
    """Tell whether the notebook wrote the file itself, further up or down."""
    texts = (n.value for a in call.args for n in ast.walk(a) if isinstance(n, ast.Constant))
    return any(isinstance(text, str) and len(text) > 2 and text in written for text in texts)


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True

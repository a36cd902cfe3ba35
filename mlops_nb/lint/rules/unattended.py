"""NBP: running where nobody sits, on a machine like any other."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Code, Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.rule import Severity, rule

_EXITS = frozenset({"exit", "quit"})
_KILLS = frozenset({"os._exit", "os.abort"})
_ASKS = frozenset({"input", "getpass.getpass", "breakpoint"})
# Beginnings of modules that one platform provides.
_PLATFORMS = {
    "google.colab.": "Colab",
    "kaggle_secrets.": "Kaggle",
    "kaggle_datasets.": "Kaggle",
    "kaggle_web_client.": "Kaggle",
    "pyspark.dbutils.": "Databricks",
    "databricks.sdk.runtime.": "Databricks",
    "notebookutils.": "Fabric",
    "mssparkutils.": "Synapse",
}


@rule(
    "NBP006",
    "waits-for-a-person",
    Severity.ERROR,
    why="""Nobody sits before a job: the call fails at once (a kernel without a front end raises
    StdinNotImplementedError) or waits until the time limit.""",
    bad=Example(cells=["year = int(input('Which year? '))\nprint(year)"]),
    good=Example(cells=[Code("year = 2013", tags=["parameters"]), "print(year)"]),
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
            severity = None if _is_certain(code, call) else Severity.WARNING
            yield code.finding(
                call, f"{ast.unparse(call.func)}() ends the kernel", severity=severity
            )


@rule(
    "NBP008",
    "platform-only",
    Severity.WARNING,
    why="""The module exists on one hosted platform. Anywhere else, in the job's container first of
    all, the notebook stops at its import.""",
    bad=Example(cells=["from google.colab import files", "files.download('result.csv')"]),
    good=Example(
        cells=[
            "try:\n    from google.colab import files\nexcept ImportError:\n    files = None",
            "if files:\n    files.download('result.csv')",
        ]
    ),
)
def platform_only(context: Context) -> Iterator[Finding]:
    """Flag modules of Colab, Kaggle or Databricks that are used without a guard."""
    for code in context.code:
        for statement in code.tree.body if code.tree else ():
            if isinstance(statement, ast.Import):
                modules = [alias.name for alias in statement.names]
            elif isinstance(statement, ast.ImportFrom):
                modules = [f"{statement.module}.{alias.name}" for alias in statement.names]
            else:
                continue
            platform = next((p for m in modules for p in _PLATFORMS if f"{m}.".startswith(p)), None)
            if platform:
                message = f"{platform.rstrip('.')} exists on {_PLATFORMS[platform]} only: guard it"
                yield code.finding(statement, message)
    defined = _defined(context)
    for code, call, _ in context.calls if "dbutils" in context.words else ():
        if "dbutils" not in defined and _root(call) == "dbutils" and _is_certain(code, call):
            yield code.finding(call, "dbutils exists on Databricks only: guard it")
            return


def _root(call: ast.Call) -> str:
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_certain(code: CodeCell, call: ast.Call) -> bool:
    """Tell whether a call stands outside of branches, handlers and functions."""
    return any(call in ast.walk(statement) for statement in _top_level_calls(code))


def _defined(context: Context) -> set[str]:
    return {name for code in context.code if code.flow for name in code.flow.defines}


def _is_own_process(call: ast.Call) -> bool:
    return bool(call.args) and "getpid" in ast.unparse(call.args[0])


def _top_level_calls(code: CodeCell) -> list[ast.stmt]:
    simple = (ast.Expr, ast.Assign)
    return [s for s in code.tree.body if isinstance(s, simple)] if code.tree else []

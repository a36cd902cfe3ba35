"""NBD: imports that work in the environment that was locked."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mlops_nb.dataflow.imports import DISTRIBUTIONS
from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.declaration import writable
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.removed import REMOVED, Removed
from mlops_nb.lint.repairs.hoisting import hoisted
from mlops_nb.lint.repairs.renames import Use, renamed
from mlops_nb.lint.rule import Severity, rule
from mlops_nb.lint.surroundings import has_module, normalized, requirements

# Distribution → those that bring it along.
_BROUGHT = {
    "numpy": {"pandas", "scikit-learn", "scipy", "matplotlib", "xgboost", "lightgbm", "tensorflow"},
    "scipy": {"scikit-learn", "statsmodels", "xgboost", "lightgbm", "seaborn"},
    "pandas": {"seaborn", "statsmodels", "geopandas", "shap", "mlflow", "fairlearn"},
    "joblib": {"scikit-learn"},
    "matplotlib": {"seaborn", "lightgbm", "catboost", "yellowbrick"},
    "keras": {"tensorflow"},
    "pyarrow": {"datasets", "streamlit", "mlflow"},
    "setuptools": {"pip"},
}
# Present in every kernel.
_KERNEL = frozenset({"IPython", "ipykernel", "jupyter_client", "traitlets", "ipywidgets", "google"})
# Names that only modules of a project have.
_LOCAL = re.compile(
    r"(?:my_?)?(?:utils?|helpers?|common|config|settings|constants|preprocess(?:ing)?|data_?loader|"
    r"functions?|funcs?|tools|lib|src|scripts?|(?:custom|local|data|helper)_(?:utils?|functions|lib))"
)
_LAST_PARTS = frozenset(name.rpartition(".")[2] for name in REMOVED)
_MOVES = frozenset({"cd", "pushd", "run", "load", "!", "bash", "sh", "script", "writefile", "file"})


@rule(
    "NBD002",
    "undeclared-import",
    Severity.WARNING,
    why="""On the author's machine the package happens to be there. In the environment built from
    the project's requirements, the job's, the notebook stops at this import.""",
    bad=Example(
        cells=["import polars as pl\n\nprint(pl.__version__)"],
        files={"requirements.txt": "pandas==3.0.1\n"},
    ),
    good=Example(
        cells=["import polars as pl\n\nprint(pl.__version__)"],
        files={"requirements.txt": "polars==1.9.0\n"},
    ),
    fixable=True,
    unsafe=True,
)
def undeclared_import(context: Context) -> Iterator[Finding]:
    """Flag an imported package that the nearest requirements do not name."""
    folder = context.notebook.path.parent
    if not (modules := _modules(context)):
        return
    declared = requirements(folder, context.root)
    if not declared:
        return
    takes_lines = writable(folder, context.root) is not None
    for module, (code, node) in modules.items():
        if not _is_declared(module, declared) and not has_module(module, folder, context.root):
            finding = code.finding(node, f"{module!r} is not in the project's requirements")
            requires = (DISTRIBUTIONS.get(module, module),) if takes_lines else ()
            yield replace(finding, requires=requires)


@rule(
    "NBD003",
    "late-import",
    Severity.INFO,
    why="""A missing package is then found out after an hour of work instead of in the first
    second, and what the notebook needs cannot be read at its top.""",
    bad=Example(cells=["total = 1 + 1", "import math\n\nprint(math.sqrt(total))"]),
    good=Example(cells=["import math", "print(math.sqrt(1 + 1))"]),
    fixable=True,
    unsafe=True,
    opt_in=True,
)
def late_import(context: Context) -> Iterator[Finding]:
    """Flag an import below the first cell that does something else."""
    started = False
    for code in context.code:
        statements = code.tree.body if code.tree else []
        for statement in statements:
            if started and isinstance(statement, ast.Import | ast.ImportFrom):
                message = "import it in the first code cell"
                yield code.finding(statement, message, edits=hoisted(context, code))
                break
        own = [s for s in statements if not isinstance(s, ast.Import | ast.ImportFrom | ast.Expr)]
        started = started or bool(own)


@rule(
    "NBD006",
    "missing-module",
    Severity.ERROR,
    why="""The module was on the author's disk and is not in the repository; nobody else, and no
    job, can run the notebook. A relative import never works: a notebook is in no package.""",
    bad=Example(cells=["from .features import delay", "print(delay(5))"]),
    good=Example(cells=["def delay(minutes):\n    return max(minutes, 0)", "print(delay(5))"]),
)
def missing_module(context: Context) -> Iterator[Finding]:
    """Flag a relative import, and a project's own module that is not beside the notebook."""
    for code, source in context.nodes(ast.ImportFrom):
        if source.level:
            yield code.finding(source, "a relative import: a notebook belongs to no package")
    magics = {magic.name for code in context.code for magic in code.python.magics}
    if magics & _MOVES or "sys" in context.imports.values() or "chdir" in context.words:
        return  # the module may come from elsewhere
    folder = context.notebook.path.parent
    declared: set[str] | None = None
    for module, (code, node) in _modules(context).items():
        if not _LOCAL.fullmatch(module) or has_module(module, folder, context.root):
            continue
        declared = set(requirements(folder, context.root)) if declared is None else declared
        if normalized(module) not in declared:
            yield code.finding(node, f"no module {module!r} beside the notebook")


@rule(
    "NBD007",
    "removed-name",
    Severity.WARNING,
    why="""The name is gone from the library: the notebook stops here as soon as the environment is
    built anew.""",
    bad=Example(cells=["from sklearn.externals import joblib", "print(joblib)"]),
    good=Example(cells=["import joblib", "print(joblib)"]),
    fixable=True,
    unsafe=True,
)
def removed_name(context: Context) -> Iterator[Finding]:
    """Flag a module or name that its library has removed, unless an older version is pinned."""
    uses: dict[str, list[Use]] = defaultdict(list)
    for code, node, name in _removed_uses(context):
        uses[name].append((code, node))
    for name, places in uses.items():
        entry = REMOVED[name]
        if _is_older(context, entry):
            continue
        version = ".".join(map(str, entry.since))
        message = f"{name} is gone since {entry.distribution} {version}: use {entry.instead}"
        code, node = places[0]
        yield code.finding(node, message, edits=renamed(context, name, entry, places))


def _is_declared(module: str, declared: Iterable[str]) -> bool:
    names = {normalized(module), normalized(DISTRIBUTIONS.get(module, module))}
    names |= {one for name in names for one in _BROUGHT.get(name, ())}
    # `opencv-python-headless` and `python-docx` are known by a part of their name.
    return any(
        one == name or one.startswith(f"{name}-") or one.endswith(f"-{name}")
        for one in declared
        for name in names
    )


def _removed_uses(context: Context) -> Iterator[tuple[CodeCell, ast.AST, str]]:
    for code, node in context.nodes(ast.Import):
        for alias in node.names:
            if name := _removed_part(alias.name):
                yield code, node, name
    for code, source in context.nodes(ast.ImportFrom):
        for alias in source.names:
            if name := _removed_part(f"{source.module}.{alias.name}"):
                yield code, source, name
    for code, attribute in context.nodes(ast.Attribute):
        if attribute.attr not in _LAST_PARTS:
            continue
        name = context.qualified(attribute)
        if name in REMOVED:
            yield code, attribute, name


def _removed_part(name: str) -> str:
    """Return the longest beginning of a name that is gone, empty when none is."""
    while name and name not in REMOVED:
        name = name.rpartition(".")[0]
    return name


def _is_older(context: Context, entry: Removed) -> bool:
    """Tell whether the project, or the notebook, pins a version that still has the name."""
    if entry.distribution == "python":
        version: tuple[int, ...] | None = context.notebook.python_version
        return version is not None and version < entry.since
    pinned = requirements(context.notebook.path.parent, context.root).get(entry.distribution, "")
    installs = rf"\b{re.escape(entry.distribution)}\s*(?:==|<=?|~=)\s*([\d.]+)"
    sources = (cell.source for cell in context.notebook.code_cells)
    found = next((m for source in sources if (m := re.search(installs, source))), None)
    numbers = re.findall(r"\d+", pinned or (found[1] if found else ""))
    return bool(numbers) and tuple(map(int, numbers[:3])) < entry.since


def _modules(context: Context) -> dict[str, tuple[CodeCell, ast.stmt]]:
    """Return the packages imported at the top level of cells, Python's own left out."""
    found: dict[str, tuple[CodeCell, ast.stmt]] = {}
    for code in context.code:
        for node in code.tree.body if code.tree else ():
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                if top not in sys.stdlib_module_names and top not in _KERNEL and top[0] != "_":
                    found.setdefault(top, (code, node))
    return found

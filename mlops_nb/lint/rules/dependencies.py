"""NBD: the environment that was locked for the notebook."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.declaration import simple_requirements, writable
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.repairs.installs import (
    REQUIRES,
    call_replaced,
    line_replaced,
    magic_replaced,
    requirement,
)
from mlops_nb.lint.rule import Severity, rule
from mlops_nb.notebook import Magic

_TOOLS = r"(?:pip[\d.]*|conda|mamba|micromamba|uv(?:\s+pip)?|apt(?:-get)?|poetry|easy_install)"
_INSTALL = re.compile(
    rf"(?:^|[\s;&|}}\"'/(])(?:sudo\s+)?({_TOOLS})\s+(?:-\S+\s+)*(?:install|add)\b(?P<what>[^;&|\n]*)"
)
_ALONE = re.compile(
    r"\s*(?:sudo\s+)?(?:\S*python[\d.]*\s+-m\s+|\{sys\.executable\}\s+-m\s+|-m\s+)?"
)
_MAGICS = frozenset({"pip", "conda", "mamba", "micromamba", "uv"})
_SHELLS = frozenset({"bash", "sh", "script", "!", "cmd", "system", "sx"})
_PINNED = re.compile(r"[=@]=?\s*[\w.]|-r\s|--requirement|\.whl|\.tar\.gz|\s-e\s|\s\.(?:\s|$)")
_RUNNERS = frozenset(
    {
        "os.system",
        "os.popen",
        "subprocess.run",
        "subprocess.call",
        "subprocess.check_call",
        "subprocess.check_output",
        "subprocess.Popen",
    }
)


@rule(
    "NBD001",
    "install-in-cell",
    Severity.WARNING,
    why="""What runs is then not what was locked and tested: an install in a cell changes the
    environment of everything that shares it, needs the network at run time, and without a version
    brings another package every month.""",
    bad=Example(cells=["%pip install polars", "import polars as pl\n\nprint(pl.__version__)"]),
    good=Example(cells=["import polars as pl\n\nprint(pl.__version__)"]),
    fixable=True,
    unsafe=True,
)
def install_in_cell(context: Context) -> Iterator[Finding]:
    """Flag a package installed from inside the notebook."""
    found = [f for code in context.code for m in code.python.magics for f in _in_magic(code, m)]
    for code, call, name in context.calls:
        if name in _RUNNERS and call.args:
            for message, comment in _installs(_command(call.args[0])):
                edits = call_replaced(code, call, comment)
                found.append((code.finding(call, message, edits=edits), comment))
    takes_lines = bool(found) and writable(context.notebook.path.parent, context.root) is not None
    for finding, comment in found:
        # A comment of an install with other tools names no distribution of PyPI.
        named = comment.removeprefix(REQUIRES) if comment.startswith(REQUIRES) else ""
        requires = simple_requirements(named) if takes_lines and finding.edits else ()
        yield replace(finding, requires=requires)


def _in_magic(code: CodeCell, magic: Magic) -> Iterator[tuple[Finding, str]]:
    """Yield what is found, with the comment that would take its place."""
    if magic.body is None or magic.name == "!":
        if magic.name in _SHELLS or magic.name in _MAGICS:
            name = f"{magic.name} " if magic.name in _MAGICS else ""
            for message, comment in _installs(name + magic.arguments):
                edits = magic_replaced(code, magic, comment)
                yield replace(code.finding_at(magic, message), edits=edits), comment
    elif magic.name in _SHELLS:
        for number, line in enumerate(magic.body.split("\n"), 1):
            for message, comment in _installs(line.partition("#")[0]):
                at = magic.line + number
                edits = line_replaced(code, at, comment)
                finding = Finding(message=message, cell=code.cell.index, line=at, edits=edits)
                yield finding, comment


def _installs(text: str) -> Iterator[tuple[str, str]]:
    """Yield what to say of each install in a command, and the comment to put in its place.

    There is such a comment where the command does nothing else.
    """
    for found in _INSTALL.finditer(text):
        what = found["what"].strip().strip("'\"") or "packages"
        pinned = "" if _PINNED.search(f" {what}") else ", without a version"
        tool = " ".join(found[1].split())
        message = f"{tool} installs {what[:50]} in a cell{pinned}: move it to the requirements"
        alone = _ALONE.fullmatch(text[: found.start(1)])
        yield message, requirement(tool, text[found.start("what") :]) if alone else ""


def _command(node: ast.expr) -> str:
    """Return the text of a command given as one string or as a list."""
    items = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    return " ".join(
        n.value for n in items if isinstance(n, ast.Constant) and isinstance(n.value, str)
    )

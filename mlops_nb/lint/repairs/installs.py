"""An install in a cell becomes a comment that names what the notebook requires.

The project's requirements get a line as well, where a person writes them: `lint.declaration`.
"""

from __future__ import annotations

import ast
import re

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.finding import TextEdit
from mlops_nb.lint.repairs.statements import (
    has_own_lines,
    is_alone_in_block,
    statement_of,
    statement_on,
)
from mlops_nb.notebook import Magic

REQUIRES = "# requires: "
# Options that say nothing of what is installed.
_NOISE = re.compile(
    r"(?<!\S)(?:-[qyUv]+|--(?:quiet|yes|upgrade|user|no-cache-dir|verbose|pre|disable-pip-version-"
    r"check|force-reinstall|ignore-installed|no-warn-script-location|progress-bar\s+\w+))(?!\S)"
)
_MORE_COMMANDS = re.compile(r"&&|\|\||[;|>]|(?<!\S)&(?!\S)")
_PYTHON_TOOLS = ("pip", "uv", "easy_install", "poetry")


def requirement(tool: str, arguments: str) -> str:
    """Return the comment that takes the place of an install, empty when more is done with it."""
    if _MORE_COMMANDS.search(re.sub(r"[\"'][^\"']*[\"']", "", arguments)):
        return ""
    needed = " ".join(_NOISE.sub(" ", arguments.partition(" #")[0]).split()) or "packages"
    return f"{REQUIRES if tool.startswith(_PYTHON_TOOLS) else f'# requires ({tool}): '}{needed}"


def magic_replaced(code: CodeCell, magic: Magic, comment: str) -> tuple[TextEdit, ...]:
    """Return the edit that puts a comment in the place of a magic or shell line."""
    lines = code.cell.lines
    last = magic.line
    while lines[last - 1].endswith("\\") and last < len(lines):
        last += 1
    statement = statement_on(code, magic.line)
    indent = lines[magic.line - 1][: magic.column - 1]
    if not comment or indent.strip() or (statement and not isinstance(statement, ast.Pass)):
        return ()  # `out = !pip install …`
    if statement and is_alone_in_block(code, statement):
        comment = f"pass  {comment}"
    return (_lines_replaced(code, magic.line, last, magic.column, comment),)


def line_replaced(code: CodeCell, line: int, comment: str) -> tuple[TextEdit, ...]:
    """Return the edit that puts a comment in the place of a line of a shell cell."""
    text = code.cell.lines[line - 1]
    if not comment or text != text.lstrip() or text.endswith("\\"):
        return ()  # the one command of an `if`, perhaps
    return (_lines_replaced(code, line, line, 1, comment),)


def call_replaced(code: CodeCell, call: ast.Call, comment: str) -> tuple[TextEdit, ...]:
    """Return the edit that puts a comment in the place of a call that is its own statement."""
    statement = statement_of(code, call)
    if not comment or statement is None or not has_own_lines(code, statement):
        return ()
    alone = is_alone_in_block(code, statement)
    return (code.replaced(statement, f"pass  {comment}" if alone else comment),)


def _lines_replaced(code: CodeCell, first: int, last: int, column: int, text: str) -> TextEdit:
    end = len(code.cell.lines[last - 1]) + 1
    return TextEdit(
        cell=code.cell.index, line=first, column=column, end_line=last, end_column=end, text=text
    )

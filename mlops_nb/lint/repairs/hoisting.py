"""Imports that move up to the first code cell."""

from __future__ import annotations

import ast
import re

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.finding import TextEdit
from mlops_nb.lint.repairs.statements import at_top, below, has_own_lines, line_runs, whole_lines

# What changes which module an import finds, or what it does as it is imported.
_GROUND = re.compile(r"\b(?:install|add)\b|sys\.path|chdir|environ|%\s*cd\b|%env\b|set_env|use\(")
_Import = ast.Import | ast.ImportFrom


def hoisted(context: Context, code: CodeCell) -> tuple[TextEdit, ...]:
    """Return the edits that move the imports of a cell to below the first cell's imports.

    Parameters
    ----------
    context : Context
        The notebook.
    code : CodeCell
        A cell below the first code cell.

    Returns
    -------
    tuple of TextEdit
        None where a cell in between installs something, changes where modules are looked for, or
        uses a name that the imports bind. An import that is made above already only goes.
    """
    home = context.code[0]
    above = context.code[: context.code.index(code)]
    moving = _imports(code)
    readable = home.tree is not None and home.python.kind == "python" and home is not code
    if not readable or home.python.shifts or code.python.shifts:
        return ()
    if any(_GROUND.search(other.cell.source) for other in [*above, code]):
        return ()
    known = {ast.unparse(statement) for other in above for statement in _imports(other)}
    new = [statement for statement in moving if ast.unparse(statement) not in known]
    if not all(has_own_lines(code, s) for s in moving) or _is_touched(code, above, new):
        return ()
    lines = code.cell.lines
    text = "\n".join(line for s in new for line in lines[s.lineno - 1 : s.end_lineno])
    gone = [whole_lines(code, *run) for run in line_runs(code, moving)]
    return (*([_below_imports(home, text)] if new else []), *gone)


def _imports(code: CodeCell) -> list[_Import]:
    return [s for s in (code.tree.body if code.tree else ()) if isinstance(s, _Import)]


def _is_touched(code: CodeCell, above: list[CodeCell], moving: list[_Import]) -> bool:
    """Tell whether something means another thing by the names that imports bind."""
    bound = {alias.asname or alias.name.partition(".")[0] for s in moving for alias in s.names}
    touched = {"*"}
    for other in above:
        if other.flow is not None:
            touched.update(event.name for event in other.flow.events)
            touched.update(e.name for events in other.flow.later.values() for e in events)
    if code.flow is not None:
        touched.update(code.flow.uses)
        touched.update(e.name for e in code.flow.events if e.kind == "bind" and not e.imported)
    future = any(isinstance(s, ast.ImportFrom) and s.module == "__future__" for s in moving)
    return future or bool(bound & touched)


def _below_imports(home: CodeCell, text: str) -> TextEdit:
    last = next((s for s in reversed(_imports(home)) if has_own_lines(home, s)), None)
    return below(home, last, text) if last is not None else at_top(home, text)

"""``%%mlops run``: a run around a notebook's cell.

The cell is not executed a second time from inside: its first line is replaced by a call that opens
the run, and its last expression is handed through one that closes it. So line numbers, ``await``,
magics, the value displayed, interruption and the traceback are those of any other cell.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from mlops_nb.errors import MlopsError

_HEADER = re.compile(r"%%mlops[ \t]+run(?=\s|$)")
_MODULE = f'__import__("{__name__}", fromlist=["_"])'


def begin(shell: Any, line: str) -> None:
    """Open a run for the cell; `line` is what follows ``%%mlops run``."""
    # Not before the first run: loading the extension is to cost next to nothing.
    from mlops_nb.tracking import cell_run

    cell_run.begin(shell, shell.var_expand(line, depth=1), _latest)


def finish(value: Any = None) -> Any:
    """Close the cell's run and hand its last value on to be displayed."""
    from mlops_nb.tracking import cell_run

    return cell_run.finish(value)


def transform(lines: list[str]) -> list[str]:
    """Replace the ``%%mlops run`` line of a cell by the call that opens its run."""
    match = _HEADER.match(lines[0]) if lines else None
    body = "".join(lines[1:]).lstrip()
    # Another cell magic inside takes the body as text: IPython's own way then runs the two.
    if match is None or not body or body.startswith("%%"):
        return lines
    options = lines[0][match.end() :].strip()
    return [f"{_MODULE}.begin(get_ipython(), {options!r})\n", *lines[1:]]


class FinishAtEnd(ast.NodeTransformer):
    """Hand the last expression of a cell that opens a run through :func:`finish`."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Change the tree of one cell."""
        if not node.body or not _opens_run(node.body[0]):
            return node
        last = node.body[-1]
        call = ast.parse(f"{_MODULE}.finish()", mode="eval").body
        for inner in ast.walk(call):
            ast.copy_location(inner, last)
        if isinstance(call, ast.Call) and isinstance(last, ast.Expr) and len(node.body) > 1:
            call.args.append(last.value)
            last.value = call
        else:
            node.body.append(ast.copy_location(ast.Expr(call), last))
        return ast.fix_missing_locations(node)


def _opens_run(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and ast.unparse(statement.value.func) == ast.unparse(ast.parse(f"{_MODULE}.begin"))
    )


class CellFailedError(MlopsError):
    """The body of a cell magic failed; its traceback has been shown already."""

    def _render_traceback_(self) -> list[str]:
        return []


def run_body(shell: Any, line: str, body: str) -> None:
    """Run a cell whose body is itself a cell magic, or that was given as text."""
    source = "".join(transform([f"%%mlops run {line}\n", *body.splitlines(keepends=True)]))
    if not source.startswith(_MODULE):
        source = f"{_MODULE}.begin(get_ipython(), {line!r})\n" + shell.transform_cell(body)
    result = shell.run_cell(source)
    error = result.error_before_exec or result.error_in_exec
    if error is not None:
        raise CellFailedError(f"the cell failed: {type(error).__name__}: {error}") from error


_latest: str | None = None


def remember_cell(info: Any) -> None:
    """Keep the source of the cell that begins; IPython calls this before each one."""
    global _latest
    _latest = info.raw_cell

"""``%%mlops run``: a run around a notebook's cell.

The cell is not executed a second time from inside: its first line is replaced by a call that opens
the run, and its last expression is handed through one that closes it. So line numbers, ``await``,
magics, the value displayed, interruption and the traceback are those of any other cell.
"""

from __future__ import annotations

import ast
import copy
import re
import sys
from collections.abc import Iterator
from typing import Any

from mlops_nb.errors import MlopsError
from mlops_nb.tracking.celltext import trained
from mlops_nb.tracking.options import asks_for_help

_HEADER = re.compile(r"%%mlops[ \t]+run(?=\s|$)")
_MODULE = f'__import__("{__name__}", fromlist=["_"])'


def begin(shell: Any, line: str) -> None:
    """Open a run for the cell; `line` is what follows ``%%mlops run``."""
    # Not before the first run: loading the extension is to cost next to nothing.
    from mlops_nb.tracking import cell_run

    cell = cell_run.Cell(source=_latest, cell_id=_latest_id, body=_latest_body)
    cell_run.begin(shell, shell.var_expand(line, depth=1), cell)


def mark(names: tuple[str, ...]) -> None:
    """Note that the training of these begins here, and that of those before ends."""
    from mlops_nb.tracking import cell_run

    cell_run.mark(names)


def show_help() -> None:
    """Show what may follow ``%%mlops run``."""
    from mlops_nb.tracking.options import parser

    sys.stdout.write(parser().format_help() + "\nthe cell was not executed\n")


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
    if asks_for_help(options):
        return [f"{_MODULE}.show_help()\n"]
    return [f"{_MODULE}.begin(get_ipython(), {options!r})\n", *lines[1:]]


class FinishAtEnd(ast.NodeTransformer):
    """Hand the last expression of a cell that opens a run through :func:`finish`."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Change the tree of one cell."""
        if not node.body or not _opens_run(node.body[0]):
            return node
        global _latest_body
        _latest_body = copy.deepcopy(node.body[1:])
        last = node.body[-1]
        call = ast.parse(f"{_MODULE}.finish()", mode="eval").body
        for inner in ast.walk(call):
            ast.copy_location(inner, last)
        if isinstance(call, ast.Call) and isinstance(last, ast.Expr) and len(node.body) > 1:
            call.args.append(last.value)
            last.value = call
        else:
            node.body.append(ast.copy_location(ast.Expr(call), last))
        node.body = [*_marked(node.body)]
        return ast.fix_missing_locations(node)


def _marked(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements, with marks around those that train something, to time them."""
    is_training = False
    for statement in body:
        names = trained(statement)
        if names or is_training:
            call = ast.parse(f"{_MODULE}.mark({tuple(sorted(names))!r})").body[0]
            for inner in ast.walk(call):
                ast.copy_location(inner, statement)
            yield call
        is_training = bool(names)
        yield statement


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
_latest_id = ""
_latest_body: list[ast.stmt] = []


def remember_cell(info: Any) -> None:
    """Keep the source and the id of the cell that begins; IPython calls this before each one."""
    global _latest, _latest_id
    _latest = info.raw_cell
    _latest_id = getattr(info, "cell_id", None) or ""

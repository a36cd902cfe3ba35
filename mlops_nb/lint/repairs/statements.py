"""Statements taken out of a cell, and imports put into it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import cast

from mlops_nb.dataflow import nodes_of
from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.finding import TextEdit


def text_of(code: CodeCell, node: ast.AST) -> str:
    """Return the text of a node as the author wrote it."""
    # `ast.get_source_segment` splits the whole cell, character by character, for each node.
    place = cast("ast.expr", node)
    lines = code.lines[place.lineno - 1 : place.end_lineno]
    text = [line.encode("utf-8", "surrogatepass") for line in lines]
    text[-1] = text[-1][: place.end_col_offset]
    return b"\n".join(text)[place.col_offset :].decode("utf-8", "surrogatepass")


def statement_of(code: CodeCell, value: ast.AST) -> ast.stmt | None:
    """Return the statement that consists of nothing but an expression."""
    for block in _blocks(code):
        for statement in block:
            if isinstance(statement, ast.Expr) and statement.value is value:
                return statement
    return None


def statement_on(code: CodeCell, line: int) -> ast.stmt | None:
    """Return the innermost statement that begins on a line, which a magic was replaced by."""
    found = [s for block in _blocks(code) for s in block if s.lineno == line]
    return found[-1] if found else None


def removed(code: CodeCell, statement: ast.stmt) -> tuple[TextEdit, ...]:
    """Return the edit that takes a statement away, together with its line where it has its own.

    Parameters
    ----------
    code : CodeCell
        The cell.
    statement : ast.stmt
        Any statement of it without decorators.

    Returns
    -------
    tuple of TextEdit
        Where the statement is all that its block holds, ``pass`` comes in its place.
    """
    if is_alone_in_block(code, statement):
        return (code.replaced(statement, "pass"),)
    place = code.replaced(statement, "")
    before, after = around(code, place)
    if not before.strip() and not after.strip("; \t").partition("#")[0]:
        return (whole_lines(code, place.line, place.end_line),)
    if before.rstrip().endswith(";"):
        start, end = len(before.rstrip()), place.end_column
    elif not before.strip() and after.lstrip().startswith(";"):
        rest = after.lstrip()[1:].lstrip()
        end = place.end_column + len(after) - len(rest)
        start = place.column
    else:
        return (code.replaced(statement, "pass"),)
    return (
        TextEdit(
            cell=place.cell,
            line=place.line,
            column=start,
            end_line=place.end_line,
            end_column=end,
            text="",
        ),
    )


def has_own_lines(code: CodeCell, statement: ast.stmt) -> bool:
    """Tell whether a statement shares its lines with a comment at the most."""
    before, after = around(code, code.replaced(statement, ""))
    return not before.strip() and not after.strip().partition("#")[0]


def whole_lines(code: CodeCell, first: int, last: int) -> TextEdit:
    """Return the edit that takes lines away; at the ends of a cell, empty ones beside them too."""
    lines = code.cell.lines
    if not any(line.strip() for line in lines[last:]):
        last = len(lines)
        while first > 1 and not lines[first - 2].strip():
            first -= 1
    elif not any(line.strip() for line in lines[: first - 1]):
        while not lines[last].strip():
            last += 1
    return code.without_lines(first, last)


def is_alone_in_block(code: CodeCell, statement: ast.stmt) -> bool:
    """Tell whether a statement is all that an ``if``, a loop or a function holds."""
    return any(
        len(block) == 1 and block[0] is statement
        for block in _blocks(code)
        if code.tree is not None and block is not code.tree.body
    )


def importing(context: Context, code: CodeCell, module: str, line: int) -> tuple[TextEdit, ...]:
    """Return the edit that imports a module at the top of a cell, where it is not imported above.

    Parameters
    ----------
    context : Context
        The notebook.
    code : CodeCell
        The cell that is to use the module.
    module : str
        Name of a module of the top level.
    line : int
        Line of the cell at which the module is used.
    """
    for cell in context.code:
        for statement in cell.tree.body if cell.tree else ():
            if cell is code and statement.lineno >= line:
                break
            if isinstance(statement, ast.Import) and any(
                alias.name == module and not alias.asname for alias in statement.names
            ):
                return ()
        if cell is code:
            break
    return (at_top(code, f"import {module}"),)


def at_top(code: CodeCell, statement: str) -> TextEdit:
    """Return the edit that puts a line before all that a cell does."""
    raw = code.cell.lines
    body = code.tree.body if code.tree else []
    first = next((s for s in body if not _stays_on_top(s, raw[s.lineno - 1])), None)
    if first is None:
        return at_end(code, statement)
    place = code.replaced(first, "")
    line = min([place.line, *(d.lineno for d in getattr(first, "decorator_list", ()))])
    start = raw[line - 1][: place.column - 1]
    return _insertion(code, line, 1, f"{start if '%' not in start else ''}{statement}\n")


def at_end(code: CodeCell, text: str) -> TextEdit:
    """Return the edit that puts lines below all that a cell holds."""
    *above, last = code.cell.lines
    at_line_end = not last and above
    new = text if not last and not above else f"{text}\n" if at_line_end else f"\n{text}"
    return _insertion(code, len(above) + 1, len(last) + 1, new)


def below(code: CodeCell, statement: ast.stmt, text: str) -> TextEdit:
    """Return the edit that puts lines below a statement that has its own lines."""
    line = statement.end_lineno or statement.lineno
    if line >= len(code.cell.lines):
        return at_end(code, text)
    return _insertion(code, line + 1, 1, f"{text}\n")


def _insertion(code: CodeCell, line: int, column: int, text: str) -> TextEdit:
    return TextEdit(
        cell=code.cell.index, line=line, column=column, end_line=line, end_column=column, text=text
    )


def line_runs(code: CodeCell, statements: Sequence[ast.stmt]) -> list[tuple[int, int]]:
    """Return first and last lines of statements; only empty lines between two make them one."""
    lines = code.cell.lines
    found: list[tuple[int, int]] = []
    for statement in statements:
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        if found and not any(line.strip() for line in lines[found[-1][1] : first - 1]):
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def imported_as(context: Context, code: CodeCell, module: str) -> str:
    """Return the name by which a cell can use a module; empty: it is not imported up to there."""
    above = context.code[: context.code.index(code) + 1]
    known = {name for cell in above if cell.flow for name in cell.flow.imports}
    imports = context.imports.items()
    return next((name for name, whole in imports if whole == module and name in known), "")


def around(code: CodeCell, place: TextEdit) -> tuple[str, str]:
    """Return what stands before and behind a place on its lines."""
    lines = code.cell.lines
    return lines[place.line - 1][: place.column - 1], lines[place.end_line - 1][
        place.end_column - 1 :
    ]


def _stays_on_top(statement: ast.stmt, line: str) -> bool:
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return line.startswith("%%") or is_text


def _blocks(code: CodeCell) -> Iterator[list[ast.stmt]]:
    for node in nodes_of(code.tree) if code.tree else ():
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                yield block

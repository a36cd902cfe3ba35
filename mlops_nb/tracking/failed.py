"""A cell that raised: where, and the part of it that ran before."""

from __future__ import annotations

import ast
import textwrap
from typing import Any

from mlops_nb.notebook import to_python


def line_of(error: BaseException, shell: Any) -> int:
    """Return the line of the cell whose statement raised, 0 when nobody can tell."""
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_globals is shell.user_ns and frame.f_code.co_name in {"<module>", "<cell line>"}:
            return trace.tb_lineno
        trace = trace.tb_next
    return 0


def part_that_ran(source: str, failed_line: int | None) -> str:
    """Return a cell that raised as the part of it that ran, so that it raises no more.

    Parameters
    ----------
    source : str
        The cell.
    failed_line : int, optional
        The line, from 1, whose statement raised; None when it did not raise.
    """
    if not failed_line or source.lstrip().startswith("%%"):
        return source
    try:
        body = ast.parse(to_python(source).text).body
    except SyntaxError:
        return source
    spans = [(node, node.lineno, node.end_lineno or node.lineno) for node in body]
    at = next((node for node, first, last in spans if first <= failed_line <= last), None)
    if at is None:
        return source
    lines = source.splitlines(keepends=True)
    kept = "".join(lines[: at.lineno - 1])
    text = "".join(lines[at.lineno - 1 : at.end_lineno])
    spans_lines = any(
        isinstance(n, ast.Constant | ast.JoinedStr) and n.end_lineno != n.lineno
        for n in ast.walk(at)
    )
    if at.col_offset or spans_lines:
        return kept + "# what followed raised and is left out\n"
    tried = textwrap.indent(text.rstrip("\n"), "    ")
    return f"{kept}try:\n{tried}\nexcept Exception:  # raised when it was run\n    pass\n"

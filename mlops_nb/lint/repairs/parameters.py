"""The cell tagged `parameters`: what is written into it, and what has to leave it."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Sequence
from itertools import chain, count
from typing import Any

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.finding import Edit, TextEdit
from mlops_nb.lint.repairs.statements import (
    at_end,
    has_own_lines,
    line_runs,
    removed,
    text_of,
    whole_lines,
)
from mlops_nb.notebook import Notebook

TAG = "parameters"
# What may build a default: values, not work.
_VALUES = frozenset(
    {"date", "datetime", "timedelta", "Timestamp", "Timedelta", "Path", "PurePath", "Decimal"}
)
_NOT_IN_NAMES = re.compile(r"\W+")


def tagged(context: Context) -> list[CodeCell]:
    """Return the cells tagged `parameters`; only the first one counts."""
    return [code for code in context.code if TAG in code.cell.tags]


def is_plain(node: ast.expr) -> bool:
    """Tell whether an expression is a value, and no work."""
    match node:
        case ast.Constant():
            return True
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return all(is_plain(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and is_plain(key) for key in keys) and all(
                is_plain(value) for value in values
            )
        case ast.UnaryOp(operand=operand):
            return is_plain(operand)
        case ast.BinOp(left=left, right=right):
            return is_plain(left) and is_plain(right)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keys):
            values = [*args, *(keyword.value for keyword in keys)]
            return name in _VALUES and all(is_plain(value) for value in values)
    return False


def tagging(context: Context) -> tuple[CodeCell, Edit] | None:
    """Return the first cell of nothing but plain assignments, and the edit that tags it."""
    for code in context.code:
        statements = code.tree.body if code.tree else []
        plain = [s for s in statements if isinstance(s, ast.Assign) and is_plain(s.value)]
        if plain and len(plain) == len(statements) and not code.python.magics:
            return code, _tags(code, [*code.cell.tags, TAG])
    return None


def untagging(code: CodeCell) -> tuple[Edit, ...]:
    """Return the edit after which a cell is no longer tagged `parameters`."""
    return (_tags(code, [tag for tag in code.cell.tags if tag != TAG]),)


def declared(
    context: Context, code: CodeCell, literal: ast.Constant, wanted: str
) -> tuple[Edit | TextEdit, ...]:
    """Return the edits that make a parameter of a literal.

    Parameters
    ----------
    context : Context
        The notebook.
    code : CodeCell
        The cell that holds the literal.
    literal : ast.Constant
        A value, written on one line, not as a part of an f-string.
    wanted : str
        What the parameter is to be called, as far as no other name of the notebook is.

    Returns
    -------
    tuple of Edit or TextEdit
        The parameter is added to the notebook's `parameters` cell, which is made when there is
        none; there are no edits where that cell comes too late. The only assignment of a name
        moves there.
    """
    home, tag = _home(context)
    if home and (not home.tree or home.python.shifts or home.cell.index >= code.cell.index):
        return ()
    assigned = _only_assignment(context, code, literal)
    known = _parameter_of(home, literal) if home else None
    if home and known:
        name, value = known
        # The value stays as it is, said as an edit: no other fix of this pass takes it away.
        return code.replaced(literal, name), home.replaced(value, text_of(home, value))
    if assigned:
        name, use = assigned[0], removed(code, assigned[1])
    else:
        name = _free(context, wanted)
        use = (code.replaced(literal, name),)
    line = f"{name} = {text_of(code, literal)}"
    put = at_end(home, line) if home else _new_cell(context, line)
    return (*use, *tag, put)


def _only_assignment(
    context: Context, code: CodeCell, literal: ast.Constant
) -> tuple[str, ast.stmt] | None:
    """Return the name that has a literal as its only value, and the statement."""
    for statement in code.tree.body if code.tree else ():
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is literal:
                events = (e for c in context.code for e in (c.flow.events if c.flow else ()))
                binds = sum(e.kind in ("bind", "delete") and e.name == name for e in events)
                return (name, statement) if binds == 1 else None
    return None


def _home(context: Context) -> tuple[CodeCell | None, tuple[Edit, ...]]:
    """Return the cell tagged `parameters`, or one that can be, and then the edit that tags it."""
    if found := tagged(context):
        return found[0], ()
    if context.job and (other := tagging(context)):  # what NBP001 does as well
        return other[0], (other[1],)
    return None, ()


def _parameter_of(home: CodeCell, literal: ast.Constant) -> tuple[str, ast.Constant] | None:
    """Return the parameter that has a value already, and where that is written."""
    for statement in home.tree.body if home.tree else ():
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() as written):
                if written.value == literal.value:
                    return name, written
    return None


def _free(context: Context, wanted: str) -> str:
    """Return a name that nothing in the notebook goes by."""
    base = _NOT_IN_NAMES.sub("_", wanted).strip("_").lower() or "value"
    base = base if base.isidentifier() else f"value_{base}"
    numbered = (f"{base}_{number}" for number in count(2))
    return next(name for name in chain([base], numbered) if name not in context.taken)


def _new_cell(context: Context, text: str) -> Edit:
    """Return the edit that puts a parameters cell before the first code cell."""
    first = context.code[0].cell
    made = new_cell(context.notebook, text, tags=[TAG])
    return Edit(pointer=first.pointer, value=made, action="insert")


def new_cell(
    notebook: Notebook, text: str, *, kind: str = "code", tags: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a cell as the notebook's format wants it."""
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {"tags": list(tags)} if tags else {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    cell["source"] = text.splitlines(keepends=True)
    if any(other.id is not None for other in notebook.cells):
        digest = hashlib.sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).hexdigest()
        taken = {other.id for other in notebook.cells}
        cell["id"] = next(digest[i : i + 8] for i in range(56) if digest[i : i + 8] not in taken)
    return cell


def split_off(
    context: Context, code: CodeCell, away: Sequence[ast.stmt]
) -> tuple[Edit | TextEdit, ...]:
    """Return the edits that move statements of a cell to a new one below it.

    Parameters
    ----------
    context : Context
        The notebook.
    code : CodeCell
        The cell tagged `parameters`.
    away : sequence of ast.stmt
        Statements of its top level that do not belong there.

    Returns
    -------
    tuple of Edit or TextEdit
        None where the order of what stays and what goes matters, or lines are shared.
    """
    if code.python.magics or code.python.shifts or context.notebook.raw.get("nbformat") != 4:
        return ()
    if not all(has_own_lines(code, s) and not hasattr(s, "decorator_list") for s in away):
        return ()
    bound = [e.name for e in (code.flow.events if code.flow else ()) if e.kind == "bind"]
    if len(bound) != len(set(bound)):
        return ()
    runs = line_runs(code, away)
    text = "\n".join(line for a, b in runs for line in code.cell.lines[a - 1 : b])
    pointer = code.cell.pointer
    after = (*pointer[:-1], int(pointer[-1]) + 1)
    made = new_cell(context.notebook, text)
    return (
        *(whole_lines(code, first, last) for first, last in runs),
        Edit(pointer=after, value=made, action="insert"),
    )


def _tags(code: CodeCell, tags: list[str]) -> Edit:
    pointer = (*code.cell.pointer, "metadata", "tags")
    known = "tags" in code.cell.metadata
    return Edit(pointer=pointer, value=tags, action="replace" if known else "insert")

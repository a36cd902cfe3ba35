"""Names that a library has removed, replaced by their successors wherever the notebook has them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.finding import TextEdit
from mlops_nb.lint.removed import Removed
from mlops_nb.lint.repairs.statements import has_own_lines, text_of

Use = tuple[CodeCell, ast.AST]


def renamed(
    context: Context, name: str, entry: Removed, uses: Sequence[Use]
) -> tuple[TextEdit, ...]:
    """Return the edits that replace a name everywhere.

    Parameters
    ----------
    context : Context
        The notebook.
    name : str
        The qualified name that is gone.
    entry : Removed
        What takes its place.
    uses : sequence of (CodeCell, node)
        The imports and attributes that use it.

    Returns
    -------
    tuple of TextEdit
        None when there is no successor that is called in the same way, or not for all uses.
    """
    if not entry.same or entry.instead in context.rebound:
        return ()
    edits: dict[TextEdit, None] = {}
    for code, node in uses:
        match node:
            case ast.Attribute():
                edit = _attribute(code, node, name, entry.instead)
            case ast.Import():
                edit = _import(code, node, name, entry.instead)
            case ast.ImportFrom():
                edit = _from(code, node, name, entry.instead)
            case _:
                edit = None
        if edit is None:
            return ()
        edits[edit] = None
    return tuple(edits)


def _attribute(code: CodeCell, node: ast.Attribute, old: str, new: str) -> TextEdit | None:
    """``np.float_`` → ``np.float64``, by whatever name the library goes here."""
    if hasattr(builtins, new):
        return code.replaced(node, new)
    package, _, last = new.rpartition(".")
    if package and package == old.rpartition(".")[0]:
        return code.replaced(node, f"{text_of(code, node.value)}.{last}")
    return None


def _import(code: CodeCell, node: ast.Import, old: str, new: str) -> TextEdit | None:
    """``import cPickle`` → ``import pickle as cPickle``: what uses it stays as it is."""
    for alias in node.names:
        if alias.name == old or alias.name.startswith(f"{old}."):
            whole = new + alias.name.removeprefix(old)
            if alias.asname:
                return code.replaced(alias, f"{whole} as {alias.asname}")
            if "." not in alias.name:
                return code.replaced(alias, f"{whole} as {alias.name}")
            if whole.partition(".")[0] == alias.name.partition(".")[0]:
                return code.replaced(alias, whole)
    return None


def _from(code: CodeCell, node: ast.ImportFrom, old: str, new: str) -> TextEdit | None:
    """Replace the module of a ``from … import``, or the one name of it that is gone."""
    module = node.module or ""
    if module == old or module.startswith(f"{old}."):
        text, written = text_of(code, node), f" {module} "
        if written not in text or ("." not in new and hasattr(builtins, new)):
            return None
        return code.replaced(node, text.replace(written, f" {new}{module.removeprefix(old)} ", 1))
    gone = next((alias for alias in node.names if f"{module}.{alias.name}" == old), None)
    if gone is None:
        return None
    package, _, last = new.rpartition(".")
    bound = gone.asname or gone.name
    renaming = last if last == bound else f"{last} as {bound}"
    if package == module:
        return code.replaced(gone, renaming)
    if package:
        instead = f"from {package} import {renaming}"
    else:
        instead = f"{bound} = {new}" if hasattr(builtins, new) else f"import {renaming}"
    return _beside(code, node, gone, instead)


def _beside(code: CodeCell, node: ast.ImportFrom, gone: ast.alias, instead: str) -> TextEdit | None:
    """Put another import in the place of one name; what else is imported stays beside it."""
    rest = [alias for alias in node.names if alias is not gone]
    if not rest:
        return code.replaced(node, instead)
    if not has_own_lines(code, node) or "#" in text_of(code, node):
        return None
    place = code.replaced(node, "")
    indent = code.cell.lines[place.line - 1][: place.column - 1]
    kept = ast.unparse(ast.ImportFrom(node.module, rest, node.level))
    return code.replaced(node, f"{kept}\n{indent}{instead}")

"""What a notebook's `parameters` cell declares, read from its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from mlops_nb.errors import InputError
from mlops_nb.notebook import Cell, Notebook, python_source, read_notebook

TAG = "parameters"

KINDS = ("int", "float", "bool", "str", "date", "datetime", "list", "dict", "path", "any")
_ANNOTATIONS = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "date": "date",
    "datetime": "datetime",
    "Timestamp": "datetime",
    "list": "list",
    "List": "list",
    "Sequence": "list",
    "dict": "dict",
    "Dict": "dict",
    "Path": "path",
    "PurePath": "path",
}
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter that a notebook declares.

    Parameters
    ----------
    name : str
        The variable's name.
    kind : str
        One of :data:`KINDS`; ``any`` when neither annotation nor default tells.
    default : str
        The default as it is written.
    optional : bool
        Whether None is a value of it.
    callee : str
        What builds the default when it is an object rather than a literal: ``date`` for
        ``date(2013, 4, 1)``, ``pd.Timestamp`` for ``pd.Timestamp("2013-04-01")``.
    """

    name: str
    kind: str
    default: str = ""
    optional: bool = False
    callee: str = ""


def declared(notebook: Path) -> dict[str, Parameter]:
    """Read the parameters of a notebook.

    Parameters
    ----------
    notebook : Path
        The notebook; its cell tagged ``parameters`` holds one assignment per parameter.

    Returns
    -------
    dict of str to Parameter
        In the order of the cell; empty when no cell is tagged.

    Raises
    ------
    InputError
        The notebook cannot be read, is not in Python, or its parameters cell has a syntax error.
    """
    book = read_notebook(notebook)
    _check_language(book)
    cell = parameters_cell(book.cells)
    if cell is None:
        return {}
    try:
        tree = ast.parse(python_source(cell))
    except SyntaxError as error:
        raise InputError(
            f"{notebook}: the parameters cell (cell {cell.index}) has a syntax error "
            f"in line {error.lineno}: {error.msg}",
            "a parameters cell holds plain assignments, one per parameter",
        ) from error
    return {found.name: found for found in _assignments(tree)}


def parameters_cell(cells: Sequence[Cell]) -> Cell | None:
    """Return the first code cell tagged ``parameters``, None when there is none."""
    return next((cell for cell in cells if cell.kind == "code" and TAG in cell.tags), None)


def _check_language(book: Notebook) -> None:
    described = (book.metadata.get("kernelspec") or {}, book.metadata.get("language_info") or {})
    language = described[0].get("language") or described[1].get("name") or "python"
    if str(language).lower() not in {"python", "python3", "ipython"}:
        raise InputError(f"{book.path} is a notebook in {language}", "jobs run notebooks in Python")


def _assignments(tree: ast.Module) -> Iterator[Parameter]:
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield _parameter(node.target.id, node.value, node.annotation)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield _parameter(target.id, node.value, None)


def _parameter(name: str, value: ast.expr | None, annotation: ast.expr | None) -> Parameter:
    default_kind, callee, is_none = _of_value(value)
    kind, optional = (None, False) if annotation is None else _of_annotation(annotation)
    return Parameter(
        name=name,
        kind=kind or default_kind,
        default=ast.unparse(value) if value is not None else "",
        optional=optional or is_none,
        callee=callee,
    )


def _of_annotation(node: ast.expr) -> tuple[str | None, bool]:
    """Return the kind that an annotation names, if we know it, and whether it allows None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _of_annotation(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return None, False
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _of_union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        outer = ast.unparse(node.value).rpartition(".")[2]
        if outer == "Optional":
            return _of_annotation(node.slice)[0], True
        if outer == "Union" and isinstance(node.slice, ast.Tuple):
            return _of_union(node.slice.elts)
        return _ANNOTATIONS.get(outer), False
    if isinstance(node, ast.Constant) and node.value is None:
        return None, True
    return _ANNOTATIONS.get(ast.unparse(node).rpartition(".")[2]), False


def _of_union(nodes: Sequence[ast.expr]) -> tuple[str | None, bool]:
    found = [_of_annotation(node) for node in nodes]
    kinds = {kind for kind, optional in found if not (kind is None and optional)}
    # A union of several types is none of our kinds: any value is let through.
    return (kinds.pop() if len(kinds) == 1 else "any"), any(optional for _, optional in found)


def _of_value(node: ast.expr | None) -> tuple[str, str, bool]:
    """Return kind, callee and whether it is None, of a default."""
    if node is None:
        return "any", "", False
    if isinstance(node, ast.Call):
        return _of_call(node)
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return "any", "", False
    if value is None:
        return "any", "", True
    if isinstance(value, str):
        return _of_text(value), "", False
    if isinstance(value, tuple):
        return "list", "", False
    name = type(value).__name__
    return (name if name in KINDS else "any"), "", False


def _of_call(node: ast.Call) -> tuple[str, str, bool]:
    callee = ast.unparse(node.func)
    for method in (".fromisoformat", ".today", ".now", ".strptime"):
        callee = callee.removesuffix(method)
    kind = _ANNOTATIONS.get(callee.rpartition(".")[2])
    return (kind, callee, False) if kind in {"date", "datetime", "path"} else ("any", "", False)


def _of_text(value: str) -> str:
    try:
        if _ISO_DATE.fullmatch(value):
            date.fromisoformat(value)
            return "date"
        if _ISO_DATETIME.match(value):
            datetime.fromisoformat(value)
            return "datetime"
    except ValueError:
        pass
    return "str"

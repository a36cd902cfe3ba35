"""A credential written into a cell becomes one that the environment holds."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain, count

from mlops_nb.dataflow import nodes_of
from mlops_nb.dataflow.scopes import children_of
from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.finding import TextEdit
from mlops_nb.lint.repairs.statements import importing, removed
from mlops_nb.secrets import SecretMatch

Place = tuple[int, int]
_READ = re.compile(r"\b(?:environ\s*\[|environ\.get\(|getenv\()\s*[\"'](\w+)[\"']")
_NOT_A_LETTER = re.compile(r"[^A-Za-z0-9]+")


def names_in_use(context: Context) -> dict[str, str | None]:
    """Return the variables of the environment that a notebook reads: name → no known value."""
    sources = (code.cell.source for code in context.code)
    return {name: None for source in sources for name in _READ.findall(source)}


def from_environment(
    context: Context,
    code: CodeCell,
    match: SecretMatch,
    start: Place,
    names: dict[str, str | None],
) -> tuple[TextEdit, ...]:
    """Return the edits that put ``os.environ["NAME"]`` in the place of a literal.

    Parameters
    ----------
    context : Context
        The notebook.
    code : CodeCell
        The cell.
    match : SecretMatch
        The credential.
    start : (int, int)
        Line and column where it begins, from 1.
    names : dict of str to str
        Variables that are taken → the credential they stand for; a new one is added.

    Returns
    -------
    tuple of TextEdit
        None where it stands in a command, a comment or a part of an f-string.
    """
    found = _literal(code, start)
    if found is None or "os" in context.rebound:
        return ()
    literal, parent, statement = found
    known = _key_in_environ(context, statement)
    if known is not None:
        return removed(code, statement)  # the environment is where it comes from
    wanted = _variable(_named_by(literal, parent) or match.kind)
    numbered = (f"{wanted}_{number}" for number in count(2))
    value = str(literal.value)
    name = next(n for n in chain([wanted], numbered) if names.setdefault(n, value) == value)
    return (
        code.replaced(literal, f'os.environ["{name}"]'),
        *importing(context, code, "os", statement.lineno),
    )


def _literal(code: CodeCell, start: Place) -> tuple[ast.Constant, ast.AST, ast.stmt] | None:
    """Return the text that begins before a place and ends behind it, what holds it, and where."""
    for parent, node, statement in _below(code):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        place = code.replaced(node, "")
        if not (place.line, place.column) <= start < (place.end_line, place.end_column):
            continue
        if isinstance(parent, ast.JoinedStr | ast.Expr | ast.MatchValue | ast.MatchMapping):
            return None
        return node, parent, statement
    return None


def _below(code: CodeCell) -> Iterator[tuple[ast.AST, ast.AST, ast.stmt]]:
    """Yield every node with its parent and the statement of the top level that it is in."""
    for statement in code.tree.body if code.tree else ():
        for parent in nodes_of(statement):
            for node in children_of(parent):
                yield parent, node, statement


def _named_by(literal: ast.Constant, parent: ast.AST) -> str:
    """Return the variable, keyword or key whose value a literal is, empty when it has none."""
    match parent:
        case ast.keyword(arg=str(name)):
            return name
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return _last_name(target)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if value is literal and isinstance(key, ast.Constant):
                    return str(key.value)
        case ast.Call(args=[*_, ast.Constant(value=str(key)), value]) if value is literal:
            return key if key.isidentifier() else ""  # `settings.set("api_key", "…")`
    return ""


def _last_name(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key
    return ""


def _variable(words: str) -> str:
    name = _NOT_A_LETTER.sub("_", words).strip("_").upper()
    return name if name and not name[0].isdigit() else f"SECRET_{name}".rstrip("_")


def _key_in_environ(context: Context, statement: ast.stmt) -> str | None:
    """Return the key of a statement that puts something into the environment."""
    match statement:
        case ast.Assign(
            targets=[ast.Subscript(value=where, slice=ast.Constant(value=str(key)))],
            value=ast.Constant(),
        ) if context.qualified(where) == "os.environ":
            return key
    return None

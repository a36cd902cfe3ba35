"""NBC: places and secrets that belong to one person or machine."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Code, Example, stream
from mlops_nb.lint.finding import Edit, Finding, TextEdit
from mlops_nb.lint.repairs.credentials import from_environment, names_in_use
from mlops_nb.lint.repairs.parameters import TAG, declared
from mlops_nb.lint.rule import Severity, rule
from mlops_nb.secrets import find_secrets

_ROOTS = r"(?:home|Users)/[\w.-]+|(?:root|content|mnt|media|dbfs|kaggle|Volumes)(?=/\w)"
_UNIX = re.compile(rf"(?:file://)?/(?:{_ROOTS})(?:/|$)")
_WINDOWS = re.compile(r"[A-Z]:(?:\\{1,2}|/)(?:Users|[\w .-]{2,}(?:\\|/))")
# Metadata that tools write, which hold no free text.
_TOOLS = frozenset(
    {
        *("kernelspec", "language_info", "widgets", "toc", "collapsed", "scrolled", "execution"),
        *("id", "tags", "jupyter", "slideshow", "colab_type", "pycharm", "trusted", "hidden"),
    }
)
_SEARCH_PATH = frozenset({"sys.path.append", "sys.path.insert", "sys.path.extend"})
_IN_COMMAND = re.compile(rf"(?<![\w.~:/}}$-])(/(?:{_ROOTS})(?:/[^\s'\"]*)?|[A-Z]:\\[^\s'\"]+)")


@rule(
    "NBC101",
    "absolute-path",
    Severity.WARNING,
    why="""The path exists on one machine. Everywhere else the notebook stops, or reads another
    file of that name.""",
    bad=Example(cells=["data = open('/home/ada/flights.csv').read()\nprint(len(data))"]),
    good=Example(cells=["data = open('data/flights.csv').read()\nprint(len(data))"]),
    fixable=True,
    unsafe=True,
)
def absolute_path(context: Context) -> Iterator[Finding]:
    """Flag a path that belongs to one user or one machine, and is no parameter."""
    bare = {id(node.value) for _, node in context.nodes(ast.Expr)}
    for code, node in context.nodes(ast.Constant):
        value = node.value
        if not isinstance(value, str) or id(node) in bare or "\n" in value:
            continue
        if (_UNIX.match(value) or _WINDOWS.match(value)) and TAG not in code.cell.tags:
            message = f"absolute path {value[:60]!r}: make it relative, or a parameter"
            yield code.finding(node, message, edits=_parameter(context, code, node))
    for code in context.code:
        for magic in code.python.magics:
            found = (
                _IN_COMMAND.search(magic.arguments) if magic.name in ("!", "cd", "run") else None
            )
            if found:
                path = found[1][:60]
                yield code.finding_at(
                    magic, f"absolute path {path!r} in a command: make it relative, or a parameter"
                )


@rule(
    "NBC102",
    "moves-the-ground",
    Severity.WARNING,
    why="""Where the process stands and where it imports from is state that every later cell depends
    on: run twice, or started from another folder, the same path means another file.""",
    bad=Example(cells=["import os\n\nos.chdir('data')", "print(open('flights.csv').read())"]),
    good=Example(cells=["print(open('data/flights.csv').read())"]),
)
def moves_the_ground(context: Context) -> Iterator[Finding]:
    """Flag a change of the working directory or of `sys.path`."""
    for code, call, name in context.calls:
        if name == "os.chdir" or name in _SEARCH_PATH:
            yield code.finding(call, f"{name}(): use paths, or install the package, instead")
    for code in context.code:
        for magic in code.python.magics:
            if magic.name in ("cd", "pushd") and magic.arguments:
                yield code.finding_at(magic, f"%{magic.name} changes the working directory")


@rule(
    "NBC201",
    "secret-in-source",
    Severity.ERROR,
    why="""Everybody who can read the repository, now or in its history, can use the credential.
    Revoke it, then read it from the environment.""",
    bad=Example(cells=["password = 'tk3Xq9Lw7ZpR4vB2'\nprint(len(password))"]),
    good=Example(cells=["import os\n\npassword = os.environ['DB_PASSWORD']\nprint(len(password))"]),
    fixable=True,
    unsafe=True,
)
def secret_in_source(context: Context) -> Iterator[Finding]:
    """Flag a credential written into a cell."""
    if not find_secrets("\n".join(cell.source for cell in context.notebook.cells)):
        return
    names = names_in_use(context)
    parsed = {code.cell.index: code for code in context.code}
    for cell in context.notebook.cells:
        for match in find_secrets(cell.source):
            start, end = _place(cell.source, match.start), _place(cell.source, match.end)
            yield Finding(
                message=f"{match.kind} {match.masked} in the source: revoke it, read it from the "
                "environment",
                cell=cell.index,
                line=start[0],
                column=start[1],
                end_line=end[0],
                end_column=end[1],
                edits=from_environment(context, parsed[cell.index], match, start, names)
                if cell.index in parsed
                else (),
            )


@rule(
    "NBC202",
    "secret-in-output",
    Severity.ERROR,
    why="""An output is committed with the notebook like its source, and nobody reads it in a
    review: a printed environment or a traceback is where tokens leak.""",
    bad=Example(
        cells=[
            Code(
                "print(open('config.ini').read())",
                outputs=[stream("password = 'tk3Xq9Lw7ZpR4vB2'\n")],
            )
        ]
    ),
    good=Example(
        cells=[
            Code("print(len(open('config.ini').read()))", outputs=[stream("120\n")]),
        ]
    ),
    fixable=True,
)
def secret_in_output(context: Context) -> Iterator[Finding]:
    """Flag a credential in a stored output or in the metadata."""
    outputs = context.output_texts
    together = find_secrets("\n".join(text for *_, text in outputs))
    for cell, number, text in outputs if together else ():
        kinds = {match.kind: None for match in find_secrets(text)}
        for kind in kinds:
            yield Finding(
                message=f"{kind} in a stored output: clear the output, revoke the credential",
                cell=cell.index,
                pointer=(*cell.pointer, "outputs", number),
                edits=(Edit(pointer=(*cell.pointer, "outputs"), value=[]),),
            )
    metadata = {k: v for k, v in context.notebook.metadata.items() if k not in _TOOLS}
    for match in find_secrets(json.dumps(metadata, ensure_ascii=False)) if metadata else ():
        yield Finding(message=f"{match.kind} in the metadata", pointer=("metadata",))
    cells = [cell for cell in context.notebook.cells if cell.metadata.keys() - _TOOLS]
    written = [json.dumps(cell.metadata, ensure_ascii=False) for cell in cells]
    for cell, text in zip(cells, written, strict=True) if find_secrets("\n".join(written)) else ():
        for match in find_secrets(text):
            pointer = (*cell.pointer, "metadata")
            message = f"{match.kind} in the metadata of a cell"
            yield Finding(message=message, cell=cell.index, pointer=pointer)


def _parameter(context: Context, code: CodeCell, path: ast.Constant) -> tuple[Edit | TextEdit, ...]:
    """Return the edits that make a parameter of a path; none in an f-string or a pattern."""
    parts = [part for _, text in context.nodes(ast.JoinedStr) for part in text.values]
    parts += [pattern.value for _, pattern in context.nodes(ast.MatchValue)]
    if path.lineno != path.end_lineno or any(part is path for part in parts):
        return ()
    last = re.split(r"[/\\]", str(path.value).rstrip("/\\"))[-1]
    return declared(context, code, path, f"{last.partition('.')[0] or 'file'}_path")


def _place(text: str, offset: int) -> tuple[int, int]:
    # A cell's lines may end in \r\n, \r or \n; the place is counted as the engine counts it.
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1

"""From IPython's syntax to Python's, line by line and without IPython.

Magics, shell lines, help (``x?``) and prompts are replaced in place, so that every line keeps its
number: by ``pass`` when they bind nothing, by an assignment when they bind names, and by a star
import when nobody can tell what they bind.
"""

from __future__ import annotations

import ast
import os.path
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mlops_nb.notebook import magics

OPAQUE_MODULE = "__ipython__"
_STAND_IN = "get_ipython()"

# Sought behind a line end: what begins with a character is found several times as fast as what
# begins with an anchor.
_HINT = re.compile(r"\n[ \t]*(?:[%!?,;/]|>>>|\[?In )|\?[ \t]*(?:\n|\Z)|=[ \t]*[%!]")
_PROMPT = re.compile(r"^(?:(?:>>>|\.\.\.)(?: |$)|In \[\d+\]: ?|[ ]{3,}\.\.\.: ?)")
_ESCAPE = re.compile(r"^(\s*)(%%?|!!?|\?\??|[,;/](?=[^\W\d]))\s*(.*)$")
_ASSIGNMENT = re.compile(r"^(\s*[^\W\d][\w.,\[\]'\" *]*?=\s*)([%!])([^=].*)$")
_HELP = re.compile(r"^\s*(?:[\w.]+\s*=\s*)?%{0,2}[^\W\d][\w.*\[\]'\"()%]*\s*\?{1,2}\s*$")
# What makes a call of a line: `/f a b` is f(a, b), `,f a b` f("a", "b"), `;f a b` f("a b").
_CALLS: Mapping[str, Callable[[str], str]] = {
    "/": lambda arguments: ", ".join(arguments.split()),
    ",": lambda arguments: '"' + '", "'.join(arguments.split()) + '"',
    ";": lambda arguments: f'"{arguments}"',
}
_TOKEN = re.compile(
    r"""#|\"\"\"|'''|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[()\[\]{}]""",
)
_OPTION = r"^(?:\s*-(?:[{0}]\s*\S+|[a-zA-Z]+))*\s+"
_FIRST_WORD = re.compile(r"^\s*([^\W\d]\w*)(?=\s|$)\s*([^\s=(\[.,:].*)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Magic:
    """A magic or shell command.

    Parameters
    ----------
    name : str
        The magic's name, ``!`` for a shell command, ``?`` for help.
    arguments : str
        The rest of its line.
    line, column : int
        Where it begins in the cell, from 1.
    body : str, optional
        The rest of the cell, of a cell magic in another language.
    """

    name: str
    arguments: str
    line: int
    column: int
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonText:
    """A cell as plain Python.

    Parameters
    ----------
    text : str
        The Python, with as many lines as the cell.
    kind : {"python", "foreign", "unknown"}
        ``foreign``: the cell holds another language; ``unknown``: a cell magic that is not known
        here decides what its body means.
    magics : tuple of Magic
        What was replaced.
    shifts : dict of int to int
        Line, from 1 → characters dropped at its beginning.
    """

    text: str
    kind: Literal["python", "foreign", "unknown"] = "python"
    magics: tuple[Magic, ...] = ()
    shifts: dict[int, int] = field(default_factory=dict)


def to_python(source: str) -> PythonText:
    """Replace what IPython adds to Python.

    Parameters
    ----------
    source : str
        The text of a code cell.
    """
    if "\r" in source:
        source = source.replace("\r\n", "\n").replace("\r", "\n")
    plain = not source.startswith((" ", "\t")) and not _HINT.search(f"\n{source}")
    if plain and not _is_automagic(source):
        return PythonText(text=source)
    return _Rewriter(source).run()


def is_python(text: str) -> bool:
    """Tell whether a text parses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_automagic(source: str) -> bool:
    """Tell whether a cell of one line is a magic without its ``%``, as in ``pip install x``.

    A word alone is left as it is: IPython takes it for a magic only where it is no variable.
    """
    text = source.strip()
    found = None if "\n" in text else _FIRST_WORD.match(text)
    if not found or found[1] not in magics.AUTOMAGICS:
        return False
    # Alone on its line a word may be a variable that is shown.
    return found[1] not in magics.OFTEN_VARIABLES if found[2] is None else not is_python(text)


class _Rewriter:
    """Goes through the lines of one cell; a magic can stand only where a statement begins."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines = source.split("\n")
        self.magics: list[Magic] = []
        self.shifts: dict[int, int] = {}
        self.kind: Literal["python", "foreign", "unknown"] = "python"

    def run(self) -> PythonText:
        self._strip_prompts()
        self._strip_indent()
        if _is_automagic(self.source):
            at = next(i for i, line in enumerate(self.lines) if line.strip())
            self._replace(at, "", "%", self.lines[at].strip(), 0)
        else:
            self._lines_from(self._cell_magic(0))
        text = "\n".join(self.lines)
        if self.kind == "unknown" and not is_python(text):
            text = "pass" + "\n" * text.count("\n")
        return PythonText(text=text, kind=self.kind, magics=tuple(self.magics), shifts=self.shifts)

    def _strip_prompts(self) -> None:
        if not any(_PROMPT.match(line) for line in self.lines[:2]):
            return
        for at, line in enumerate(self.lines):
            found = _PROMPT.match(line)
            if found:
                self._drop(at, found.end())

    def _strip_indent(self) -> None:
        """Take away the indentation that all lines have, as `textwrap.dedent` does."""
        filled = [line for line in self.lines if line.strip()]
        indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in filled]
        margin = len(os.path.commonprefix(indents))  # noqa: RUF071 - not paths
        for at, line in enumerate(self.lines if margin else ()):
            self._drop(at, min(margin, len(line)))

    def _drop(self, at: int, count: int) -> None:
        self.lines[at] = self.lines[at][count:]
        self.shifts[at + 1] = self.shifts.get(at + 1, 0) + count

    def _cell_magic(self, start: int) -> int:
        """Replace the cell magics that the cell begins with; return where Python begins."""
        at = next((i for i in range(start, len(self.lines)) if self.lines[i].strip()), None)
        if at is None or not self.lines[at].startswith("%%"):
            return start
        name, _, arguments = self.lines[at][2:].strip().partition(" ")
        body = None if name in magics.PYTHON_CELLS else "\n".join(self.lines[at + 1 :])
        column = self.shifts.get(at + 1, 0) + 1
        self._note(name, arguments, at, column, body)
        self.lines[at] = _binding(name, arguments)
        if body is None:
            return self._cell_magic(at + 1)
        if name in magics.FOREIGN_CELLS:
            self.kind = "foreign"
            self.lines[at + 1 :] = [""] * (len(self.lines) - at - 1)
            return len(self.lines)
        self.kind = "unknown"
        return at + 1

    def _lines_from(self, at: int) -> None:
        delimiter, depth, continued = "", 0, False
        while at < len(self.lines):
            line = self.lines[at]
            fresh = not (delimiter or depth or continued)
            if fresh and (length := self._magic_line(at, line)):
                at += length
                continue
            delimiter, depth, continued = _scan(line, delimiter, depth)
            at += 1

    def _magic_line(self, at: int, line: str) -> int:
        """Replace a magic that begins on this line; return how many lines it takes, 0 for none."""
        escape = _ESCAPE.match(line)
        if escape:
            mark = "%" if escape[2] in ("%", "%%") else escape[2][0]
            length, arguments = self._joined(at, escape[3])
            if mark == "%" and arguments.endswith("?"):
                mark = "?"
            self._replace(at, escape[1], mark, arguments, escape.start(2))
            return length
        assignment = "=" in line and _ASSIGNMENT.match(line)
        if assignment:
            length, arguments = self._joined(at, assignment[3])
            name, _, rest = arguments.partition(" ")
            shell = assignment[2] == "!"
            column = self.shifts.get(at + 1, 0) + assignment.start(2) + 1
            self._note("!" if shell else name, arguments if shell else rest, at, column)
            self.lines[at] = assignment[1] + _STAND_IN
            return length
        if line.rstrip().endswith("?") and _HELP.match(line):
            self._replace(at, line[: len(line) - len(line.lstrip())], "?", line.strip(), 0)
            return 1
        return 0

    def _joined(self, at: int, first: str) -> tuple[int, str]:
        """Join the lines that a backslash continues, and blank them."""
        length, parts = 1, [first]
        while parts[-1].endswith("\\") and at + length < len(self.lines):
            parts[-1] = parts[-1][:-1]
            parts.append(self.lines[at + length])
            self.lines[at + length] = ""
            length += 1
        return length, " ".join(parts).strip()

    def _replace(self, at: int, indent: str, mark: str, text: str, start: int) -> None:
        column = self.shifts.get(at + 1, 0) + start + 1
        if mark in _CALLS:
            name, _, arguments = text.partition(" ")
            self.lines[at] = f"{indent}{name}({_CALLS[mark](arguments)})"
            return
        if mark != "%":
            self._note(mark, text, at, column)
            self.lines[at] = indent + "pass"
            return
        name, _, arguments = text.partition(" ")
        self._note(name, arguments.strip(), at, column)
        if name in magics.PYTHON_LINES:
            option = _OPTION.format(magics.PYTHON_LINES[name])
            code = re.sub(option, "", " " + arguments)
            place = self.lines[at].rfind(code)
            if code and place >= 0 and is_python(code):
                self.lines[at] = indent + code
                self.shifts[at + 1] = self.shifts.get(at + 1, 0) + place - len(indent)
                return
        self.lines[at] = indent + _binding(name, arguments)

    def _note(
        self, name: str, arguments: str, at: int, column: int, body: str | None = None
    ) -> None:
        self.magics.append(
            Magic(name=name, arguments=arguments, line=at + 1, column=column, body=body)
        )


def _binding(name: str, arguments: str) -> str:
    """Return Python that binds, or deletes, what a magic binds or deletes."""
    if name == "xdel" and arguments.split()[-1:] and arguments.split()[-1].isidentifier():
        return f"del {arguments.split()[-1]}"
    names: Sequence[str] = magics.bound_names(name, arguments)
    if names:
        return " = ".join([*names, _STAND_IN])
    return f"from {OPAQUE_MODULE} import *" if magics.is_opaque(name, arguments) else "pass"


def _scan(line: str, delimiter: str, depth: int) -> tuple[str, int, bool]:
    """Follow strings and brackets through a line; return them as the next line finds them."""
    at = 0
    while True:
        if delimiter:
            at = _string_end(line, at, delimiter)
            if at < 0:
                return delimiter, depth, False
            delimiter = ""
        found = _TOKEN.search(line, at)
        if not found or found[0] == "#":
            return "", depth, not found and line.endswith("\\")
        at = found.end()
        if found[0] in ('"""', "'''"):
            delimiter = found[0]
        elif found[0] in "([{":
            depth += 1
        elif found[0] in ")]}":
            depth = max(depth - 1, 0)


def _string_end(line: str, at: int, delimiter: str) -> int:
    while (found := line.find(delimiter, at)) >= 0:
        backslashes = len(line[:found]) - len(line[:found].rstrip("\\"))
        if backslashes % 2 == 0:
            return found + 3
        at = found + 1
    return -1

"""NBO: outputs that are fit to be committed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Code, Example, error, stream
from mlops_nb.lint.finding import Edit, Finding
from mlops_nb.lint.personal import account_numbers, personal_data
from mlops_nb.lint.rule import Severity, rule
from mlops_nb.notebook import Cell

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# The frame of the cell itself, as IPython's versions head it, and the line it points at.
_OWN_FRAME = re.compile(
    r"(?:Cell In ?\[\d+\], line \d+\n|<ipython-input-[^>]*> in <module>|in <cell line: \d+>)"
)
_ARROW = re.compile(r"^-+> *\d+ (.*)$", re.MULTILINE)
_OTHER_FRAME = re.compile(r"^(?:File |/|~/)|\.py in ", re.MULTILINE)


@rule(
    "NBO001",
    "stored-error",
    Severity.ERROR,
    why="""The last run of the notebook failed, and it was committed like that: what stands below
    the error was not made by this version of the notebook.""",
    bad=Example(
        cells=[
            Code(
                "print(open('flights.csv').read())",
                outputs=[error("FileNotFoundError", "flights.csv")],
            )
        ]
    ),
    good=Example(cells=[Code("print(1 + 1)", outputs=[stream("2\n")])]),
    fixable=True,
)
def stored_error(context: Context) -> Iterator[Finding]:
    """Flag an exception among the stored outputs."""
    for cell in context.notebook.code_cells:
        if "raises-exception" in cell.tags:
            continue
        for number, output in enumerate(cell.outputs):
            if output.get("output_type") in ("error", "pyerr"):
                yield Finding(
                    message=f"the stored output is an exception: {output.get('ename', 'error')}",
                    cell=cell.index,
                    pointer=(*cell.pointer, "outputs", number),
                    edits=(_cleared(cell),),
                )


@rule(
    "NBO003",
    "personal-data-in-output",
    Severity.WARNING,
    why="""Outputs travel with the file: to the repository, its mirrors, the report and the mail.
    Personal data among them is a disclosure that cannot be taken back.""",
    bad=Example(
        cells=[
            Code(
                "print(open('customers.csv').readline())",
                outputs=[stream("grace.hopper@navy.mil,1906-12-09\n")],
            )
        ]
    ),
    good=Example(
        cells=[
            Code(
                "print(len(open('customers.csv').readlines()))",
                outputs=[stream("812\n")],
            )
        ]
    ),
    fixable=True,
)
def personal_data_in_output(context: Context) -> Iterator[Finding]:
    """Flag e-mail addresses, phone, card and account numbers, home folders, personal columns."""
    for cell, number, text in context.output_texts:
        for what in personal_data(text):
            yield Finding(
                message=f"{what} in a stored output",
                cell=cell.index,
                pointer=(*cell.pointer, "outputs", number),
                edits=(_cleared(cell),),
            )
    sources = "\n".join(cell.source for cell in context.notebook.cells)
    for cell in context.notebook.cells if any(account_numbers(sources)) else ():
        for what in account_numbers(cell.source):
            yield Finding(message=f"{what} in the text of a cell", cell=cell.index)
    known = {"authors", "kernelspec", "language_info", "widgets"}
    metadata = {k: v for k, v in context.notebook.metadata.items() if k not in known}
    for what in personal_data(json.dumps(metadata)) if metadata else ():
        yield Finding(message=f"{what} in the metadata", pointer=("metadata",))


@rule(
    "NBO002",
    "outputs-committed",
    Severity.WARNING,
    why="""Outputs make every change unreadable in review, grow the repository for ever and carry
    data out of the place where it is protected. What is to be kept belongs into an artefact.""",
    bad=Example(
        cells=[Code("print('0' * 200_000)", outputs=[stream("0" * 200_000 + "\n")])],
    ),
    good=Example(cells=[Code("print(1 + 1)", outputs=[stream("2\n")])]),
    fixable=True,
    opt_in=True,
)
def outputs_committed(context: Context) -> Iterator[Finding]:
    """Flag more stored outputs than `max-output-kb` (100), and the state of widgets."""
    cells = context.notebook.code_cells
    sizes = {cell.index: len(json.dumps(list(cell.outputs))) for cell in cells if cell.outputs}
    total, limit = sum(sizes.values()) // 1000, context.settings.max_output_kb
    if total > limit:
        largest = max(sizes, key=lambda index: sizes[index])
        yield Finding(
            message=f"{total} kB of stored outputs, more than {limit} kB; the most in this cell",
            cell=largest,
            edits=tuple(_cleared(cell) for cell in cells if cell.outputs),
        )
    if context.notebook.metadata.get("widgets"):
        pointer = ("metadata", "widgets")
        yield Finding(
            message="the state of widgets is stored in the metadata",
            pointer=pointer,
            edits=(Edit(pointer=pointer, action="remove"),),
        )


@rule(
    "NBO004",
    "stored-stderr",
    Severity.INFO,
    why="""Progress bars and warnings of one run on one machine: they change with each run, name
    paths of that machine, and hide what the cell was to show.""",
    bad=Example(
        cells=[
            Code(
                "import sys\n\nprint('50 % done', file=sys.stderr)",
                outputs=[stream("50 % done\n", "stderr")],
            )
        ]
    ),
    good=Example(cells=[Code("print(1 + 1)", outputs=[stream("2\n")])]),
    fixable=True,
)
def stored_stderr(context: Context) -> Iterator[Finding]:
    """Flag stored outputs that went to stderr."""
    for cell in context.notebook.code_cells:
        noise = [n for n, output in enumerate(cell.outputs) if output.get("name") == "stderr"]
        if noise:
            yield Finding(
                message="what went to stderr is stored",
                cell=cell.index,
                pointer=(*cell.pointer, "outputs", noise[0]),
                edits=tuple(
                    Edit(pointer=(*cell.pointer, "outputs", n), action="remove") for n in noise
                ),
            )


@rule(
    "NBO005",
    "stale-output",
    Severity.INFO,
    why="""The output on the page was made by another source than the one above it. Who reads the
    notebook believes a result that this code never gave. The file shows it where a traceback quotes
    the source; `%mlops lint` in the live notebook knows what each cell was executed as.""",
    bad=Example(
        cells=[
            Code(
                "print(1 / 2)",
                tags=["raises-exception"],
                outputs=[
                    error("ZeroDivisionError", "division by zero", "----> 1 print(1 / 0)"),
                ],
            )
        ]
    ),
    good=Example(
        cells=[
            Code(
                "print(1 / 0)",
                tags=["raises-exception"],
                outputs=[
                    error("ZeroDivisionError", "division by zero", "----> 1 print(1 / 0)"),
                ],
            )
        ]
    ),
    fixable=True,
)
def stale_output(context: Context) -> Iterator[Finding]:
    """Flag an output that was made by another source than the cell's."""
    for cell in context.notebook.code_cells:
        lines = {line.strip() for line in cell.source.splitlines()}
        for number, output in enumerate(cell.outputs):
            quoted = _quoted_source(output)
            if quoted and quoted not in lines and not quoted.startswith("get_ipython("):
                yield Finding(
                    message=f"the traceback quotes {quoted[:60]!r}, which the cell does not hold",
                    cell=cell.index,
                    pointer=(*cell.pointer, "outputs", number),
                    edits=(_cleared(cell),),
                )


def _quoted_source(output: Mapping[str, Any]) -> str:
    """Return the line of the cell that a stored traceback points at, empty when it shows none."""
    traceback = output.get("traceback")
    if not isinstance(traceback, list):
        return ""
    text = _COLOUR.sub("", "\n".join(line for line in traceback if isinstance(line, str)))
    frame = _OWN_FRAME.search(text)
    arrow = _ARROW.search(text, frame.end()) if frame else None
    if frame and arrow and not _OTHER_FRAME.search(text, frame.end(), arrow.start()):
        return arrow[1].strip()
    return ""


def _cleared(cell: Cell) -> Edit:
    return Edit(pointer=(*cell.pointer, "outputs"), value=[])

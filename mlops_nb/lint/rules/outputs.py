"""NBO: outputs that are fit to be committed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Code, Example, error, stream
from mlops_nb.lint.finding import Edit, Finding
from mlops_nb.lint.outputs import output_texts
from mlops_nb.lint.rule import Severity, rule
from mlops_nb.notebook import Cell

_LOCAL = re.compile(r"(?<![\w.+:/-])[\w.+-]{1,64}$")
_DOMAIN = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}\b(?![:/(])")
_NO_PERSON = re.compile(
    r"(?i)^(?:git|noreply|no-reply|info|support|hello|contact|help|admin|root|user|test)@|"
    r"[@.](?:example|test|localhost|invalid|domain|email)\b|@users\.noreply|\.(?:png|jpg|py|js|whl)$"
)
_HOME = re.compile(r"(?:/home/|/Users/|[A-Z]:\\{1,2}Users\\{1,2})([A-Za-z][\w.-]*)")
_NOBODY = frozenset(
    {
        *("jovyan", "runner", "user", "users", "ubuntu", "root", "docs", "vsts", "circleci"),
        *("travis", "vscode", "codespace", "conda", "feedstock_root", "builder", "build", "shared"),
        *("public", "default", "ec2-user", "vagrant", "sagemaker-user", "app", "me", "username"),
        *("your_user", "yourname", "name", "local", "admin", "studio-lab-user", "azureuser"),
    }
)
_CARD = re.compile(r"(?<![\d.-])(?:4\d{3}|5[1-5]\d{2})([ -])\d{4}\1\d{4}\1\d{4}(?![\d.-])")
_COLUMN = re.compile(
    r"(?i)<th[^>]*>\s*((?:customer_|user_|contact_)?(?:e-?mail(?:_address)?|ssn|phone(?:_?number)?|"
    r"date_of_birth|dob|birth_?date|passport(?:_?n\w+)?|first_?name|last_?name|surname|iban|"
    r"credit_?card(?:_?number)?|social_security(?:_number)?))\s*</th>"
)


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
    """Flag e-mail addresses, card numbers, home folders and personal columns in outputs."""
    for cell in context.notebook.code_cells:
        for number, text in output_texts(cell):
            for what in _personal(text):
                yield Finding(
                    message=f"{what} in a stored output",
                    cell=cell.index,
                    pointer=(*cell.pointer, "outputs", number),
                    edits=(_cleared(cell),),
                )


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
            edits=(Edit(pointer=pointer, value={}),),
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
            kept = [output for n, output in enumerate(cell.outputs) if n not in noise]
            yield Finding(
                message="what went to stderr is stored",
                cell=cell.index,
                pointer=(*cell.pointer, "outputs", noise[0]),
                edits=(Edit(pointer=(*cell.pointer, "outputs"), value=kept),),
            )


def _cleared(cell: Cell) -> Edit:
    return Edit(pointer=(*cell.pointer, "outputs"), value=[])


def _personal(text: str) -> Iterator[str]:
    if "@" in text and any(not _NO_PERSON.search(address) for address in _addresses(text)):
        yield "an e-mail address"
    if "/home/" in text or "Users" in text:
        people = {found[1] for found in _HOME.finditer(text)}
        if any(name.lower() not in _NOBODY for name in people):
            yield "a user's home folder"
    if any(_is_card(found[0]) for found in _CARD.finditer(text)):
        yield "a payment card number"
    if "<th" in text:
        columns = sorted({found[1].lower() for found in _COLUMN.finditer(text)})
        if columns:
            yield f"a table with the personal column {columns[0]!r}"


def _addresses(text: str) -> Iterator[str]:
    """Yield e-mail addresses; searched for from the ``@``, since outputs can be very long."""
    for domain in _DOMAIN.finditer(text):
        local = _LOCAL.search(text[max(domain.start() - 65, 0) : domain.start()])
        if local:
            yield local[0] + domain[0]


def _is_card(text: str) -> bool:
    """Check the last digit by Luhn's formula."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0

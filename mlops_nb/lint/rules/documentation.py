"""NBG: what a notebook is for, and who answers for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Edit, Finding
from mlops_nb.lint.repairs.parameters import new_cell
from mlops_nb.lint.rule import Severity, rule

_HEAD = 3  # cells at the top in which a title and the fields are looked for
_TITLE = re.compile(r"^\s*#\s+\S|<h1\b|^\S.*\n=+\s*$", re.MULTILINE | re.IGNORECASE)
_UNTITLED = re.compile(r"(?i)^untitled\d*$|[ _-]copy\d*$|\(\d+\)$")
_PORTABLE = re.compile(r"[A-Za-z0-9._-]+")
_CARD = re.compile(r"(?i)model[ _-]?card|intended use|limitations|out[ -]of[ -]scope")
# Calls that put a model where others use it; this project's own `register` writes the card itself.
_REGISTERS = frozenset({"register_model", "create_model_version", "create_model_package"})


@rule(
    "NBG001",
    "no-title",
    Severity.INFO,
    why="""The title is what a list of notebooks, a report and a search show. Without one people
    open the file to find out what it is.""",
    bad=Example(cells=["print(1 + 1)"]),
    good=Example(text="# Delays of 2013", cells=["print(1 + 1)"]),
    opt_in=True,
)
def no_title(context: Context) -> Iterator[Finding]:
    """Flag a notebook without a title (`# …`) in its first cells."""
    if context.notebook.cells and not _TITLE.search(_head(context)):
        yield Finding(message="no title in the first cells", cell=0)


@rule(
    "NBG002",
    "no-owner",
    Severity.INFO,
    why="""When a job fails at night somebody has to be asked, and what the notebook is for decides
    whether it may wait until the morning.""",
    bad=Example(text="# Delays of 2013", cells=["print(1 + 1)"]),
    good=Example(
        text="# Delays of 2013\n\n**Purpose.** Count late flights.\n\n**Owner.** Operations",
        cells=["print(1 + 1)"],
    ),
    fixable=True,
    opt_in=True,
)
def no_owner(context: Context) -> Iterator[Finding]:
    """Flag a notebook that does not say what `required-fields` asks for (purpose, owner)."""
    missing = missing_fields(context)
    if missing and context.notebook.cells:
        message = f"the first cells do not say: {', '.join(missing)}"
        yield Finding(message=message, cell=0, edits=(_skeleton(context, missing),))


@rule(
    "NBG003",
    "no-model-card",
    Severity.WARNING,
    why="""Whoever takes the model over has to know what it is for, what it was trained on and
    where it fails. Written after the fact, it is written by nobody.""",
    bad=Example(
        cells=["import mlflow\n\nmlflow.register_model('runs:/5f2c/model', 'late-flights')"]
    ),
    good=Example(
        text="## Model card\n\n**Intended use.** Warn of late departures.",
        cells=["import mlflow\n\nmlflow.register_model('runs:/5f2c/model', 'late-flights')"],
    ),
)
def no_model_card(context: Context) -> Iterator[Finding]:
    """Flag a model that is registered by a notebook without a model card."""
    if not context.words & _REGISTERS and "registered_model_name" not in context.notebook.text:
        return
    texts = "\n".join(cell.source for cell in context.notebook.cells if cell.kind != "code")
    if _CARD.search(texts):
        return
    for code, call, qualified in context.calls:
        if qualified.startswith("mlops_nb."):
            continue
        name = getattr(call.func, "attr", None) or getattr(call.func, "id", None)
        named = any(
            k.arg == "registered_model_name"
            and not (isinstance(k.value, ast.Constant) and k.value.value is None)
            for k in call.keywords
        )
        if named or name in _REGISTERS:
            yield code.finding(call, "a model is registered, and no text cell holds a model card")
            return


@rule(
    "NBG004",
    "file-name",
    Severity.INFO,
    why="""`Untitled3.ipynb` and `train-Copy1.ipynb` tell nobody which one is right, and a name
    with spaces or signs breaks the scripts, the links and the schedulers that carry it.""",
    bad=Example(name="Untitled3.ipynb", cells=["print(1 + 1)"]),
    good=Example(name="late_flights.ipynb", cells=["print(1 + 1)"]),
    opt_in=True,
)
def file_name(context: Context) -> Iterator[Finding]:
    """Flag a file called Untitled or Copy, or by a name that not every system takes."""
    stem = context.notebook.path.stem
    if _UNTITLED.search(stem):
        yield Finding(message=f"{context.notebook.path.name!r} says nothing of its content")
    elif stem and not _PORTABLE.fullmatch(stem):
        odd = "".join(dict.fromkeys(c for c in stem if not _PORTABLE.fullmatch(c)))
        yield Finding(message=f"not portable in a file name: {odd!r}")


def missing_fields(context: Context) -> list[str]:
    """Return what the notebook has to say of itself, by `required-fields`, and does not."""
    table = context.notebook.metadata.get("mlops")
    known = {key.lower() for key in table} if isinstance(table, dict) else set()
    return [
        field
        for field in context.settings.required_fields
        if field.lower() not in known and not _says(_head(context), field)
    ]


def _head(context: Context) -> str:
    return "\n\n".join(c.source for c in context.notebook.cells[:_HEAD] if c.kind != "code")


def _skeleton(context: Context, missing: list[str]) -> Edit:
    """Return the edit that adds a text cell to be filled in, below the title where there is one."""
    first = context.notebook.cells[0]
    lines = [f"**{field.capitalize()}.** (to be filled in)" for field in missing]
    made = new_cell(context.notebook, "\n\n".join(lines), kind="markdown")
    at = int(first.pointer[-1]) + (first.kind != "code")
    return Edit(pointer=(*first.pointer[:-1], at), value=made, action="insert")


def _says(text: str, field: str) -> bool:
    """Tell whether a line begins with a field: ``**Owner.**``, ``owner:``, ``| Owner |``."""
    return bool(re.search(rf"(?im)^[\s#>*|_-]*\b{re.escape(field)}s?\b", text))

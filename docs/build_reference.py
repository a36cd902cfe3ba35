"""Write ``docs/reference/`` from the code; with ``--check``, only say what is out of date."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from itertools import pairwise
from pathlib import Path

import click
import msgspec

from mlops_nb import config
from mlops_nb.cli.main import COMMANDS, mlops
from mlops_nb.errors import ExitCode
from mlops_nb.lint.render import reference
from mlops_nb.lint.rule import rules as every_rule

REFERENCE = Path(__file__).parent / "reference"
GENERATED = "<!-- Written by docs/build_reference.py; `make reference` writes it anew. -->\n"


def command_line() -> str:
    """Return the help page of every command, as a user sees it."""
    lines = [GENERATED, "# The command line\n", _exit_codes()]
    root = click.Context(mlops, info_name="mlops", terminal_width=90)
    lines.append(_page(mlops, root))
    for name in COMMANDS:
        command = mlops.get_command(root, name)
        lines += _pages(command, click.Context(command, root, name, terminal_width=90))
    return "\n".join(lines)


def _exit_codes() -> str:
    meaning = {
        ExitCode.OK: "fine",
        ExitCode.FINDINGS: "findings, drift, a failed check or gate, or a failed notebook",
        ExitCode.USAGE: "usage, configuration or unreadable input",
        ExitCode.INTERNAL: "a fault of ours: please report it",
        ExitCode.ALREADY_RUNNING: "the same due time is already running",
        ExitCode.TIMEOUT: "time limit reached",
        ExitCode.MEMORY: "memory limit reached",
        ExitCode.KERNEL_DIED: "the notebook's kernel died",
        ExitCode.CANCELLED: "cancelled",
    }
    rows = [f"| {code.value} | {meaning[code]} |" for code in ExitCode]
    return "\n".join(["| exit code | meaning |", "|---|---|", *rows, ""])


def _pages(command: click.Command, context: click.Context) -> list[str]:
    pages = [_page(command, context)]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            pages += _pages(child, click.Context(child, context, name, terminal_width=90))
    return pages


def _page(command: click.Command, context: click.Context) -> str:
    return f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"


def configuration() -> str:
    """Return every key of the configuration, with its type, default and docstring."""
    lines = [
        GENERATED,
        "# Configuration\n",
        "In `pyproject.toml` under `[tool.mlops]`, or in `mlops.toml` without that prefix. "
        "Text keys of the top level can be set by the environment as well: "
        "`MLOPS_STATE_URI` stands for `state-uri`. Unknown keys are errors. `MLOPS_HOME` names "
        "another folder than `.mlops` for everything that is written.\n",
    ]
    for name, table in config.tables().items():
        lines += [f"## `[{name}]`\n", "| key | type | default | meaning |", "|---|---|---|---|"]
        documented = _field_docs(table)
        for field in msgspec.structs.fields(table):
            if not (isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)):
                lines.append(_row(field, documented.get(field.name, "a table of its own, below")))
        lines.append("")
    return "\n".join(lines)


def _row(field: msgspec.structs.FieldInfo, text: str) -> str:
    kind = (
        getattr(field.type, "__name__", str(field.type))
        if isinstance(field.type, type) and not getattr(field.type, "__args__", None)
        else str(field.type)
    )
    kind = re.sub(r"mlops_nb\.config\.\w+\.|typing\.", "", kind).replace("|", "or")
    return f"| `{field.encode_name}` | {kind} | {_default(field)} | {text} |"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        return f"`{field.default_factory()!r}`"
    return "required" if field.default is msgspec.NODEFAULT else f"`{field.default!r}`"


def _field_docs(table: type) -> dict[str, str]:
    """Read the strings under the fields; Python keeps no record of them."""
    body = next(
        node for node in ast.parse(inspect.getsource(table)).body if isinstance(node, ast.ClassDef)
    ).body
    docs = {}
    for field, text in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            docs[field.target.id] = " ".join(str(text.value.value).split())
    return docs


def rules() -> str:
    """Return the page of the lint rules."""
    return GENERATED + "\n" + reference(every_rule())


PAGES = {"cli.md": command_line, "configuration.md": configuration, "rules.md": rules}


def main(check: bool) -> int:
    """Write the pages, or name those that differ from the code."""
    stale = []
    for name, build in PAGES.items():
        path, text = REFERENCE / name, build().rstrip("\n") + "\n"
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{'out of date' if check else 'written'}: docs/reference/{name}")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))

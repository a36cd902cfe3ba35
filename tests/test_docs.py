"""The generated reference says what the code says, and every command ends its help by example."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mlops_nb.cli.main import COMMANDS, mlops

ROOT = Path(__file__).parents[1]


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from walk(child, f"{path} {name}")


def every_command() -> list[tuple[str, click.Command]]:
    root = click.Context(mlops)
    found = []
    for name in COMMANDS:
        command = mlops.get_command(root, name)
        assert command is not None
        found += list(walk(command, name))
    return found


def test_the_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "docs/build_reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\nrun: make reference"


@pytest.mark.parametrize(("path", "command"), every_command(), ids=str)
def test_every_command_is_documented(path: str, command: click.Command) -> None:
    assert command.help, path
    assert "Example: mlops" in (command.epilog or ""), path
    assert all(p.help for p in command.params if isinstance(p, click.Option)), path


def test_configuration_keys_are_documented() -> None:
    text = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    assert " |  |" not in text


@pytest.mark.parametrize(
    "page",
    [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))],
    ids=lambda page: page.name,
)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target

"""The generated reference says what the code says, and every command ends its help by example."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mlops_nb.cli.main import COMMANDS, mlops
from mlops_nb.config import load_project
from mlops_nb.notebook import to_python

ROOT = Path(__file__).parents[1]
GUIDES = [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/how-to/*.md"), *ROOT.glob("docs/migrate/*.md")]


def blocks(page: Path, language: str) -> list[str]:
    pattern = rf"^```{language}\n(.*?)^```$"
    text = page.read_text(encoding="utf-8")
    return re.findall(pattern, text, flags=re.M | re.S)


def of_guides(language: str) -> list[tuple[str, str]]:
    return [(page.name, text) for page in sorted(GUIDES) for text in blocks(page, language)]


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


def commands() -> list[tuple[str, str]]:
    lines = [(name, line) for name, text in of_guides("bash") for line in text.splitlines()]
    return [(name, line) for name, line in lines if line.startswith("mlops ")]


@pytest.mark.parametrize(("page", "line"), commands())
def test_commands_of_the_guides_exist(page: str, line: str) -> None:
    words = shlex.split(re.sub(r" > \S+$", "", line), comments=True)[1:]
    command: click.Command = mlops
    context = click.Context(mlops)
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None, line
        command, context = found, click.Context(found, context)
    _, left, order = command.make_parser(context).parse_args(words)
    assert left == []
    assert order or not words


@pytest.mark.parametrize(("page", "text"), of_guides("toml"))
def test_configuration_of_the_guides_is_valid(page: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    load_project(tmp_path)


@pytest.mark.parametrize(("page", "text"), of_guides("python"))
def test_python_of_the_guides_parses(page: str, text: str) -> None:
    ast.parse(to_python(text).text)


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    scripts = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    for language, block in re.findall(r"^```(bash|python)\n(.*?)^```$", text, re.M | re.S):
        shell = ["bash", "-eu", "-c"] if language == "bash" else [sys.executable, "-c"]
        done = subprocess.run(
            [*shell, block], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        if "mlops status" in block:
            assert "tumours: version 1 is live" in done.stdout


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "tutorial.html").is_file()

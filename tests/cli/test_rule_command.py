"""``mlops rule`` as a user types it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from mlops_nb.cli.rule import command
from mlops_nb.errors import NotFoundError
from mlops_nb.lint.rule import rules


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_one_rule_is_explained() -> None:
    text = run("NBL101")
    assert text.startswith("NBL101 fitted-before-split\n")
    assert "Pipeline" in text
    assert run("fitted-before-split") == text


@pytest.mark.parametrize("arguments", [(), ("--all",)])
def test_without_a_code_all_are_listed(arguments: tuple[str, ...]) -> None:
    lines = run(*arguments).splitlines()
    assert len(lines) == len(rules()) + 1


def test_the_reference_is_markdown() -> None:
    text = run("--all", "--format", "markdown")
    assert text.startswith("# Lint rules\n")
    assert text.count("\n## NB") == len(rules())


def test_json_lists_the_rules() -> None:
    document = json.loads(run("--all", "--format", "json"))
    assert document["schema"] == 1
    assert [rule["code"] for rule in document["rules"]] == list(rules())


def test_an_unknown_rule_is_refused_with_a_suggestion() -> None:
    with pytest.raises(NotFoundError) as caught:
        run("NBX0001")
    assert "did you mean" in caught.value.hint


def test_a_rule_and_all_exclude_each_other() -> None:
    assert CliRunner().invoke(command, ["NBX001", "--all"]).exit_code == 2

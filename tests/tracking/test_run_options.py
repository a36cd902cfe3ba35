from __future__ import annotations

import pytest

from mlops_nb.errors import InputError
from mlops_nb.tracking.cell import transform
from mlops_nb.tracking.options import RunOptions, asks_for_help, parse_options


def test_words_are_understood() -> None:
    line = '"my run" --param depth lr --metric auc --param seed --model m --data d --tag a=b c=d=e'
    assert parse_options(line) == RunOptions(
        name="my run",
        params=("depth", "lr", "seed"),
        metrics=("auc",),
        models=("m",),
        data=("d",),
        tags={"a": "b", "c": "d=e"},
    )
    assert parse_options("") == RunOptions()
    assert not parse_options("x --no-auto").auto
    assert parse_options("--param a --metric a b").names == ("a", "b")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--parm x", "unrecognized arguments"),
        ("--param", "expected at least one"),
        ("--param a.b", "not the name of a variable"),
        ("--tag x", "not KEY=VALUE"),
        ("'open", "No closing quotation"),
    ],
)
def test_mistakes_are_named(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_options(line)


def test_help_is_an_option_and_no_part_of_a_name() -> None:
    assert asks_for_help("x --help")
    assert asks_for_help("-h")
    assert not asks_for_help("'a -h b' --param help")


def test_transform_keeps_the_lines_in_place() -> None:
    body = ["x = 1\n", "x\n"]
    first, *rest = transform(["%%mlops run 'it''s' --param x\n", *body])
    assert rest == body
    assert first.count("\n") == 1
    compile(first, "cell", "exec")


@pytest.mark.parametrize(
    "cell",
    [
        ["%%mlops runner\n", "x\n"],
        ["%%mlops run\n", "\n"],
        ["%%mlops run\n", "%%time\n", "x\n"],
        ["x\n"],
        [],
    ],
)
def test_other_cells_are_left_alone(cell: list[str]) -> None:
    assert transform(list(cell)) == cell

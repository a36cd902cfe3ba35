from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.config import load_project
from mlops_nb.config.edit import with_table, write_table
from mlops_nb.errors import ConfigError

TRAIN = {"notebook": "train.ipynb", "parameters": {"depth": 6, "name": 'a "b"\n'}}

COMMENTED = """# The project.
[project]
name = "x"  # kept

[tool.mlops]
owner = "ada"

# Trains every night.
[tool.mlops.jobs.train]
notebook = "train.ipynb"  # the big one
schedule = "0 1 * * *"  # after the load
retries = { times = 2 }

# Scores.
[tool.mlops.jobs.score]
notebook = "score.ipynb"
"""


def test_a_table_is_changed_and_every_other_byte_stays(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(COMMENTED, encoding="utf-8")
    file.chmod(0o640)
    values = {"schedule": "0 6 * * 1", "timezone": "Europe/Berlin", "parameters": {"depth": 8}}
    edited = write_table(load_project(tmp_path), ("jobs", "train"), values)
    assert file.read_text(encoding="utf-8") == COMMENTED.replace(
        '"0 1 * * *"  # after', '"0 6 * * 1"  # after'
    ).replace(
        "times = 2 }\n", 'times = 2 }\ntimezone = "Europe/Berlin"\nparameters = { depth = 8 }\n'
    )
    assert edited == load_project(tmp_path)
    assert edited.config.jobs["train"].retries.times == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_key_is_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(COMMENTED, encoding="utf-8")
    write_table(load_project(tmp_path), ("jobs", "train"), {"schedule": None})
    assert file.read_text(encoding="utf-8") == COMMENTED.replace(
        'schedule = "0 1 * * *"  # after the load\n', ""
    )


def test_a_new_table_is_appended_and_a_project_without_a_file_gets_one(tmp_path: Path) -> None:
    project = write_table(load_project(tmp_path), ("jobs", "train"), TRAIN)
    text = (tmp_path / "mlops.toml").read_text(encoding="utf-8")
    assert text.startswith("[jobs.train]\n")
    assert project.config.jobs["train"].parameters == TRAIN["parameters"]
    write_table(project, ("jobs", "b.c"), {"notebook": "b.ipynb"})
    assert load_project(tmp_path).config.jobs["b.c"].notebook == "b.ipynb"
    assert (tmp_path / "mlops.toml").read_text(encoding="utf-8").startswith(text)


@pytest.mark.parametrize(
    "text",
    [
        'jobs = { train = { notebook = "a.ipynb" } }\n',
        'jobs.train.notebook = "a.ipynb"\n',
        '[jobs]\ntrain = { notebook = "a.ipynb" }\n',
        '[jobs.train]\n"notebook" = """\na.ipynb"""\n[jobs.train.parameters]\ndepth = 3\n',
    ],
)
def test_a_layout_that_cannot_be_edited_safely_is_refused_whole(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mlops.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be edited safely") as caught:
        write_table(load_project(tmp_path), ("jobs", "train"), TRAIN)
    assert 'notebook = "train.ipynb"' in caught.value.hint
    assert file.read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["mlops.toml"]


def test_values_over_several_lines_are_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "mlops.toml"
    before = '[jobs.train]\r\nalerts = [\r\n  "a",  # first\r\n  "b",\r\n]\r\nnotebook = "a"\r\n'
    file.write_bytes(before.encode())
    write_table(load_project(tmp_path), ("jobs", "train"), {"alerts": ["c"]})
    assert file.read_bytes() == b'[jobs.train]\r\nalerts = ["c"]\r\nnotebook = "a"\r\n'


def test_what_would_not_be_valid_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "mlops.toml"
    file.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="unknown key 'schedul'"):
        write_table(load_project(tmp_path), ("jobs", "train"), {**TRAIN, "schedul": "x"})
    assert file.read_text(encoding="utf-8") == ""


_values = st.recursive(
    st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(values=st.dictionaries(st.text(min_size=1), _values, max_size=3), again=_values)
def test_any_value_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any], again: Any
) -> None:
    project = load_project(tmp_path_factory.mktemp("p"))
    table = {"notebook": "a.ipynb", "parameters": values}
    written = write_table(project, ("jobs", "j"), table)
    assert written.source is not None
    held = tomllib.loads(written.source.read_text(encoding="utf-8"))["jobs"]["j"]
    assert held == table
    changed = with_table(written, ("jobs", "j"), {"parameters": {"x": again}})
    assert changed.config.jobs["j"].parameters == {"x": again}

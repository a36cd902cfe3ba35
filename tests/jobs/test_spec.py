from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, InputError, MlopsError, NotFoundError
from mlops_nb.jobs.spec import JobSpec, check_jobs, resolve
from mlops_nb.jobs.values import Text

Resolve = Callable[..., JobSpec]


@pytest.fixture
def resolved(tmp_path: Path, write_notebook: Callable[..., Path]) -> Resolve:
    """Resolve job `train` of a project whose notebook declares a few parameters."""
    write_notebook(
        tmp_path / "notebooks" / "train.ipynb",
        "print(depth)",
        parameters="depth = 3\nstart = '2013-01-01'\nlogical_time: 'date' = None\nrate = 0.1",
    )
    write_notebook(tmp_path / "notebooks" / "plain.ipynb", "print(1)")
    (tmp_path / "mlops.toml").write_text(
        '[jobs.train]\nnotebook = "notebooks/train.ipynb"\nparameters = {depth = 5}\n'
        '[jobs.plain]\nnotebook = "notebooks/plain.ipynb"\n'
        '[jobs.gone]\nnotebook = "notebooks/trian.ipynb"\n',
        encoding="utf-8",
    )
    project = load_project(tmp_path)

    def answer(given: dict[str, object], job: str = "train", **kwargs: Any) -> JobSpec:
        return resolve(project, job, given, **{"handover": {}, "offered": {}, **kwargs})

    return answer


def configured(tmp_path: Path, text: str) -> Project:
    (tmp_path / "mlops.toml").write_text(text, encoding="utf-8")
    return load_project(tmp_path)


def test_values_given_stand_over_handover_over_configuration_over_offers(resolved: Resolve) -> None:
    offered = {
        "depth": 1,
        "logical_time": datetime(2013, 4, 1, 6, tzinfo=UTC),
        "attempt": "not declared",
    }
    assert resolved({}, offered=offered).parameters == {"depth": 5, "logical_time": "2013-04-01"}
    handover = {"depth": 7, "rate": 1, "unknown": 3}
    assert resolved({}, handover=handover).parameters == {"depth": 7, "rate": 1.0}
    given = {"depth": Text("9"), "start": date(2013, 2, 1)}
    spec = resolved(given, handover=handover)
    assert spec.parameters == {"depth": 9, "start": "2013-02-01", "rate": 1.0}
    assert "depth = 9\nstart = '2013-02-01'" in spec.code


@pytest.mark.parametrize(
    ("given", "job", "error", "text"),
    [
        ({"dept": 3}, "train", NotFoundError, "did you mean 'depth'"),
        ({"depth": "3"}, "train", InputError, "wants an integer"),
        ({"depth=3; import os; x": 3}, "train", InputError, "cannot be the name"),
        ({"depth": 3}, "plain", InputError, "declares no parameters"),
        ({}, "tain", NotFoundError, "did you mean 'train'"),
        ({}, "gone", InputError, "did you mean 'notebooks/train.ipynb'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(
    resolved: Resolve, given: dict[str, object], job: str, error: type[MlopsError], text: str
) -> None:
    with pytest.raises(error) as caught:
        resolved(given, job)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[jobs.a]\nnotebook = "n"\nafter = {job = "a"}', "circle: a → a"),
        (
            '[jobs.a]\nnotebook = "n"\nafter = {job = "c"}\n[jobs.b]\nnotebook = "n"\n'
            'after = {job = "a"}\n[jobs.c]\nnotebook = "n"\nafter = {job = "b"}',
            "circle: a → b → c → a",
        ),
        ('[jobs.a]\nnotebook = "n"\nafter = {job = "bb"}\n[jobs.b]\nnotebook = "n"', "unknown job"),
        ('[jobs.a]\nnotebook = "n"\nalerts = ["locla"]', "did you mean 'local'"),
        ('[jobs.a]\nnotebook = "n"\nschedule = "every day"', "five fields"),
        ('[jobs.a]\nnotebook = "n"\nschedule = "61 * * * *"', "Bad minute"),
        ('[jobs.a]\nnotebook = "n"\nschedule = "0 0 * * *"\ntimezone = "Mars"', "time zone"),
        ('[jobs.a]\nnotebook = "n"\ntimeout = 0', "above 0"),
        ('[jobs."../a"]\nnotebook = "n"', "letters, digits"),
        ('[jobs.a]\nnotebook = "n"\nmemory = "a lot"', "memory wants a size"),
        ('[jobs.a]\nnotebook = "n"\noutput = "0 MB"', "output wants a size"),
        ('[jobs.a]\nnotebook = "n"\ncell-timeout = -1', "cell-timeout must not be below 0"),
        ('[jobs.a]\nnotebook = "n"\nretries = {times = -1}', "retries.times must not be below"),
        ('[jobs.a]\nnotebook = "n"\nretries = {jitter = 2}', "retries.jitter must be from 0 to 1"),
        ('[jobs.a]\nnotebook = "n"\ngrace = 60', "grace is counted from a due time"),
        ('[jobs.a]\nnotebook = "n"\nplaybook = "gone.md"', "no playbook gone.md"),
        ('alerts = {escalate = ["locla"]}\n[jobs.a]\nnotebook = "n"', "did you mean 'local'"),
    ],
)
def test_jobs_that_cannot_work_together(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_jobs(configured(tmp_path, text))
    assert message in str(caught.value)


def test_a_chain_that_ends_is_fine(tmp_path: Path) -> None:
    check_jobs(
        configured(
            tmp_path,
            '[jobs.a]\nnotebook = "n"\nschedule = "0 6 * * *"\ntimezone = "Europe/Berlin"\n'
            '[jobs.b]\nnotebook = "n"\nafter = {job = "a", on = "alert"}\nalerts = ["local"]\n',
        )
    )


def bounded(
    tmp_path: Path, write_notebook: Callable[..., Path], cell: str, table: str
) -> Callable[..., JobSpec]:
    write_notebook(tmp_path / "n.ipynb", "print(1)", parameters=cell)
    project = configured(tmp_path, f'[jobs.a]\nnotebook = "n.ipynb"\n{table}')
    return lambda **given: resolve(project, "a", given, handover={}, offered={})


BOUNDS = """
[jobs.a.bounds]
depth = {minimum = 1, maximum = 10}
start = {minimum = 2013-01-01}
kind = {choices = ["tree", "forest"]}
columns = {choices = ["a", "b"]}
"""


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"depth": 0}, "'depth' must be at least 1, got 0"),
        ({"depth": Text("11")}, "'depth' must be at most 10, got 11"),
        ({"start": "2012-12-31"}, "'start' must be at least '2013-01-01'"),
        ({"kind": "forst"}, "did you mean 'forest'"),
        ({"columns": ["a", "c"]}, "must be one of 'a', 'b', got 'c'"),
    ],
)
def test_values_out_of_bounds(
    tmp_path: Path, write_notebook: Callable[..., Path], given: dict[str, object], text: str
) -> None:
    cell = "depth = 3\nstart = '2013-01-01'\nkind = 'tree'\ncolumns = ['a']"
    resolved = bounded(tmp_path, write_notebook, cell, BOUNDS)
    assert resolved(depth=10, start="2013-01-02", kind="forest", columns=["b"]).parameters
    with pytest.raises(InputError) as caught:
        resolved(**given)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "table", "error", "text"),
    [
        ("depth = 30", "bounds = {depth = {maximum = 10}}", InputError, "the notebook's default"),
        ("depth: int = 'x'", "", InputError, "annotated as int, but its default is 'x'"),
        ("depth = 3", "bounds = {dept = {maximum = 1}}", NotFoundError, "did you mean 'depth'"),
        ("depth = 3", "bounds = {depth = {maximum = 'x'}}", ConfigError, "a bound does not fit"),
        ("name = 'x'", "bounds = {name = {maximum = 'y'}}", ConfigError, "no least or greatest"),
    ],
)
def test_defaults_and_bounds_are_held_against_each_other(
    tmp_path: Path,
    write_notebook: Callable[..., Path],
    cell: str,
    table: str,
    error: type[MlopsError],
    text: str,
) -> None:
    with pytest.raises(error) as caught:
        bounded(tmp_path, write_notebook, cell, table)()
    assert text in str(caught.value)


def test_a_secret_is_read_where_it_is_used(
    tmp_path: Path, write_notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "tr0ub4dor&3")
    resolved = bounded(
        tmp_path, write_notebook, "password = ''", 'secrets = {password = "env:DB_PASSWORD"}'
    )
    spec = resolved()
    assert spec.parameters == {"password": "env:DB_PASSWORD"}
    assert spec.secrets == ("DB_PASSWORD",)
    space: dict[str, Any] = {}
    exec(spec.code, space)
    assert space["password"] == "tr0ub4dor&3"
    assert "tr0ub4dor" not in spec.code
    with pytest.raises(InputError, match="is a secret"):
        resolved(password="given")
    monkeypatch.setenv("DB_PASSWORD", "short")
    with pytest.raises(InputError, match="too short"):
        resolved()
    monkeypatch.delenv("DB_PASSWORD")
    with pytest.raises(InputError, match="DB_PASSWORD is not set"):
        resolved()


@pytest.mark.parametrize(
    ("cell", "secret", "error", "text"),
    [
        ("password = 3", "env:X", InputError, "the notebook declares int"),
        ("password = ''", "hunter2hunter2", ConfigError, "wants env:NAME"),
        ("other = ''", "env:X", NotFoundError, "no parameter 'password'"),
    ],
)
def test_a_secret_that_cannot_be_one(
    tmp_path: Path,
    write_notebook: Callable[..., Path],
    cell: str,
    secret: str,
    error: type[MlopsError],
    text: str,
) -> None:
    resolved = bounded(tmp_path, write_notebook, cell, f"secrets = {{password = {secret!r}}}")
    with pytest.raises(error) as caught:
        resolved()
    assert text in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("cell", "taken"), [("seed = None", True), ("seed = 42", False)])
def test_a_seed_fills_a_gap_and_replaces_no_decision(
    tmp_path: Path, write_notebook: Callable[..., Path], cell: str, taken: bool
) -> None:
    write_notebook(tmp_path / "n.ipynb", "print(1)", parameters=cell)
    project = configured(tmp_path, '[jobs.a]\nnotebook = "n.ipynb"')
    spec = resolve(project, "a", {}, handover={}, offered={"seed": 7})
    assert spec.parameters == ({"seed": 7} if taken else {})

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

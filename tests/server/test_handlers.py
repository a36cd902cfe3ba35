from __future__ import annotations

import json
import logging
import math
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from mlops_nb.config import Project
from mlops_nb.store import runs

pytestmark = pytest.mark.slow

Fetch = Callable[..., Awaitable[HTTPResponse]]
START = 1_700_000_000_000  # ms


def add_run(project: Project, name: str, *, uid: str = "a1", started: int = START) -> str:
    run_id = runs.create(project, uid=uid, name=name, started_ms=started, tags={"secret": "s3cret"})
    runs.write(project, run_id, metrics=[("auc", 0.75, started, 0)], params={"depth": "3"}, tags={})
    runs.finish(project, run_id, status="FINISHED", ended_ms=started + 2500)
    return run_id


async def body(answer: Awaitable[HTTPResponse]) -> dict[str, Any]:
    return json.loads((await answer).body)


async def refusal(answer: Awaitable[HTTPResponse]) -> tuple[int, dict[str, Any]]:
    with pytest.raises(HTTPClientError) as caught:
        await answer
    assert caught.value.response is not None
    return caught.value.code, json.loads(caught.value.response.body)


async def test_the_version_is_the_packages(jp_fetch: Fetch) -> None:
    from importlib.metadata import version

    assert await body(jp_fetch("mlops", "version")) == {"schema": 1, "version": version("mlops-nb")}


@pytest.mark.parametrize("noun", ["version", "runs"])
@pytest.mark.parametrize("header", ["", "token wrong"])
async def test_without_the_token_nothing_is_answered(
    jp_fetch: Fetch, noun: str, header: str
) -> None:
    code, _ = await refusal(jp_fetch("mlops", noun, headers={"Authorization": header}))
    assert code == 403


async def test_a_user_without_permission_is_refused(
    jp_serverapp: Any, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(_self: object, _handler: object, _user: object, action: str, resource: str) -> bool:
        asked.append((action, resource))
        return False

    monkeypatch.setattr(type(jp_serverapp.authorizer), "is_authorized", refuse)
    code, _ = await refusal(jp_fetch("mlops", "runs"))
    assert code == 403
    assert asked == [("read", "mlops")]


async def test_no_run_yet(served: Project, jp_fetch: Fetch) -> None:
    answer = await body(jp_fetch("mlops", "runs", params={"path": "churn/notebooks/train.ipynb"}))
    assert answer == {"schema": 1, "project": "churn", "runs": [], "more": False}
    assert not served.home.exists(), "looking must not create anything"


async def test_runs_of_the_project_around_a_notebook(served: Project, jp_fetch: Fetch) -> None:
    old = add_run(served, "old")
    new = add_run(served, "new", uid="b2", started=START + 60_000)
    answer = await body(jp_fetch("mlops", "runs", params={"path": "churn/notebooks/train.ipynb"}))
    assert [run["run_id"] for run in answer["runs"]] == [new, old]
    run = answer["runs"][1]
    assert run["name"] == "old"
    assert run["status"] == "FINISHED"
    assert run["started"] == "2023-11-14T22:13:20+00:00"
    assert run["ended"] == "2023-11-14T22:13:22.500000+00:00"
    assert run["params"] == {"depth": "3"}
    assert run["metrics"] == {"auc": 0.75}
    assert "s3cret" not in json.dumps(answer)


async def test_the_limit_says_that_there_are_more(served: Project, jp_fetch: Fetch) -> None:
    add_run(served, "old")
    add_run(served, "new", uid="b2", started=START + 60_000)
    answer = await body(jp_fetch("mlops", "runs", params={"path": "churn", "limit": "1"}))
    assert [run["name"] for run in answer["runs"]] == ["new"]
    assert answer["more"] is True


async def test_a_name_is_text_and_nothing_else(served: Project, jp_fetch: Fetch) -> None:
    name = "<img src=x onerror=alert(1)>"
    add_run(served, name)
    response = await jp_fetch("mlops", "runs", params={"path": "churn"})
    assert response.headers["Content-Type"].startswith("application/json")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(response.body)["runs"][0]["name"] == name


async def test_figures_that_json_has_no_number_for(served: Project, jp_fetch: Fetch) -> None:
    run_id = add_run(served, "odd")
    runs.write(served, run_id, metrics=[("loss", math.nan, START, 0)])
    answer = await jp_fetch("mlops", "runs", params={"path": "churn"})

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    run = json.loads(answer.body, parse_constant=refuse)["runs"][0]
    assert run["metrics"]["loss"] == "nan"


@pytest.mark.parametrize(
    "path",
    ["../outside", "churn/../../outside", "link/train.ipynb", "/../..", "circle/x", "a" * 5000],
)
async def test_a_path_stays_in_the_root_directory(
    served: Project, jp_root_dir: Path, jp_fetch: Fetch, path: str
) -> None:
    outside = jp_root_dir.parent / "outside"
    outside.mkdir()
    (jp_root_dir / "link").symlink_to(outside)
    (jp_root_dir / "circle").symlink_to(jp_root_dir / "circle")
    code, answer = await refusal(jp_fetch("mlops", "runs", params={"path": path}))
    assert code == 400
    assert "path" in answer["message"]
    assert str(jp_root_dir) not in json.dumps(answer)


async def test_a_folder_that_is_not_there(served: Project, jp_fetch: Fetch) -> None:
    code, answer = await refusal(jp_fetch("mlops", "runs", params={"path": "gone/x/train.ipynb"}))
    assert code == 404
    assert "gone" in answer["message"]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "ten", "1e3", "²", "9" * 5000])
async def test_a_wrong_limit(served: Project, jp_fetch: Fetch, limit: str) -> None:
    code, answer = await refusal(jp_fetch("mlops", "runs", params={"limit": limit}))
    assert code == 400
    assert "from 1 to 1000" in answer["message"]


async def test_a_wrong_configuration_says_where_and_what(served: Project, jp_fetch: Fetch) -> None:
    (served.root / "mlops.toml").write_text('experimnt = "x"\n', encoding="utf-8")
    code, answer = await refusal(jp_fetch("mlops", "runs", params={"path": "churn"}))
    assert code == 400
    assert "experimnt" in answer["message"]
    assert "did you mean 'experiment'" in answer["hint"]


async def test_a_store_out_of_reach(
    served: Project, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    code, answer = await refusal(jp_fetch("mlops", "runs", params={"path": "churn"}))
    assert code == 503
    assert "cannot reach the store" in answer["message"]
    assert answer["hint"]


async def test_our_own_mistakes_go_to_the_log(
    served: Project,
    jp_fetch: Fetch,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("password=hunter2")

    monkeypatch.setattr(runs, "list_runs", fail)
    with caplog.at_level(logging.ERROR):
        code, answer = await refusal(jp_fetch("mlops", "runs"))
    assert code == 500
    assert "hunter2" not in json.dumps(answer)
    assert "hunter2" in caplog.text


async def test_a_missing_part_names_its_extra(
    served: Project, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlops_nb.store.runs", None)
    code, answer = await refusal(jp_fetch("mlops", "runs"))
    assert code == 501
    assert "mlops-nb[notebook]" in answer["hint"]


def test_the_server_starts_without_what_only_an_answer_needs() -> None:
    code = (
        "import sys, mlops_nb.server, mlops_nb.server.handlers;"
        "print(sorted({'mlflow', 'sqlalchemy', 'pandas', 'numpy', 'ibis'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

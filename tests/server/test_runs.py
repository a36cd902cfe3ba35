"""The requests about runs, on a real store."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from mlops_nb.config import Project
from mlops_nb.store import runs

pytestmark = pytest.mark.slow

Fetch = Callable[..., Awaitable[HTTPResponse]]
START = 1_700_000_000_000  # ms
PATH = "churn/notebooks/train.ipynb"


def add_run(project: Project, name: str, number: int = 0, **tags: str) -> str:
    at = START + number * 60_000
    source = {"mlflow.source.name": "notebooks/train.ipynb" if number % 2 == 0 else "other.ipynb"}
    run_id = runs.create(
        project, uid=f"u{number}", name=name, started_ms=at, tags={**source, **tags}
    )
    points = [("loss", 1 / (step + 1 + number), at + step, step) for step in range(3)]
    runs.write(project, run_id, metrics=points, params={"depth": str(number)})
    runs.finish(project, run_id, status="FINISHED", ended_ms=at + 2500)
    return run_id


async def get(jp_fetch: Fetch, noun: str, **params: Any) -> dict[str, Any]:
    return json.loads((await jp_fetch("mlops", *noun.split("/"), params=params)).body)


async def post(jp_fetch: Fetch, noun: str, **body: Any) -> dict[str, Any]:
    sent = json.dumps(body)
    return json.loads((await jp_fetch("mlops", *noun.split("/"), method="POST", body=sent)).body)


async def refusal(answer: Awaitable[Any]) -> tuple[int, dict[str, Any]]:
    with pytest.raises(HTTPClientError) as caught:
        await answer
    assert caught.value.response is not None
    return caught.value.code, json.loads(caught.value.response.body)


async def test_filter_pages_and_the_runs_of_one_notebook(served: Project, jp_fetch: Fetch) -> None:
    for number in range(4):
        add_run(served, f"run {number}", number)
    chosen = await get(jp_fetch, "runs", path=PATH, filter="params.depth > 0 and metrics.loss < 1")
    assert [run["name"] for run in chosen["runs"]] == ["run 3", "run 2", "run 1"]
    page = await get(jp_fetch, "runs", path=PATH, limit=2)
    before = page["runs"][-1]["started"]
    rest = await get(jp_fetch, "runs", path=PATH, limit=5, before=before)
    assert [run["name"] for run in rest["runs"]] == ["run 2", "run 1", "run 0"]
    own = await get(jp_fetch, "runs", path=PATH, notebook=PATH)
    assert [run["name"] for run in own["runs"]] == ["run 2", "run 0"]


async def test_a_mistake_in_a_filter_is_told_at_its_place(served: Project, jp_fetch: Fetch) -> None:
    asked = get(jp_fetch, "runs", path=PATH, filter="metrics.loss <", before="2024-01-01")
    code, answer = await refusal(asked)
    assert code == 400
    assert "at character 15" in answer["message"]
    assert "^" in answer["hint"]
    assert served.root.name not in answer["hint"]


async def test_stars_and_tags_come_and_go_and_credentials_stay_here(
    served: Project, jp_fetch: Fetch
) -> None:
    run_id = add_run(served, "a", token="hunter2-hunter2-9f8a7c", team="blue")
    (listed,) = (await get(jp_fetch, "runs", path=PATH))["runs"]
    assert listed["tags"] == {"token": "***", "team": "blue"}
    tagged = await post(
        jp_fetch,
        "runs/tag",
        path=PATH,
        runs=[run_id],
        tags={"team": None, "ok": "<b>"},
        starred=True,
    )
    assert tagged["runs"][0]["tags"] == {"token": "***", "ok": "<b>"}
    assert tagged["runs"][0]["starred"] is True
    code, answer = await refusal(
        post(jp_fetch, "runs/tag", path=PATH, runs=[run_id], tags={"mlflow.user": "eve"})
    )
    assert (code, "mlflow.user" in answer["message"]) == (400, True)


async def test_runs_are_thrown_away_and_brought_back(served: Project, jp_fetch: Fetch) -> None:
    ids = [add_run(served, name, number) for number, name in enumerate("ab")]
    assert (await post(jp_fetch, "runs/delete", path=PATH, runs=ids))["runs"] == ids
    assert (await get(jp_fetch, "runs", path=PATH))["runs"] == []
    deleted = await get(jp_fetch, "runs/deleted", path=PATH)
    assert [run["name"] for run in deleted["runs"]] == ["b", "a"]
    await post(jp_fetch, "runs/restore", path=PATH, runs=ids[:1])
    assert [r["name"] for r in (await get(jp_fetch, "runs", path=PATH))["runs"]] == ["a"]
    code, _ = await refusal(post(jp_fetch, "runs/delete", path=PATH, runs=["gone"]))
    assert code == 404


async def test_runs_side_by_side_with_their_curves(served: Project, jp_fetch: Fetch) -> None:
    ids = [add_run(served, "same name", number) for number in range(2)]
    answer = await get(jp_fetch, "runs/compare", path=PATH, runs=",".join(ids))
    assert answer["differing_params"] == ["depth"]
    assert [run["params"] for run in answer["runs"]] == [{"depth": "0"}, {"depth": "1"}]
    assert answer["curves"]["loss"][0] == [[0.0, 1.0], [1.0, 0.5], [2.0, 1 / 3]]
    code, refused = await refusal(get(jp_fetch, "runs/compare", path=PATH, runs=ids[0]))
    assert (code, refused["message"]) == (400, "choose two to 5 runs to compare")


async def test_what_goes_on_in_the_background_says_how_it_ended(
    served: Project, jp_fetch: Fetch
) -> None:
    run_id = add_run(served, "without a slice")
    task = await post(jp_fetch, "runs/reproduce", path=PATH, run=run_id)
    assert (task["verb"], task["subject"], task["status"]) == ("reproduce", run_id, "running")
    end = time.monotonic() + 60
    while task["status"] == "running" and time.monotonic() < end:
        time.sleep(0.2)
        (task,) = (await get(jp_fetch, "tasks", path=PATH))["tasks"][:1]
    assert task["exit_code"] == 2
    assert task["answer"] is None
    assert "has no mlops/slice.ipynb" in task["problem"]
    assert "\x1b" not in task["problem"]


@pytest.mark.parametrize(
    ("noun", "body"),
    [
        ("runs/delete", {"path": "../x", "runs": []}),
        ("runs/delete", {"path": "churn"}),
        ("runs/delete", {"path": "churn", "runs": [1]}),
        ("runs/tag", {"path": "churn", "runs": [], "more": 1}),
        ("models/act", {"path": "churn", "verb": "delete", "reference": "a"}),
        ("jobs/run", []),
    ],
)
async def test_a_wrong_body_is_the_requests_fault(
    served: Project, jp_fetch: Fetch, noun: str, body: object
) -> None:
    sent = jp_fetch("mlops", *noun.split("/"), method="POST", body=json.dumps(body))
    code, answer = await refusal(sent)
    assert code == 400
    assert answer["message"]
    assert str(served.root) not in json.dumps(answer)


async def test_a_table_to_register_with_lies_below_the_root(
    served: Project, jp_fetch: Fetch
) -> None:
    body = {"run": add_run(served, "a"), "name": "m", "label": "y", "holdout": "h.csv"}
    asked = post(jp_fetch, "runs/register", path=PATH, reference="../../../etc/passwd", **body)
    code, answer = await refusal(asked)
    assert (code, "below the server's root" in answer["message"]) == (400, True)

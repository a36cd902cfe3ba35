"""The requests about jobs, alerts and models, with a real job and its kernel."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from mlops_nb.config import Project, load_project
from mlops_nb.lint.example import Example
from mlops_nb.result import Result, Status
from mlops_nb.state import alerts
from mlops_nb.state.alerts import Found

pytestmark = pytest.mark.slow

Fetch = Callable[..., Awaitable[HTTPResponse]]
PATH = "churn/notebooks/train.ipynb"
PARAMETERS = 'depth: int = 3\nrate = 0.5\nkind = "a"\nsince: "date | None" = None\nseconds = 0.0'
VERDICT = """
import json, os, pathlib
result = {"name": "business.goal", "subject": "calls", "status": "failed", "value": rate * depth,
          "threshold": 2.0, "window": "w", "message": "too few", "advice": "look", "evidence": {}}
text = json.dumps({"schema": 1, "model": "churn", "window": "w", "status": "failed",
                   "results": [result]})
(pathlib.Path(os.environ["MLOPS_ATTEMPT_FOLDER"]) / "results.json").write_text(text)
import time
time.sleep(seconds)
"""


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


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < end, "it took too long"
        await asyncio.sleep(0.2)
    return found


@pytest.fixture
def trained(served: Project) -> Project:
    """The project with a notebook that has parameters, in no job yet."""
    content = json.loads(Example(cells=("", VERDICT)).to_bytes())
    content["cells"][0] |= {"source": PARAMETERS, "metadata": {"tags": ["parameters"]}}
    (served.root / "notebooks" / "train.ipynb").write_text(json.dumps(content), encoding="utf-8")
    return served


async def test_a_form_is_what_the_cell_and_the_jobs_bounds_say(
    trained: Project, jp_fetch: Fetch
) -> None:
    form = await get(jp_fetch, "jobs/form", path=PATH)
    assert (form["job"], form["jobs"]) == ("train", [])
    assert [(f["name"], f["kind"], f["default"]) for f in form["fields"]] == [
        ("depth", "int", "3"),
        ("rate", "float", "0.5"),
        ("kind", "str", "a"),
        ("since", "date", None),
        ("seconds", "float", "0.0"),
    ]
    assert form["fields"][3]["optional"]
    with (trained.root / "mlops.toml").open("a", encoding="utf-8") as file:
        file.write(
            '[jobs.night]\nnotebook = "notebooks/train.ipynb"\nparameters = { depth = 5 }\n'
            "[jobs.night.bounds]\ndepth = { minimum = 1, maximum = 9 }\n"
            'kind = { choices = ["a", "b"] }\n'
        )
    form = await get(jp_fetch, "jobs/form", path=PATH)
    fields = {field["name"]: field for field in form["fields"]}
    assert (form["job"], form["jobs"]) == ("night", ["night"])
    depth = fields["depth"]
    assert (depth["value"], depth["minimum"], depth["maximum"]) == ("5", "1", "9")
    assert fields["kind"]["choices"] == ["a", "b"]


async def test_a_schedule_is_written_once_it_is_known_to_be_right(
    trained: Project, jp_fetch: Fetch
) -> None:
    file = trained.root / "mlops.toml"
    before = file.read_text(encoding="utf-8")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"schedule": "0 25 * * *"}, "wrong schedule"),
        ({"schedule": "0 6 * * *", "timezone": "Mars"}, "unknown time zone"),
        ({"parameters": {"depth": "deep"}}, "'depth' wants an integer"),
        ({"parameters": {"dept": "1"}}, "no parameter 'dept'"),
        ({"job": "../x"}, "a job's name is"),
    ]
    for values, message in wrong:
        body = {"path": PATH, "job": "train", **values}
        code, answer = await refusal(post(jp_fetch, "jobs/schedule", **body))
        assert code in (400, 404)
        assert message in answer["message"]
        assert file.read_text(encoding="utf-8") == before
    answer = await post(
        jp_fetch, "jobs/schedule", path=PATH, job="train", schedule="0 6 * * 1",
        timezone="Europe/Berlin", parameters={"depth": "8", "since": "2026-01-31"},
    )  # fmt: skip
    assert answer["file"] == "mlops.toml"
    assert answer["next_due"]
    job = load_project(trained.root).config.jobs["train"]
    assert (job.notebook, job.timezone) == ("notebooks/train.ipynb", "Europe/Berlin")
    assert job.parameters == {"depth": 8, "since": "2026-01-31"}
    (line,) = (await get(jp_fetch, "jobs", path=PATH))["jobs"]
    assert (line["notebook"], line["schedule"]) == (PATH, "0 6 * * 1")


async def test_looking_at_jobs_models_and_alerts_creates_nothing(
    trained: Project, jp_fetch: Fetch
) -> None:
    assert (await get(jp_fetch, "jobs", path=PATH))["attempts"] == []
    assert (await get(jp_fetch, "models", path=PATH))["models"] == []
    assert (await get(jp_fetch, "alerts", path=PATH))["alerts"] == []
    assert not trained.home.exists()


async def test_a_job_runs_is_watched_cancelled_and_retried(
    trained: Project, jp_fetch: Fetch
) -> None:
    code, answer = await refusal(
        post(jp_fetch, "jobs/run", path=PATH, job="train", parameters={"rate": "fast"})
    )
    assert (code, "'rate' wants a number" in answer["message"]) == (400, True)

    task = await post(
        jp_fetch, "jobs/run", path=PATH, job="train", parameters={"seconds": "600", "depth": "7"}
    )
    assert (task["verb"], task["subject"]) == ("job", "train")

    async def running() -> Any:
        rows = (await get(jp_fetch, "jobs", path=PATH))["attempts"]
        return rows and (rows[0]["progress"] or {}).get("cell", 0) >= 3 and rows[0]

    row = await until(running)
    assert (row["status"], row["progress"]["cells"]) == ("running", 3)
    assert row["progress"]["seconds"] > 0
    assert row["progress"]["peak"] > 10_000_000
    await post(jp_fetch, "jobs/cancel", path=PATH, attempt=row["attempt"])

    async def ended() -> Any:
        rows = (await get(jp_fetch, "jobs", path=PATH))["attempts"]
        return rows[0]["ended"] and rows[0]

    row = await until(ended)
    assert (row["status"], row["message"]) == ("cancelled", "cancelled on request")
    folder = next(trained.home.glob("jobs/train/*/*"))
    assert not [path.name for path in folder.iterdir() if path.name in ("cancel", "progress.json")]
    code, answer = await refusal(post(jp_fetch, "jobs/cancel", path=PATH, attempt=row["attempt"]))
    assert (code, "ended already" in answer["message"]) == (400, True)

    output = await get(jp_fetch, "jobs/output", path=PATH, attempt=row["attempt"])
    assert output["content"]["cells"]
    record = await get(jp_fetch, "jobs/attempt", path=PATH, attempt=row["attempt"])
    assert record["record"]["parameters"] == {"seconds": 600.0, "depth": 7}
    assert (trained.root / "mlops.toml").read_text(encoding="utf-8").count("[jobs.train]") == 1

    notebook = trained.root / "notebooks" / "train.ipynb"
    text = notebook.read_text(encoding="utf-8").replace("time.sleep(seconds)", "print(depth)")
    notebook.write_text(text, encoding="utf-8")
    await post(jp_fetch, "jobs/retry", path=PATH, attempt=row["attempt"])

    async def retried() -> Any:
        rows = (await get(jp_fetch, "jobs", path=PATH))["attempts"]
        return len(rows) == 2 and rows[0]["ended"] and rows[0]

    again = await until(retried)
    assert (again["status"], again["report"]) == ("findings", True)
    assert again["logical_time"] == row["logical_time"]
    page = await jp_fetch(
        "mlops", "jobs", "report", params={"path": PATH, "attempt": again["attempt"]}
    )
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"].startswith("sandbox allow-scripts;")

    (model,) = (await get(jp_fetch, "models", path=PATH))["models"]
    health = model["health"]
    assert (model["name"], health["status"]) == ("churn", "failed")
    assert health["dimensions"]["business"] == {"status": "failed", "counts": {"failed": 1}}
    assert health["dimensions"]["drift"] == {"status": "not_applicable", "counts": {}}
    assert [(f["value"], f["goal"]) for f in health["business"]["calls"]] == [(3.5, 2.0)]
    assert health["report"] is True


async def test_an_attempt_whose_folder_is_elsewhere_is_not_shown(
    trained: Project, jp_fetch: Fetch, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    from mlops_nb.state import attempts

    (tmp_path / "report.html").write_text("secret", encoding="utf-8")
    attempts.begin(
        trained, "a1", job="train", logical_time=datetime.now(UTC), origin="demand", parent=None,
        folder=str(tmp_path),
    )  # fmt: skip
    attempts.end(trained, "a1", status="succeeded")
    code, answer = await refusal(get(jp_fetch, "jobs/report", path=PATH, attempt="a1"))
    assert (code, "outside" in answer["message"]) == (400, True)


async def test_an_alert_is_acknowledged(trained: Project, jp_fetch: Fetch) -> None:
    from datetime import UTC, datetime

    found = Found(model="churn", job="monitor", attempt="", folder="", due=datetime.now(UTC))
    finding = Result(
        name="drift.column", subject="<img onerror>", status=Status.FAILED, message="moved"
    )
    alerts.record(trained, found, [finding])
    (alert,) = (await get(jp_fetch, "alerts", path=PATH))["alerts"]
    assert (alert["finding"], alert["status"]) == ("drift.column/<img onerror>", "open")
    answer = await post(
        jp_fetch, "alerts/acknowledge", path=PATH, id=alert["id"], note="data team told"
    )
    assert (answer["alert"]["status"], answer["alert"]["note"]) == (
        "acknowledged",
        "data team told",
    )
    code, _ = await refusal(post(jp_fetch, "alerts/acknowledge", path=PATH, id=99))
    assert code == 404

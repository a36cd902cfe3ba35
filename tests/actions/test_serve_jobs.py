"""`mlops job serve`: real processes, real ticks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import load_project
from mlops_nb.jobs.health import health_server
from mlops_nb.jobs.processes import members
from mlops_nb.state.attempts import list_attempts

AddJob = Callable[..., Path]


def ask(url: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        body = error.read()
        return error.code, json.loads(body) if body.startswith(b"{") else {}


def test_the_health_page_says_whether_ticks_come() -> None:
    well = True
    with health_server("127.0.0.1", 0, lambda: (well, {"running": []})) as port:
        url = f"http://127.0.0.1:{port}"
        assert ask(f"{url}/healthz") == (200, {"status": "ok", "running": []})
        well = False
        assert ask(f"{url}/healthz?x=1") == (503, {"status": "late", "running": []})
        assert ask(f"{url}/other")[0] == 404


@pytest.mark.slow
def test_two_servers_run_each_due_time_once_and_end_in_order(
    add_job: AddJob, tmp_path: Path
) -> None:
    add_job(
        "minutely",
        "open('count', 'a').write(f'{logical_time} ')",
        parameters="logical_time = None",
        table='schedule = "* * * * *"',
    )
    add_job(
        "long",
        "open('up', 'w').close()\nimport time\ntime.sleep(300)",
        table='schedule = "0 0 1 1 *"',
    )
    command = [
        str(Path(sys.executable).parent / "mlops"),
        "job", "serve", "--every", "0.5", "--port", "0", "--workers", "2", "--format", "json",
    ]  # fmt: skip
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
        for _ in range(2)
    ]
    urls = []
    for server in both:
        assert server.stdout is not None
        urls.append(json.loads(server.stdout.readline())["url"])
    deadline = time.monotonic() + 60
    while not all((tmp_path / "notebooks" / name).exists() for name in ("up", "count")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # The long job runs, and the ticks still come.
    answers = [ask(url) for url in urls]
    assert [code for code, _ in answers] == [200, 200]
    assert sum("long" in body["running"] for _, body in answers) >= 1
    for server in both:
        server.send_signal(signal.SIGTERM)
    out = [server.communicate(timeout=60)[0] for server in both]
    assert [server.returncode for server in both] == [0, 0], out
    rows = list_attempts(load_project())
    count = (tmp_path / "notebooks" / "count").read_text(encoding="utf-8").split()
    assert len(count) == len(set(count))
    (long,) = [row for row in rows if row.job == "long"]
    assert long.status == "cancelled"
    assert members(long.attempt) == []
    assert (tmp_path / long.folder / "report.html").is_file()
    events = [json.loads(line) for text in out for line in text.splitlines()]
    assert ("long", "cancelled") in [(event.get("job"), event.get("status")) for event in events]

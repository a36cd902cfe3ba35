"""What the widgets cost: a point logged beside a live chart, and a list of 10,000 runs.

The list is opened in Chromium beside what a notebook shows otherwise, pandas' HTML of the same
table. To repeat: ``python tests/benchmarks/widgets.py``.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

from mlops_nb.store.runs import RunRecord
from mlops_nb.tracking.table import RunTable
from mlops_nb.widgets import runs
from mlops_nb.widgets.view import source, static

ROUNDS = 5
RUNS = 10_000
POINTS = 20_000
LOGGED = f"""
import statistics, time
with mlops.run("bench"):
    {{live}}
    took = []
    for step in range({POINTS}):
        begun = time.perf_counter_ns()
        mlops.log_metric("loss", 0.5)
        took.append(time.perf_counter_ns() - begun)
        if step % 200 == 0:
            time.sleep(0.005)
cuts = statistics.quantiles(took, n=100)
print(cuts[49] / 1000, cuts[94] / 1000)
"""
PAGE = """<!doctype html><meta charset="utf-8"><style>{css}</style><div id="place"></div>
<script id="data" type="application/json">{data}</script>
<script type="module">
{code}
window.open_ours = () => {{
  const data = JSON.parse(document.getElementById("data").textContent);
  const model = {{ get: name => (name === "kind" ? "runs" : data), on() {{}}, off() {{}} }};
  render({{ model, el: document.getElementById("place") }});
}};
</script>"""
OPEN = """async html => {
  const place = document.getElementById('place');
  place.replaceChildren();
  const begun = performance.now();
  if (html) place.innerHTML = html; else window.open_ours();
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - begun;
}"""
SCROLL = """async () => {
  const scroller = document.querySelector('.mlops-scroller');
  const times = [];
  for (let i = 0; i < 120; i++) {
    scroller.scrollTop += 997;
    times.push(await new Promise(requestAnimationFrame));
  }
  return (times.at(-1) - times[0]) / (times.length - 1);
}"""
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]


def logged() -> None:
    """Print the time of one call of ``log_metric``, with and without a chart."""
    with tempfile.TemporaryDirectory() as folder:
        manager, client = start_new_kernel(kernel_name="python3", cwd=folder)
        try:
            _ask(client, "%load_ext mlops_nb\nimport mlops_nb as mlops")
            found: dict[str, list[list[float]]] = {"pass": [], "mlops.live()": []}
            for _ in range(ROUNDS):
                for live, rounds in found.items():
                    rounds.append(
                        [float(x) for x in _ask(client, LOGGED.format(live=live)).split()]
                    )
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    for live, rounds in found.items():
        p50, p95 = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"log_metric, {live:<13} p50 {p50:.2f} µs  p95 {p95:.2f} µs")


def _ask(client: Any, code: str) -> str:
    content = {
        "code": code, "silent": False, "store_history": True,
        "user_expressions": {}, "allow_stdin": False, "stop_on_error": True,
    }  # fmt: skip
    message = client.session.msg("execute_request", content, metadata={"cellId": "bench"})
    client.shell_channel.send(message)
    text = ""
    while True:
        got = client.get_iopub_msg(timeout=120)
        if got["msg_type"] == "stream":
            text += got["content"]["text"]
        if got["msg_type"] == "error":
            raise RuntimeError("\n".join(got["content"]["traceback"]))
        mine = got["parent_header"].get("msg_id") == message["header"]["msg_id"]
        if mine and got["content"].get("execution_state") == "idle":
            return text


def opened() -> None:
    """Print how long a list of 10,000 runs takes to open, and a frame while it is scrolled."""
    from playwright.sync_api import sync_playwright

    table = RunTable([_record(i) for i in range(RUNS)])
    begun = time.perf_counter()
    data = runs.data(table)
    print(f"data of {RUNS:,} runs in Python: {time.perf_counter() - begun:.2f} s")
    text = json.dumps(data).replace("<", "\\u003c")
    page_text = PAGE.format(css=static("view.css"), data=text, code=source())
    html = table.to_frame().to_html(index=False, max_rows=None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        file.write_text(page_text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        page.goto(file.as_uri())
        pairs = [(page.evaluate(OPEN, ""), page.evaluate(OPEN, html)) for _ in range(ROUNDS)]
        page.evaluate(OPEN, "")
        frame = page.evaluate(SCROLL)
        browser.close()
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / two for one, two in pairs)
    print(f"opened in {ours:.0f} ms, pandas' HTML in {theirs:.0f} ms, ratio {ratio:.3f}")
    print(f"a frame while scrolling: {frame:.1f} ms, {1000 / frame:.0f} frames/s")
    print(f"{len(text) / 1e6:.1f} MB of data; load average {os.getloadavg()[0]:.1f}")


def _record(i: int) -> RunRecord:
    started = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=i)
    return RunRecord(
        run_id=f"{i:032x}", uid=f"{i:020x}", name=f"try {i}", status="FINISHED", started=started,
        ended=started + timedelta(seconds=i % 90),
        params={"depth": str(i % 10), "lr": f"{1 / (i + 1):.5f}", "kind": f"k{i % 3}"},
        metrics={"auc": (i * 7919 % 1000) / 1000, "loss": 1 / (i + 1)},
    )  # fmt: skip


if __name__ == "__main__":
    logged()
    opened()

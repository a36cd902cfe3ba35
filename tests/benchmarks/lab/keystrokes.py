"""What the readiness checks add to a keystroke in a notebook of 200 cells, and the bundle's size.

Not a test: ``python tests/benchmarks/lab/keystrokes.py`` prints the table of docs/benchmarks.md.
The peer is the same JupyterLab on the same page with the checks switched off, in turns. A keystroke
lasts from the key's event until the editor has taken the text in and the page is free again;
drawing, which no extension has in its hands, is left out. The last column is the processor's time
of the page's main thread per key, answers, marks and drawing included. Every tenth key is followed
by a pause that is long enough for a request, so that answers arrive while typing goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).parents[3]
BUNDLE = ROOT / "mlops_nb" / "labextension"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
CELLS = 200
KEYS, PAUSE_EVERY = 60, 10
TEXT = "value = rows + 1  # counted here and there, once more   \n"

LISTEN = """() => {
  window.keys = [];
  const channel = new MessageChannel();
  let started = 0;
  channel.port1.onmessage = () => window.keys.push(performance.now() - started);
  window.addEventListener('keydown', () => { started = performance.now(); }, true);
  window.addEventListener('input', () => channel.port2.postMessage(null), true);
}"""
OPEN = """async path => {
  const {commands} = window.jupyterapp;
  const kernel = {shouldStart: false};
  const widget = await commands.execute('docmanager:open', {path, kernel});
  await widget.context.ready;
}"""
FOCUS = """at => {
  const {content} = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = at;
  content.mode = 'edit';
  content.activeCell.editor.focus();
}"""
TOGGLE = "() => window.jupyterapp.commands.execute('mlops:toggle-readiness')"


def main() -> None:
    """Print the medians of both ways, and the size of what a page loads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "work"
        folder.mkdir()
        (folder / "mlops.toml").write_text("", encoding="utf-8")
        (folder / "long.ipynb").write_text(json.dumps(notebook()), encoding="utf-8")
        with server(folder, Path(made)) as url, page_at(url) as page:
            ways = typed(page, rounds)
    print("| checks | median ms a key | 95th percentile | processor ms a key, all of the page |")
    print("|---|---|---|---|")
    for name, found in ways.items():
        keys = [key for one, _ in found for key in one]
        busy = median(seconds for _, seconds in found) / KEYS * 1000
        print(f"| {name} | {median(keys):.2f} | {quantiles(keys, n=20)[-1]:.2f} | {busy:.2f} |")
    added = [median(a) - median(b) for (a, _), (b, _) in zip(ways["on"], ways["off"], strict=True)]
    print(f"\nadded at the median, round by round: {', '.join(f'{x:.2f}' for x in added)} ms")
    size = sum(file.stat().st_size for file in BUNDLE.rglob("*") if file.is_file())
    print(f"the bundle, all files: {size / 1000:.0f} kB")


def notebook() -> dict[str, Any]:
    """Return a notebook whose cells read what the cells above them bind, with findings in it."""
    sources = ["rows = 1"]
    for number in range(1, CELLS):
        found = f"\nprint(gone_{number})" if number % 20 == 0 else ""
        sources.append(f"def step_{number}(x):\n    return x + {number}\n\nrows = rows + 1{found}")
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}


def typed(page: Any, rounds: int) -> dict[str, list[tuple[list[float], float]]]:
    """Type the same text with the checks on and off, in turns."""
    page.evaluate(OPEN, "long.ipynb")
    page.locator(".mlops-Badge").wait_for()
    page.evaluate(LISTEN)
    watch = page.context.new_cdp_session(page)
    watch.send("Performance.enable", {"timeDomain": "threadTicks"})
    found: dict[str, list[tuple[list[float], float]]] = {"on": [], "off": []}
    for number in range(2 * rounds + 2):
        way = "off" if number % 2 else "on"
        before = busy_seconds(watch)
        keys = keystrokes(page, CELLS // 2)
        if number > 1:  # the first of each warms up
            found[way].append((keys, busy_seconds(watch) - before))
        page.evaluate(TOGGLE)
        page.wait_for_timeout(1500)
    return found


def busy_seconds(watch: Any) -> float:
    """Return the processor's time that the page's main thread has taken so far."""
    metrics = watch.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


def keystrokes(page: Any, cell: int) -> list[float]:
    """Type into a cell; milliseconds of each key."""
    page.evaluate(FOCUS, cell)
    page.keyboard.press("Control+End")
    page.evaluate("() => { window.keys.length = 0; }")
    for number in range(KEYS):
        page.keyboard.press(TEXT[number % len(TEXT)].replace("\n", "Enter").replace(" ", "Space"))
        page.wait_for_timeout(700 if number % PAUSE_EVERY == PAUSE_EVERY - 1 else 40)
    return list(page.evaluate("() => window.keys"))


@contextmanager
def server(folder: Path, home: Path) -> Iterator[str]:
    """Run JupyterLab on a folder; its URL."""
    labextensions = home / "data" / "labextensions"
    labextensions.mkdir(parents=True)
    (labextensions / "mlops-nb").symlink_to(BUNDLE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")},
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_PREFER_ENV_PATH": "0",
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=",
        "--ServerApp.ip=127.0.0.1", "--ServerApp.jpserver_extensions=mlops_nb=True",
        "--LabApp.expose_app_in_browser=True", f"--LabApp.user_settings_dir={home / 'settings'}",
        f"--LabApp.workspaces_dir={home / 'workspaces'}",
    ]  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/lab"
    try:
        wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(url: str) -> None:
    """Return once the server answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(600):
        try:
            opener.open(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("JupyterLab is not up")


@contextmanager
def page_at(url: str) -> Iterator[Any]:
    """Open JupyterLab in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as api:
        browser = api.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{url}?reset")
        page.wait_for_function("() => window.jupyterapp !== undefined")
        page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        yield page
        browser.close()


if __name__ == "__main__":
    main()

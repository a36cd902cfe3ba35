"""A real JupyterLab and a real browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "mlops_nb" / "labextension"
SOURCES = [ROOT / "extension" / name for name in ("src", "style", "schema", "package.json")]
READY_SECONDS = 60
# What a page's path begins with → the program that serves it.
MODULES = {"lab": "jupyterlab", "tree": "notebook"}
# Another environment's JupyterLab or Notebook may be driven; our package is installed there, too.
PYTHON = os.environ.get("LAB_PYTHON", sys.executable)
FOREIGN = ("JUPYTER", "MLFLOW_", "MLOPS_")
SETTINGS = {
    # No question about news over the page.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}

Lab = Callable[..., str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a browser's test that waited in vain a second try: a busy machine is no defect."""
    for item in items:
        if item.get_closest_marker("ui"):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun="TimeoutError"))


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The front end as built from these sources."""
    built = BUNDLE / "package.json"
    if not built.is_file():
        pytest.skip("the front end is not built: CONTRIBUTING.md says how")
    files = [f for source in SOURCES for f in [source, *source.rglob("*")] if f.is_file()]
    newer = [f.name for f in files if f.stat().st_mtime > built.stat().st_mtime]
    assert not newer, f"the front end is older than its sources: build it anew ({newer})"
    return BUNDLE


@pytest.fixture(scope="session")
def lab(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return the URL of a JupyterLab on a folder; one server each, the first time it is asked."""
    running: dict[tuple[Path, bool, str, str], tuple[str, subprocess.Popen[bytes]]] = {}

    def start(
        folder: Path, *, server_part: bool = True, app: str = "lab", environment: str = ""
    ) -> str:
        key = (folder, server_part, app, environment)
        python = _python_of(environment) if environment else PYTHON
        if app != "lab" and find_spec(MODULES[app]) is None and sys.executable == python:
            pytest.skip(f"{MODULES[app]} is not installed")
        if key not in running:
            home = tmp_path_factory.mktemp("jupyter")
            running[key] = _start(python, folder, home, bundle, server_part=server_part, app=app)
            _wait_until_up(*running[key], home / "lab.log")
        return running[key][0]

    yield start
    for _, process in running.values():
        _stop(process)


@pytest.fixture
def visit(browser: Any) -> Callable[[str], Any]:
    """Open a page that fails the test on a console error or a request to another host."""

    @contextmanager
    def open_page(url: str, *, width: int = 1280, expected: str = "") -> Iterator[Any]:
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.set_default_timeout(30_000)
        errors: list[str] = []
        others: list[str] = []
        host = urlsplit(url).netloc

        def look(request: Any) -> None:
            parts = urlsplit(request.url)
            if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != host:
                others.append(request.url)

        def hear(message: Any) -> None:
            text = f"{message.text} ({message.location.get('url')})"
            if message.type == "error" and not (expected and expected in text):
                errors.append(text)

        def fail(error: Any) -> None:
            if not (expected and expected in str(error)):
                errors.append(error.stack or str(error))

        page.on("request", look)
        page.on("console", hear)
        page.on("pageerror", fail)
        page.goto(f"{url}?reset")
        page.wait_for_function("() => window.jupyterapp !== undefined")
        page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        page.errors = errors
        yield page
        context.close()
        assert others == []
        assert page.errors == []

    return open_page


@pytest.fixture
def palette() -> Callable[..., Any]:
    """The entry of the command palette that a text finds."""
    from playwright.sync_api import TimeoutError as NotYet

    def find(page: Any, text: str, entry: str) -> Any:
        # Whatever takes the focus, as a notebook does when its kernel is ready, closes the palette.
        end = time.monotonic() + READY_SECONDS
        box = page.locator(".lm-CommandPalette-input")
        found = page.locator(".lm-CommandPalette-itemLabel", has_text=entry)
        while not found.is_visible() and time.monotonic() < end:
            page.keyboard.press("Control+Shift+C")
            with suppress(NotYet):
                box.fill(text, timeout=2000)
                found.wait_for(timeout=2000)
        return found

    return find


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures of the page go: $SCREENSHOTS, else the test's own folder."""
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def violations(bundle: Path) -> Callable[..., list[str]]:
    """What axe-core says against the part of a page that a selector names."""
    source = ROOT / "extension" / "node_modules" / "axe-core" / "axe.min.js"
    if not source.is_file():
        pytest.skip("axe-core is not installed: the front end's tests bring it")

    def look(page: Any, selector: str) -> list[str]:
        page.evaluate(source.read_text(encoding="utf-8"))
        found = page.evaluate("selector => axe.run(selector)", selector)["violations"]
        return [f"{one['id']}: {node['html'][:300]}" for one in found for node in one["nodes"]]

    return look


@pytest.fixture
def both_themes() -> Callable[..., Iterator[str]]:
    """Go through the light and the dark theme; the light one stays."""

    def go(page: Any) -> Iterator[str]:
        for name, theme in (("dark", "JupyterLab Dark"), ("light", "JupyterLab Light")):
            page.evaluate(
                "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
                theme,
            )
            light = "true" if name == "light" else "false"
            page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{light}'")
            page.wait_for_timeout(500)  # the theme's own transition
            yield name

    return go


def _python_of(environment: str) -> str:
    """Return the interpreter of an environment that tests/setup.sh lays over the tests' own."""
    python = Path(sys.prefix).parent / environment / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"there is no environment {environment}: bash tests/setup.sh makes it")
    return str(python)


def _start(
    python: str, folder: Path, home: Path, bundle: Path, *, server_part: bool, app: str
) -> tuple[str, subprocess.Popen[bytes]]:
    (home / "data" / "labextensions").mkdir(parents=True)
    (home / "data" / "labextensions" / "mlops-nb").symlink_to(bundle)
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    environment = {
        **own,
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_PREFER_ENV_PATH": "0",  # the bundle as built, not one installed before
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    command = [
        python, "-m", MODULES[app], "--no-browser", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=",
        f"--ServerApp.jpserver_extensions=mlops_nb={server_part}",
        "--expose-app-in-browser",
    ]  # fmt: skip
    with (home / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    return f"http://127.0.0.1:{port}/{app}", process


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            # Whatever proxy the machine uses, it does not lead to this host.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            opener.open(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab is not up:\n{log.read_text(encoding='utf-8')[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)

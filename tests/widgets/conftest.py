"""A kernel, asked as a front end that shows widgets asks it, or as one that does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

TIMEOUT = 120


@dataclass
class Answer:
    """What one execution published."""

    bundles: list[dict[str, Any]] = field(default_factory=list)
    text: str = ""
    error: str = ""


class Notebook:
    """A kernel and the widgets' states as a front end would know them."""

    def __init__(self, client: BlockingKernelClient, folder: Path) -> None:
        self._client = client
        self.folder = folder
        self.states: dict[str, dict[str, Any]] = {}
        self.displays: dict[str, dict[str, Any]] = {}
        self.sent: list[tuple[float, str]] = []

    def run(self, code: str, *, shows_widgets: bool = True) -> Answer:
        """Execute a cell and return what it showed."""
        content = {
            "code": code, "silent": False, "store_history": True,
            "user_expressions": {}, "allow_stdin": False, "stop_on_error": True,
        }  # fmt: skip
        # What JupyterLab, Notebook and VS Code say, and nbclient does not.
        metadata = {"cellId": "a1b2c3"} if shows_widgets else {}
        return self._ask("execute_request", content, metadata)

    def message(self, model: str, **data: Any) -> Answer:
        """Send a widget what its view would: ``state={…}``, or ``event="click"``."""
        if "event" in data:
            body = {"method": "custom", "content": data}
        else:
            body = {"method": "update", "state": data["state"], "buffer_paths": []}
        return self._ask("comm_msg", {"comm_id": model, "data": body}, {})

    def find(self, **state: Any) -> str:
        """Return the newest model with these values."""
        found = [m for m, s in self.states.items() if state.items() <= s.items()]
        assert found, f"no widget with {state}"
        return found[-1]

    def _ask(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> Answer:
        message = self._client.session.msg(kind, content, metadata=metadata)
        self._client.shell_channel.send(message)
        answer = Answer()
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            got = self._client.get_iopub_msg(timeout=TIMEOUT)
            self._take(got, answer)
            mine = got["parent_header"].get("msg_id") == message["header"]["msg_id"]
            if mine and got["content"].get("execution_state") == "idle":
                return answer
        raise AssertionError("the kernel does not answer")

    def _take(self, got: dict[str, Any], answer: Answer) -> None:
        content, kind = got["content"], got["msg_type"]
        if kind in {"display_data", "execute_result", "update_display_data"}:
            if kind != "update_display_data":
                answer.bundles.append(content["data"])
            known = (content.get("transient") or {}).get("display_id")
            if known:
                self.displays[known] = content["data"]
        elif kind == "stream":
            answer.text += content["text"]
        elif kind == "error":
            answer.error = f"{content['ename']}: {content['evalue']}"
        elif kind == "comm_open":
            self.states[content["comm_id"]] = dict(content["data"]["state"])
        elif kind == "comm_msg" and content["data"].get("method") == "update":
            self.states[content["comm_id"]].update(content["data"]["state"])
            self.sent.append((time.monotonic(), content["comm_id"]))
        elif kind == "comm_close":
            self.states.pop(content["comm_id"], None)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """A kernel in a project of its own, with the extension loaded."""
    with started(tmp_path_factory.mktemp("widgets")) as opened:
        yield opened


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Notebook]:
    """As ``notebook``, and no other test has used it."""
    with started(tmp_path) as opened:
        yield opened


@contextmanager
def started(folder: Path) -> Iterator[Notebook]:
    """Start a kernel in an empty folder that becomes a project."""
    (folder / "mlops.toml").write_text('experiment = "widgets"\n', encoding="utf-8")
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder))
    try:
        opened = Notebook(client, folder)
        answer = opened.run("%load_ext mlops_nb\nimport mlops_nb as mlops")
        assert not answer.error
        yield opened
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

"""A version behind MLflow's own model server: a real process, asked over HTTP."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mlops_nb.actions.promote import promote
from mlops_nb.actions.serve import serve
from mlops_nb.errors import InputError
from mlops_nb.monitoring import predictions_log, shadow
from mlops_nb.registry.scoring import load_model

pytestmark = pytest.mark.slow

# Both come with mlflow-skinny; where a packager has left them out there is no server to ask.
pytest.importorskip("fastapi", reason="MLflow's model server: pip install 'mlops-nb[server]'")
pytest.importorskip("uvicorn", reason="MLflow's model server: pip install 'mlops-nb[server]'")


class Server:
    """`mlops model serve` as a process of its own."""

    def __init__(self, root: Any, *words: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / "mlops"), "model", "serve", *words, "--port",
             str(self.port)],
            cwd=root, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ready(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.get("/ping").status == 200:
                    return
            except OSError:
                time.sleep(0.1)
        self.process.kill()
        pytest.fail(f"the server did not start: {self.process.communicate()[1]}")

    def get(self, path: str) -> Any:
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30)

    def ask(self, rows: pd.DataFrame) -> Any:
        body = {"dataframe_split": json.loads(rows.to_json(orient="split", index=False))}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/invocations", json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            return pd.DataFrame(json.loads(answer.read())["predictions"])


@pytest.fixture
def server(registry: Any) -> Iterator[Server]:
    registry.register("tree", DecisionTreeClassifier(max_depth=2, random_state=0))
    promote("cancer", project=registry.project)
    strong = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    registry.register("line", strong)
    root = registry.project.root
    # Longer than the test: what is logged was written because the server was told to stop.
    started = Server(
        root, "cancer@champion", "--shadow", "cancer@challenger", "--flush-seconds", "900"
    )
    yield started
    if started.process.poll() is None:
        started.process.kill()
    started.process.communicate(timeout=30)


def test_answers_are_probabilities_and_every_one_is_logged(registry: Any, server: Server) -> None:
    server.ready()
    rows = registry.later[registry.features].head(40).reset_index(drop=True)
    ids = [f"p{n:02}" for n in range(40)]
    named = rows.assign(prediction_id=ids, note="left out")
    first = server.ask(named.head(30))
    assert first["prediction_id"].tolist() == ids[:30]
    champion, challenger = load_model("cancer/1"), load_model("cancer/2")
    np.testing.assert_allclose(first["score"], champion.score(rows.head(30))["score"])
    unnamed = server.ask(rows.tail(10))
    assert unnamed["prediction_id"].nunique() == 10

    with pytest.raises(urllib.error.HTTPError) as caught:
        server.ask(rows.rename(columns={"mean_area": "meanarea"}))
    assert caught.value.code == 400
    told = caught.value.read().decode()
    assert "mean_area" in told
    assert "did you mean" in told
    with pytest.raises(urllib.error.HTTPError, match="400"):
        server.ask(named.assign(prediction_id="same"))

    server.process.send_signal(signal.SIGTERM)
    server.process.wait(60)
    log, dark = predictions_log("cancer"), predictions_log("cancer", shadow=True)
    day = log.days()[0], log.days()[-1]
    found = log.read(*day)
    assert len(found) == 40, "what waited was written before the end"
    assert found["model_version"].unique().tolist() == ["1"]
    assert set(registry.features) <= set(found.columns)
    assert "note" not in found
    assert (found["latency_ms"] > 0).all()

    silent = dark.read(*day).set_index("prediction_id").loc[ids[:30]]
    np.testing.assert_allclose(silent["score"], challenger.score(rows.head(30))["score"])
    assert silent["model_version"].unique().tolist() == ["2"]
    log.label(pd.DataFrame({"prediction_id": ids, "target": registry.later["target"].head(40)}))
    by_name = {r.name: r for r in shadow("cancer", *day, label="target")}
    assert by_name["shadow.agreement"].evidence["rows"] == 40
    assert by_name["shadow.gain"].value == pytest.approx(
        (challenger.score(rows)["prediction"] == registry.later["target"].head(40).to_numpy())[
            :30
        ].mean()
        - (champion.score(rows)["prediction"] == registry.later["target"].head(40).to_numpy())[
            :30
        ].mean(),
    )


def test_what_cannot_be_a_shadow_is_refused_before_the_server_starts(registry: Any) -> None:
    registry.register("tree", DecisionTreeClassifier(max_depth=2, random_state=0))
    registry.register("other", DecisionTreeClassifier(max_depth=2), model="other")
    for wrong in ("cancer/1", "other/1"):
        with pytest.raises(InputError, match=r"cannot be the shadow of cancer/1"):
            serve("cancer/1", shadow=wrong, project=registry.project)

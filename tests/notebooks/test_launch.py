"""The flights model goes the whole way: reproduced in a clean environment, launch-ready, live."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("mlflow")

from mlops_nb.actions import readiness
from mlops_nb.actions.demo import prepare
from mlops_nb.actions.evaluate import evaluate
from mlops_nb.actions.promote import promote
from mlops_nb.actions.try_routes import try_routes
from mlops_nb.config import load_project
from mlops_nb.errors import GateError
from mlops_nb.registry.ledger import verify
from mlops_nb.registry.versions import ModelVersion
from mlops_nb.result import Status
from mlops_nb.tracking.reproduce import reproduce

MLOPS = str(Path(sys.executable).parent / "mlops")
VERSION = "late-flights/1"
# A few weeks are enough here: what is judged is what the gates ask for, not the model.
SHORT = ("train_start=2013-01-20", "train_end=2013-02-20", "holdout_end=2013-03-05", "max_iter=12")

pytestmark = pytest.mark.slow


def test_no_flights_model_lives_before_it_is_reproduced_and_watched(
    flights: object, tmp_path: Path
) -> None:
    root = prepare(tmp_path / "flights").root
    settings = root / "mlops.toml"
    asked = settings.read_text(encoding="utf-8").replace("# reproduced = true", "reproduced = true")
    settings.write_text(asked, encoding="utf-8")
    project = load_project(root)
    trained = subprocess.run(
        [MLOPS, "job", "run", "train", *(word for pair in SHORT for word in ("-p", pair))],
        cwd=root, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert trained.returncode == 1, trained.stdout + trained.stderr

    with pytest.raises(GateError, match=f"{VERSION} was not promoted") as caught:
        promote(VERSION, project=project)
    run = re.search(r"mlops run reproduce (\w+) --env locked", caught.value.hint)
    assert run
    assert "mlops alert test local" in caught.value.hint
    assert caught.value.message.count("gate.") == 2, "nothing else stands in its way"

    made = reproduce(project, run[1], env="locked")
    assert (made.verdict, made.environment) == ("reproduced", "locked")
    results = {r.name: r for r in evaluate(VERSION, project=project)}
    assert [r.name for r in results.values() if r.status is Status.FAILED] == ["gate.launch.alerts"]
    assert try_routes(project) == {"local": ""}

    promotion = promote(VERSION, reason="reproduced and watched", project=project)
    said = {r.name: r.message for r in promotion.results if r.status is Status.PASSED}
    assert "reproduced" in said["gate.reproduced"]
    assert "America/New_York" in said["gate.launch.monitor"]
    assert "duty manager" in said["gate.launch.playbook"]
    assert not [r for r in verify(project) if r.status is Status.FAILED]


@pytest.mark.parametrize(
    ("taken", "gate"),
    [
        ('schedule = "0 8 * * *"\n', "gate.launch.monitor"),
        ('playbook = "playbooks/late-flights.md"\n', "gate.launch.playbook"),
    ],
)
def test_what_the_launch_needs_stands_in_the_project(taken: str, gate: str, tmp_path: Path) -> None:
    root = prepare(tmp_path / "flights").root
    version = ModelVersion(
        name="late-flights", version=1, aliases=(), run_id="", source="", created=datetime.now(UTC)
    )
    assert try_routes(load_project(root)) == {"local": ""}
    results = readiness.launch(load_project(root), version)
    assert {r.status for r in results} == {Status.PASSED}
    text = (root / "mlops.toml").read_text(encoding="utf-8")
    assert taken in text
    (root / "mlops.toml").write_text(text.replace(taken, ""), encoding="utf-8")
    results = readiness.launch(load_project(root), version)
    assert [r.name for r in results if r.status is Status.FAILED] == [gate]

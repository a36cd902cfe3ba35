"""A rehearsal on a real model, real predictions and the monitor's own checks."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

pytest.importorskip("mlflow")

from sklearn.linear_model import LogisticRegression

from mlops_nb import modelfile
from mlops_nb.actions.promote import promote
from mlops_nb.actions.register import register_model
from mlops_nb.actions.rehearse import rehearse
from mlops_nb.actions.replay import label_delay
from mlops_nb.cli.main import mlops
from mlops_nb.cli.rehearse import answer
from mlops_nb.config import Project, load_project, read_policy, under_policy
from mlops_nb.errors import ConfigError, InputError, NotFoundError
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.store import models, runs
from mlops_nb.store.versions import delete_version

PAGES = ("page", "false page")
FIRST, LAST = date(2026, 1, 1), date(2026, 1, 28)
CONFIG = """
experiment = "test"
[monitoring]
window = "1d"
[jobs.monitor]
notebook = "monitor.ipynb"
[jobs.retrain]
notebook = "train.ipynb"
after = { job = "monitor", on = "alert" }
[business.profit]
sql = "avg(CASE WHEN prediction = truth THEN 1 ELSE -1 END)"
goal = 0.5
[lifecycle.policy]
pages = ["performance", "business"]
[lifecycle.costs]
currency = "EUR"
false-page = 40
undetected-day = 100
figure = "profit"
worth = 1000
"""


def drawn(rows: int, seed: int, *, noise: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=rows), "b": rng.normal(size=rows)})
    frame["truth"] = (frame["a"] - frame["b"] + rng.normal(scale=noise, size=rows) > 0).astype(int)
    return frame


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Four weeks of predictions; the labels turn against the model in the last two."""
    root = tmp_path_factory.mktemp("rehearsed")
    store = f'tracking-uri = "sqlite:///{root}/.mlops/mlops.db"\n'
    (root / "mlops.toml").write_text(store + CONFIG, encoding="utf-8")
    project = load_project(root)
    train = drawn(600, 1)
    fitted = LogisticRegression().fit(train[["a", "b"]], train["truth"])
    stored = modelfile.save(fitted, project.home / "staged")
    run = runs.create(project, uid="u", name="fit", started_ms=int(time.time() * 1000), tags={})
    models.log_model(project, run, stored.path, input_example=train[["a", "b"]])
    register_model(run, "late", project=project, reference=train, holdout=drawn(500, 2),
                   label="truth")  # fmt: skip
    promote("late", project=project)
    log = predictions_log("late", project)
    for number in range(28):
        frame = drawn(150, 100 + number, noise=0.3 if number < 14 else 3.0)
        frame["prediction"] = fitted.predict(frame[["a", "b"]])
        frame["score"] = fitted.predict_proba(frame[["a", "b"]])[:, 1]
        frame["prediction_id"] = [f"{number}-{i}" for i in range(len(frame))]
        frame["timestamp"] = pd.Timestamp(FIRST) + pd.Timedelta(days=number, hours=9)
        log.append(frame.drop(columns="truth"), version=1)
        log.label(frame[["prediction_id", "truth"]])
    return project


@pytest.mark.slow
def test_what_a_calmer_policy_would_have_done(lived: Project) -> None:
    calm = {"monitoring": {"window": "1w"}, "lifecycle": {"policy": {"retrain-on": "never"}}}
    found = rehearse(lived, "late", FIRST, LAST, calm)
    present, proposed = (plan.outcome for plan in found.plans)
    (episode,) = present.episodes
    assert episode.span.start == datetime(2026, 1, 15, tzinfo=UTC)
    assert any(name.startswith("business.goal") for name in episode.faults)
    assert present.missed == proposed.missed == ()
    assert present.undetected_days < proposed.undetected_days == 7
    assert len(present.pages) >= len(proposed.pages) >= 1
    assert proposed.parts["undetected"] > 7 * 100, "the miss of the goal costs as well"
    assert len(present.retrains) > 5
    assert proposed.retrains == ()
    assert (found.rows, found.labelled) == (4200, 4200)
    assert "windows of 1w" in str(found)
    assert "the log was filled afterwards" in str(found)
    assert not list(lived.home.glob("**/*rehears*"))


@pytest.mark.slow
def test_wide_margins_and_no_goal_miss_it(lived: Project) -> None:
    blind = {
        "business": {"profit": {"goal": -1}},
        "lifecycle": {
            "policy": {"pages": ["business"], "label-delay-days": 2},
            "costs": {"undetected-day": 1, "figure": ""},
        },
    }
    found = rehearse(lived, "late", date(2026, 1, 8), LAST, blind)
    outcome = found.plans[1].outcome
    assert outcome.pages == ()
    assert len(outcome.missed) == 1
    assert outcome.cost == outcome.undetected_days == 14
    assert "missed under the proposed policy: 2026-01-15" in str(found)
    assert "misses +1 degradations" in found.verdict


@pytest.mark.slow
def test_gates_of_the_proposal_say_what_they_would_refuse(lived: Project) -> None:
    strict = {"gates": {"minimum": {"roc_auc": 0.9999}}, "lifecycle": {"policy": {"pages": []}}}
    found = rehearse(lived, "late", FIRST, date(2026, 1, 2), strict)
    assert [list(plan.refused) for plan in found.plans] == [[], ["late/1"]]
    assert "the gates would refuse late/1: gate.minimum" in str(found)


@pytest.mark.slow
def test_the_command_and_the_magic(lived: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(lived.root)
    words = ["late", "--from", "2026-01-01", "--to", "2026-01-03", "--window", "3d",
             "--margin", "roc_auc=0.5", "--policy", "all.toml"]  # fmt: skip
    every = '[lifecycle.policy]\npages = ["performance", "business", "drift", "decision"]\n'
    (lived.root / "all.toml").write_text(every)
    printed = CliRunner().invoke(mlops, ["rehearse", *words, "--format", "json"]).output
    values = json.loads(printed)
    assert (values["schema"], values["model"]) == (1, "late")
    assert "roc_auc may fall by 0.5" in values["policies"][1]["rule"]
    found = answer(words)()
    assert found.to_dict() == values
    assert "<table" in found._repr_html_()


@pytest.mark.slow
def test_the_page_shows_what_was_wrong_and_what_each_policy_did(
    lived: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(lived.root)
    blind = '[business.profit]\ngoal = -1\n[lifecycle.policy]\npages = ["business"]\n'
    (lived.root / "blind.toml").write_text(blind)
    words = ["late", "--from", "2026-01-08", "--to", "2026-01-21", "--policy", "blind.toml"]
    found = answer([*words, "--report", str(tmp_path / "r" / "page.html")])()
    text = (tmp_path / "r" / "page.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 2_000_000
    assert "http://" not in text.split("<script>")[0], "no address outside"
    assert "no alert was open, and worse than it may be was" in text
    assert '"categoryarray":["with hindsight","present","proposed"]' in text
    (charts,) = re.findall(r"const CHARTS=(.*?),DETAILS=", text)
    timeline, money = json.loads(charts)
    drawn = {(trace["name"], trace["y"][0]): trace for trace in timeline["data"] if trace["y"]}
    wrong = drawn["worse than it may be", "with hindsight"]
    assert wrong["base"] == ["2026-01-15T00:00:00+00:00"]
    assert wrong["x"] == [7 * 24 * 3600 * 1000]
    present, proposed = (plan.outcome for plan in found.plans)
    shown = sum(len(drawn.get((name, "present"), {"x": ()})["x"]) for name in PAGES)
    assert shown == len(present.pages) > 0
    assert not [name for name in PAGES if (name, "proposed") in drawn]
    costs = {trace["name"]: trace["x"] for trace in money["data"]}
    assert costs["undetected days"][1] == proposed.parts["undetected"] > 0
    assert sum(x[0] for x in costs.values()) == pytest.approx(present.cost)
    with pytest.raises(InputError, match="cannot be written"):
        found.report(tmp_path / "page.pdf")
    asked = ["rehearse", *words[:3], "--to", "2026-01-08", "--report", str(tmp_path / "one.html")]
    printed = CliRunner().invoke(mlops, asked, catch_exceptions=False).output
    assert printed.splitlines()[-1] == f"report  {tmp_path / 'one.html'}"
    assert (tmp_path / "one.html").is_file()


@pytest.mark.slow
def test_a_version_that_is_gone_is_told(lived: Project) -> None:
    log = predictions_log("late", lived)
    frame = pd.DataFrame({"prediction_id": ["x"], "prediction": [1], "a": [0.0], "b": [0.0],
                          "score": [0.5], "timestamp": pd.Timestamp("2026-02-01")})  # fmt: skip
    log.append(frame, version=9)
    found = rehearse(lived, "late", date(2026, 2, 1), date(2026, 2, 2))
    assert "versions 9 are not registered: not judged" in found.notes
    assert found.plans[0].outcome.pages == ()
    with pytest.raises(InputError, match="predicted nothing from 2025"):
        rehearse(lived, "late", date(2025, 1, 1), date(2025, 1, 2))
    with pytest.raises(InputError, match="is after the last day"):
        rehearse(lived, "late", LAST, FIRST)
    delete_version(lived, "late", 1)
    with pytest.raises(NotFoundError, match="there is no model"):
        rehearse(lived, "late", FIRST, LAST)


def test_a_model_that_nobody_knows(project: Project) -> None:
    with pytest.raises(NotFoundError, match="there is no model 'late'") as caught:
        rehearse(project, "late", FIRST, LAST)
    assert caught.value.hint == "no model is registered yet"


def test_a_policy_is_a_piece_of_the_configuration(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "calm.toml"
    file.write_text('[tool.mlops.monitoring]\nwindow = "1w"\n')
    assert read_policy(file) == {"monitoring": {"window": "1w"}}
    changed = under_policy(project, read_policy(file), "calm.toml")
    assert (changed.config.monitoring.window, changed.experiment) == ("1w", "test")
    assert project.config.monitoring.window == "1d"
    with pytest.raises(ConfigError, match="unknown key 'windw'") as caught:
        under_policy(project, {"monitoring": {"windw": "1w"}}, "calm.toml")
    assert "calm.toml" in caught.value.message
    with pytest.raises(ConfigError, match="'owner' is no part of a policy"):
        rehearse(project, "late", FIRST, LAST, {"owner": "me"})
    file.write_text("[broken")
    with pytest.raises(ConfigError, match="cannot read"):
        read_policy(file)


def test_words_that_cannot_be_read(project: Project) -> None:
    period = ["--from", "2026-01-01", "--to", "2026-01-02"]
    for words, message in (
        (["--margin", "roc_auc"], "has no ="),
        (["--margin", "roc_auc=low"], "has no figure"),
    ):
        refused = CliRunner().invoke(mlops, ["rehearse", "late", *period, *words])
        assert message in str(refused.exception)
    with pytest.raises(InputError, match="Missing option '--from'"):
        answer(["late"])


def test_the_delay_of_labels_is_measured_where_the_log_was_written_in_time() -> None:
    now = pd.Timestamp("2026-01-01 09:00", tz=UTC)
    rows = pd.DataFrame({
        "moment": [now] * 3, "logged_at": [now + pd.Timedelta(minutes=5)] * 3,
        "labelled_at": [now + pd.Timedelta(days=1), pd.NaT, now + pd.Timedelta(days=3)],
    })  # fmt: skip
    assert label_delay(rows) == (timedelta(days=2), "")
    back = rows.assign(labelled_at=now - pd.Timedelta(days=1))
    assert label_delay(back)[0] == timedelta(0), "a clock that went back"
    late = rows.assign(logged_at=now + pd.Timedelta(days=90))
    assert label_delay(late)[0] == timedelta(0)
    assert label_delay(rows.assign(labelled_at=pd.NaT))[1] == "no label has come"

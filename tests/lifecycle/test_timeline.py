"""Lives of models: lead times, repairs, neglect, the funnel and the bottleneck."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mlops_nb.lifecycle.intervals import Interval
from mlops_nb.lifecycle.overview import Overview, overview
from mlops_nb.lifecycle.records import (
    Incident,
    ModelFacts,
    NotebookFacts,
    ProjectFacts,
    VersionFacts,
)
from mlops_nb.lifecycle.text import told

START = datetime(2026, 1, 1, tzinfo=UTC)
QUIET, STALE = timedelta(days=7), timedelta(days=180)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def span(start: float, end: float) -> Interval:
    return Interval(start=day(start), end=day(end))


TRAIN = NotebookFacts(
    path="train.ipynb", commits=3, first_commit=day(0), runs=(span(4, 5), span(8, 9)), models=2
)
FIRST = VersionFacts(
    version=1, notebook="train.ipynb", run=span(4, 5), created=day(6), evaluated=day(7),
    promoted=day(20), scored=day(21), scored_last=day(40), judged=day(22), rows=100,
)  # fmt: skip
SECOND = VersionFacts(
    version=2, notebook="train.ipynb", run=span(41, 42), created=day(42), evaluated=day(42),
    promoted=day(43), scored=day(44), scored_last=day(50), judged=day(45), rows=10,
)  # fmt: skip
ALERT = Incident(alerts=(1, 2), finding="performance.auc/model and 1 more", opened=day(40))
MODEL = ModelFacts(
    name="late", versions=(FIRST, SECOND), champion=2, incidents=(ALERT,),
    activity=(span(4, 5), span(41, 42)), last_judged=day(50),
)  # fmt: skip
PROJECT = ProjectFacts(name="flights", now=day(51), notebooks=(TRAIN,), models=(MODEL,))


def seen(project: ProjectFacts) -> Overview:
    return overview(project, quiet=QUIET, stale=STALE)


def seen_model(**changes: object) -> Overview:
    model = replace(MODEL, **changes)  # type: ignore[arg-type]
    return seen(replace(PROJECT, models=(model,)))


def test_lead_time_and_repair() -> None:
    (life,) = seen(PROJECT).models
    assert life.lead_time == timedelta(days=17)
    assert [p.lead_time for p in life.passages] == [timedelta(days=17), timedelta(days=3)]
    assert life.repair_time == timedelta(days=3)
    assert life.repairs[0].version == 2
    assert life.repairs[0].stage.worked == timedelta(days=1)
    assert life.warnings == ()
    assert life.reached[-1] == "retrain"


def test_the_bottleneck_has_its_evidence() -> None:
    found = seen(PROJECT).bottleneck
    assert found is not None
    assert found.stage == "approve"
    assert found.message == (
        "approve: 14 d waited, 54% of all waiting; most by late, 13 d from 2026-01-08 00:00 "
        "(promoted to champion: 2026-01-21 00:00)"
    )
    assert found.remedy == "mlops model promote late"


def test_an_alert_that_nobody_answers_waits_until_now() -> None:
    open_ = seen_model(incidents=(replace(ALERT, opened=day(46)),))
    (life,) = open_.models
    assert life.repair_time is None
    assert life.repairs[0].stage.is_open
    assert life.repairs[0].stage.waited == timedelta(days=5)


def test_an_alert_that_is_over_by_itself_needed_no_champion() -> None:
    (life,) = seen_model(incidents=(replace(ALERT, resolved=day(40.5)),)).models
    assert life.repairs[0].version is None
    assert not life.repairs[0].stage.is_open
    assert life.repairs[0].stage.evidence.endswith("over by itself")


def test_neglect_is_told() -> None:
    never = replace(SECOND, scored=None, scored_last=None, judged=None)
    assert seen_model(versions=(FIRST, never)).models[0].warnings == (
        "version 2 is champion and has predicted nothing",
    )
    assert seen_model(last_judged=None).models[0].warnings == (
        "version 2 predicts and was never monitored",
    )
    late = seen(replace(PROJECT, now=day(60))).models[0].warnings
    assert late == ("version 2 is champion and has predicted nothing for 10 d",)
    busy = replace(SECOND, scored_last=day(60))
    away = replace(PROJECT, now=day(60), models=(replace(MODEL, versions=(FIRST, busy)),))
    assert seen(away).models[0].warnings == ("version 2 predicts and was not monitored for 10 d",)
    old = seen(replace(PROJECT, now=day(300))).models[0].warnings
    assert old[-1] == "version 2 is stale: it was trained 258 d ago"


def test_a_deleted_run_leaves_a_beginning_without_record() -> None:
    gone = replace(FIRST, run=None, notebook="")
    (life,) = seen_model(versions=(gone,), champion=1, incidents=()).models
    assert life.lead_time is None
    assert life.passages[0].stages[0].span is None
    assert "its run was deleted" in life.warnings[-1]
    assert life.reached == ("explore", "experiment", "validate", "register", "approve", "deploy",
                            "monitor")  # fmt: skip


def test_a_version_on_its_way_waits_and_an_overtaken_one_does_not() -> None:
    stuck = replace(SECOND, promoted=None, scored=None, scored_last=None, judged=None)
    (life,) = seen_model(versions=(FIRST, stuck), champion=1).models
    assert life.passages[1].stages[4].is_open
    skipped = replace(FIRST, scored=None, scored_last=None, judged=None)
    (life,) = seen_model(versions=(skipped, SECOND)).models
    assert not any(stage.is_open for stage in life.passages[0].stages)


def test_the_funnel_counts_what_stayed_behind() -> None:
    lonely = NotebookFacts(path="idea.ipynb", runs=(span(1, 2),), models=1)
    empty = NotebookFacts(path="draft.ipynb")
    job = NotebookFacts(path="score.ipynb", is_job=True)
    found = seen(replace(PROJECT, notebooks=(TRAIN, lonely, empty, job)))
    assert dict(found.funnel) == {
        "begun": 3, "explore": 2, "experiment": 1, "validate": 1, "register": 1, "approve": 1,
        "deploy": 1, "monitor": 1, "retrain": 1,
    }  # fmt: skip
    assert [notebook.path for notebook in found.stranded] == ["idea.ipynb"]
    assert "stranded    idea.ipynb: 1 runs, 1 with a model, none registered" in told(found)


def test_without_any_model_the_funnel_is_the_evidence() -> None:
    lonely = NotebookFacts(path="", runs=(span(1, 2),), models=1)
    found = seen(replace(PROJECT, notebooks=(lonely,), models=())).bottleneck
    assert found is not None
    assert (found.stage, found.message[:51]) == (
        "experiment", "experiment: 1 of 1 notebooks and models stopped bef",
    )  # fmt: skip


def test_an_empty_project_says_how_to_begin() -> None:
    found = seen(ProjectFacts(name="new", now=day(0)))
    assert found.bottleneck is None
    assert told(found).endswith(
        "nothing has happened yet: mlops init, then %%mlops run in a notebook"
    )
    assert found.to_dict()["bottleneck"] is None

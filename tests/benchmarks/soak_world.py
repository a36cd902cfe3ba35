"""The organisation that the soak simulates: its data, what is delivered when, and its commands."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from mlops_nb.actions.init import init
from mlops_nb.config import Project, load_project
from mlops_nb.monitoring.predictions import PredictionsLog, predictions_log
from mlops_nb.state.alerts import Alert, list_alerts
from mlops_nb.state.attempts import AttemptRow, list_attempts

MODEL, LABEL, ID = "employment", "employed", "row"
PEOPLE = Path(__file__).parents[2] / "notebooks/people/data/acs_employment_ma.parquet"
MLOPS = str(Path(sys.executable).parent / "mlops")
NOWHERE = "http://127.0.0.1:1"
ALL = 1_000_000
DONE = ("succeeded", "findings")

CONFIGURATION = """
experiment = "soak"
owner = "the soak"
[jobs.train]
notebook = "notebooks/train.ipynb"
schedule = "0 5 * * 1"
catch-up = "all"
[jobs.score]
notebook = "notebooks/score.ipynb"
schedule = "0 6 * * *"
catch-up = "all"
grace = 7200
[jobs.monitor]
notebook = "notebooks/monitor.ipynb"
schedule = "0 8 */{watched} * *"
catch-up = "all"
grace = 7200
parameters = {{ days = 2, fewest_rows = {fewest}, newest_within_days = 1, labels_within_days = 2 }}
[gates]
confidence = 0.95
[alerts.routes]
local = "local"
"""
# The shipped notebooks but for this: a day's batch is a file of that day, and labels come later.
READ, READ_DAY = (
    "read_table(batch,",
    "read_table(batch.format(day=pd.Timestamp(logical_time).date()),",
)
BOOK_LABELS = """for path in sorted(Path("../data/labels").glob("*.parquet")):
    log.label(pd.read_parquet(path))
    path.rename(path.with_suffix(".booked"))"""


def _people() -> pd.DataFrame:
    return pd.read_parquet(PEOPLE).drop(columns=["id", "year"]).astype("int64")


@dataclass(slots=True, kw_only=True)
class World:
    """A project with a day's rows to score every morning, and what is wrong with it just now."""

    root: Path
    rows: int
    seed: int
    first: date
    watched: int = 1
    store_away: bool = False
    labels_held: set[date] = field(default_factory=set)
    kill: str = ""
    commands: int = 0
    resident: int = 0
    people: pd.DataFrame = field(default_factory=_people)

    @property
    def project(self) -> Project:
        """The project, read anew."""
        return load_project(self.root)

    @property
    def log(self) -> PredictionsLog:
        """What it predicted."""
        return predictions_log(MODEL, self.project)

    def begin(self) -> None:
        """Make the project; on the first morning, a Monday, it trains its first version."""
        for folder in ("batches", "labels"):
            (self.root / "data" / folder).mkdir(parents=True)
        self.renew_history(self.first)
        fewest = int(0.9 * self.rows)
        table = CONFIGURATION.format(fewest=fewest, watched=self.watched)
        (self.root / "mlops.toml").write_text(table, encoding="utf-8")
        init(
            self.root,
            {
                "model_name": MODEL,
                "data": "../data/history.parquet",
                "batch": "../data/batches/{day}.parquet",
                "target": LABEL,
                "id_column": ID,
                "timestamp_column": "moment",
            },
        )
        _change_score(self.root / "notebooks/score.ipynb")

    def ids(self, day: date) -> list[str]:
        """Return the ids of a day's rows: what has to be in the predictions log."""
        return [f"{day:%Y%m%d}-{number:07d}" for number in range(self.rows)]

    def day(self, day: date) -> pd.DataFrame:
        """Return a day's rows with their label: people of the survey, drawn with replacement."""
        rng = np.random.default_rng([self.seed, day.toordinal()])
        drawn = self.people.iloc[rng.integers(len(self.people), size=self.rows)]
        seconds = pd.to_timedelta(np.sort(rng.integers(6 * 3600, size=self.rows)), unit="s")
        return drawn.reset_index(drop=True).assign(
            **{ID: self.ids(day), "moment": pd.Timestamp(day) + seconds}
        )

    def batch_file(self, day: date) -> Path:
        """Return where a day's batch is."""
        return self.root / "data/batches" / f"{day}.parquet"

    def deliver(self, day: date) -> None:
        """Deliver the morning's batch, the labels of the day before, and on Mondays the history."""
        self.day(day).drop(columns=LABEL).to_parquet(self.batch_file(day), index=False)
        due = [*sorted(self.labels_held), day]
        for morning in [] if day in self.labels_held else due:
            self.labels_held.discard(morning)
            self._deliver_labels(morning - timedelta(days=1))
        self.batch_file(day - timedelta(days=7)).unlink(missing_ok=True)
        if day.weekday() == 0:
            self.renew_history(day)

    def _deliver_labels(self, day: date) -> None:
        if day < self.first:
            return
        labels = self.day(day)[[ID, LABEL]].rename(columns={ID: "prediction_id"})
        aside = self.root / "data/labels" / f".{day}"
        labels.to_parquet(aside, index=False)
        aside.rename(aside.with_name(f"{day}.parquet"))

    def renew_history(self, until: date) -> None:
        """Write what a training learns from: rows of the week before, at most 20,000."""
        days = [until - timedelta(days=back) for back in range(7, 0, -1)]
        some = min(self.rows, 20_000 // len(days))
        parts = [self.day(day).sample(some, random_state=self.seed) for day in days]
        pd.concat(parts).to_parquet(self.root / "data/history.parquet", index=False)

    def repair(self) -> None:
        """Take every cause away that somebody on call can take away; labels come when they come."""
        self.store_away, self.kill = False, ""
        for day in sorted({row.logical_time.date() for row in self.failed()}):
            self.day(day).drop(columns=LABEL).to_parquet(self.batch_file(day), index=False)

    def mlops(self, *words: str, watch: Callable[[int], None] | None = None) -> tuple[int, str]:
        """Run an ``mlops`` command; return its exit code and what it said."""
        # Compiled once, as where it is installed: else each process compiles the package anew.
        compiled = {"PYTHONDONTWRITEBYTECODE": ""}
        environment = {**os.environ, **compiled, "MLFLOW_DISABLE_TELEMETRY": "true"}
        if self.store_away:
            environment["MLFLOW_TRACKING_URI"] = NOWHERE
        said = self.root / "data/said.txt"
        with said.open("wb") as stream:
            running = subprocess.Popen(
                [MLOPS, *words], cwd=self.root, env=environment, stdout=stream, stderr=stream
            )
            if watch is not None:
                threading.Thread(target=watch, args=(running.pid,), daemon=True).start()
            _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        self.commands += 1
        self.resident = max(self.resident, usage.ru_maxrss * 1024)
        return running.returncode, said.read_text(encoding="utf-8", errors="replace")

    def tick(self, day: date, clock: str, *jobs: str) -> None:
        """Let the scheduler look at the clock; a kernel is killed under it if that is the fault."""
        watch = (lambda pid: _kill(self, pid, day)) if self.kill else None
        code, said = self.mlops(
            "job", "tick", *jobs, "--at", f"{day}T{clock}", "--workers", "1", watch=watch
        )
        if code not in (0, 1):
            raise SystemExit(f"the tick of {day} {clock} ended with exit code {code}: {said}")

    def failed(self) -> list[AttemptRow]:
        """Return, of every due time that is not done, its newest attempt."""
        newest: dict[tuple[str, datetime], AttemptRow] = {}
        for row in reversed(list_attempts(self.project, limit=ALL)):
            newest[row.job, row.logical_time] = row
        return [row for row in newest.values() if row.status not in DONE]

    def alerts(self) -> list[Alert]:
        """Return every alert there ever was."""
        return list_alerts(self.project, resolved=True, limit=ALL)


def processor_seconds() -> float:
    """Return the processor seconds of this process and all that it waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _change_score(path: Path) -> None:
    book = json.loads(path.read_text(encoding="utf-8"))
    (reading,) = (cell for cell in book["cells"] if READ in "".join(cell["source"]))
    reading["source"] = "".join(reading["source"]).replace(READ, READ_DAY)
    booking = {**reading, "id": "labels", "source": BOOK_LABELS}
    book["cells"].append(booking)
    path.write_text(json.dumps(book), encoding="utf-8")


def _kill(world: World, pid: int, day: date) -> None:
    """Kill the scoring's kernel: when it has just started, or when its predictions are written."""
    written = world.log.predictions / f"date={day}"
    while psutil.pid_exists(pid) and world.kill:
        kernel = _kernel_of_score(pid, day)
        if kernel is not None and (world.kill == "started" or any(written.glob("*/*.parquet"))):
            kernel.send_signal(signal.SIGKILL)
            return
        time.sleep(0.01)


def _kernel_of_score(pid: int, day: date) -> psutil.Process | None:
    try:
        for process in psutil.Process(pid).children(recursive=True):
            told = process.environ()
            kernel = "ipykernel_launcher" in " ".join(process.cmdline())
            if kernel and told.get("MLOPS_JOB") == "score":
                return process if told["MLOPS_LOGICAL_TIME"].startswith(str(day)) else None
    except psutil.Error:
        return None
    return None

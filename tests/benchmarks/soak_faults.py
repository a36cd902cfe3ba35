"""What goes wrong in the soak: each kind of fault, drawn for days at random from the seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase

import pandas as pd
from soak_world import LABEL, World

from mlops_nb.state.alerts import Alert
from mlops_nb.state.attempts import list_attempts

QUIET_DAYS = 1
EARLY = 8
"""Each kind happens once until this day, however many days there are."""
EXTRA = 1 / 3
"""Chance of a further fault on a day that has none."""

Begin = Callable[[World, date, random.Random], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of fault: how it begins, which alerts tell of it, and how many days it needs."""

    begin: Begin
    told_by: tuple[str, ...]
    days: int = 1
    fails: str = ""


@dataclass(slots=True, kw_only=True)
class Injected:
    """A fault that happened, and what told of it."""

    day: date
    kind: str
    details: str
    before: Mapping[int, int]
    attempts_before: int
    alert: Alert | None = None
    told_on: date | None = None
    attempts: list[str] = field(default_factory=list)

    def look(self, world: World, today: date) -> None:
        """See whether an alert that fits was raised or seen again since the fault."""
        kind = KINDS[self.kind]
        rows = list_attempts(world.project, limit=1_000_000)
        new = rows[: len(rows) - self.attempts_before]
        self.attempts = [
            f"{row.job} {row.status}" for row in new if row.status not in ("succeeded", "findings")
        ]
        for alert in sorted(world.alerts(), key=lambda one: one.id):
            news = alert.windows > self.before.get(alert.id, 0)
            fits = any(fnmatchcase(alert.identity, glob) for glob in kind.told_by)
            if news and fits and alert.told is not None:
                self.alert, self.told_on = alert, today
                return


def inject(world: World, kind: str, day: date, rng: random.Random) -> Injected:
    """Let a fault happen on a day."""
    before = {alert.id: alert.windows for alert in world.alerts()}
    attempts = len(list_attempts(world.project, limit=1_000_000))
    details = KINDS[kind].begin(world, day, rng)
    return Injected(
        day=day, kind=kind, details=details, before=before, attempts_before=attempts
    )  # fmt: skip


def plan(first: date, days: int, rng: random.Random, watched: int = 1) -> dict[date, list[str]]:
    """Draw the faults: each kind once where the days allow it, then more at random."""
    drawn: dict[int, list[str]] = {number: [] for number in range(QUIET_DAYS, days)}

    def fitting(kind: str, numbers: Sequence[int]) -> list[int]:
        # Labels that come again have to be seen by the next look.
        needs = KINDS[kind].days + (watched - 1 if kind == LATE else 0)
        # And nobody misses labels before the first have come.
        return [n for n in numbers if n + needs <= days and (kind != LATE or n > QUIET_DAYS)]

    # Those that last longest first: they find the fewest days.
    for kind in sorted(KINDS, key=lambda name: -KINDS[name].days):
        early = fitting(kind, [n for n in drawn if n <= EARLY])
        empty = [n for n in early if not drawn[n]]
        shared = [n for n in early if all({kind, one} <= BESIDE[one] for one in drawn[n])]
        if empty or shared:
            drawn[rng.choice(empty or shared)].append(kind)
    for number in [n for n in drawn if not drawn[n]]:
        kinds = [kind for kind in KINDS if fitting(kind, [number])]
        if rng.random() < EXTRA:
            drawn[number].append(rng.choice(kinds))
    return {first + timedelta(days=n): kinds for n, kinds in drawn.items() if kinds}


def _kill(world: World, _day: date, rng: random.Random) -> str:
    world.kill = rng.choice(["started", "written"])
    when = "had just started" if world.kill == "started" else "had just written its predictions"
    return f"SIGKILL to the scoring's kernel when it {when}"


def _store_away(world: World, _day: date, _rng: random.Random) -> str:
    world.store_away = True
    return "nobody answers at the store's address while the day is scored"


def _hold_labels(world: World, day: date, _rng: random.Random) -> str:
    # What was delivered this morning goes back; tomorrow morning nothing comes either.
    world.labels_held |= {day, day + timedelta(days=1)}
    (world.root / "data/labels" / f"{day - timedelta(days=1)}.parquet").unlink(missing_ok=True)
    return "labels of two days come on the third morning"


def _keep_batch(world: World, day: date, _rng: random.Random) -> str:
    world.batch_file(day).unlink()
    return "the day's batch is not delivered"


def _machine_off(_world: World, _day: date, _rng: random.Random) -> str:
    return "the scheduler's machine is off all day"


def _change_schema(world: World, day: date, rng: random.Random) -> str:
    rows = pd.read_parquet(world.batch_file(day))
    column = rng.choice([name for name in world.people.columns if name != LABEL])
    how = rng.choice(["is renamed", "is gone", "has become text", "is empty"])
    changed = {
        "is renamed": lambda: rows.rename(columns={column: f"{column}_NEW"}),
        "is gone": lambda: rows.drop(columns=column),
        "has become text": lambda: rows.assign(**{column: "code " + rows[column].astype(str)}),
        "is empty": lambda: rows.assign(**{column: pd.NA}),
    }[how]()
    changed.to_parquet(world.batch_file(day), index=False)
    return f"column {column} {how}"


OFF, LATE = "machine off", "late labels"
_SCORE = ("job.completed/score",)
KINDS: Mapping[str, Kind] = {
    "killed kernel": Kind(begin=_kill, told_by=_SCORE, fails="kernel_died"),
    "store outage": Kind(begin=_store_away, told_by=_SCORE, fails="failed"),
    LATE: Kind(
        begin=_hold_labels, told_by=("system.label_freshness/*", "performance.labels/*"), days=3
    ),
    "missing day": Kind(begin=_keep_batch, told_by=_SCORE, fails="failed"),
    OFF: Kind(begin=_machine_off, told_by=("job.missed/score",), days=2),
    "schema change": Kind(begin=_change_schema, told_by=_SCORE, fails="failed"),
}
# What may happen on the same day without hiding the other: the rest of the scoring's faults would.
BESIDE = {kind: {kind} for kind in KINDS} | {
    LATE: set(KINDS),
    OFF: {OFF, LATE, "missing day", "schema change"},
}

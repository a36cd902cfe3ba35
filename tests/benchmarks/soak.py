"""The soak: many simulated days of one project in one run, with faults drawn at random.

Not a test: ``python tests/benchmarks/soak.py 30 300000 --seed 1`` prints the table of
``docs/benchmarks.md``. Every morning a batch of rows is delivered, scored and monitored by the
notebooks that ``mlops init`` ships, once a week a model is trained; the rows are people of the
American Community Survey (`notebooks/people/data`), drawn with replacement. Everything is done by
``mlops`` commands in processes of their own. Exit code 1 when something that must hold does not.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from soak_checks import count, disk, lines, memory, unreachable
from soak_faults import KINDS, OFF, Injected, inject, plan
from soak_world import World, processor_seconds

FIRST = date(2026, 1, 5)
"""A Monday: the day of the weekly training."""


class Soak:
    """One run: the days, what went wrong in them, and what was measured."""

    def __init__(self, world: World, days: int, rng: random.Random) -> None:
        self.world, self.rng = world, rng
        self.days = [world.first + timedelta(days=number) for number in range(days)]
        self.plan = plan(world.first, days, rng, world.watched)
        self.faults: list[Injected] = []
        self.disk: list[dict[str, int]] = []

    def run(self, seconds: float) -> None:
        """Live through the days, or those that fit into the time."""
        self.world.begin()
        until = time.monotonic() + seconds
        for day in list(self.days):
            began = time.monotonic()
            if began > until and self._settled():
                self.days = self.days[: self.days.index(day)]
                print(f"the time is over after {len(self.days)} days")
                break
            self.world.deliver(day)
            kinds = self.plan.get(day, [])
            self.faults += [inject(self.world, kind, day, self.rng) for kind in kinds]
            if OFF not in kinds:
                self._morning(day)
            self.disk.append(disk(self.world))
            print(
                f"{day} {sum(self.disk[-1].values()) / 1e6:,.1f} MB, "
                f"{time.monotonic() - began:.0f} s  {', '.join(kinds)}",
                flush=True,
            )

    def _settled(self) -> bool:
        """Whether no fault is still on its way to an alert or to its end."""
        return not self.world.labels_held and all(fault.alert for fault in self.faults)

    def _morning(self, day: date) -> None:
        self.world.tick(day, "06:30", "train", "score")
        self._look(day)
        failed = self.world.failed()
        self.world.repair()
        for row in failed:  # what the playbook of a failed job says
            moment = row.logical_time.strftime("%Y-%m-%dT%H:%M:%S")
            self.world.mlops("job", "run", row.job, "--logical-time", moment)
        self.world.tick(day, "08:30", "monitor")
        self._look(day)

    def _look(self, day: date) -> None:
        for fault in self.faults:
            if fault.alert is None:
                fault.look(self.world, day)

    def report(self) -> list[str]:
        """Print what was found; return what does not hold."""
        return [*self._predictions(), *self._alerts(), *self._growth()]

    def _predictions(self) -> list[str]:
        counts = [count(self.world, day) for day in self.days]
        expected, lost = sum(c.expected for c in counts), sum(c.lost for c in counts)
        doubled, strange = sum(c.doubled for c in counts), sum(c.strange for c in counts)
        print(f"\n{expected:,} predictions due, {sum(c.found for c in counts):,} in the log")
        print(f"lost {lost:,}, doubled {doubled:,}, of no row {strange:,}")
        again = sum(c.superseded for c in counts)
        print(f"written again by a repeated attempt, and counted once: {again:,}")
        labelled, due = sum(c.labelled for c in counts), sum(c.expected for c in counts[:-1])
        print(f"labels: {labelled:,} of {due:,} delivered")
        wrong = [f"{c}" for c in counts if c.lost or c.doubled or c.strange]
        return wrong + ([f"{due - labelled:,} labels are lost"] if labelled != due else [])

    def _alerts(self) -> list[str]:
        alerts, wrong = self.world.alerts(), []
        print(f"\n{len(self.faults)} faults:")
        for fault in self.faults:
            told = "NOT TOLD"
            if fault.alert is not None:
                told = f"{fault.alert.identity} on {fault.told_on} → {fault.alert.playbook}"
            else:
                wrong.append(f"nobody was told of the {fault.kind} of {fault.day}")
            if KINDS[fault.kind].fails and not any(
                attempt.endswith(KINDS[fault.kind].fails) for attempt in fault.attempts
            ):
                wrong.append(f"no attempt failed by the {fault.kind} of {fault.day}")
            failed = f" [{', '.join(fault.attempts)}]" if fault.attempts else ""
            print(f"  {fault.day} {fault.kind}: {fault.details}{failed}: {told}")
        told = {fault.alert.id for fault in self.faults if fault.alert}
        others = [alert for alert in alerts if alert.id not in told]
        print(f"{len(alerts)} alerts in all; {len(others)} beside those above:")
        for alert in others:
            print(f"  {alert.due:%Y-%m-%d} {alert.identity} ({alert.status}): {alert.message}")
        lost = [problem for alert in alerts if (problem := unreachable(self.world, alert))]
        print(f"playbooks: {len(alerts) - len(lost)} of {len(alerts)} reachable")
        waiting = [a for a in alerts if a.status == "open" and a.id in told]
        still = [f"{a.identity} is still open" for a in waiting]
        left = [f"{row.job} of {row.logical_time} is not done" for row in self.world.failed()]
        return [*wrong, *lost, *still, *left]

    def _growth(self) -> list[str]:
        print("\ndisk, with the end of each day:")
        total = [{"all": sum(one.values()), **one} for one in self.disk]
        memories = [memory(self.world, day) for day in self.days]
        wrong = []
        # On the first day the monitor's window of two days is half full.
        for title, skip, figures in (("disk", 0, total), ("peak memory", 1, memories)):
            for line in lines(self.days[skip:], figures[skip:]):
                print(f"  {title}, {line}")
                if not line.linear and line.name in ("all", "score", "monitor"):
                    wrong.append(f"{title} of {line.name} does not grow on a line")
        print(f"  the largest process: {self.world.resident / 1e6:,.0f} MB")
        return wrong


def main() -> int:
    """Run the soak and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("days", type=int)
    parser.add_argument("rows", type=int, help="a day")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--watched", type=int, default=1, help="monitor every so many days")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no day after so many")
    parser.add_argument("--keep", type=Path, help="an empty folder to keep the project in")
    given = parser.parse_args()
    print(f"{given.days} days, {given.rows:,} rows a day, seed {given.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        root = (given.keep or Path(folder)).resolve()
        world = World(
            root=root, rows=given.rows, seed=given.seed, first=FIRST, watched=given.watched
        )
        soak = Soak(world, given.days, random.Random(given.seed))
        soak.run(60 * given.minutes)
        wrong = soak.report()
        print(
            f"\n{world.commands} commands, {time.monotonic() - began:,.0f} s, "
            f"{processor_seconds():,.0f} s of processor time"
        )
    for problem in wrong:
        print(f"DOES NOT HOLD: {problem}")
    print("everything holds" if not wrong else f"{len(wrong)} do not hold")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

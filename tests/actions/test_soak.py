"""Six days of a project's life in small, with each kind of fault; and that the soak can fail."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from mlops_nb.state.alerts import Alert

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MONDAY = date(2026, 1, 5)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def soak() -> Iterator[ModuleType]:
    """The modules of the soak, as its script finds them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import soak

        yield soak


def test_six_days_with_every_kind_of_fault_loses_nothing_and_hides_nothing(
    soak: ModuleType, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--soak", default=False):
        pytest.skip("takes minutes of processor time: ask for it with --soak")
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "soak.py"), "6", "1000", "--seed", "1", "--watched", "2"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6,000 predictions due, 6,000 in the log" in done.stdout
    assert "lost 0, doubled 0, of no row 0" in done.stdout
    for kind in soak.KINDS:
        assert f" {kind}: " in done.stdout
    assert "NOT TOLD" not in done.stdout


@pytest.mark.parametrize(("days", "watched"), [(6, 2), (8, 1), (30, 1)])
def test_every_kind_happens_and_has_the_days_that_it_needs(
    soak: ModuleType, days: int, watched: int
) -> None:
    for seed in range(200):
        drawn = soak.plan(MONDAY, days, random.Random(seed), watched)
        assert {kind for kinds in drawn.values() for kind in kinds} == set(soak.KINDS)
        for day, kinds in drawn.items():
            assert len(kinds) == 1 or days == 6
            for kind in kinds:
                assert 1 <= (day - MONDAY).days <= days - soak.KINDS[kind].days
            assert not {"killed kernel", soak.OFF} <= set(kinds)
            assert day > MONDAY + timedelta(days=1) or "late labels" not in kinds


def test_what_is_lost_or_of_no_row_is_counted(soak: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text('experiment = "soak"\n', encoding="utf-8")
    world = soak.World(root=tmp_path, rows=50, seed=1, first=MONDAY)
    scored = world.day(MONDAY).rename(columns={"row": "prediction_id", "moment": "timestamp"})
    scored = scored.assign(prediction=1)
    world.log.append(scored.head(48), version=1)
    world.log.append(scored.head(10), version=2)
    world.log.append(scored.tail(1).assign(prediction_id="nobody"), version=1)
    found = soak.count(world, MONDAY)
    assert (found.expected, found.found, found.lost) == (50, 49, 2)
    assert (found.doubled, found.strange, found.superseded) == (0, 1, 10)


def test_an_alert_that_leads_nowhere_is_named(soak: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("# P\n\n## What to do\n", encoding="utf-8")
    world = soak.World(root=tmp_path, rows=1, seed=1, first=MONDAY)
    now = datetime.now(UTC)
    facts = {"model": "", "identity": "a/b", "job": "j", "severity": "failed", "status": "open"}
    facts |= {"first_seen": now, "last_seen": now, "due": now, "windows": 1, "message": "m"}
    facts |= {"advice": "", "attempt": "", "folder": "", "note": ""}
    said = {
        "p.md#what-to-do": "",
        "": "a/b names no playbook",
        "q.md#x": "a/b leads to q.md, which is not there",
        "p.md#gone": "a/b leads to #gone, which is not in p.md",
        "p.md": "a/b leads to p.md, to no heading in it",
    }
    for place, expected in said.items():
        assert soak.unreachable(world, Alert(id=1, **facts, playbook=place)) == expected


def test_growth_that_speeds_up_is_no_line(soak: ModuleType) -> None:
    days = [date(2026, 1, 5 + n) for n in range(12)]
    (even,) = soak.lines(days, [{"all": 7_000_000 * n} for n in range(12)])
    (worse,) = soak.lines(days, [{"all": 7_000_000 * n**3} for n in range(12)])
    assert (even.linear, round(even.slope, 3)) == (True, 7.0)
    assert (worse.linear, worse.furthest) == (False, days[-1])
    less = [{"monitor": 200 if n == 8 else 600} for n in range(12)]
    more = [{"monitor": 1000 if n == 8 else 600} for n in range(12)]
    assert [line.linear for part in (less, more) for line in soak.lines(days, part)] == [
        True,
        False,
    ]
    assert next(soak.lines(days, more)).furthest == days[8]

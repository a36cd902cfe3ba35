from __future__ import annotations

import math
import multiprocessing
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.tracking import journal as lines
from mlops_nb.tracking.journal import Journal, Metric, Param, Start


def _journal(home: Path, uid: str = "u1") -> Journal:
    return Journal(home, Start(uid=uid, name="n", at=1))


def test_one_line_a_call_and_read_back(tmp_path: Path) -> None:
    journal = _journal(tmp_path / ".mlops")
    journal.append(Metric("loss", 0.5, 3, 17))
    journal.append(Param("depth", "3\n4"))
    assert len(journal.path.read_bytes().splitlines()) == 3
    entries, offset, problems = lines.read(journal.path)
    assert entries[1:] == [Metric("loss", 0.5, 3, 17), Param("depth", "3\n4")]
    assert (offset, problems) == (journal.path.stat().st_size, [])
    assert (tmp_path / ".mlops/.gitignore").read_text() == "*\n"
    journal.close()


@settings(deadline=None)  # it writes files, and a busy machine takes its time
@given(
    st.lists(
        st.one_of(
            st.builds(
                Metric,
                key=st.text(min_size=1),
                value=st.floats().map(lines.as_stored),
                step=st.integers(-(2**62), 2**62),
                at=st.integers(0, 2**62),
            ),
            st.builds(Param, key=st.text(), value=st.text()),
            st.builds(lines.Tag, key=st.text(), value=st.text()),
        )
    ),
    st.integers(0, 60),
)
def test_whatever_is_logged_survives_any_cut(tmp_path_factory, entries, lost) -> None:
    journal = _journal(tmp_path_factory.mktemp("j"))
    for entry in entries:
        journal.append(entry)
    journal.close()
    data = journal.path.read_bytes()
    journal.path.write_bytes(data[: max(0, len(data) - lost)])
    kept = data[: max(0, len(data) - lost)].count(b"\n")
    found, _, problems = lines.read(journal.path)
    assert found[1:] == entries[: max(0, kept - 1)]
    assert problems == []


def test_reading_goes_on_where_it_stopped(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(lines, "CHUNK_BYTES", 100)
    journal = _journal(tmp_path)
    wanted = [Metric("m", float(i), i, i) for i in range(50)]
    for entry in wanted:
        journal.append(entry)
    found, offset = [], 0
    while True:
        entries, after, _ = lines.read(journal.path, offset)
        if after == offset:
            break
        found, offset = found + entries, after
    assert found[1:] == wanted
    journal.close()


def test_lock_says_whether_the_writer_lives(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    assert lines.is_live(journal.path)
    journal.close()
    assert not lines.is_live(journal.path)


def test_damaged_line_is_passed_over_and_named(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    with journal.path.open("ab") as file:
        file.write(b'{"type":"metric","key":\n{"type":"unheard of"}\n')
    journal.append(Param("a", "1"))
    entries, _, problems = lines.read(journal.path)
    assert entries[-1] == Param("a", "1")
    assert len(problems) == 2
    journal.close()


def test_what_a_full_disk_does_not_take_waits_and_is_not_torn(tmp_path: Path, monkeypatch) -> None:
    journal = _journal(tmp_path)
    real = os.write
    monkeypatch.setattr(lines.os, "write", lambda fd, data: real(fd, data[:10]))
    with pytest.warns(RuntimeWarning, match="cannot write"):
        journal.append(Param("a", "1"))
    monkeypatch.undo()
    journal.append(Param("b", "2"))
    entries, _, problems = lines.read(journal.path)
    assert entries[1:] == [Param("a", "1"), Param("b", "2")]
    assert problems == []
    journal.close()


@pytest.mark.slow
def test_forked_child_may_log_but_keeps_no_lock(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    context = multiprocessing.get_context("fork")
    ready, leave = context.Event(), context.Event()

    def child() -> None:
        journal.append(Param("child", "1"))
        ready.set()
        leave.wait(10)

    process = context.Process(target=child)
    process.start()
    assert ready.wait(10)
    journal.close()
    assert not lines.is_live(journal.path)
    leave.set()
    process.join()
    assert Param("child", "1") in lines.read(journal.path)[0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.5])
def test_every_float_has_a_form(value: float) -> None:
    back = float(lines.as_stored(value))
    assert back == value or (math.isnan(back) and math.isnan(value))

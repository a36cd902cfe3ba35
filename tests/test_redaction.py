"""A known secret is blacked out, however it is written."""

from __future__ import annotations

import html
import json
import urllib.parse
from pathlib import Path

import pytest

from mlops_nb.redaction import Redaction

SECRET = "p\"ä&/ss <w>ord'1"


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps({"x": SECRET}),
        json.dumps({"x": SECRET}, ensure_ascii=False),
        json.dumps(json.dumps({"x": SECRET})),
        html.escape(SECRET),
        urllib.parse.quote(SECRET, safe=""),
        repr(SECRET),
    ],
)
def test_a_known_secret_is_blacked_out_however_it_is_written(written: str) -> None:
    redaction = Redaction([SECRET, ""])
    clean = redaction.text(f"before {written} after")
    assert "ord" not in clean
    assert clean.startswith("before ")
    assert clean.endswith(" after")
    assert redaction.data(written.encode()) == redaction.text(written).encode()


def test_a_secret_inside_of_another_and_one_that_is_too_short() -> None:
    redaction = Redaction(["abcdef", "abcdefghi", "abc"])
    assert redaction.text("abcdefghi abcdef abc") == "******** ******** abc"
    assert not Redaction(["abc"])
    assert Redaction(["abc"]).text("abc") == "abc"


def test_a_binary_file_keeps_its_length(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"\xff\x00abcdefghi\x00")
    Redaction(["abcdefghi"]).file(path)
    assert path.read_bytes() == b"\xff\x00*********\x00"
    Redaction(["abcdefghi"]).file(tmp_path / "missing")

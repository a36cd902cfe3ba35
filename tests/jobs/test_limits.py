from __future__ import annotations

import pytest

from mlops_nb.config import Job
from mlops_nb.errors import ConfigError
from mlops_nb.jobs.limits import Limits, limits_of, shown_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512 MB", 512_000_000),
        ("512MiB", 512 * 1024**2),
        ("1.5 GB", 1_500_000_000),
        ("2 gib", 2 * 1024**3),
        ("10kB", 10_000),
        ("300 B", 300),
        ("", 0),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert limits_of(Job(notebook="n", memory=text), "job").memory == size


@pytest.mark.parametrize("text", ["lots", "5", "-1 MB", "0 MB", "5 XB", "5 MB MB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ConfigError, match="memory wants a size"):
        limits_of(Job(notebook="n", memory=text), "job")


def test_the_defaults_hold_output_and_time() -> None:
    assert limits_of(Job(notebook="n"), "job") == Limits(timeout=3600, output=100_000_000)


@pytest.mark.parametrize(
    ("size", "shown"), [(5, "5 B"), (1500, "1.5 kB"), (123_456_789, "123 MB"), (2 * 10**9, "2 GB")]
)
def test_shown(size: int, shown: str) -> None:
    assert shown_size(size) == shown

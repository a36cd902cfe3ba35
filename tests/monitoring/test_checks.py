"""Results as the last value of a cell."""

from __future__ import annotations

from mlops_nb import monitoring
from mlops_nb.result import Result, Status


def result(name: str, status: Status) -> Result:
    return Result(name=f"quality.{name}", subject="<b>a</b>", status=status, message=f"{name} told")


def test_the_gravest_comes_first_and_names_are_text() -> None:
    shown = monitoring.checks([result("one", Status.PASSED), result("two", Status.FAILED)])
    first, second = repr(shown).splitlines()
    assert first == "failed   quality.two <b>a</b>: two told"
    assert second.startswith("passed   quality.one")
    page = shown._repr_html_()
    assert page.index("two told") < page.index("one told")
    assert "<b>a</b>" not in page
    assert "<details>" not in page


def test_of_many_those_that_passed_are_folded_away() -> None:
    many = [result(f"n{number}", Status.PASSED) for number in range(20)]
    page = monitoring.checks([*many, result("bad", Status.WARNED)])._repr_html_()
    table, _, folded = page.partition("<details>")
    assert "bad told" in table
    assert "n7 told" not in table
    assert "20 of 21 checks passed" in folded
    assert "n7 told" in folded


def test_nothing_is_said_to_be_nothing() -> None:
    assert repr(monitoring.checks([])) == "no check applies"
    assert "no check applies" in monitoring.checks([])._repr_html_()

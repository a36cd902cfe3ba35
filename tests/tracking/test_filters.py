"""The language that chooses runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.store import runs
from mlops_nb.tracking.filters import parse_filter
from mlops_nb.tracking.search import search


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("", [[]]),
        ("metrics.auc > 0.8", [["metrics.`auc` > 0.8"]]),
        ('params.depth = "3"', [["params.`depth` = '3'"]]),
        ("params.depth = 3", [["params.`depth` = '3'"]]),
        ("param.a != 'x y' AND tags.t LIKE '%z'", [["params.`a` != 'x y'", "tags.`t` LIKE '%z'"]]),
        ("status = 'FINISHED'", [["attributes.status = 'FINISHED'"]]),
        ('name = "it\'s"', [['attributes.run_name = "it\'s"']]),
        ("metrics.`a b` >= -1e-3", [["metrics.`a b` >= -0.001"]]),
        ("name in ('a', 'b')", [["attributes.run_name = 'a'"], ["attributes.run_name = 'b'"]]),
        (
            "(metrics.a > 1 or metrics.b < 2) and status = FAILED",
            [
                ["metrics.`a` > 1.0", "attributes.status = 'FAILED'"],
                ["metrics.`b` < 2.0", "attributes.status = 'FAILED'"],
            ],
        ),
    ],
)
def test_a_filter_becomes_alternatives_that_mlflow_reads(text: str, alternatives) -> None:
    found = [[comparison.to_mlflow() for comparison in both] for both in parse_filter(text)]
    assert found == alternatives


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("metrics.auc >", 14, "expected a value"),
        ("metrics.auc 0.8", 13, "expected a comparison"),
        ("(metrics.a > 1", 15, r"expected '\)'"),
        ("metrics.a > 1 metrics.b > 2", 15, "expected 'and', 'or' or the end"),
        ("metrics.a > 'x'", 13, "a metric is compared with a number"),
        ("metrics.a in (1)", 14, "a metric is a number"),
        ("parms.a = 1", 1, "'parms' is not one of"),
        ("depth = 3", 1, "'depth' is none of"),
        ("params.a = 'x", 12, "an unclosed quote"),
        ("params.a = 1; drop", 13, "';' is not understood"),
        ("started > 'soon'", 11, "is no date"),
        ("name > 'a'", 8, "is a text"),
        ("and", 1, "none of"),
    ],
)
def test_a_mistake_is_shown_at_its_place(text: str, place: int, what: str) -> None:
    with pytest.raises(InputError, match=f"at character {place}: .*{what}") as caught:
        parse_filter(text)
    assert caught.value.hint.splitlines()[1].index("^") == place - 1 + 2


@given(st.text(alphabet="metrics.params()<>=!'\"`andor 0123456789,like", max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    problem = ""
    found = []
    try:
        found = parse_filter(text)
    except InputError as error:
        problem = error.message
    assert "at character" in problem or found
    assert all(comparison.key for both in found for comparison in both)


@pytest.mark.slow
def test_runs_are_found_in_a_real_store(stored: Project) -> None:
    for number, depth in enumerate(("3", "5", "10", "deep")):
        made = runs.create(
            stored, uid=f"{number}f", name=f"r{depth}", started_ms=1_000 * number + 1, tags={}
        )
        runs.write(stored, made, params={"depth": depth}, metrics=[("auc", number / 4, 1, 0)])

    def names(text: str, limit: int = 10) -> list[str]:
        return [run.name for run in search(stored, text, limit)]

    assert names("") == ["rdeep", "r10", "r5", "r3"]
    assert names("", limit=2) == ["rdeep", "r10"]
    assert names("metrics.auc > 0.6 or params.depth = 3") == ["rdeep", "r3"]
    assert names("metrics.auc >= 0.25 and (params.depth = '5' or name like '%deep')") == [
        "rdeep",
        "r5",
    ]
    # The store compares parameters as texts only; here 10 is more than 5, and a word is no number.
    assert names("params.depth > 4") == ["r10", "r5"]
    assert names("params.depth > 4", limit=1) == ["r10"]
    later = datetime.fromtimestamp(2, UTC).isoformat()
    assert names(f"started > '{later}'") == ["rdeep", "r10"]
    import mlops_nb

    assert list(mlops_nb.runs(filter="params.depth > 4")["name"]) == ["r10", "r5"]

"""Long stretches of characters are where a regular expression finds them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.stretches import Stretches

_EXPECTED = re.compile(r"[ab-]{3,}")


@given(st.text(st.sampled_from("ab- ?\né😀\ud800"), max_size=40))
def test_stretches_are_those_of_a_regular_expression(text: str) -> None:
    found = list(Stretches("ab-", 3).spans(text))
    assert found == [match.span() for match in _EXPECTED.finditer(text)]

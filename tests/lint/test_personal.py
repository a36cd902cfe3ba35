"""Personal data are told by their form and their check digits, and never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.lint.personal import personal_data

FOUND = {
    "grace.hopper@navy.mil": "an e-mail address",
    "saved to /home/grace/flights.csv": "a user's home folder",
    r"C:\Users\grace\flights.csv": "a user's home folder",
    "card 4111 1111 1111 1111": "a payment card number",
    "card 3782-822463-10005": "a payment card number",
    "IBAN DE89 3704 0044 0532 0130 00": "a bank account number (IBAN)",
    "GB29NWBK60161331926819": "a bank account number (IBAN)",
    "call +49 30 901820 00": None,
    "call +44 20 7946 0958": "a phone number",
    "call (415) 736-2671": "a phone number",
    "<tr><th>name</th><th>E-Mail</th></tr>": "a table with the personal column 'e-mail'",
    "<th>Date of birth</th>": "a table with the personal column 'date of birth'",
}


@pytest.mark.parametrize("text", FOUND)
def test_what_is_found(text: str) -> None:
    expected = FOUND[text]
    assert list(personal_data(text)) == ([expected] if expected else [])


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:org/repo noreply@x.org a@example.com logo@2x.png",
        "/home/jovyan/work /Users/runner/x",
        "4111 1111 1111 1112",  # wrong check digit
        "1234 5678 9012 3456",
        "0.4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 01",  # wrong remainder
        "XX89 3704 0044 0532 0130 00",
        "call (415) 555-0123",  # kept for fiction
        "+1.5 -2.25 +10 20 30",
        "<th>mean</th><th>count</th><td>email</td>",
    ],
)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert list(personal_data(text)) == []


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    for kind in personal_data(text):
        assert kind.startswith(("a ", "an "))

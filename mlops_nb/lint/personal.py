"""Personal data in text: what can be checked, or is written as only people's data are."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

_LOCAL = re.compile(r"(?<![\w.+:/-])[\w.+-]{1,64}$")
_DOMAIN = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}\b(?![:/(])")
_NO_PERSON = re.compile(
    r"(?i)^(?:git|noreply|no-reply|info|support|hello|contact|help|admin|root|user|test)@|"
    r"-(?:un)?subscribe@|@[a-z]\.com|[@.](?:example|test|localhost|invalid|domain|email)\b|@users\.noreply|\.(?:png|jpg|py|js|whl)$"
)
_HOME = re.compile(r"(?:/home/|/Users/|[A-Z]:\\{1,2}Users\\{1,2})([A-Za-z][\w.-]*)")
_NOBODY = frozenset(
    {
        *("jovyan", "runner", "user", "users", "ubuntu", "root", "docs", "vsts", "circleci"),
        *("travis", "vscode", "codespace", "conda", "feedstock_root", "builder", "build", "shared"),
        *("public", "default", "ec2-user", "vagrant", "sagemaker-user", "app", "me", "username"),
        *("your_user", "yourname", "name", "local", "admin", "studio-lab-user", "azureuser"),
        *("hadoop", "spark", "airflow", "anaconda", "jupyter", "notebook", "mambauser", "gitpod"),
        *(
            "trusted-service-user",
            "cdsw",
            "datascience",
            "nbuser",
            "model-server",
            "site",
            "nobody",
        ),
    }
)
# Fifteen or sixteen digits in the groups that are printed on a card.
_CARDS = (
    re.compile(r"[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?![\d.-])"),
    re.compile(r"3[47]\d{2}([ -])\d{6}\1\d{5}(?![\d.-])"),
)
_ISSUER = re.compile(r"4|5[1-5]|2[2-7]|6011|65|3[47]")
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
# What every card and account number holds, its characters written as their kinds: a text is first
# searched for that, which takes a tenth of the time of looking for the patterns.
_KINDS = {**dict.fromkeys(string.digits, "0"), **dict.fromkeys(string.ascii_uppercase, "A")}
_AS_KINDS = bytes(ord({**_KINDS, " ": "-"}.get(chr(code), chr(code))) for code in range(256))
_CARD_KINDS = (b"0000-0000-0000-0000", b"0000-000000-00000")
_IBAN_KINDS = b"AA00"
# Country → length of its IBANs (SWIFT's registry).
_IBAN_LENGTHS = {
    **{"AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CY": 28, "CZ": 24},
    **{"DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21},
    **{"HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21},
    **{"MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SA": 24},
    **{"SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29},
}
# International numbers in groups, and North American ones; 555-01xx is kept for fiction.
_PHONES = (
    re.compile(r"\+[1-9]\d{0,2}[ .-]\(?\d{2,4}\)?[ .-]\d{3,4}[ .-]\d{3,4}(?![\d.-])"),
    re.compile(r"\([2-9]\d{2}\) ?[2-9]\d{2}-(?!01)\d{4}(?![\d-])"),
)
_HEADER = re.compile(r"<th[^>]*>\s*([^<]{2,30}?)\s*</th>")
_COLUMN = re.compile(
    r"(?i)(?:customer|user|contact|client|patient|employee)?[_ ]?(?:"
    r"e-?mail(?:[_ ]address)?|ssn|phone(?:[_ ]?(?:number|no))?|mobile[_ ](?:number|phone)|"
    r"date[_ ]of[_ ]birth|dob|birth[_ ]?date|passport(?:[_ ]?n\w+)?|"
    r"(?:first|last|full)[_ ]?name|surname|iban|(?:street|home|ip)[_ ]address|national[_ ]id|"
    r"credit[_ ]?card(?:[_ ]?(?:number|no))?|social[_ ]security(?:[_ ]number)?)"
)
_SEARCHED = 200_000  # characters of a text in which account numbers are looked for


def personal_data(text: str) -> Iterator[str]:
    """Yield what kinds of personal data a text holds, in words; never a part of them.

    Parameters
    ----------
    text : str
        Text of an output, plain or HTML.
    """
    if "@" in text and any(not _NO_PERSON.search(address) for address in _addresses(text)):
        yield "an e-mail address"
    if "/home/" in text or "Users" in text:
        people = {found[1] for found in _HOME.finditer(text)}
        if any(name.lower() not in _NOBODY for name in people):
            yield "a user's home folder"
    yield from account_numbers(text)
    if any(_stands_alone(m) for pattern in _PHONES for m in pattern.finditer(text)):
        yield "a phone number"
    if "<th" in text:
        headers = {found[1].lower() for found in _HEADER.finditer(text)}
        columns = sorted(header for header in headers if _COLUMN.fullmatch(header))
        if columns:
            yield f"a table with the personal column {columns[0]!r}"


def account_numbers(text: str) -> Iterator[str]:
    """Yield the kinds of account numbers in a text whose check digits are right."""
    text = text[:_SEARCHED]
    kinds = text.encode("ascii", "replace").translate(_AS_KINDS)
    cards = (found for pattern in _CARDS for found in pattern.finditer(text))
    if any(card in kinds for card in _CARD_KINDS) and any(map(_is_card, cards)):
        yield "a payment card number"
    if _IBAN_KINDS in kinds and any(map(_is_iban, _IBAN.finditer(text))):
        yield "a bank account number (IBAN)"


def _stands_alone(found: re.Match[str]) -> bool:
    before = found.string[found.start() - 1 : found.start()]
    return not (before.isalnum() or before in ("-", ".", "_", "/")) if before else True


def _addresses(text: str) -> Iterator[str]:
    """Yield e-mail addresses; searched for from the ``@``, since outputs can be very long."""
    for domain in _DOMAIN.finditer(text):
        local = _LOCAL.search(text[max(domain.start() - 65, 0) : domain.start()])
        if local:
            yield local[0] + domain[0]


def _is_card(found: re.Match[str]) -> bool:
    """Check the issuer, and the last digit by Luhn's formula (ISO/IEC 7812-1)."""
    if not _stands_alone(found) or not _ISSUER.match(found[0]):
        return False
    digits = [int(c) for c in found[0] if c.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(found: re.Match[str]) -> bool:
    """Check length and remainder modulo 97 (ISO 13616)."""
    compact = found[0].replace(" ", "")
    if not _stands_alone(found) or _IBAN_LENGTHS.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1

"""Finding credentials in text, and hiding them.

Precision comes first: the formats that providers document, and a value that looks random under a
name that ends like a credential's. Entropy alone and names alone raise false alarms.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mlops_nb.stretches import Stretches

MASK = "********"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMatch:
    """A credential in a text.

    Parameters
    ----------
    kind : str
        What it is, in words.
    start, end : int
        Where it is in the text, in characters.
    masked : str
        What to show in its place; never a part of it.
    """

    kind: str
    start: int
    end: int
    masked: str = MASK


_BEFORE_RUN, _BEFORE, _AFTER = (
    12,
    500,
    4000,
)  # characters around a literal in which the rest of a match may lie
# `Server=db;User Id=ada;Password=…`, as ODBC, ADO.NET and JDBC write it.
_CONNECTION = (
    r"(?i)\b(?:server|host|data source|user id|uid|database|username|user)=[^;\"'\n]{1,100};"
    r"(?:[\w ]{2,30}=[^;\"'\n]{0,100};){0,8}?(?:password|pwd)=([^;\"'\s{}<>$]{4,128})"
)
# kind, a literal that every match holds, pattern. All of these have a run of at least twenty
# letters and digits: only such runs are compared. Most processes meet no literal and compile no
# pattern.
_TOKENS: tuple[tuple[str, str, str], ...] = (
    ("AWS access key", "AKIA", r"\bAKIA[A-Z2-7]{16}\b"),
    ("AWS temporary access key", "ASIA", r"\bASIA[A-Z2-7]{16}\b"),
    *(("GitHub token", f"gh{c}_", rf"\bgh{c}_[A-Za-z0-9]{{36,255}}\b") for c in "pousr"),
    ("GitHub token", "github_pat_", r"\bgithub_pat_\w{22,255}\b"),
    *(
        ("GitLab token", f"gl{kind}-", rf"\bgl{kind}-[\w-]{{20,}}")
        for kind in ("pat", "dt", "rt", "ptt", "soat", "cbt", "agent")
    ),
    ("Slack token", "xox", r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    ("Slack token", "xapp-", r"\bxapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+"),
    ("Stripe key", "k_live_", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    ("OpenAI key", "sk-", r"\bsk-(?:proj-|svcacct-|admin-)[\w-]{40,}"),
    ("OpenAI key", "sk-", r"\bsk-[A-Za-z0-9]{48}\b"),
    ("OpenRouter key", "sk-or-", r"\bsk-or-v1-[0-9a-f]{64}\b"),
    ("Anthropic key", "sk-ant-", r"\bsk-ant-[\w-]{32,}"),
    ("Hugging Face token", "hf_", r"\bhf_[A-Za-z]{34}\b"),
    ("Groq key", "gsk_", r"\bgsk_[A-Za-z0-9]{52}\b"),
    ("Replicate token", "r8_", r"\br8_[A-Za-z0-9]{37}\b"),
    ("Perplexity key", "pplx-", r"\bpplx-[A-Za-z0-9]{48}\b"),
    ("Pinecone key", "pcsk_", r"\bpcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{63}\b"),
    ("LangSmith key", "lsv2_", r"\blsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}\b"),
    ("Google API key", "AIza", r"\bAIza[\w-]{35}(?![\w-])"),
    ("Google OAuth token", "ya29.", r"\bya29\.[\w-]{30,}"),
    ("Google OAuth code", "4/0A", r"(?<![\w/])4/0A[\w-]{60,}"),
    ("Google client secret", "GOCSPX-", r"\bGOCSPX-[\w-]{28}(?![\w-])"),
    ("PyPI token", "pypi-AgE", r"\bpypi-AgE[\w-]{50,}"),
    ("npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("npm token", "_authToken", r"_authToken=([\w-]{36,})"),
    ("Docker token", "dckr_", r"\bdckr_(?:pat|oat)_[\w-]{27,32}"),
    ("Databricks token", "dapi", r"\bdapi[a-f0-9]{32}(?:-\d)?\b"),
    ("SendGrid key", "SG.", r"\bSG\.[\w-]{22}\.[\w-]{43}(?![\w-])"),
    ("Twilio key", "SK", r"\bSK[0-9a-f]{32}\b"),
    ("Mailgun key", "key-", r"\bkey-[0-9a-f]{32}\b"),
    ("Mailchimp key", "-us", r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    ("DigitalOcean token", "_v1_", r"\bdo[opr]_v1_[a-f0-9]{64}\b"),
    ("Grafana token", "gls", r"\bglsa_[A-Za-z0-9]{32}_[0-9a-f]{8}\b"),
    ("Vault token", "hvs.", r"\bhvs\.[\w-]{90,}"),
    ("Telegram bot token", ":AA", r"\b\d{8,10}:AA[\w-]{33}(?![\w-])"),
    ("JSON web token", "eyJ", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
)
_RUNS = Stretches(string.ascii_letters + string.digits + "_-", 20)
_DIGIT = re.compile(r"\d")
_LETTERS_ONLY = "hf_"  # the one format without digits
# The same for what holds spaces, quotes or other signs; looked for around the literal.
_PHRASES: tuple[tuple[str, str, str], ...] = (
    ("AWS Bedrock key", "ABSK", r"\bABSK[A-Za-z0-9+/]{109,269}={0,2}"),
    (
        "Slack webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/services/(T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,})",
    ),
    (
        "Teams webhook",
        "webhook.office.com",
        r"webhook\.office\.com/webhookb2/([\w-]{36}@[\w-]{36}/IncomingWebhook/\w{32})",
    ),
    ("Discord webhook", "/api/webhooks/", r"/api/webhooks/(\d{17,20}/[\w-]{60,})"),
    ("Azure storage key", "AccountKey=", r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    ("Azure shared key", "SharedAccessKey=", r"SharedAccessKey=([A-Za-z0-9+/]{43}=)"),
    ("Azure signature", "sig=", r"sig=([A-Za-z0-9%+/]{43,60}(?:=|%3[dD]))"),
    ("Azure client secret", "Q~", r"(?<![\w.~-])[\w.~-]{3}\dQ~[\w.~-]{31,34}(?![\w.~-])"),
    (
        "Kaggle key",
        '"key"',
        r"\"username\"\s*:\s*\"\w+\"\s*,\s*\"key\"\s*:\s*\"([0-9a-f]{32})\"",
    ),
    (
        "private key",
        "PRIVATE KEY",
        r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----[\s\\nrA-Za-z0-9+/=:,.\"'-]{64,}",
    ),
    (
        "password in a URL",
        "://",
        r"://[^\s:/@\"'<>{}$%]{0,64}:([^\s:/@\"'<>{}$]{4,128})@[\w.-]",
    ),
    ("password in a connection string", "assword=", _CONNECTION),
    ("password in a connection string", "wd=", _CONNECTION),
    ("basic credentials", "asic ", r"(?i)\bbasic ([A-Za-z0-9+/]{16,}={1,2})(?=[\"'\s])"),
    (
        "bearer token",
        "earer ",
        r"(?i)authorization[\"']?\s*[:,=]\s*f?[\"']bearer ([\w.~+/-]{20,}=*)[\"']",
    ),
    (
        "password of a command",
        "curl",
        r"\bcurl\b[^\n|;&]{0,200}?\s(?:-u|--user)[ =][\"']?[\w.@-]+:([^\s\"'$:{}]{6,})",
    ),
)
_WORDS = r"(?:password|passwd|passphrase|secret|token|api_?key|access_?key|secret_?key|auth_?key)"
_QUOTED = re.compile(
    rf"(?i){_WORDS}(?:_?id)?[\"']?\]?\s*(?:=|:|,)\s*[rbuRBU]?(?P<q>[\"'])(?P<value>[^\"'\s\\]{{12,256}})(?P=q)"
)
_EXPORTED = re.compile(rf"(?i){_WORDS}(?:=|[ \t]+)(?P<value>[^\s\"'$]{{12,256}})[ \t]*(?:$|\n|;|&)")
_EXPORT = re.compile(r"(?:^|[\s;&!])(?:export|%(?:set_)?env)\s+\w*$")
# What those words begin with, searched for in small letters.
_STEMS = (
    *("passw", "passphrase", "secret", "token", "apikey", "api_key", "accesskey", "access_key"),
    *("authkey", "auth_key"),
)
_PLACEHOLDER = re.compile(
    r"(?i)your|example|dummy|fake|placeholder|change|insert|replace|redacted|xxx|\*\*\*|\.\.\.|"
    r"<|>|\{|\}|\$|^test|todo|abcdef|123456|passw|secret|sample|hidden|removed|_here"
)
MINIMUM_ENTROPY = 3.2  # bits a character; words in small letters lie below, random text above


def find_secrets(text: str) -> list[SecretMatch]:
    """Return the credentials in a text, from its beginning, none overlapping.

    Parameters
    ----------
    text : str
        Source, output or any other text.
    """
    chosen: list[SecretMatch] = []
    candidates = sorted(_candidates(text), key=lambda match: (match.start, -match.end))
    for match in candidates:
        if not chosen or match.start >= chosen[-1].end:
            chosen.append(match)
    return chosen


def mask(text: str) -> str:
    """Return the text with every credential replaced by asterisks."""
    for match in reversed(find_secrets(text)):
        text = text[: match.start] + match.masked + text[match.end :]
    return text


def names_secret(name: str) -> bool:
    """Whether a name is one that credentials have, whatever its value."""
    small = name.lower()
    return any(stem in small for stem in _STEMS)


def _candidates(text: str) -> Iterator[SecretMatch]:
    for kind, match in _formats(text):
        start, end = match.span(match.lastindex or 0)
        if not _is_placeholder(text[start:end]):
            yield SecretMatch(kind=kind, start=start, end=end)
    yield from _named(text)


def _formats(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield what is written as a provider's credentials are."""
    words = []
    for first, end in _RUNS.spans(text):
        if _DIGIT.search(text, first, end) or text.find(_LETTERS_ONLY, first, end) >= 0:
            start = max(first - _BEFORE_RUN, 0)  # `SG.`, `ya29.`, the number before `:AA`
            words.append((start, end, text[start:end]))
    # Most texts hold none of the literals, which are looked for in all words at once.
    together = "\n".join(word for *_, word in words)
    for kind, literal, pattern in _TOKENS if together else ():
        for start, end, word in words if literal in together else ():
            if literal in word:
                found = re.compile(pattern).finditer(text, start, end + _AFTER)
                yield from ((kind, match) for match in found)
    for kind, literal, pattern in _PHRASES:
        for at in _places(text, literal):
            match = re.compile(pattern).search(text, max(at - _BEFORE, 0), at + _AFTER)
            if match:
                yield kind, match


def _named(text: str) -> Iterator[SecretMatch]:
    """Yield values that look random under a name that a credential has."""
    small = text.lower()
    if len(small) != len(text):  # a few letters of other scripts grow
        small = "".join(c.lower() if c.isascii() else c for c in text)
    for stem in _STEMS:
        for at in _places(small, stem):
            match = _QUOTED.match(text, at) or _EXPORTED.match(text, at)
            if match and _looks_random(match["value"]):
                if match.re is _EXPORTED and not _EXPORT.search(text[:at][-200:]):
                    continue
                start, end = match.span("value")
                yield SecretMatch(kind="credential", start=start, end=end)


def _places(text: str, literal: str) -> Iterator[int]:
    at = text.find(literal)
    while at >= 0:
        yield at
        at = text.find(literal, at + len(literal))


def _is_placeholder(value: str) -> bool:
    return bool(_PLACEHOLDER.search(value)) or len(set(value)) < 4


def _looks_random(value: str) -> bool:
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    if not mixed or _is_placeholder(value) or "/" in value[:2] or "://" in value:
        return False
    return _entropy(value) >= MINIMUM_ENTROPY


def _entropy(value: str) -> float:
    """Shannon's entropy of the characters, in bits a character."""
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values())

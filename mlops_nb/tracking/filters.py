"""The language that chooses runs: MLflow's comparisons, with ``or`` and parentheses.

A filter is read into alternatives, each a conjunction that the store itself can search for; what
the store cannot compare (a parameter by size) is compared here. Nothing is evaluated as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from mlops_nb.errors import InputError

if TYPE_CHECKING:
    from mlops_nb.store.runs import RunRecord

ALTERNATIVES = 64
"""A filter may come to this many alternatives once its parentheses are multiplied out."""

_TOKEN = re.compile(
    r"\s*(?:(?P<op><=|>=|!=|==|=|<|>)|(?P<paren>[(),])|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))"
    r"|(?P<word>[^\W\d][\w/-]*(?:\.(?:`[^`]+`|\"[^\"]+\"|[\w./-]+))?))"
)
_KINDS = {
    **dict.fromkeys(("metric", "metrics"), "metrics"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "params"),
    **dict.fromkeys(("tag", "tags"), "tags"),
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), "attributes"),
}
_ATTRIBUTES = {
    **{"name": "run_name", "run_name": "run_name", "status": "status", "run_id": "run_id"},
    **{"started": "start_time", "start_time": "start_time", "created": "start_time"},
    **{"ended": "end_time", "end_time": "end_time", "user_id": "user_id", "user": "user_id"},
}
_TIMES = {"start_time", "end_time"}
_TEXT_OPERATORS = {"=", "!=", "LIKE", "ILIKE"}
_ORDER = {"<", ">", "<=", ">="}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison.

    Parameters
    ----------
    kind : str
        ``metrics``, ``params``, ``tags`` or ``attributes``.
    key, operator : str
        What is compared, and how.
    value : float or str
        With what.
    """

    kind: str
    key: str
    operator: str
    value: float | str

    @property
    def is_stored(self) -> bool:
        """Whether the store can search for it."""
        if self.kind == "metrics":
            return True
        if self.kind == "attributes":
            return self.key in _TIMES or self.operator in _TEXT_OPERATORS
        return self.operator in _TEXT_OPERATORS

    def to_mlflow(self) -> str:
        """Return it in MLflow's own grammar."""
        key = self.key if self.kind == "attributes" else f"`{self.key}`"
        if isinstance(self.value, str):
            quote = '"' if "'" in self.value else "'"
            return f"{self.kind}.{key} {self.operator} {quote}{self.value}{quote}"
        number = int(self.value) if self.kind == "attributes" else self.value
        return f"{self.kind}.{key} {self.operator} {number!r}"

    def holds(self, run: RunRecord) -> bool:
        """Compare a parameter or tag by size; one that is no number never holds."""
        try:
            found = float({"params": run.params, "tags": run.tags}[self.kind][self.key])
            wanted = float(self.value)
        except (KeyError, ValueError):
            return False
        return {
            "<": found < wanted,
            ">": found > wanted,
            "<=": found <= wanted,
            ">=": found >= wanted,
        }[self.operator]


def parse_filter(text: str) -> list[list[Comparison]]:
    """Read a filter.

    Parameters
    ----------
    text : str
        ``metrics.auc > 0.8 and (params.depth = 3 or tags.team = 'a')``; empty: every run.

    Returns
    -------
    list of list of Comparison
        Alternatives; in each, all must hold.

    Raises
    ------
    InputError
        It cannot be read; the message points to the place.
    """
    if not text.strip():
        return [[]]
    return _Parser(text).parse()


class _Parser:
    """Recursive descent: ``or`` over ``and`` over comparisons and parentheses."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.at = 0

    def parse(self) -> list[list[Comparison]]:
        found = self._either()
        if self.at < len(self.tokens):
            self._fail("expected 'and', 'or' or the end")
        return found

    def _tokens(self) -> Iterator[tuple[str, str, int]]:
        place = 0
        while self.text[place:].strip():
            found = _TOKEN.match(self.text, place)
            if found is None or found.lastgroup is None:
                start = place + len(self.text[place:]) - len(self.text[place:].lstrip())
                rest = self.text[start]
                what = "an unclosed quote" if rest in "'\"`" else f"{rest!r} is not understood"
                self._fail_at(what, start)
            yield found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)
            place = found.end()

    def _either(self) -> list[list[Comparison]]:
        found = self._both()
        while self._word("or"):
            found = found + self._both()
        return found

    def _both(self) -> list[list[Comparison]]:
        found = self._one()
        while self._word("and"):
            more = self._one()
            found = [[*left, *right] for left in found for right in more]
            if len(found) > ALTERNATIVES:
                self._fail(f"too many alternatives: more than {ALTERNATIVES}")
        return found

    def _one(self) -> list[list[Comparison]]:
        if self._take("paren", "("):
            found = self._either()
            if not self._take("paren", ")"):
                self._fail("expected ')'")
            return found
        kind, key = self._key()
        operator = self._operator()
        if kind == "metrics" and self.tokens[self.at - 1][0] != "op":
            self._fail("a metric is a number: = != < <= > >=")
        values = self._values() if operator == "IN" else [self._value(kind, key)]
        comparisons = [
            Comparison(kind, key, "=" if operator == "IN" else operator, value) for value in values
        ]
        self._check(comparisons[0])
        return [[comparison] for comparison in comparisons]

    def _key(self) -> tuple[str, str]:
        if not self._is("word"):
            self._fail("expected what to compare, as metrics.auc, params.depth, tags.team, status")
        word = self.tokens[self.at][1]
        entity, dot, key = word.partition(".")
        if not dot:
            entity, key = "attributes", word
        if entity.lower() not in _KINDS:
            self._fail(f"{entity!r} is not one of metrics, params, tags, attributes")
        kind, key = _KINDS[entity.lower()], key.strip('`"')
        if kind == "attributes":
            if key.lower() not in _ATTRIBUTES:
                self._fail(f"{word!r} is none of {', '.join(sorted(_ATTRIBUTES))}, metrics.…")
            key = _ATTRIBUTES[key.lower()]
        self.at += 1
        return kind, key

    def _operator(self) -> str:
        if self._is("op"):
            self.at += 1
            return self.tokens[self.at - 1][1].replace("==", "=")
        for word in ("like", "ilike", "in"):
            if self._word(word):
                return word.upper()
        return self._fail("expected a comparison: = != < <= > >= like ilike in")

    def _values(self) -> list[float | str]:
        if not self._take("paren", "("):
            self._fail("expected '(' after in")
        found = [self._value("", "")]
        while self._take("paren", ","):
            found.append(self._value("", ""))
        if not self._take("paren", ")"):
            self._fail("expected ',' or ')'")
        return [str(v) if isinstance(v, float) else v for v in found]

    def _value(self, kind: str, key: str) -> float | str:
        if not (self._is("number") or self._is("text") or self._is("word")):
            self._fail("expected a value, as 0.8 or 'text'")
        what, shown, start = self.tokens[self.at]
        if kind == "metrics" and what != "number":
            self._fail(f"a metric is compared with a number, not with {shown}")
        self.at += 1
        text = shown[1:-1] if what == "text" else shown
        if kind == "metrics":
            return float(text)
        return self._time(text, start) if key in _TIMES else text

    def _time(self, text: str, start: int) -> float:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            if text.isdecimal():
                return float(text)
            self._fail_at(f"{text!r} is no date, as '2026-01-31' or '2026-01-31 12:00'", start)
        aware = moment if moment.tzinfo else moment.astimezone()
        return aware.astimezone(UTC).timestamp() * 1000

    def _check(self, comparison: Comparison) -> None:
        is_text = comparison.kind == "attributes" and comparison.key not in _TIMES
        self.at -= 1
        if is_text and comparison.operator in _ORDER:
            self._fail(f"{comparison.key} is a text: = != like ilike in")
        self.at += 1

    def _is(self, kind: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] == kind

    def _take(self, kind: str, text: str) -> bool:
        if self._is(kind) and self.tokens[self.at][1].lower() == text:
            self.at += 1
            return True
        return False

    def _word(self, text: str) -> bool:
        return self._take("word", text)

    def _fail(self, what: str) -> NoReturn:
        place = self.tokens[self.at][2] if self.at < len(self.tokens) else len(self.text)
        self._fail_at(what, place)

    def _fail_at(self, what: str, place: int) -> NoReturn:
        raise InputError(
            f"the filter cannot be read at character {place + 1}: {what}",
            f"{self.text}\n  {' ' * place}^",
        )


def matches(run: RunRecord, conjunction: Sequence[Comparison]) -> bool:
    """Whether what the store cannot compare holds for a run it has found."""
    return all(comparison.holds(run) for comparison in conjunction if not comparison.is_stored)

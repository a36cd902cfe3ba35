"""What a rule is: one decorated function that carries everything there is to say about it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from mlops_nb.errors import NotFoundError, did_you_mean
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding

Check = Callable[[Context], Iterable[Finding]]
_RULES: dict[str, Rule] = {}
_CODE = re.compile(r"NB[A-Z]\d{3}")


class Severity(StrEnum):
    """How much a finding weighs: an error blocks, a warning with ``--strict``, an info never."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the linter.

    Parameters
    ----------
    code : str
        ``NB``, the family's letter, three digits.
    name : str
        What it flags, in words joined by dashes.
    severity : Severity
        How much its findings weigh.
    summary : str
        What it flags, in a sentence.
    why : str
        Why that matters in production.
    bad, good : Example
        A notebook that triggers this rule and no other, and one that does not.
    fixable : bool
        Its findings carry edits that put them right.
    unsafe : bool
        Those may change what the notebook does: ``--fix`` leaves them to ``--unsafe-fixes``.
    unreadable : bool
        It looks at files that cannot be read, not at notebooks.
    last : bool
        It runs after the others, on what they left.
    opt_in : bool
        A matter of policy: it runs where `select` names it or its family, not for ``NB`` alone.
    check : callable
        Yields the findings of one notebook.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    why: str
    bad: Example
    good: Example
    fixable: bool = False
    unsafe: bool = False
    unreadable: bool = False
    last: bool = False
    opt_in: bool = False
    check: Check


def rule(
    code: str,
    name: str,
    severity: Severity,
    *,
    why: str,
    bad: Example,
    good: Example,
    **options: Any,
) -> Callable[[Check], Check]:
    """Register the function below as a rule; the first line of its docstring is the summary."""
    if not _CODE.fullmatch(code) or code in _RULES:
        raise ValueError(f"rule {code} is badly named or there already")

    def register(check: Check) -> Check:
        summary = (check.__doc__ or "").strip().partition("\n")[0]
        _RULES[code] = Rule(
            code=code,
            name=name,
            severity=severity,
            summary=summary,
            why=" ".join(why.split()),
            bad=bad,
            good=good,
            check=check,
            **options,
        )
        return check

    return register


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """Return every rule by its code, in the order of the codes."""
    package = importlib.import_module("mlops_nb.lint.rules")
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
    return MappingProxyType(dict(sorted(_RULES.items())))


def get_rule(code: str) -> Rule:
    """Return the rule of that code or name.

    Raises
    ------
    NotFoundError
        There is no such rule.
    """
    known = rules()
    by_name = {rule.name: rule for rule in known.values()}
    found = known.get(code.upper()) or by_name.get(code.lower())
    if found is None:
        names = known if code.upper().startswith("NB") else by_name
        raise NotFoundError(f"unknown rule {code!r}", did_you_mean(code, names))
    return found

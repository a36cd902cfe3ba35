"""What a rehearsal answers: the present policy beside the proposed one, as text, page or values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from mlops_nb.lifecycle.intervals import Interval
from mlops_nb.lifecycle.rehearsal import Outcome, Tile, summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One policy and what it would have done.

    Parameters
    ----------
    name : str
        ``present`` or ``proposed``.
    rule : str
        In words.
    outcome : Outcome
        Pages, retrainings, degradations, money.
    refused : mapping
        Version that predicted in the period → why its gates would have refused it.
    """

    name: str
    rule: str
    outcome: Outcome
    refused: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON-serialisable values."""
        return {
            "policy": self.name, "rule": self.rule, **self.outcome.to_dict(),
            "refused": dict(self.refused),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A past period under one or two policies.

    Parameters
    ----------
    model : str
        The model.
    span : Interval
        The period.
    rows, labelled : int
        Its predictions, and those of them with a label.
    plans : tuple of Plan
        The present policy, and the proposed one if there is one.
    truth : tuple of Tile
        What all labels say with hindsight.
    currency : str
        Of the amounts.
    notes : tuple of str
        What the figures rest on.
    """

    model: str
    span: Interval
    rows: int
    labelled: int
    plans: tuple[Plan, ...]
    truth: tuple[Tile, ...]
    currency: str = ""
    notes: tuple[str, ...] = ()

    def table(self) -> list[tuple[str, ...]]:
        """Return a name and one figure a policy in each row, without headers."""
        columns = [summary(plan.outcome, self.currency) for plan in self.plans]
        rows = [(name, *(column[i][1] for column in columns))
                for i, (name, _) in enumerate(columns[0])]  # fmt: skip
        refused = (", ".join(plan.refused) or "none" for plan in self.plans)
        return [*rows, ("versions refused by gates", *refused)]

    @property
    def verdict(self) -> str:
        """What the comparison comes to, in one sentence."""
        if len(self.plans) < 2:
            return "no policy is proposed: --policy FILE.toml, or an option such as --window 7d"
        before, after = (plan.outcome for plan in self.plans)
        pages = len(after.pages) - len(before.pages)
        missed = len(after.missed) - len(before.missed)
        money = after.cost - before.cost
        unit = f" {self.currency}" if self.currency else ""
        costs = f"costs {abs(money):,.0f}{unit} {'less' if money < 0 else 'more'}"
        return (
            f"the proposed policy pages {pages:+d} times, misses {missed:+d} degradations and "
            + (costs if money else "costs the same")
        )

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from mlops_nb.actions.rehearsal_page import as_fragment

        return as_fragment(self)

    def report(self, path: Path | str) -> Path:
        """Write the rehearsal as one HTML page that needs no network, and return where it is.

        Raises
        ------
        InputError
            The file is no ``.html``, or cannot be written.
        """
        from mlops_nb.actions.rehearsal_page import write

        return write(self, Path(path))

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form."""
        return {
            "schema": 1,
            "model": self.model,
            "from": self.span.start.isoformat(),
            "to": self.span.end.isoformat(),
            "rows": {"predicted": self.rows, "labelled": self.labelled},
            "currency": self.currency,
            "policies": [plan.to_dict() for plan in self.plans],
            "verdict": self.verdict,
            "notes": list(self.notes),
        }

    @property
    def title(self) -> str:
        """The model and the period."""
        last = self.span.end - timedelta(days=1)
        return f"{self.model}, {self.span.start:%Y-%m-%d} to {last:%Y-%m-%d} rehearsed"

    def _lines(self) -> Iterator[str]:
        yield f"{self.title}: {self.rows:,} predictions, {self.labelled:,} with a label"
        rows = [("", *(plan.name for plan in self.plans)), *self.table()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
            yield f"  {'   '.join(cells)}".rstrip()
        for episode in self.plans[-1].outcome.missed:
            span = f"{episode.span.start:%Y-%m-%d} to {episode.span.end:%Y-%m-%d}"
            yield f"missed under the {self.plans[-1].name} policy: {span}, {episode.faults[0]}"
        yield from self.rules()
        yield self.verdict

    def rules(self) -> Iterator[str]:
        """Say what each policy is, what its gates would refuse, and what the figures rest on."""
        for plan in self.plans:
            yield f"{plan.name}: {plan.rule}"
            for version, why in plan.refused.items():
                yield f"{plan.name}: the gates would refuse {version}: {why}"
        yield from self.notes

"""Which rule decides, and how often it may be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from scipy import special

from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, InputError, did_you_mean
from mlops_nb.monitoring.budget import AlarmBudget, alarm_budget
from mlops_nb.monitoring.decision import Decision
from mlops_nb.monitoring.summary import Column
from mlops_nb.monitoring.variation import parse_every

Preset = Literal["evidence", "psi", "evidently"]

PSI_WARNS, PSI_FAILS = 0.1, 0.25
"""Limits of credit-risk practice (Siddiqi 2006)."""
SMALL = 1_000
"""Up to so many reference rows the `evidently` rule tests; above it measures."""
TEST_P = 0.05
DISTANCE = 0.1
NATS = 0.6931471805599453
"""A divergence in bits times this is in nats, as scipy and Evidently measure it."""
FEW_VALUES = 5
PAGING = 5
"""Performance, predictions, groups, system and business each page."""
SHARES = ("roc_auc", "accuracy", "precision", "recall", "f1")
"""Figures whose smallest loss is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How drift is decided.

    Parameters
    ----------
    preset : {"evidence", "psi", "evidently"}
        ``evidence``: a size that matters and evidence beyond noise, over all columns together.
        ``psi``: a population stability index of 0.1 warns and one of 0.25 fails, whatever the rows.
        ``evidently``: up to 1,000 reference rows p ≤ 0.05 by Kolmogorov–Smirnov or chi², above a
        normalised Wasserstein or Jensen–Shannon distance of 0.1; each column by itself.
    alarm : float
        Under ``evidence``, the largest q value that is evidence: the share of false alarms among
        the columns flagged, and so the chance of any in a window without drift. 0 to 0.5.

    budget : AlarmBudget, optional
        Where the level comes from.

    Raises
    ------
    InputError
        The preset is unknown or the level is out of range.
    """

    preset: Preset = "evidence"
    alarm: float = 0.02
    budget: AlarmBudget | None = None

    def __post_init__(self) -> None:
        if self.preset not in get_args(Preset):
            hint = did_you_mean(self.preset, get_args(Preset))
            raise InputError(f"there is no drift preset {self.preset!r}", hint)
        if not 0 < self.alarm <= 0.5:
            raise InputError(f"a level of {self.alarm!r} is out of range", "between 0 and 0.5")

    def beyond(self, level: float, checks: int = 1) -> float:
        """Return the standard errors from which a difference is no chance, both directions.

        Parameters
        ----------
        level : float
            Chance of a false alarm where no budget is set.
        checks : int
            Figures that share it (Bonferroni).
        """
        share = self.budget.level if self.budget is not None else level
        return float(-special.ndtri(share / 2 / max(1, checks)))

    def explain(self) -> str:
        """Return the rule in one sentence."""
        if self.preset == "psi":
            return "fixed rule: a PSI of 0.1 warns, one of 0.25 fails; the noise of samples counts"
        if self.preset == "evidently":
            return (
                "fixed rule in Evidently's manner: p ≤ 0.05 up to 1,000 reference rows, a distance "
                "of 0.1 above; each column by itself"
            )
        return (
            "a column drifts when the difference matters and goes beyond the noise of both samples "
            f"and the reference's own variation; without drift {self.alarm:.2g} of windows alarm"
        )

    def seen(self, baseline: Mapping[str, float], rows: int) -> str:
        """Return in words what the alarm budget means and the smallest loss found within it.

        Parameters
        ----------
        baseline : mapping
            Figure of performance → its value on the version's hold-out.
        rows : int
            Labelled rows of a window.
        """
        if self.budget is None:
            return 'no alarm budget is set: alarm-budget = "2 pages a quarter"'
        losses = {
            name: self.budget.smallest_loss(name, value, rows)
            for name, value in baseline.items()
            if name in SHARES and 0 <= value <= 1 and rows
        }
        return self.budget.explain(losses)


STANDARD = Policy()


def policy(project: Project | None = None, *, checks: int = PAGING) -> Policy:
    """Return the rule of a project, by ``[tool.mlops.monitoring]``.

    Parameters
    ----------
    project : Project, optional
        The one around the current folder by default.
    checks : int
        Checks of a window that page, which share the alarm budget.

    Raises
    ------
    ConfigError
        The alarm budget or the window cannot be read.
    """
    config = (project or load_project()).config.monitoring
    if not config.alarm_budget:
        return Policy(preset=config.preset)
    try:
        every = parse_every(config.window)
    except InputError as error:
        raise ConfigError(f"window of [tool.mlops.monitoring]: {error}", error.hint) from error
    budget = alarm_budget(config.alarm_budget, every=every, checks=checks)
    return Policy(preset=config.preset, alarm=budget.level, budget=budget)


def fixed(policy: Policy, before: Column, found: dict[str, float | None], p: dict[str, float]) -> (
    Decision | None
):  # fmt: skip
    """Decide by a fixed rule; None when its statistic has no meaning for the column.

    Parameters
    ----------
    found : dict
        The statistics of the column.
    p : dict
        p values of the tests: `ks`, `chi2`.
    """
    if found["js"] is None:
        return None
    if policy.preset == "psi":
        reason = f"{PSI_WARNS} and {PSI_FAILS} are the limits of credit-risk practice"
        return Decision(name="psi", value=found["psi"] or 0.0, threshold=PSI_WARNS, reason=reason)
    numbers = before.numbers is not None and len(before.numbers.edges) > FEW_VALUES + 1
    if before.rows <= SMALL:
        name = "ks" if numbers else "chi2"
        reason = f"p of {name} up to {TEST_P}, as the reference has no more than {SMALL:,} rows"
        # A test's size is told by its p: shown as 1 − p, so that larger is further away.
        return Decision(name=name, value=1 - p[name], threshold=1 - TEST_P, reason=reason)
    reason = f"a distance of {DISTANCE}, as the reference has more than {SMALL:,} rows"
    if numbers:
        value = found["wasserstein"] or 0.0
        return Decision(name="wasserstein", value=value, threshold=DISTANCE, reason=reason)
    value = found["js"] * NATS**0.5
    return Decision(name="js", value=value, threshold=DISTANCE, reason=reason)

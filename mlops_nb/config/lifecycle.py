"""``[tool.mlops.lifecycle]``: what a model is for, what neglect is, what mistakes cost."""

from __future__ import annotations

from typing import Literal

import msgspec

from mlops_nb.config.table import Table


class Costs(Table):
    """``[tool.mlops.lifecycle.costs]``: what `mlops rehearse` counts in money."""

    currency: str = ""
    """Unit of every amount, such as `EUR`."""
    false_page: float = 0.0
    """Of a page when nothing was wrong: somebody looked for nothing."""
    retrain: float = 0.0
    """Of a retraining, with what it takes to let its result live."""
    undetected_day: float = 0.0
    """Of a day on which the model was worse than it may be and no alert said so."""
    figure: str = ""
    """Figure of `[tool.mlops.business]` whose miss of its goal is a loss; empty: none."""
    worth: float = 0.0
    """What a day costs on which that figure misses its goal by one of its unit."""


class Policy(Table):
    """``[tool.mlops.lifecycle.policy]``: what `mlops rehearse` replays beside `monitoring`.

    What holds in earnest stands in the monitor notebook and in the jobs' tables.
    """

    margins: dict[str, float] = {}
    """Figure of performance → how far it may fall; the others have the metric's own margin."""
    pages: list[Literal["performance", "business", "drift", "decision"]] = msgspec.field(
        default_factory=lambda: ["performance", "business", "drift", "decision"]
    )
    """Dimensions whose failures page."""
    retrain_on: Literal["", "alert", "new", "never"] = ""
    """`alert`: by every verdict with a failure; `new`: by one that pages; `never`; empty: as the
    jobs' `after` has it."""
    retrain_after: int = 1
    """Verdicts with failures in a row that a retraining takes."""
    retrain_cooldown_days: float = 0.0
    """Days after a retraining in which none is started."""
    retrain_every_days: float = 0.0
    """Days between retrainings by the clock; 0: none."""
    label_delay_days: float | None = None
    """Days from a prediction to its label; unset: as the predictions log has it."""
    truth_days: float = 7.0
    """Length of the pieces that are judged with hindsight, by all labels that came."""


class Lifecycle(Table):
    """``[tool.mlops.lifecycle]``: what `mlops lifecycle`, `maturity` and `rehearse` hold to."""

    decisions_a_day: float | None = None
    """Decisions that the models of the project take or support in a day; unset: asked for."""
    criticality: Literal["", "low", "medium", "high"] = ""
    """`low`: a wrong answer is a nuisance; `medium`: it costs money or customers; `high`: it can
    hurt people or break the law; empty: asked for."""
    quiet_days: float = 7.0
    """Days that a live model may go without a prediction, or predict without a verdict."""
    stale_days: float = 180.0
    """Days since its training after which a live model is stale."""
    evidence_days: float = 180.0
    """Days after which a drill or a rollback is no evidence of maturity any more."""
    costs: Costs = msgspec.field(default_factory=Costs)
    policy: Policy = msgspec.field(default_factory=Policy)

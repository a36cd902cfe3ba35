"""``[tool.mlops.gates]``, ``owners`` and ``approvals``: what lets a version live."""

from __future__ import annotations

import msgspec

from mlops_nb.config.table import Table


class Fairness(Table):
    """``[tool.mlops.gates.fairness]``: how differently groups may be treated; unset: not asked."""

    columns: list[str] = []
    """Columns whose values are the groups; empty: the groups the version was registered with."""
    selection_ratio: float | None = None
    """Least ratio of the lowest to the highest selection rate; 0.8 is the four-fifths rule."""
    selection_difference: float | None = None
    """Largest difference between selection rates: demographic parity."""
    odds_difference: float | None = None
    """Largest difference between true or between false positive rates: equalised odds."""


class Gates(Table):
    """``[tool.mlops.gates]``: what a model version must show before it is promoted."""

    minimum: dict[str, float] = {}
    """Metric → lowest value allowed, on the version's hold-out."""
    maximum: dict[str, float] = {}
    """Metric → highest value allowed, on the version's hold-out."""
    challenger_metric: str = ""
    """Metric in which a challenger must beat the champion; empty: `roc_auc`, `accuracy` or `r2`
    as the task has it."""
    challenger_gain: float = 0.0
    """Least gain over the champion on the same rows."""
    confidence: float = 0.95
    """Certainty (0–1) with which the gain must be above `challenger-gain`."""
    group_minimum: dict[str, float] = {}
    """Metric → lowest value allowed in any group of the card; fails when it is surely lower."""
    group_maximum: dict[str, float] = {}
    """Metric → highest value allowed in any group of the card; fails when it is surely higher."""
    fairness: Fairness = msgspec.field(default_factory=Fairness)
    calibration_error: float | None = None
    """Largest expected calibration error of binary scores, 0–1; unset: not asked."""
    milliseconds_per_1000_rows: float | None = None
    """Longest time that scoring 1,000 rows may take; unset: not asked."""
    megabytes: float | None = None
    """Largest model file; unset: not asked."""
    lint: bool = False
    """Whether the linter must find no error in the notebook slice of the version's run."""
    complete_card: bool = False
    """Whether a card without owner, intended use or limits refuses; it warns otherwise."""
    reproduced: bool = False
    """Whether the version's run must have come out the same in a clean environment:
    `mlops run reproduce RUN --env locked`."""
    contract: bool = False
    """Whether the rows of the hold-out must keep to the version's data contract."""
    business: dict[str, float] = {}
    """Figure of `tool.mlops.business` → least gain over the champion's, in the figure's unit and
    on the same rows; below 0: the loss that is borne."""
    launch_ready: bool = False
    """Whether a version needs a monitor job with a schedule, alert routes that took a test
    message, and a playbook with an owner."""
    files: list[str] = []
    """Python files, from the project's root, whose functions marked with `@gate` are gates as
    well; they run with the rights of whoever evaluates."""


class Owners(Table):
    """``[tool.mlops.owners]``: who answers for the models, by e-mail address."""

    science: list[str] = []
    """Who may approve a version for data science."""
    engineering: list[str] = []
    """Who may approve a version for engineering."""


class Approvals(Table):
    """``[tool.mlops.approvals]``: what a promotion needs once owners are named."""

    science: int = 1
    """Number of approvals by owners of science, not counting who made the version."""
    engineering: int = 1
    """Number of approvals by owners of engineering, not counting who made the version."""
    allowed_signers: str = "allowed_signers"
    """File of identities and public SSH keys, from the project's root; commit it."""
    one_person: bool = False
    """Whether nobody else is there to approve; the model card says so."""


class Explain(Table):
    """``[tool.mlops.explain]``: what explanations may say."""

    immutable: list[str] = []
    """Columns that no hint may ask a person to change, such as age; those of `gates.fairness`
    are so too."""

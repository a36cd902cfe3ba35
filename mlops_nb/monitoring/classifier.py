"""The domain classifier: whether a model can tell rows of the reference from current ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from mlops_nb import frames
from mlops_nb.monitoring.statistics import auc_error

if TYPE_CHECKING:
    import pandas as pd

ROWS = 2_000
"""Rows taken of each table; enough to see an AUC of 0.53."""
LEAST = 100
FOLDS = 3
DEPTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainClassifier:
    """How well rows of both tables are told apart, columns taken together.

    Parameters
    ----------
    auc : float
        Out-of-fold area under the ROC curve: 0.5 chance, 1 fully apart.
    low, high : float
        Its 95 % interval (Hanley and McNeil 1982).
    rows : int
        Rows it was measured on.
    """

    auc: float
    low: float
    high: float
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-serialisable values."""
        return asdict(self)


def domain_classifier(
    reference: Any, current: Any, columns: Sequence[str]
) -> DomainClassifier | None:
    """Fit a small boosted model on a sample of both tables and score it out of fold.

    It informs and never decides: it sees joint changes that no single column shows.

    Parameters
    ----------
    reference, current : ibis.Table
        The tables.
    columns : sequence of str
        Columns to tell them apart by.

    Returns
    -------
    DomainClassifier or None
        None without scikit-learn or with too few rows.
    """
    if find_spec("sklearn") is None:
        return None
    import numpy as np
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict
    from threadpoolctl import threadpool_limits

    parts = [frames.sample(table, ROWS, columns) for table in (reference, current)]
    n, m = map(len, parts)
    if min(n, m) < LEAST:
        return None
    rows = coded(pd.concat(parts, ignore_index=True))
    truth = np.repeat([0, 1], [n, m])
    # A few thousand rows on several threads spend more time waiting for each other than working.
    model = HistGradientBoostingClassifier(
        max_iter=40, max_depth=DEPTH, learning_rate=0.1, early_stopping=False, random_state=0
    )
    shuffled = np.random.default_rng(0).permutation(len(rows))
    with threadpool_limits(limits=1):
        scores = cross_val_predict(
            model, rows[shuffled], truth[shuffled], cv=FOLDS, method="predict_proba"
        )[:, 1]
    auc = float(roc_auc_score(truth[shuffled], scores))
    half = 1.96 * auc_error(auc, n, m)
    return DomainClassifier(auc=auc, low=max(0, auc - half), high=min(1, auc + half), rows=n + m)


def coded(rows: pd.DataFrame) -> Any:
    """Return numbers: text by how frequent a value is, which keeps it out of the labels' order."""
    import numpy as np

    coded = np.empty(rows.shape, dtype=float)
    for i, name in enumerate(rows.columns):
        column = rows[name]
        if column.dtype.kind in "iufb":
            values = column.to_numpy(dtype=float, na_value=np.nan)
            coded[:, i] = np.where(np.abs(values) <= frames.FINITE, values, np.nan)
        else:
            text = column.map(str, na_action="ignore")
            ranks = text.value_counts().rank(method="first", ascending=False)
            coded[:, i] = text.map(ranks).to_numpy(dtype=float, na_value=np.nan)
    return coded

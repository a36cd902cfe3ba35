"""Reconstruction: whether the columns still hang together as they did in the reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

from mlops_nb import frames
from mlops_nb.monitoring.classifier import LEAST, ROWS, coded

KEPT = 0.65
"""Share of the variance that the principal components keep, as NannyML does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconstruction:
    """Mean error with which the reference's principal components describe rows of both tables.

    Parameters
    ----------
    reference, current : float
        Mean Euclidean error, in standard deviations, of reference rows that the components were
        not fitted on, and of current rows.
    low, high : float
        95 % interval of the difference: without 0 in it the columns hang together otherwise.
    rows : int
        Rows it was measured on.
    """

    reference: float
    current: float
    low: float
    high: float
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-serialisable values."""
        return asdict(self)


def reconstruction(reference: Any, current: Any, columns: Sequence[str]) -> Reconstruction | None:
    """Fit principal components on half of the reference's sample and judge the rest by them.

    It informs and never decides: a relation between columns that broke shows here though each
    column looks as before.

    Parameters
    ----------
    reference, current : ibis.Table
        The tables.
    columns : sequence of str
        Columns to look at, at least two.

    Returns
    -------
    Reconstruction or None
        None without scikit-learn, with a single column or with too few rows.
    """
    columns = [name for name in columns if name in reference.columns]
    if find_spec("sklearn") is None or len(columns) < 2:
        return None
    import numpy as np
    import pandas as pd
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    parts = [frames.sample(table, ROWS, columns) for table in (reference, current)]
    n, m = map(len, parts)
    if min(n, m) < LEAST:
        return None
    rows = coded(pd.concat(parts, ignore_index=True))
    before, now = rows[:n], rows[n:]
    half = np.random.default_rng(0).permutation(n) < n // 2
    fitted = before[half]
    # A column without any value in this half, or with one value only, tells nothing.
    varied = ~np.isnan(fitted).all(axis=0)
    varied[varied] = np.nanstd(fitted[:, varied], axis=0) > 0
    if varied.sum() < 2:
        return None
    middle = np.nanmedian(fitted[:, varied], axis=0)
    spread = np.nanstd(fitted[:, varied], axis=0)
    fitted, held, now = (
        # Gaps take the middle, far outliers come near: one of them would be all of the mean.
        np.clip(np.nan_to_num((x[:, varied] - middle) / spread), -5, 5)
        for x in (fitted, before[~half], now)
    )
    with threadpool_limits(limits=1):
        model = PCA(n_components=KEPT, svd_solver="full").fit(fitted)
        errors = [
            np.linalg.norm(x - model.inverse_transform(model.transform(x)), axis=1)
            for x in (held, now)
        ]
    means = [float(each.mean()) for each in errors]
    error = math.sqrt(sum(float(each.var()) / len(each) for each in errors))
    gap = means[1] - means[0]
    return Reconstruction(
        reference=means[0], current=means[1],
        low=gap - 1.96 * error, high=gap + 1.96 * error, rows=n + m,
    )  # fmt: skip

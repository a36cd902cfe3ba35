"""Reason codes a second, beside shap's TreeExplainer on the same model and rows.

Not a test: ``python tests/benchmarks/explain.py [ROWS [WORD…]]`` prints the table of
``docs/benchmarks.md``, or the lines whose model's name holds one of the words. shap explains a part
of the rows, as many as it manages in some seconds.
"""

from __future__ import annotations

import os
import resource
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from time import process_time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for each of them

import lightgbm
import numpy as np
import pandas as pd
import shap
import xgboost
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_nb.registry.explain import Explainer
from mlops_nb.registry.scoring import ScoringModel
from mlops_nb.registry.versions import ModelVersion

ROWS = 300_000
TRAINING = 20_000
COLUMNS = 30
PATIENCE = 5.0  # seconds that shap is given at least


def main() -> None:
    """Print one row a model."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    wanted = sys.argv[2:]
    x, y = customers(max(rows, TRAINING))
    print(f"{rows:,} rows × {COLUMNS} columns, three reasons each, one core\n")
    print("| model | method | ours, rows/s | shap, rows/s | ratio | largest difference |")
    print("|---|---|---|---|---|---|")
    for name, estimator, share in models():
        if wanted and not any(word in name for word in wanted):
            continue
        fitted = estimator.fit(x.head(TRAINING), y[:TRAINING])
        why = explainer(fitted, x.head(2_000).assign(y=y[:2_000]))
        method = why.attribution.method
        batch = x.head(max(50, int(rows * share)))
        started = process_time()
        why.reasons(batch, top=3)
        ours = len(batch) / (process_time() - started)
        print(f"| {name} | {method} | {ours:,.0f} | {beside(fitted, why, x, ours)} |", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of all of it: {peak:,.0f} MB")


def customers(rows: int) -> tuple[pd.DataFrame, Any]:
    """Return customers: counts, amounts of several scales, some columns that say nothing."""
    random = np.random.default_rng(0)
    table = {f"amount_{i}": random.lognormal(3, 1, rows).round(2) for i in range(12)}
    table |= {f"count_{i}": random.integers(0, 12, rows) for i in range(10)}
    table |= {f"level_{i}": random.integers(0, 4, rows) for i in range(8)}
    x = pd.DataFrame(table)
    merit = np.log(x["amount_0"]) * (x["count_0"] > 5) + x["count_1"] / 6 + x["level_0"] / 2
    merit += np.log(x["amount_1"]) / 2 - (x["level_1"] == 2)
    return x, (merit + random.normal(size=rows) > np.median(merit)).astype(int).to_numpy()


def models() -> list[tuple[str, Any, float]]:
    """Return name, estimator and the share of the rows that it is asked about."""
    levels = [f"level_{i}" for i in range(8)]
    encode = make_column_transformer((OneHotEncoder(), levels), remainder=StandardScaler())
    return [
        (
            "logistic regression, one-hot",
            make_pipeline(encode, LogisticRegression(max_iter=500)),
            1,
        ),
        ("boosting (scikit-learn), 100 × 31 leaves", HistGradientBoostingClassifier(), 1),
        (
            "boosting (scikit-learn), 100 × 8 leaves",
            HistGradientBoostingClassifier(max_leaf_nodes=8),
            1,
        ),
        ("forest, 100 trees of depth 8", RandomForestClassifier(100, max_depth=8), 0.1),
        ("forest, 100 trees of full depth", RandomForestClassifier(100), 0.005),
        ("LightGBM, 100 × 31 leaves", lightgbm.LGBMClassifier(verbosity=-1, n_jobs=1), 0.1),
        ("XGBoost, 100 trees of depth 6", xgboost.XGBClassifier(n_jobs=1), 0.1),
        (
            "nearest neighbours (any other model)",
            make_pipeline(StandardScaler(), KNeighborsClassifier()),
            0.0002,
        ),
    ]


def beside(fitted: Any, why: Explainer, x: pd.DataFrame, ours: float) -> str:
    """Return the cells about shap: rows a second, ratio, how far its values are from ours."""
    if not hasattr(fitted, "predict_proba") or hasattr(fitted, "steps"):
        return "– | – | –"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = shap.TreeExplainer(fitted, feature_perturbation="tree_path_dependent")
        asked, taken = 50, 0.0
        while taken < PATIENCE and asked < len(x):
            asked *= 2
            taken = seconds(lambda n=asked: tree.shap_values(x.head(n), check_additivity=False))
    theirs = np.asarray(tree.shap_values(x.head(100), check_additivity=False))
    theirs = theirs[:, :, 1] if theirs.ndim == 3 else theirs
    told = why.contributions(x.head(100))[list(x.columns)].to_numpy()
    rate = asked / taken
    return f"{rate:,.0f} | {ours / rate:.1f} | {np.abs(told - theirs).max():.0e}"


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    started = process_time()
    call()
    return process_time() - started


def explainer(fitted: Any, holdout: pd.DataFrame) -> Explainer:
    """Return the explainer of a model that is in no registry."""
    version = ModelVersion(
        name="m", version=1, aliases=(), run_id="r", source="s", created=datetime.now(UTC)
    )
    model = ScoringModel(
        version=version,
        features=[name for name in holdout.columns if name != "y"],
        task="binary",
        threshold=0.5,
        estimator=fitted,
    )
    return Explainer(model=model, holdout=holdout, label="y", importance={}, keep=())


if __name__ == "__main__":
    main()

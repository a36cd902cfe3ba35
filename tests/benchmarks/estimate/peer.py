"""NannyML's side of the comparison; runs in an environment of its own.

Writes its public examples as Parquet and its estimates by chunk as JSON into a folder.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from time import process_time

import nannyml as nml

warnings.filterwarnings("ignore")
CHUNK = 5_000

CAR_PRICE = [
    "car_age", "km_driven", "price_new", "accident_count", "door_count", "fuel", "transmission",
]  # fmt: skip
CARDS = ("prepaid_card", "highstreet_card", "upmarket_card")
EXAMPLES = {
    "car_loan": (
        nml.load_synthetic_car_loan_dataset, "repaid", "classification_binary",
        ["roc_auc", "f1", "precision", "recall", "accuracy"],
    ),
    "work_from_home": (
        nml.load_synthetic_binary_classification_dataset, "work_home_actual",
        "classification_binary", ["roc_auc", "f1", "precision", "recall", "accuracy"],
    ),
    "credit_cards": (
        nml.load_synthetic_multiclass_classification_dataset, "y_true",
        "classification_multiclass", ["roc_auc", "f1", "accuracy"],
    ),
    "car_price": (nml.load_synthetic_car_price_dataset, "y_true", "regression", ["mae", "rmse"]),
}  # fmt: skip


def main(folder: Path) -> None:
    """Estimate every example."""
    told = {}
    for name, (load, label, task, metrics) in EXAMPLES.items():
        reference, analysis, truth = load()
        if "identifier" in analysis:
            truth = truth.rename(columns={"id": "identifier"})
        key = next(column for column in truth if column != label)
        analysis.merge(truth, on=key).to_parquet(folder / f"{name}_analysis.parquet")
        reference.to_parquet(folder / f"{name}_reference.parquet")
        began = process_time()
        if task == "regression":
            made = nml.DLE(
                feature_column_names=CAR_PRICE, y_pred="y_pred", y_true=label,
                metrics=metrics, chunk_size=CHUNK,
            )  # fmt: skip
        else:
            scores = (
                {card: f"y_pred_proba_{card}" for card in CARDS}
                if task.endswith("multiclass")
                else "y_pred_proba"
            )
            made = nml.CBPE(
                problem_type=task, y_pred_proba=scores, y_pred="y_pred", y_true=label,
                metrics=metrics, chunk_size=CHUNK,
            )  # fmt: skip
        made.fit(reference)
        found = made.estimate(analysis).filter(period="analysis").to_df()
        told[name] = {
            "label": label,
            "task": task,
            "chunk": CHUNK,
            "seconds": process_time() - began,
            "estimates": {metric: list(map(float, found[metric]["value"])) for metric in metrics},
        }
    (folder / "peer.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""How far estimates without labels are from the truth: ours beside NannyML's, in one run.

``python tests/benchmarks/estimate/compare.py PEER_PYTHON`` prints the table of
``docs/benchmarks.md``. PEER_PYTHON is an interpreter that has NannyML:
``uv venv peer && uv pip install nannyml==0.13.1 statsmodels 'pandas<3' 'plotly<6'``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from mlops_nb.monitoring.answers import answers
from mlops_nb.monitoring.estimate import estimator
from mlops_nb.monitoring.performance import figures

HERE = Path(__file__).parent
NAMES = {"f1": {"classification_multiclass": "macro_f1"}}


def main(peer: str) -> None:
    """Print one row a figure of each example."""
    print("| example | figure | true, mean of 10 chunks | ours | NannyML | in our interval |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        quiet = os.environ | {"NML_DISABLE_USAGE_LOGGING": "1"}  # it waits for its telemetry
        subprocess.run([peer, HERE / "peer.py", folder], check=True, env=quiet)
        for name, told in json.loads((folder / "peer.json").read_text()).items():
            _example(folder, name, told)


def _example(folder: Path, name: str, told: dict) -> None:
    reference, analysis = (
        pd.read_parquet(folder / f"{name}_{part}.parquet") for part in ("reference", "analysis")
    )
    began = process_time()
    columns = {
        "label": told["label"],
        "prediction": "y_pred",
        "score": "y_pred_proba",
    }
    features = None
    if told["task"] == "regression":
        left_out = {"id", "timestamp", "y_true", "y_pred", "y_pred_proba"}
        features = [column for column in reference if column not in left_out]
    made = estimator(reference, features=features, **columns)
    chunks = [analysis.iloc[i : i + told["chunk"]] for i in range(0, len(analysis), told["chunk"])]
    found = [made.figures(chunk) for chunk in chunks]
    seconds = process_time() - began
    true = [figures(answers(chunk, **columns)) for chunk in chunks]
    for metric, theirs in told["estimates"].items():
        own = NAMES.get(metric, {}).get(told["task"], metric)
        truth = np.array([one[own].value for one in true])
        ours = np.array([one[own].value for one in found])
        half = 1.96 * np.array([one[own].error for one in found])
        print(
            f"| {name} | {own} | {truth.mean():.4f} | {np.abs(ours - truth).mean():.4f} "
            f"| {np.abs(np.array(theirs) - truth).mean():.4f} "
            f"| {(np.abs(ours - truth) <= half).sum()} of {len(truth)} |"
        )
    print(f"| {name} | CPU-seconds | | {seconds:.1f} | {told['seconds']:.1f} | |")


if __name__ == "__main__":
    main(sys.argv[1])

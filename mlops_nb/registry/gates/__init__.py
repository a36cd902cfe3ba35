"""Gates: what a model version must show before it is promoted. One function each."""

from __future__ import annotations

from mlops_nb.registry.gates import fairness, metrics, operation, readiness
from mlops_nb.registry.gates.case import (
    Case,
    Gate,
    Scored,
    gate,
    load_files,
    refused,
    remove,
    run,
)

__all__ = [
    "Case", "Gate", "Scored", "fairness", "gate", "load_files", "metrics", "operation",
    "readiness", "refused", "remove", "run",
]  # fmt: skip

"""Gates: what a model version must show before it is promoted. One function each."""

from __future__ import annotations

from mlops_nb.registry.gates import fairness, metrics, operation
from mlops_nb.registry.gates.case import Case, Gate, Scored, gate, refused, remove, run

__all__ = [
    "Case", "Gate", "Scored", "fairness", "gate", "metrics", "operation", "refused", "remove",
    "run",
]  # fmt: skip

"""Explain a model: why it decided, what it would take to decide otherwise, what it gains."""

from __future__ import annotations

from mlops_nb.registry.explain.explainer import Explainer, explain

__all__ = ["Explainer", "explain"]

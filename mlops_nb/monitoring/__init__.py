"""Monitoring: profiles, drift, performance, groups, system and business, and one verdict."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_nb.monitoring.attribution import Attribution, attribute
    from mlops_nb.monitoring.business import business, business_metrics, business_over_time
    from mlops_nb.monitoring.calibration import concept, reliability
    from mlops_nb.monitoring.checks import Checks, checks
    from mlops_nb.monitoring.contract import Contract, derive_contract, read_contract
    from mlops_nb.monitoring.decisions import decisions
    from mlops_nb.monitoring.drift import drift
    from mlops_nb.monitoring.drifted import Drift
    from mlops_nb.monitoring.estimate import check_estimate, estimate, estimator
    from mlops_nb.monitoring.fairness import by_group, fairness_figures
    from mlops_nb.monitoring.performance import performance
    from mlops_nb.monitoring.pipeline import pipeline
    from mlops_nb.monitoring.policy import Policy, policy
    from mlops_nb.monitoring.predictions import PredictionsLog, predictions_log
    from mlops_nb.monitoring.profile import Profile, profile
    from mlops_nb.monitoring.quality import check_contract, require
    from mlops_nb.monitoring.report import render
    from mlops_nb.monitoring.segments import drift_by
    from mlops_nb.monitoring.shadow import shadow
    from mlops_nb.monitoring.system import system
    from mlops_nb.monitoring.timeline import over_time, performance_figures, trend
    from mlops_nb.monitoring.verdict import Verdict, conclude
    from mlops_nb.monitoring.volume import seasonal_volume

_HOME = {
    "Attribution": "attribution", "attribute": "attribution", "business": "business",
    "business_metrics": "business", "business_over_time": "business", "concept": "calibration",
    "reliability": "calibration", "Contract": "contract", "derive_contract": "contract",
    "read_contract": "contract", "decisions": "decisions", "Drift": "drifted", "drift": "drift",
    "check_estimate": "estimate", "estimate": "estimate", "estimator": "estimate", "by_group":
    "fairness", "fairness_figures": "fairness", "performance": "performance", "pipeline":
    "pipeline", "PredictionsLog": "predictions", "predictions_log": "predictions", "Profile":
    "profile", "profile": "profile", "check_contract": "quality", "require": "quality",
    "render": "report", "system": "system", "over_time": "timeline", "performance_figures":
    "timeline", "trend": "timeline", "Verdict": "verdict", "conclude": "verdict",
    "seasonal_volume": "volume", "Checks": "checks", "checks": "checks", "Policy": "policy",
    "policy": "policy", "drift_by": "segments", "shadow": "shadow",
}  # fmt: skip

__all__ = [
    "Attribution",
    "Checks",
    "Contract",
    "Drift",
    "Policy",
    "PredictionsLog",
    "Profile",
    "Verdict",
    "attribute",
    "business",
    "business_metrics",
    "business_over_time",
    "by_group",
    "check_contract",
    "check_estimate",
    "checks",
    "concept",
    "conclude",
    "decisions",
    "derive_contract",
    "drift",
    "drift_by",
    "estimate",
    "estimator",
    "fairness_figures",
    "over_time",
    "performance",
    "performance_figures",
    "pipeline",
    "policy",
    "predictions_log",
    "profile",
    "read_contract",
    "reliability",
    "render",
    "require",
    "seasonal_volume",
    "shadow",
    "system",
    "trend",
]


class _Lazy(ModuleType):
    """A package whose public functions are imported when first asked for.

    Several are called like the module they stand in (`drift` in `drift.py`). The import system
    binds a submodule to its package under that very name, so that is where the function is put.
    """

    def __getattr__(self, name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and _HOME.get(name) == name:
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Lazy

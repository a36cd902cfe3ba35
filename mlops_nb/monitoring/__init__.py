"""Monitoring: profiles, drift, performance, groups, system and business, and one verdict."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_nb.monitoring.business import business
    from mlops_nb.monitoring.drift import Drift, drift
    from mlops_nb.monitoring.fairness import by_group
    from mlops_nb.monitoring.performance import performance
    from mlops_nb.monitoring.policy import Policy, policy
    from mlops_nb.monitoring.predictions import PredictionsLog, predictions_log
    from mlops_nb.monitoring.profile import Profile, profile
    from mlops_nb.monitoring.report import render
    from mlops_nb.monitoring.system import system
    from mlops_nb.monitoring.verdict import Verdict, conclude

_HOME = {
    "Drift": "drift", "drift": "drift", "Profile": "profile", "profile": "profile",
    "PredictionsLog": "predictions", "predictions_log": "predictions",
    "performance": "performance", "by_group": "fairness", "system": "system",
    "Policy": "policy", "policy": "policy",
    "business": "business", "Verdict": "verdict", "conclude": "verdict", "render": "report",
}  # fmt: skip

__all__ = [
    "Drift", "Policy", "PredictionsLog", "Profile", "Verdict", "business", "by_group", "conclude",
    "drift", "performance", "policy", "predictions_log", "profile", "render", "system",
]  # fmt: skip


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

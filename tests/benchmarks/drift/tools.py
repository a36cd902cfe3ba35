"""What each tool says of a table and of single shifted columns, by its defaults."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

Variants = Mapping[tuple[str, str], pd.Series]
Answer = dict[str, Any]


def ours(before: pd.DataFrame, now: pd.DataFrame, variants: Variants) -> Answer:
    """Judge by `mlops_nb.monitoring.drift` as it is shipped."""
    from mlops_nb.monitoring import profile
    from mlops_nb.monitoring.drift import conclude, drift
    from mlops_nb.monitoring.profile import Profile

    whole = drift(before, now, classifier=False)
    alarms = [c.column for c in whole.drifted_columns]
    answer = _answer({c.column: c.score for c in whole.columns}, alarms)
    # All shifts of a column in one pass; each then takes that column's place among the others.
    names = {f"{name}|{shift}": (name, shift) for name, shift in variants}
    if not names:
        return answer
    reference = Profile(
        rows=len(before),
        columns={key: whole.reference.columns[name] for key, (name, _) in names.items()},
    )
    table = pd.DataFrame({key: variants[pair] for key, pair in names.items()})
    seen = profile(table, edges_from=reference).columns
    for key, (name, shift) in names.items():
        current = Profile(rows=len(now), columns=dict(whole.current.columns) | {name: seen[key]})
        found = {c.column: c for c in conclude(whole.reference, current)}
        answer["shifts"].append([name, shift, round(found[name].score, 5), found[name].drifted])
    return answer


def evidently(before: pd.DataFrame, now: pd.DataFrame, variants: Variants) -> Answer:
    """Judge by the tests that Evidently's data drift preset chooses, column by column."""
    from evidently.legacy.calculations.stattests import registry

    def score(one: pd.Series, two: pd.Series) -> float:
        numbers = pd.api.types.is_numeric_dtype(one)
        kind = "num" if numbers else "cat"
        # As its preset does before any test.
        one, two = (c.replace([-np.inf, np.inf], np.nan).dropna() for c in (one, two))
        if not len(one) or not len(two):
            return 0.0
        test = registry.get_stattest(one, two, kind, None)
        found = test(one, two, registry.ColumnType(kind), None)
        return _ratio(
            found.drift_score, found.actual_threshold, is_p="p_value" in test.display_name
        )

    return _by_column(before, now, variants, score)


def nannyml(before: pd.DataFrame, now: pd.DataFrame, variants: Variants) -> Answer:
    """Judge by NannyML's univariate calculator: thresholds of the reference's ten chunks.

    The current table is one chunk, which spares it the alarms of ten smaller ones.
    """
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    from nannyml import UnivariateDriftCalculator

    usable = [name for name in before.columns if name != "time" and before[name].notna().any()]
    fitted = UnivariateDriftCalculator(column_names=usable).fit(before[usable])
    methods = {name: fitted._column_to_models_mapping[name][0] for name in usable}

    def score(one: pd.Series, two: pd.Series) -> float:
        method = methods.get(str(one.name))
        if method is None:
            return 0.0
        value = method.calculate(two.rename(one.name))
        return _ratio(value, method.upper_threshold_value, is_p=False)

    return _by_column(before, now, variants, score)


def _by_column(before: pd.DataFrame, now: pd.DataFrame, variants: Variants, score: Any) -> Answer:
    scores = {name: score(before[name], now[name]) for name in now.columns if name != "time"}
    answer = _answer(scores, [name for name, value in scores.items() if value >= 1])
    for (name, shift), column in variants.items():
        value = score(before[name], column)
        answer["shifts"].append([name, shift, round(value, 5), value >= 1])
    return answer


def _ratio(value: float, threshold: float, *, is_p: bool) -> float:
    if value is None or not math.isfinite(value) or not threshold:
        return 0.0
    if is_p:
        return math.log(max(float(value), 1e-300)) / math.log(threshold)
    return float(value / threshold)


def _answer(scores: Mapping[str, float], alarms: list[str]) -> Answer:
    scores = {name: round(value, 5) for name, value in scores.items()}
    return {"scores": scores, "alarms": alarms, "shifts": []}

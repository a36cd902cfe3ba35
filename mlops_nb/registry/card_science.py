"""The sections of a card that a data scientist reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_nb.registry.card_figures import Bars, Curve, Figure
from mlops_nb.registry.card_layout import SCIENCE, Section
from mlops_nb.registry.fairness import WORDS
from mlops_nb.registry.importance import ends
from mlops_nb.registry.metrics import direction


def summary(facts: Mapping[str, Any]) -> Section:
    """Tell the card in short."""
    model, shown = facts["model"], list(facts["metrics"].items())[:2]
    figures = "; ".join(f"{n} {_span(v)}" for n, v in shown) or "no metric"
    top = ", ".join(item["feature"] for item in facts["importance"]["features"][:3])
    lines = [
        f"A {model['type']} for a {model['task']} task on {len(model['features'])} features.",
        f"On {facts['data']['holdout_rows']:,} rows it was not fitted on: {figures}.",
    ]
    if top:
        known, all_of_them = len(facts["importance"]["features"]), len(model["features"])
        some = "" if known >= all_of_them else f", of the {known} features that were looked at"
        lines.append(f"It relies most on: {top}{some}.")
    worst = _worst_group(facts)
    if worst:
        lines.append(worst)
    lines.append(f"Limits: {str(facts.get('limits') or 'not stated').rstrip('.')}.")
    return Section(title="For the data scientist", readers=SCIENCE, summary=True, lines=lines)


def data(facts: Mapping[str, Any]) -> Section:
    """Tell what it learned from and was measured on."""
    data = facts["data"]
    lines = [
        f"Reference (training) rows: {data['reference_rows']:,}",
        f"Hold-out rows: {data['holdout_rows']:,}, label {data['label']!r}",
        f"Period: {facts.get('period') or 'not stated'}",
    ]
    rows = [
        [str(item.get(key, "")) for key in ("name", "source", "rows", "hash")]
        for item in data["inputs"]
    ]
    header = ("input", "source", "rows", "content hash") if rows else ()
    return Section(title="Data", readers=SCIENCE, lines=lines, header=header, rows=rows)


def metrics(facts: Mapping[str, Any]) -> Section:
    """Tell its metrics, and whether its scores are what comes of them."""
    rows = [
        [name, f"{item['value']:.4f}", f"{item['low']:.4f}", f"{item['high']:.4f}"]
        for name, item in facts["metrics"].items()
    ]
    threshold = facts["model"].get("threshold")
    note = f"Intervals: {facts['confidence']:.0%}, bootstrap over the rows of the hold-out."
    if threshold is not None:
        note += (
            f" A row is predicted {facts['model']['positive']} from a score of {threshold:g} on."
        )
    bins = facts.get("calibration") or []
    drawn = Curve(
        title="Is a score what comes of it?",
        across="mean score of a tenth of the rows",
        up="rate that came of it",
        x=[item["score"] for item in bins],
        y=[item["rate"] for item in bins],
        lows=[item["low"] for item in bins],
        highs=[item["high"] for item in bins],
        diagonal=True,
    )
    return Section(
        title="Metrics on the hold-out",
        readers=SCIENCE,
        figures=[drawn] if bins else [],
        header=("metric", "value", "low", "high"),
        rows=rows,
        note=note,
    )


def groups(facts: Mapping[str, Any]) -> Section:
    """Tell its metrics group by group."""
    names = list(facts["metrics"])
    rows = [
        [
            group["column"],
            group["level"],
            f"{group['rows']:,}",
            *(_span(group["metrics"][n]) if n in group["metrics"] else "–" for n in names),
        ]
        for group in facts["groups"]
    ]
    first = next((name for name in names if direction(name)), "")
    drawn = [group for group in facts["groups"] if first in group["metrics"]]
    spans = [group["metrics"][first] for group in drawn]
    figure = Bars(
        title=f"{first} by group",
        labels=[f"{group['column']}: {group['level']}" for group in drawn],
        values=[span["value"] for span in spans],
        lows=[span["low"] for span in spans],
        highs=[span["high"] for span in spans],
    )
    header = ("column", "group", "rows", *names)
    return Section(
        title="By group",
        readers=SCIENCE,
        figures=[figure] if drawn else [],
        header=header,
        rows=rows,
    )


def fairness(facts: Mapping[str, Any]) -> Section:
    """Tell how alike it treats groups."""
    rows = [
        [
            one["column"],
            str(one["groups"]),
            WORDS.get(name, name),
            f"{item['value']:.3f}",
            f"{item['low']:.3f}",
            f"{item['high']:.3f}",
        ]
        for one in facts["fairness"]
        for name, item in one["figures"].items()
    ]
    return Section(
        title="Fairness on the hold-out",
        readers=SCIENCE,
        header=("column", "groups", "figure", "value", "low", "high"),
        rows=rows,
        note="Between the groups that are furthest apart; intervals: 95 %, bootstrap. Of several "
        "alike groups the furthest apart still differ by chance. What is asked for stands in "
        "[tool.mlops.gates.fairness].",
    )


def decisions(facts: Mapping[str, Any]) -> Section:
    """Tell what it decides, and for whom."""
    found, counts = facts["decisions"], facts.get("scores") or []
    rates = Bars(
        title=f"Share of rows predicted {facts['model']['positive']}",
        labels=[
            item["level"] if item["column"] == "all" else f"{item['column']}: {item['level']}"
            for item in found
        ],
        values=[item["rate"] for item in found],
        lows=[item["low"] for item in found],
        highs=[item["high"] for item in found],
    )
    total = sum(counts) or 1
    spread = Bars(
        title="Share of rows by score",
        labels=[f"{i / 10:.1f} to {(i + 1) / 10:.1f}" for i in range(len(counts))],
        values=[count / total for count in counts],
    )
    return Section(
        title="Decisions on the hold-out",
        readers=SCIENCE,
        figures=[rates, spread] if counts else [rates],
        note="Intervals: 95 %, Wilson. How decisions go on from here is the monitor's to say: "
        "decision.rate in its report.",
    )


def importance(facts: Mapping[str, Any]) -> Section:
    """Tell what it relies on, and how its score goes with that."""
    importance = facts["importance"]
    top = importance["features"][:20]
    spans = [ends(item) for item in top]
    rows = [
        [item["feature"], f"{item['drop']:.4f}", f"{low:.4f}", f"{high:.4f}"]
        for item, (low, high) in zip(top, spans, strict=True)
    ]
    drawn: list[Figure] = [
        Bars(
            title=f"Loss of {importance['metric']} without the column",
            labels=[item["feature"] for item in top[:10]],
            values=[item["drop"] for item in top[:10]],
            lows=[low for low, _ in spans[:10]],
            highs=[high for _, high in spans[:10]],
        )
    ]
    return Section(
        title="What it relies on",
        readers=SCIENCE,
        figures=[*drawn, *map(_curve, facts.get("dependence") or [])],
        header=("feature", f"loss of {importance['metric']}", "low", "high"),
        rows=rows,
        note="Permutation importance: how much worse the metric becomes when the column is "
        "shuffled; intervals: 95 %, over rows and shuffles. Of columns that say the same, each "
        "looks unimportant. The curves are the mean score when every row has that value (partial "
        "dependence). Why a single row was decided "
        f"on as it was: mlops model explain {facts['name']}/{facts['version']} --row 0",
    )


def _curve(found: Mapping[str, Any]) -> Figure:
    lows = [m - 1.96 * s for m, s in zip(found["mean"], found["standard_error"], strict=True)]
    highs = [m + 1.96 * s for m, s in zip(found["mean"], found["standard_error"], strict=True)]
    title = f"Mean score by {found['column']}"
    if found["number"] and len(found["values"]) > 1:
        return Curve(
            title=title,
            across=found["column"],
            up="mean score",
            x=found["values"],
            y=found["mean"],
            lows=lows,
            highs=highs,
        )
    labels = [str(value) for value in found["values"]]
    return Bars(title=title, labels=labels, values=found["mean"], lows=lows, highs=highs)


def simpler(facts: Mapping[str, Any]) -> Section:
    """Tell what it gains over models that can be read."""
    rows = [
        [
            item["baseline"],
            item["metric"],
            f"{item['value']:.4f}",
            f"{item['model']:.4f}",
            f"{item['gain']:+.4f}",
            f"{item['low']:+.4f}",
            f"{item['high']:+.4f}",
        ]
        for item in facts["simpler"]
    ]
    return Section(
        title="What it gains over models that can be read",
        readers=SCIENCE,
        lines=[item["advice"] for item in facts["simpler"]],
        header=("baseline", "metric", "baseline's", "model's", "gain", "low", "high"),
        rows=rows,
        note="Paired bootstrap over the same hold-out rows; each bound holds with 95 %.",
    )


def _span(item: Mapping[str, float]) -> str:
    return f"{item['value']:.3f} [{item['low']:.3f}, {item['high']:.3f}]"


def _worst_group(facts: Mapping[str, Any]) -> str:
    name = next((n for n in facts["metrics"] if direction(n)), None)
    measured = [group for group in facts["groups"] if name in group["metrics"]]
    if name is None or not measured:
        return ""
    worst = min(measured, key=lambda g: direction(name) * g["metrics"][name]["value"])
    figures = f"{name} {_span(worst['metrics'][name])}"
    return f"Weakest group: {worst['column']} = {worst['level']}, {figures}."

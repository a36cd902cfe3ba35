"""Years in which columns move and the model stays right: what is said of them, and who is paged.

``python tests/benchmarks/drift/benign.py FILE`` with the extract of the American Community Survey
prints the table of ``docs/benchmarks.md``: a model learnt on half of 2015, held against the other
half and the years after.
"""

from __future__ import annotations

import sys

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from mlops_nb.monitoring import drift, profile
from mlops_nb.result import Status


def main(path: str) -> None:
    """Print one row a year."""
    people = pd.read_parquet(path).drop(columns="id").astype("float64")
    codes = [name for name in people.columns if name not in ("AGEP", "SCHL", "year", "employed")]
    features = ["AGEP", "SCHL", *codes]
    first = people["year"] == 2015
    half = first & (people.index % 2 == 0)
    model = HistGradientBoostingClassifier(random_state=0)
    model.fit(people.loc[half, features], people.loc[half, "employed"])
    people["score"] = model.predict_proba(people[features])[:, 1]
    seen = people.astype(dict.fromkeys(codes, "str"))[[*features, "score"]]
    reference = profile(seen[first & ~half])
    print("| year | ROC AUC | columns drifted (inform) | pages |\n|---|---|---|---|")
    for year in (2015, 2016, 2017, 2018):
        rows = half if year == 2015 else people["year"] == year
        auc = roc_auc_score(people.loc[rows, "employed"], people.loc[rows, "score"])
        found = drift(reference, seen[rows])
        named = ", ".join(column.column for column in found.drifted_columns) or "none"
        pages = sum(r.status in (Status.FAILED, Status.ERROR) for r in found.results())
        learnt = " (learnt from)" if year == 2015 else ""
        print(f"| {year}{learnt} | {auc:.3f} | {named} | {pages} |")


if __name__ == "__main__":
    main(sys.argv[1])

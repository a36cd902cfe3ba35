"""A telecom operator's customers, multiplied from people who answered a survey.

No operator publishes its customers. Each of ours is a person of the American Community Survey of
Massachusetts (`../people/data`), drawn with replacement: 300,000 customers out of 277,677 people,
or as many as are asked for. So every column has its real distribution and the columns belong
together as they do in life; only the number of rows is made.

The label is real as well: `left` says that the person has moved house within the year, which is
what ends most fixed-line contracts. That the answer comes two days after the snapshot is not: in
life it takes a month, here it has to fit into a week.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

PEOPLE = Path(__file__).parents[1] / "people/data/acs_employment_ma.parquet"
NUMBERS = ["age", "schooling"]
CODES = ["marital", "household", "work", "citizenship", "disability"]
FEATURES = [*NUMBERS, *CODES]
GROUPS = ["sex"]
LABEL = "left"
LABEL_DAYS = 2
CONTRACT_DAYS = 365  # after so long, somebody else has a customer's number
EXTRACTED = pd.Timedelta(hours=4)  # when the warehouse writes the snapshot of the day


def snapshot(day: date | str, customers: int) -> pd.DataFrame:
    """Return the customers of a day as the warehouse knew them at four in the morning.

    Columns: `prediction_id`, `timestamp` (when the snapshot was taken), :data:`FEATURES` and
    :data:`GROUPS`. A smaller number of customers is the beginning of a larger one.
    """
    rows = _drawn(day, range(customers))
    return rows[["prediction_id", "timestamp", *FEATURES, *GROUPS]]


def labels(day: date | str, customers: int) -> pd.DataFrame:
    """Return `prediction_id` and `left` (1 or 0) of a day's customers."""
    return _drawn(day, range(customers))[["prediction_id", LABEL]]


def labelled_once(start: date | str, end: date | str, numbers: range) -> pd.DataFrame:
    """Return the customers of these numbers with label and `person`, each on one of the days."""
    days = pd.date_range(start, end)
    parts = [_drawn(day, numbers[n :: len(days)]) for n, day in enumerate(days)]
    return pd.concat(parts, ignore_index=True)


def number(rows: pd.DataFrame) -> pd.Series:
    """Return the customer number of each row."""
    return rows["prediction_id"].str.rpartition("-")[2].astype(int)


def _drawn(day: date | str, numbers: range) -> pd.DataFrame:
    moment = pd.Timestamp(day)
    number = np.asarray(numbers, dtype=np.uint64)
    # Every number is given to somebody new once a year, each on a day of its own.
    since = moment.toordinal() + _mixed(number) % np.uint64(CONTRACT_DAYS)
    who = _mixed(number + (since // np.uint64(CONTRACT_DAYS)) * np.uint64(1_000_003))
    rows = _people().iloc[(who % np.uint64(len(_people()))).astype(np.int64)]
    rows = rows.rename_axis("person").reset_index()
    names = pd.Series(number).astype(str).str.zfill(7)
    return rows.assign(
        prediction_id=moment.strftime("%Y%m%d-") + names, timestamp=moment + EXTRACTED
    )


def _mixed(values: np.ndarray) -> np.ndarray:
    """Return numbers without order in place of numbers in order (the last steps of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@cache
def _people() -> pd.DataFrame:
    rows = pd.read_parquet(PEOPLE).astype("int64")
    rows = rows[rows["AGEP"] >= 18]  # who may sign a contract
    return pd.DataFrame(
        {
            "age": rows["AGEP"],
            "schooling": rows["SCHL"],
            "marital": rows["MAR"],
            "household": rows["RELP"],
            "work": rows["employed"],
            "citizenship": rows["CIT"],
            "disability": rows["DIS"],
            "sex": rows["SEX"].map({1: "male", 2: "female"}),
            LABEL: rows["MIG"].isin([2, 3]).astype(int),
        }
    )

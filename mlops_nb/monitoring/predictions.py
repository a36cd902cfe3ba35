"""The predictions log: what a model said, day by day, and the labels that came later.

Parquet under ``.mlops/predictions/<model>/date=…/model_version=…/``, labels beside it under
``.mlops/labels/<model>/``, what a silent version would have said under ``.mlops/shadow/<model>/``.
A file appears whole or not at all, a repeated attempt replaces its own file, and of two rows with
one `prediction_id` the newest counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.monitoring.prediction_files import (
    ID,
    LABELLED,
    LOGGED,
    files,
    hashes,
    may_hold,
    read,
    read_all,
    write,
)

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = (ID, "prediction")
VERSION = "model_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionsLog:
    """The predictions and labels of one model; made by :func:`predictions_log`.

    Parameters
    ----------
    model : str
        The model's name.
    predictions, labels : Path
        The folders of its predictions and of its labels; made when first written to.
    """

    model: str
    predictions: Path
    labels: Path

    def append(
        self, frame: pd.DataFrame, *, version: int | str, timestamp: str = "timestamp"
    ) -> list[Path]:
        """Add predictions, one file for each day in them.

        The same rows appended again, or by the same job attempt again, replace their file.

        Parameters
        ----------
        frame : DataFrame
            Columns `prediction_id` (unique), `prediction`, the timestamp, and what else is worth
            keeping: features, `score`, `latency_ms`.
        version : int or str
            The model version that predicted.
        timestamp : str
            The column that says when a prediction was for; its day is the partition.

        Returns
        -------
        list of Path
            The files written, by day.

        Raises
        ------
        InputError
            There is no row, a column is missing, or ids or times are missing or repeated.
        """
        import pandas as pd

        rows = _checked(frame, (*REQUIRED, timestamp))
        times = _times(rows[timestamp], timestamp)
        rows = rows.assign(timestamp=times, **{LOGGED: pd.Timestamp.now(tz=UTC)})
        days = times.dt.strftime("%Y-%m-%d")
        written = []
        for day, part in rows.groupby(days, sort=True):
            folder = self.predictions / f"date={day}" / f"{VERSION}={quote(str(version), safe='')}"
            written.append(write(part, folder))
        return written

    def label(self, frame: pd.DataFrame) -> list[Path]:
        """Add the truth about earlier predictions; a later label of the same id replaces it.

        Parameters
        ----------
        frame : DataFrame
            `prediction_id` and one or more columns of labels.

        Returns
        -------
        list of Path
            The file written.

        Raises
        ------
        InputError
            There is no row, no column of labels, or ids are missing or repeated.
        """
        import pandas as pd

        rows = _checked(frame, (ID,))
        if len(rows.columns) < 2:
            raise InputError("the labels have no column beside prediction_id", "add the label")
        return [write(rows.assign(**{LABELLED: pd.Timestamp.now(tz=UTC)}), self.labels)]

    def read(self, start: object, end: object, *, version: int | str | None = None) -> pd.DataFrame:
        """Return the predictions of some days with their labels, the newest row of each id.

        Parameters
        ----------
        start, end : date, datetime or str
            First and last day, both included.
        version : int or str, optional
            Only what this model version predicted.

        Returns
        -------
        DataFrame
            As appended, ordered by `timestamp`, with `logged_at`, `model_version` (text), the
            columns of labels (missing where none has come yet) and `labelled_at`. Without rows
            when nothing was predicted in those days.
        """
        import pandas as pd

        first, last = _day(start), _day(end)
        if first > last:
            raise InputError(f"the first day {first} is after the last day {last}", "swap them")
        wanted = None if version is None else quote(str(version), safe="")
        parts = []
        for day in (d for d in self.days() if first <= d <= last):
            for folder in sorted((self.predictions / f"date={day}").glob(f"{VERSION}=*")):
                name = folder.name.partition("=")[2]
                if wanted in (None, name):
                    parts += [part.assign(**{VERSION: name}) for part in read_all(folder)]
        if not parts:
            return pd.DataFrame(columns=[*REQUIRED, "timestamp", LOGGED, VERSION, LABELLED])
        rows = _newest(pd.concat(parts, ignore_index=True), LOGGED)
        return self._join_labels(rows).sort_values("timestamp", kind="stable", ignore_index=True)

    def days(self) -> list[date]:
        """Return the days that have predictions, in order."""
        names = (path.name.partition("=")[2] for path in self.predictions.glob("date=*"))
        return sorted(date.fromisoformat(name) for name in names)

    def volume(self, start: object, end: object) -> dict[date, int]:
        """Return how many predictions there are of each day, a repeated id counted once.

        Parameters
        ----------
        start, end : date, datetime or str
            First and last day, both included; a day without any is not among the answer.
        """
        first, last = _day(start), _day(end)
        return {day: len(self._ids(day)) for day in self.days() if first <= day <= last}

    def strangers(self) -> int:
        """Return how many labels are of an id that was never predicted."""
        import numpy as np

        folders = self.predictions.glob(f"date=*/{VERSION}=*")
        return len(np.setdiff1d(hashes([self.labels]), hashes(folders), assume_unique=True))

    def _ids(self, day: date) -> set[str]:
        folders = (self.predictions / f"date={day}").glob(f"{VERSION}=*")
        return {one for f in folders for part in read_all(f, [ID]) for one in part[ID]}

    def _join_labels(self, rows: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        # A file at a time, so that memory follows the rows asked for and not all labels ever.
        wanted = pd.Index(rows[ID])
        bounds = (rows[ID].min(), rows[ID].max())
        found = (read(path) for path in files(self.labels) if may_hold(path, *bounds))
        fitting = (part[wanted.get_indexer(part[ID]) >= 0] for part in found)
        parts = [part for part in fitting if len(part)]
        known = pd.concat(parts, ignore_index=True) if parts else None
        if known is None:
            return rows.assign(**{LABELLED: pd.Series(pd.NaT, rows.index, "datetime64[us, UTC]")})
        labels = _newest(known, LABELLED)
        # A label wins over a column of that name which was logged with the prediction.
        clash = [name for name in labels.columns if name in rows.columns and name != ID]
        return rows.drop(columns=clash).merge(labels, on=ID, how="left")


def predictions_log(
    model: str, project: Project | None = None, *, shadow: bool = False
) -> PredictionsLog:
    """Return the predictions log of a model.

    Parameters
    ----------
    model : str
        The model's name.
    project : Project, optional
        Whose log; the project around the current folder by default.
    shadow : bool, default=False
        The log of versions that score silently: the same ids and labels, apart from what was
        answered, which alone is monitored.
    """
    if not model:
        raise InputError("the predictions log needs the model's name", "predictions_log('name')")
    home = (project or load_project()).home
    # A leading dot would hide the folder, or leave it.
    folder = quote(model, safe="").replace(".", "%2E") if model[0] == "." else quote(model, safe="")
    return PredictionsLog(
        model=model,
        predictions=home / ("shadow" if shadow else "predictions") / folder,
        labels=home / "labels" / folder,
    )


def _checked(frame: pd.DataFrame, required: Iterable[str]) -> pd.DataFrame:
    for name in required:
        if name not in frame.columns:
            hint = did_you_mean(name, map(str, frame.columns))
            raise InputError(f"the table has no column {name!r}", hint)
    if not len(frame):
        raise InputError("the table has no row", "nothing was written; check what it was made from")
    if (missing := int(frame[ID].isna().sum())) > 0:
        raise InputError(f"{missing} rows have no prediction_id", "every row needs its own id")
    if (repeated := int(frame[ID].duplicated().sum())) > 0:
        raise InputError(
            f"{repeated} rows repeat a prediction_id of the same table", "make the ids unique"
        )
    # Text, so that ids logged as numbers one day and as text the next still meet.
    return frame.assign(**{ID: frame[ID].astype(str)})


def _times(column: pd.Series, name: str) -> pd.Series:
    import pandas as pd

    try:
        times = pd.to_datetime(column, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise InputError(f"column {name!r} holds no times: {error}", "use datetimes") from error
    if missing := int(times.isna().sum()):
        raise InputError(f"{missing} rows have no {name!r}", "every prediction needs its time")
    return times


def _day(value: object) -> date:
    import pandas as pd

    try:
        return pd.Timestamp(value).date()  # type: ignore[arg-type]  # anything a date can be read from
    except (ValueError, TypeError) as error:
        raise InputError(f"{value!r} is no day", "write it as 2013-06-30") from error


def _newest(rows: pd.DataFrame, moment: str) -> pd.DataFrame:
    ordered = rows.sort_values(moment, kind="stable")
    return ordered.drop_duplicates(ID, keep="last")

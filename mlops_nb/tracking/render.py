"""Figures and tables as files, written by the libraries that made them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_nb.errors import InputError, did_you_mean

FIGURE_SUFFIXES = (".html", ".json", ".png", ".svg", ".pdf", ".jpg")
TABLE_SUFFIXES = (".csv", ".parquet", ".json")


def is_plotly(value: object) -> bool:
    """Whether a value is a plotly figure; plotly is not imported to find out."""
    return any(
        c.__module__.startswith("plotly.") and c.__name__ == "BaseFigure"
        for c in type(value).__mro__
    )


def is_matplotlib(value: object) -> bool:
    """Whether a value is a matplotlib figure; matplotlib is not imported to find out."""
    return any(
        c.__module__ == "matplotlib.figure" and c.__name__ in {"Figure", "FigureBase"}
        for c in type(value).__mro__
    )


def write_figure(figure: Any, path: Path) -> list[Path]:
    """Write a figure and return the files.

    Parameters
    ----------
    figure : plotly or matplotlib figure
        Or an object with a `figure` attribute that is one, as axes and seaborn grids have.
    path : Path
        Where to, in an existing folder. The suffix says how, when the figure's kind has that
        form; else plotly becomes a ``.json`` and an ``.html`` that needs no network (images would
        need a browser), matplotlib a ``.png``.

    Raises
    ------
    InputError
        It is neither.
    """
    suffix = path.suffix if path.suffix in FIGURE_SUFFIXES else ""
    stem = path.name.removesuffix(suffix)
    if not is_plotly(figure) and not is_matplotlib(figure):
        figure = getattr(figure, "figure", figure)
    if is_plotly(figure):
        forms = [suffix] if suffix in {".json", ".html"} else [".json", ".html"]
        files = [path.with_name(stem + form) for form in forms]
        for file in files:
            if file.suffix == ".json":
                file.write_text(figure.to_json(), encoding="utf-8")
            else:
                figure.write_html(file, include_plotlyjs=True)
        return files
    if is_matplotlib(figure):
        form = suffix if suffix not in {"", ".json", ".html"} else ".png"
        image = path.with_name(stem + form)
        figure.savefig(image, bbox_inches="tight")
        return [image]
    raise InputError(
        f"cannot log a {type(figure).__name__} as a figure",
        "log_figure takes plotly and matplotlib figures",
    )


def write_table(table: Any, path: Path) -> list[Path]:
    """Write a table as CSV, Parquet or JSON, by the path's suffix, and return the file.

    Parameters
    ----------
    table : DataFrame, sequence of mappings, or mapping of columns
        A pandas or polars frame, rows, or columns of equal length.
    path : Path
        Where to, in an existing folder.

    Raises
    ------
    InputError
        The suffix or the table is of another kind.
    """
    suffix = path.suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise InputError(
            f"cannot write a table as {path.name!r}", did_you_mean(suffix, TABLE_SUFFIXES)
        )
    if hasattr(table, "write_parquet"):
        {".csv": table.write_csv, ".parquet": table.write_parquet, ".json": table.write_json}[
            suffix
        ](path)
    elif hasattr(table, "to_parquet"):
        _write_pandas(table, path, suffix)
    elif suffix == ".parquet":
        import pandas as pd

        pd.DataFrame(table).to_parquet(path)
    else:
        _write_rows(_rows(table), path, suffix)
    return [path]


def _write_pandas(table: Any, path: Path, suffix: str) -> None:
    if suffix == ".json":
        table.to_json(path, orient="records", date_format="iso")
    elif suffix == ".csv":
        table.to_csv(path, index=table.index.name is not None)
    else:
        table.to_parquet(path)


def _rows(table: Any) -> list[dict[str, Any]]:
    if isinstance(table, Mapping):
        columns = {str(key): _column(key, value) for key, value in table.items()}
        if len({len(values) for values in columns.values()}) > 1:
            raise InputError("the columns of the table have different lengths")
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if isinstance(table, Sequence) and all(isinstance(row, Mapping) for row in table):
        return [{str(key): value for key, value in row.items()} for row in table]
    raise InputError(
        f"cannot log a {type(table).__name__} as a table",
        "log_table takes a DataFrame, a list of dicts or a dict of columns",
    )


def _column(key: object, value: Any) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InputError(f"column {key!r} of the table is a single value, not a list")
    return list(value)


def _write_rows(rows: list[dict[str, Any]], path: Path, suffix: str) -> None:
    if suffix == ".json":
        path.write_text(json.dumps(rows, default=str), encoding="utf-8")
        return
    names = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)

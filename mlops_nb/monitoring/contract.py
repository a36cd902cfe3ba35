"""The data contract: what a table must be like, from a reference, kept as a file to edit."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.monitoring.parts import Numbers
from mlops_nb.monitoring.profile import Profile
from mlops_nb.monitoring.summary import Column

SCHEMA = 1
ROOM = 2.0
"""Multiples of the reference's range by which values may lie beyond it on either side."""
ABSENT = ("prediction", "score")
"""Columns that are not there before scoring."""
Type = Literal["number", "boolean", "datetime", "text"]


def type_of(kind: str) -> Type:
    """Return a column's type in a contract, from how a profile treats it."""
    known: Mapping[str, Type] = {"numeric": "number", "boolean": "boolean", "datetime": "datetime"}
    return known.get(kind, "text")


class _Part(msgspec.Struct, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """A part of the contract: kebab-case keys, unknown ones refused."""


class ColumnRules(_Part):
    """What must be true of one column.

    Parameters
    ----------
    type : {"number", "boolean", "datetime", "text"}
        Its kind of values.
    required : bool
        Whether it must be there.
    whole : bool
        Whether numbers must be whole.
    max_nulls : float
        Largest share of rows without a value, 0 to 1.
    minimum, maximum : float, optional
        Bounds of the values, themselves allowed.
    values : list of str, optional
        The values allowed, as text.
    max_unknown : float
        Largest share of rows with another value than `values`, 0 to 1.
    unique : bool
        Whether no value may occur twice.
    """

    type: Type
    required: bool = True
    whole: bool = False
    max_nulls: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    values: list[str] | None = None
    max_unknown: float = 0.0
    unique: bool = False


class Reference(_Part):
    """A key that another table must hold.

    Parameters
    ----------
    columns : list of str
        The key in the table that is checked.
    table : str
        Parquet or CSV file of the other table, from the contract's own folder.
    keys : list of str
        The key there; the same names by default.
    max_unknown : float
        Largest share of rows whose key is not there, 0 to 1.
    """

    columns: list[str]
    table: str
    keys: list[str] = []
    max_unknown: float = 0.0


class Contract(_Part):
    """What a table must be like.

    Parameters
    ----------
    schema : int
        Version of the format.
    min_rows, max_rows : int, optional
        Rows of a table; 1 or more by default.
    timestamp : str
        The column that `max_age_hours` is about.
    max_age_hours : float, optional
        How old the newest row may be.
    unique : list of list of str
        Groups of columns that no two rows may share the values of.
    extra : {"allow", "warn", "refuse"}
        What a column means that is not listed.
    columns : dict
        Column → its rules.
    references : list of Reference
        Keys that other tables must hold.
    folder : str
        Where the tables of `references` are looked for; not part of the file.
    """

    schema: int = SCHEMA
    min_rows: int = 1
    max_rows: int | None = None
    timestamp: str = ""
    max_age_hours: float | None = None
    unique: list[list[str]] = []
    extra: Literal["allow", "warn", "refuse"] = "allow"
    columns: dict[str, ColumnRules] = {}
    references: list[Reference] = []
    folder: str = ""

    def write(self, path: Path | str) -> Path:
        """Write the contract as a TOML file that people edit.

        Raises
        ------
        InputError
            The file cannot be written.
        """
        target = Path(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.to_toml(), encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"cannot write {target}: {error.strerror}", "choose another file"
            ) from error
        return target

    def to_toml(self) -> str:
        """Return the contract as TOML, defaults left out."""
        from mlops_nb.monitoring.contract_file import toml_lines

        return "\n".join(toml_lines(self)) + "\n"


def derive_contract(
    reference: Profile, *, without: tuple[str, ...] | list[str] = ABSENT
) -> Contract:
    """Derive a contract from a reference profile: a first draft, to be edited.

    Nulls may be half as frequent again and a point more, numbers twice their range beyond it,
    and a column of text with few values keeps to them but for one row in a hundred. What the
    reference never had (nulls, infinite numbers, fractions) is not allowed. What identifies a row
    (numbers that follow one another, text with another value in each row) must not come twice.

    Parameters
    ----------
    reference : Profile
        The profile of the training rows.
    without : sequence of str
        Columns left out, such as the label that comes later.

    Raises
    ------
    InputError
        The profile has no column.
    """
    kept = {
        name: _rules(column) for name, column in reference.columns.items() if name not in without
    }
    if not kept:
        raise InputError(
            "the reference has no column to derive a contract from", "profile it again"
        )
    return Contract(columns=kept)


def _rules(column: Column) -> ColumnRules:
    share = column.nulls / column.rows if column.rows else 0.0
    nulls = min(1.0, math.ceil((1.5 * share + 0.01) * 1000) / 1000) if share else 0.0
    found: dict[str, Any] = {"type": type_of(column.kind), "max_nulls": nulls}
    if column.kind == "numeric" and column.numbers is not None:
        found |= _bounds(column.numbers)
        if column.numbers.running:
            # They number the rows: later ones go on beyond any range, and none comes twice.
            found |= {"maximum": None, "unique": True}
        # Whole numbers with gaps came as fractions: their own type says nothing then.
        found["whole"] = "int" in column.dtype
    kept = column.categories
    if column.kind == "categorical" and kept is not None:
        if kept.distinct == column.values > 1:
            found["unique"] = True
        elif kept.counts and not kept.other:
            found |= {"values": sorted(kept.counts), "max_unknown": 0.01}
    return ColumnRules(**found)


def _bounds(numbers: Numbers) -> dict[str, float]:
    if numbers.minimum is None or numbers.maximum is None:
        return {}
    room = ROOM * (numbers.maximum - numbers.minimum) or ROOM * abs(numbers.maximum) or 1.0
    low, high = numbers.minimum - room, numbers.maximum + room
    # What was never negative has no business to become so; nor positive.
    low = 0.0 if numbers.minimum >= 0 > low else low
    high = 0.0 if numbers.maximum <= 0 < high else high
    return {"minimum": float(f"{low:.6g}"), "maximum": float(f"{high:.6g}")}


def read_contract(path: Path | str) -> Contract:
    """Read a contract from its TOML file.

    Raises
    ------
    InputError
        The file is missing or no contract; the message names the key.
    """
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"there is no file {source}", f"mlops data contract REFERENCE -o {source}"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {source}: {error}", "is it a data contract?") from error
    contract = parse_contract(text, source)
    return msgspec.structs.replace(contract, folder=str(source.resolve().parent))


def parse_contract(text: str, source: Path | str) -> Contract:
    """Read a contract from TOML; `source` says in messages where it is from.

    Raises
    ------
    InputError
        It is no contract; the message names the key.
    """
    try:
        values = tomllib.loads(text)
    except ValueError as error:
        raise InputError(f"cannot read {source}: {error}", "is it a data contract?") from error
    try:
        contract = msgspec.convert(values, Contract)
    except msgspec.ValidationError as error:
        raise _explained(source, str(error)) from error
    if contract.schema != SCHEMA:
        raise InputError(
            f"{source}: schema {contract.schema} is not known here", f"known: {SCHEMA}"
        )
    _check_names(contract, source)
    return contract


def of_columns(contract: Contract, columns: Sequence[str]) -> Contract:
    """Return what a contract says of some columns alone.

    Without the number of rows and the age, which are a batch's and not a column's, and without
    references to tables that are elsewhere.
    """
    kept = set(columns)
    return Contract(
        unique=[group for group in contract.unique if kept.issuperset(group)],
        columns={name: rules for name, rules in contract.columns.items() if name in kept},
    )


def _explained(source: Path | str, text: str) -> InputError:
    what, _, where = text.partition(" - at ")
    place = where.strip("`").replace("$.", "").replace("$", "") or "the top level"
    hint = ""
    if "unknown field" in what:
        unknown = what.rpartition("`")[0].rpartition("`")[2]
        known = {
            f.encode_name
            for part in (Contract, ColumnRules, Reference)
            for f in msgspec.structs.fields(part)
        }
        hint, what = did_you_mean(unknown, known), f"unknown key {unknown!r}"
    return InputError(f"{source}: {what} in {place}", hint)


def _check_names(contract: Contract, source: Path | str) -> None:
    named = [
        *(name for group in contract.unique for name in group),
        *(name for reference in contract.references for name in reference.columns),
        *([contract.timestamp] if contract.timestamp else []),
    ]
    for name in named:
        if name not in contract.columns:
            raise InputError(
                f"{source}: column {name!r} has no rules", did_you_mean(name, contract.columns)
            )
    for reference in contract.references:
        if len(reference.keys or reference.columns) != len(reference.columns):
            raise InputError(
                f"{source}: {reference.table} is to be asked by another number of keys",
                "name as many keys as columns",
            )

"""How a contract is written down: TOML that is made to be edited."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from mlops_nb.monitoring.contract import Contract


def toml_lines(contract: Contract) -> Iterator[str]:
    """Yield the lines of a contract as TOML, without what is as by default."""
    yield "# Data contract: what the rows must be like. Every bound may be edited; a key that is"
    yield "# left out takes its default. All keys: help(mlops_nb.monitoring.contract)"
    tables = ("columns", "references", "folder")
    yield from _lines(contract, without=tables, always=("schema", "min-rows"))
    for name, rules in contract.columns.items():
        yield f"\n[columns.{_key(name)}]"
        yield from _lines(rules, always=("type",))
    for reference in contract.references:
        yield "\n[[references]]"
        yield from _lines(reference, always=("columns", "table"))


def _lines(
    part: msgspec.Struct, *, without: tuple[str, ...] = (), always: tuple[str, ...] = ()
) -> Iterator[str]:
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.name)
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if field.name in without or value is None:
            continue
        if value != default or field.encode_name in always:
            yield f"{field.encode_name} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    # JSON's strings are TOML's, but for one character that TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)

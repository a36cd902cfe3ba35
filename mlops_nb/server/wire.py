"""JSON that every browser can read: JSON itself has no NaN and no infinity."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

SCHEMA = 1


def encode(body: Mapping[str, Any]) -> str:
    """Return a JSON document that carries the version of its shape."""
    return json.dumps({"schema": SCHEMA, **body}, allow_nan=False, separators=(",", ":"))


def figure(value: float) -> float | str:
    """Return a number as JSON can carry it; `nan`, `inf` and `-inf` become text."""
    return value if math.isfinite(value) else str(value)

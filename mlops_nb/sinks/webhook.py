"""A sink that takes rows over HTTP: JSON in chunks, each under a key of its own."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mlops_nb.errors import InputError, StoreError

if TYPE_CHECKING:
    import pandas as pd

_LATER = {408, 409, 425, 429, 500, 502, 503, 504}
"""Answers after which the same request may succeed: 409 is a request under the key at work."""


class BusyError(StoreError):
    """The sink asks to be left alone for `wait` seconds."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none: a POST would go on as a GET without its rows, and count as taken."""


_opener = urllib.request.build_opener(_NoRedirect)


def post(
    rows: pd.DataFrame,
    url: str,
    *,
    key: str,
    sink: str,
    headers: Mapping[str, str],
    timeout: float,
) -> None:
    """Post rows as ``{"schema": 1, "sink": …, "rows": [{…}, …]}``.

    Parameters
    ----------
    rows : DataFrame
        What to send; nulls become null, times ISO 8601.
    url : str
        Where to, http or https.
    key : str
        Sent as ``Idempotency-Key``: whoever takes the same key twice must act on it once.
    sink : str
        The sink's name.
    headers : mapping
        Further headers.
    timeout : float
        Seconds that the answer may take.

    Raises
    ------
    StoreError
        It cannot be reached, or asks to be tried again.
    InputError
        It refuses the rows.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise InputError(f"the target of sink {sink!r} is no http(s) URL", "https://host/path")
    records = rows.to_json(orient="records", date_format="iso", double_precision=15)
    body = f'{{"schema": 1, "sink": {json.dumps(sink)}, "rows": {records}}}'
    request = urllib.request.Request(  # noqa: S310 - scheme checked
        url,
        data=body.encode(),
        headers={
            "Content-Type": "application/json",
            "User-Agent": "mlops-nb",
            "Idempotency-Key": key,
            **headers,
        },
        method="POST",
    )
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        with _opener.open(request, timeout=timeout) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        raise _refusal(error, host) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise StoreError(f"cannot reach {host}: {reason}") from error


def _refusal(error: urllib.error.HTTPError, host: str) -> Exception:
    with error:
        said = error.read(500).decode("utf-8", "replace").strip()
    text = f"{host} answers {error.code} {error.reason}" + (f": {said}" if said else "")
    if error.code in _LATER:
        asked = error.headers.get("Retry-After", "")
        return BusyError(text, float(asked) if asked.isdigit() else 0.0)
    if 300 <= error.code < 400:
        place = error.headers.get("Location", "elsewhere")
        return InputError(f"{host} sends on to {place}", "give the sink that address")
    return InputError(text, "look at what it wants: `columns`, `headers`, `chunk`")

"""Blacking out secrets whose value is known, however it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import quote

from mlops_nb.secrets import MASK

MINIMUM_LENGTH = 6
"""Characters a secret needs: whatever equals it is blacked out, wherever it stands."""


class Redaction:
    """Known secrets, blacked out by their exact value in whatever is written.

    Each value is looked for as it is and as JSON, HTML, a URL and Python's `repr` write it.

    Parameters
    ----------
    values : iterable of str
        The secrets; those shorter than :data:`MINIMUM_LENGTH` are left alone.
    """

    def __init__(self, values: Iterable[str]) -> None:
        spelled = {
            spelling
            for value in values
            if len(value) >= MINIMUM_LENGTH
            for spelling in (
                value,
                json.dumps(value)[1:-1],
                json.dumps(value, ensure_ascii=False)[1:-1],
                json.dumps(json.dumps(value)[1:-1])[1:-1],  # JSON inside of JSON
                escape(value),
                escape(value, quote=False),
                quote(value, safe=""),
                repr(value)[1:-1],
            )
        }
        # The longest first: one secret may be a part of another.
        ordered = sorted(spelled, key=len, reverse=True)
        self._text = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._bytes = (
            re.compile(b"|".join(re.escape(one.encode()) for one in ordered)) if ordered else None
        )

    def __bool__(self) -> bool:
        """Whether there is anything to black out."""
        return self._text is not None

    def text(self, text: str) -> str:
        """Return the text without the secrets."""
        return self._text.sub(MASK, text) if self._text else text

    def data(self, data: bytes) -> bytes:
        """Return UTF-8 without the secrets."""
        return self._bytes.sub(MASK.encode(), data) if self._bytes else data

    def file(self, path: Path) -> None:
        """Rewrite a file that holds a secret; what is no text keeps its length."""
        if self._bytes is None or not path.is_file() or path.is_symlink():
            return
        data = path.read_bytes()
        if self._bytes.search(data) is None:
            return
        try:
            data.decode()
            clean = self.data(data)
        except UnicodeDecodeError:
            clean = self._bytes.sub(lambda found: b"*" * len(found[0]), data)
        path.write_bytes(clean)

"""What every table of the configuration has in common."""

from __future__ import annotations

import msgspec


class Table(msgspec.Struct, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """A table of the configuration: kebab-case keys, unknown ones refused."""

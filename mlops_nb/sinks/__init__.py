"""Sinks: predictions on their way to whoever acts on them, each chunk once."""

from __future__ import annotations

from mlops_nb.sinks.send import Sent, send

__all__ = ["Sent", "send"]

"""``[tool.mlops.lint]``."""

from __future__ import annotations

from typing import Literal

import msgspec

from mlops_nb.config.table import Table


class Lint(Table):
    """``[tool.mlops.lint]``: which rules look at which notebooks."""

    select: list[str] = msgspec.field(default_factory=lambda: ["NB"])
    """Rules or prefixes to run."""
    extend_select: list[str] = []
    """Rules or prefixes to run as well as `select`."""
    ignore: list[str] = []
    """Rules or prefixes not to run."""
    per_file_ignores: dict[str, list[str]] = {}
    """Glob of notebooks → rules not to run on them."""
    exclude: list[str] = []
    """Globs of notebooks that are not read."""
    jobs: list[str] = []
    """Globs of notebooks that the rules for jobs hold for, besides the declared jobs."""
    max_cell_lines: int = 60
    """NBK001: lines of a code cell above which it is long."""
    max_cells: int = 100
    """NBK002: cells of a notebook above which it is long."""
    max_output_kb: int = 100
    """NBO002: kilobytes of stored outputs in a notebook above which they are too many."""
    required_fields: list[str] = msgspec.field(default_factory=lambda: ["purpose", "owner"])
    """NBG002: what a notebook has to say about itself in its first cells or its metadata."""
    severity: dict[str, Literal["error", "warning", "info"]] = {}
    """Rule → how much its findings weigh, instead of what the rule says."""
    strict: bool = False
    """Let warnings fail as errors do."""
    baseline: str = ""
    """File of known findings that are not reported, from the project's root; empty: none."""

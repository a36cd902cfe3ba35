"""Which names a cell reads, binds, deletes and changes, and which cells a result depends on."""

from __future__ import annotations

from mlops_nb.dataflow.facts import CellFacts, facts
from mlops_nb.dataflow.names import ANONYMOUS, Event
from mlops_nb.dataflow.paths import bound_on_some_paths
from mlops_nb.dataflow.scopes import nodes_of
from mlops_nb.dataflow.slices import slice_cells

__all__ = [
    "ANONYMOUS",
    "CellFacts",
    "Event",
    "bound_on_some_paths",
    "facts",
    "nodes_of",
    "slice_cells",
]

"""Follows data through a notebook, and finds evaluations that cannot be believed.

The cells run in file order on abstract values: whose rows a value holds, what was learned from
which rows, which model was fitted on which rows and judged by which.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from mlops_nb.lint.leaks.leak import Leak, LeakKind
from mlops_nb.lint.leaks.machine import Machine
from mlops_nb.lint.leaks.verdicts import leaks

__all__ = ["FITS", "Leak", "LeakKind", "find_leaks"]

# A notebook that mentions none of these has nothing to follow.
FITS = frozenset(
    [
        "fit",
        "fit_transform",
        "fit_resample",
        "fit_sample",
        "fit_generator",
        "cross_val_score",
        "cross_validate",
        "train_test_split",
        "train",
        "lr_find",
    ]
)


def find_leaks(cells: Iterable[ast.Module | None], imports: Mapping[str, str]) -> list[Leak]:
    """Return the leaks of a notebook.

    Parameters
    ----------
    cells : iterable of ast.Module or None
        Its code cells in file order; None: it does not parse.
    imports : mapping of str to str
        Name bound by an import → what it stands for.

    Returns
    -------
    list of Leak
        Each cause once.
    """
    return leaks(Machine(dict(imports)).run_cells(cells))

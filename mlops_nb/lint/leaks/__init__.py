"""Follows data through a notebook, and finds evaluations that cannot be believed.

The cells run in file order on abstract values: whose rows a value holds, what was learned from
which rows, which model was fitted on which rows and judged by which.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Set

from mlops_nb.lint.leaks import catalogue
from mlops_nb.lint.leaks.estimators import FITS
from mlops_nb.lint.leaks.leak import Leak, LeakKind
from mlops_nb.lint.leaks.machine import Machine
from mlops_nb.lint.leaks.verdicts import leaks

__all__ = ["Leak", "LeakKind", "find_leaks", "may_leak"]

# A notebook that mentions none of these has nothing to follow, unless it calls what is below.
_FITS = FITS | catalogue.CROSS_VALIDATIONS | {"train_test_split"}


def may_leak(words: Set[str], called: Iterable[str]) -> bool:
    """Tell whether there is anything to follow in a notebook.

    Parameters
    ----------
    words : set of str
        Every name and attribute in it.
    called : iterable of str
        The functions and classes that it calls and does not define.
    """
    if not words.isdisjoint(_FITS):
        return True
    return any(name == "train" or catalogue.FOLDS.fullmatch(name) for name in called)


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
    machine = Machine(dict(imports))
    trace = machine.run_cells(cells)
    # It knows its own methods: a circle that would keep the notebook's trees until garbage is
    # looked for.
    vars(machine).clear()
    return leaks(trace)

"""Credentials never enter a run: they are masked with a warning when they are logged."""

from __future__ import annotations

import warnings

from mlops_nb.secrets import MASK, find_secrets, mask


def hide(text: str, where: str) -> str:
    """Return a text with its credentials masked; `where` names it in the warning.

    Parameters
    ----------
    text : str
        Code, output, traceback, note.
    where : str
        ``mlops/cell.py``, ``parameter 'url'``.
    """
    found = find_secrets(text)
    if not found:
        return text
    kinds = ", ".join(sorted({match.kind for match in found}))
    _warn(f"{where}: a credential is masked ({kinds})")
    return mask(text)


def hide_value(key: str, value: str) -> str:
    """Return a parameter's or tag's value, masked when it or its name tells of a credential."""
    shown = hide(value, repr(key))
    # The linter's rule for names, which wants an assignment: token = "…".
    if shown == value and find_secrets(f'{key} = "{value}"'):
        _warn(f"{key!r}: a credential is masked")
        return MASK
    return shown


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=5)

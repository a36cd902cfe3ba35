"""Move @champion: in the audit log and in the store, both or neither, one process at a time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from mlops_nb import git
from mlops_nb.config import Project
from mlops_nb.errors import GateError, InputError, MlopsError, NotFoundError
from mlops_nb.registry.ledger import Standing, intact, logged, settle, stored
from mlops_nb.registry.versions import CHALLENGER, tags_of
from mlops_nb.state import audit
from mlops_nb.state.database import transaction
from mlops_nb.store import versions as store


def standing(project: Project, name: str) -> Standing:
    """Return who is champion, when the log and the store agree on it.

    Raises
    ------
    NotFoundError
        There is no such model.
    MlopsError
        The store's aliases are not where the log says, or the log was changed.
    """
    intact(project)
    return _agreed(project, name, audit.entries(project, name))


def crown(
    project: Project, name: str, version: int, *, expected: int | None, details: Mapping[str, Any]
) -> audit.Entry:
    """Make a version champion, unless another one became champion since `expected` was.

    The log's transaction is held while the store's aliases move: a second process waits, then
    finds another champion than it was judged against and is refused.

    Parameters
    ----------
    project : Project
        Whose log and store.
    name : str
        The model.
    version : int
        Its next champion.
    expected : int, optional
        The champion that `version` was compared with; None when there was none.
    details : mapping
        What the log should keep: reason, gates.

    Raises
    ------
    GateError
        Another version became champion in the meantime.
    InputError
        It is champion already.
    MlopsError
        The store's aliases are not where the log says.
    """
    with transaction(project) as connection:
        entries = audit.entries_in(connection, name)
        now = _agreed(project, name, entries)
        if now.champion != expected:
            raise GateError(
                f"version {now.champion} of {name!r} became champion while version {version} was "
                f"being evaluated against {expected or 'none'}",
                f"evaluate it against the new champion: mlops model promote {name}/{version}",
            )
        entry = audit.append(
            connection,
            action="promote",
            model=name,
            version=version,
            details={**details, "champion_before": now.champion},
        )
        _move(project, name, now, logged([*entries, entry]) or now)
    _anchor(project, entry)
    if store.aliases(project, name).get(CHALLENGER) == version:
        store.delete_alias(project, name, CHALLENGER)
    return entry


def step_back(project: Project, name: str, *, reason: str) -> audit.Entry:
    """Make the champion before this one champion again.

    Parameters
    ----------
    project : Project
        Whose log and store.
    name : str
        The model.
    reason : str
        Why, for the log.

    Raises
    ------
    NotFoundError
        There is no such model, or no version to go back to.
    MlopsError
        The store's aliases are not where the log says.
    """
    with transaction(project) as connection:
        entries = audit.entries_in(connection, name)
        now = _agreed(project, name, entries)
        if now.previous is None:
            raise NotFoundError(
                f"model {name!r} has no @previous to go back to",
                f"promote another version: mlops model list {name}",
            )
        entry = audit.append(
            connection,
            action="rollback",
            model=name,
            version=now.previous,
            details={"reason": reason, "champion_before": now.champion},
        )
        _move(project, name, now, logged([*entries, entry]) or now)
    _anchor(project, entry)
    return entry


def restore(project: Project, name: str, *, reason: str) -> audit.Entry:
    """Move the store's aliases back to where the log says they are.

    Raises
    ------
    NotFoundError
        There is no such model, or the log knows nothing of it.
    InputError
        They are there already.
    """
    with transaction(project) as connection:
        says = logged(audit.entries_in(connection, name))
        now = stored(project, name)
        if says is None or says.champion is None:
            raise NotFoundError(f"the audit log knows no champion of {name!r}")
        if says == now:
            raise InputError(f"the aliases of {name!r} are where the log says: nothing to restore")
        entry = audit.append(
            connection,
            action="restore",
            model=name,
            version=says.champion,
            details={"reason": reason, "champion_before": now.champion},
        )
        _move(project, name, now, says)
    _anchor(project, entry)
    return entry


def _anchor(project: Project, entry: audit.Entry) -> None:
    """Keep the seal in the store and in git as well: a log cut short is then found out."""
    store.set_tags(project, entry.model, entry.version, tags_of({"seal": entry.seal}))
    git.anchor(project.root, f"{entry.seal} {entry.action} {entry.model}/{entry.version}")


def _agreed(project: Project, name: str, entries: list[audit.Entry]) -> Standing:
    """Return who is champion, when log and store say the same or the log is still empty."""
    says, now = logged(entries), stored(project, name)
    if says is not None and says != now:
        raise MlopsError(
            f"the aliases of {name!r} are not where the audit log says",
            f"see what happened: mlops model audit {name} --verify; put them back: "
            f"mlops model audit {name} --restore",
        )
    return now


def _move(project: Project, name: str, before: Standing, after: Standing) -> None:
    try:
        settle(project, name, after)
    except BaseException:
        # The log's entry is about to be taken back; so are the aliases, as far as they can be.
        with suppress(MlopsError):
            settle(project, name, before)
        raise

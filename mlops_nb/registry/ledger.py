"""Which version the audit log says is champion, and whether the store agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from mlops_nb import git
from mlops_nb.config import Project
from mlops_nb.errors import MlopsError
from mlops_nb.registry.versions import CHAMPION, PREVIOUS, ModelVersion, fact, list_versions
from mlops_nb.result import Result, Status
from mlops_nb.state import audit
from mlops_nb.store import versions as store


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who is champion, and whom a rollback brings back.

    Parameters
    ----------
    champion, previous : int, optional
        Version numbers; None when there is none.
    """

    champion: int | None = None
    previous: int | None = None


def replay(entries: Sequence[audit.Entry]) -> list[int]:
    """Return the champions that a rollback would walk back through, the present one last.

    Parameters
    ----------
    entries : sequence of Entry
        One model's entries, the oldest first.
    """
    reign: list[int] = []
    for entry in entries:
        if entry.action == "promote":
            before = entry.details.get("champion_before")
            if not reign and isinstance(before, int):
                reign.append(before)
            if reign[-1:] != [entry.version]:
                reign.append(entry.version)
        elif entry.action == "rollback":
            reign = reign[:-1] or [entry.version]
    return reign


def logged(entries: Sequence[audit.Entry]) -> Standing | None:
    """Return what one model's entries say, None when there are none."""
    reign = replay(entries)
    if not reign:
        return None
    return Standing(champion=reign[-1], previous=reign[-2] if len(reign) > 1 else None)


def stored(project: Project, name: str) -> Standing:
    """Return what the store's aliases say.

    Raises
    ------
    NotFoundError
        There is no model of that name.
    """
    known = store.aliases(project, name)
    return Standing(champion=known.get(CHAMPION), previous=known.get(PREVIOUS))


def settle(project: Project, name: str, standing: Standing) -> None:
    """Move the store's aliases to a standing, the one a rollback needs first."""
    now = stored(project, name)
    for alias, before, after in (
        (PREVIOUS, now.previous, standing.previous),
        (CHAMPION, now.champion, standing.champion),
    ):
        if after is not None and after != before:
            store.set_alias(project, name, alias, after)
        elif after is None and before is not None:
            store.delete_alias(project, name, alias)


def history(project: Project, name: str | None = None) -> list[audit.Entry]:
    """Return the log of one model or of all, the oldest entry first.

    Raises
    ------
    NotFoundError
        There is no model of that name, and the log knows none either.
    """
    found = audit.entries(project, name)
    if name is not None and not found:
        store.aliases(project, name)
    return found


def verify(project: Project, name: str | None = None) -> list[Result]:
    """Check the log's seals, and the store's aliases against the log.

    Parameters
    ----------
    project : Project
        Whose log.
    name : str, optional
        One model; all of them by default.

    Returns
    -------
    list of Result
        ``audit.chain`` of the log, ``audit.aliases`` and ``audit.anchor`` of each model, and
        ``audit.git`` of the log.

    Raises
    ------
    NotFoundError
        There is no model of that name.
    """
    results = [_chain(project)]
    names = [name] if name is not None else store.model_names(project)
    for model in names:
        found = audit.entries(project, model)
        results += [_aliases(project, model, found), _anchor(project, model)]
    return [*results, _git(project)]


def _chain(project: Project) -> Result:
    problems = audit.broken(project)
    return Result(
        name="audit.chain",
        subject="audit log",
        status=Status.FAILED if problems else Status.PASSED,
        message="; ".join(problems) or "every entry is as it was written",
        advice="restore the state database from a backup, and find out who wrote to it"
        if problems
        else "",
    )


def _aliases(project: Project, name: str, entries: Sequence[audit.Entry]) -> Result:
    says, is_so = logged(entries), stored(project, name)
    if says is None and is_so.champion is None:
        return Result(
            name="audit.aliases",
            subject=name,
            status=Status.NOT_APPLICABLE,
            message="it has no champion yet",
        )
    if says == is_so:
        return Result(
            name="audit.aliases",
            subject=name,
            status=Status.PASSED,
            message=f"@champion is version {is_so.champion}, as the log says",
        )
    return Result(
        name="audit.aliases",
        subject=name,
        status=Status.FAILED,
        message=f"the store says {_told(is_so)}; the log says {_told(says or Standing())}: moved "
        "behind the log's back, or a promotion was interrupted",
        advice=f"mlops model audit {name} --restore"
        if says
        else f"mlops model promote {name}/{is_so.champion}",
    )


def _anchor(project: Project, name: str) -> Result:
    """Find entries cut off the end: each champion carries the seal of its promotion."""
    seals = {entry.seal for entry in audit.entries(project)}
    lost = [
        version.label
        for version in list_versions(project, name)
        if (seal := fact(version, "seal")) and seal not in seals
    ]
    return Result(
        name="audit.anchor",
        subject=name,
        status=Status.FAILED if lost else Status.PASSED,
        message=f"the log lost the promotion of {', '.join(lost)}"
        if lost
        else "every promotion the store knows of is in the log",
        advice="restore the state database from a backup" if lost else "",
    )


def _git(project: Project) -> Result:
    """Find entries cut off the end: each move is anchored in the repository as well."""
    kept = git.anchored(project.root)
    seals = {entry.seal for entry in audit.entries(project)}
    lost = [line.partition(" ")[2] for line in kept if line.partition(" ")[0] not in seals]
    answer = partial(Result, name="audit.git", subject="audit log")
    if not kept:
        return answer(
            status=Status.NOT_APPLICABLE,
            message="nothing is anchored in git: no repository, or no promotion yet",
        )
    return answer(
        status=Status.FAILED if lost else Status.PASSED,
        message=f"the log lost: {'; '.join(lost)}"
        if lost
        else f"all {len(kept)} moves anchored in git are in the log",
        advice="restore the state database from a backup" if lost else "",
    )


def intact(project: Project) -> None:
    """Refuse an audit log that was changed after it was written.

    Raises
    ------
    MlopsError
        It was.
    """
    if audit.broken(project):
        raise MlopsError(
            "the audit log was changed after it was written: no champion can be trusted",
            "mlops model audit --verify",
        )


def on_record(project: Project, version: ModelVersion) -> None:
    """Refuse a champion of the store that the audit log, verified, does not name.

    Raises
    ------
    MlopsError
        The log was changed, or says that another version is champion, or none.
    """
    intact(project)
    says = logged(audit.entries(project, version.name))
    if says is None or says.champion != version.version:
        other = f"version {says.champion}" if says else "no promotion"
        raise MlopsError(
            f"{version.label} is @champion in the store, but the audit log knows {other}",
            f"mlops model audit {version.name} --verify; to score with it all the same, name it: "
            f"{version.label}",
        )


def _told(standing: Standing) -> str:
    champion = standing.champion or "none"
    return f"@champion {champion}, @previous {standing.previous or 'none'}"

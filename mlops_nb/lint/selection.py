"""Which rules look at which notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from mlops_nb.config import Lint, Project
from mlops_nb.errors import ConfigError, did_you_mean
from mlops_nb.lint.rule import Rule, rules


def selected(
    settings: Lint,
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    extend_select: Sequence[str] = (),
) -> list[Rule]:
    """Return the rules to run; the longer of two prefixes that match a rule decides.

    A rule that is opt-in runs when a prefix names its family at least: ``NBG``, not ``NB``.

    Parameters
    ----------
    settings : Lint
        The configuration.
    select, ignore, extend_select : sequence of str
        Codes or prefixes from the command line; `select` replaces the configuration's, the others
        add to it.

    Raises
    ------
    ConfigError
        A code or prefix matches no rule.
    """
    wanted = [*(select or settings.select), *settings.extend_select, *extend_select]
    unwanted = [*settings.ignore, *ignore]
    _check([*wanted, *unwanted])
    _check(code for codes in settings.per_file_ignores.values() for code in codes)
    _check_severities(settings.severity)
    return [
        rule
        for rule in rules().values()
        if _longest(rule.code, _naming(rule, wanted)) > _longest(rule.code, unwanted)
    ]


def ignored_for(settings: Lint, root: Path, path: Path) -> list[str]:
    """Return the prefixes that `per-file-ignores` names for a notebook."""
    return [
        code
        for pattern, codes in settings.per_file_ignores.items()
        if matches(pattern, root, path)
        for code in codes
    ]


def matches(pattern: str, root: Path, path: Path) -> bool:
    """Tell whether a glob of the configuration means a file: by its path or by its name."""
    name = path.name
    try:
        relative = PurePath(path.absolute()).relative_to(root).as_posix()
    except ValueError:
        relative = path.as_posix()
    parents = [parent.as_posix() for parent in PurePath(relative).parents]
    return any(fnmatchcase(part, pattern.rstrip("/")) for part in (name, relative, *parents[:-1]))


def is_job(project: Project, path: Path) -> bool:
    """Tell whether the configuration declares a notebook as a job, or holds it to their rules."""
    if any(matches(pattern, project.root, path) for pattern in project.config.lint.jobs):
        return True
    jobs = job_notebooks(project)
    return bool(jobs) and path.resolve() in jobs


def job_notebooks(project: Project) -> frozenset[Path]:
    """Return the notebooks that the configuration declares as jobs."""
    return frozenset((project.root / j.notebook).resolve() for j in project.config.jobs.values())


def _naming(rule: Rule, prefixes: Iterable[str]) -> list[str]:
    return [prefix for prefix in prefixes if not rule.opt_in or len(prefix) > len("NB")]


def _longest(code: str, prefixes: Iterable[str]) -> int:
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=0)


def _check_severities(severities: Iterable[str]) -> None:
    for code in severities:
        if code not in rules():
            raise ConfigError(f"no lint rule is called {code!r}", did_you_mean(code, rules()))


def _check(prefixes: Iterable[str]) -> None:
    known = rules()
    for prefix in prefixes:
        if not prefix or not any(code.startswith(prefix) for code in known):
            raise ConfigError(f"no lint rule begins with {prefix!r}", did_you_mean(prefix, known))

"""``mlops env``: the same packages in notebook kernel, job and production."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.output import echo_json, echo_table, format_option
from mlops_nb.cli.results import echo_results

if TYPE_CHECKING:
    from mlops_nb.actions.compare_environments import Comparison
    from mlops_nb.config import Project

SHOWN = 20


@click.group(epilog="Example: mlops env check score")
def command() -> None:
    """Compare and lock the packages that notebooks and models need."""


def _compared(project: Project, name: str) -> Comparison:
    """Compare with what a name stands for: a job's notebook and model, or a model."""
    from mlops_nb.actions.check_environment import compare_for_job
    from mlops_nb.actions.compare_environments import compare_environments
    from mlops_nb.jobs.spec import notebook_of

    if name in project.config.jobs:
        return compare_for_job(project, name)
    jobs = project.config.jobs
    books = [] if name else [notebook_of(project, job, jobs[job]) for job in jobs]
    return compare_environments(project, model=name, notebooks=books)


@command.command("check", epilog="Example: mlops env check churn@champion --data today.parquet")
@click.argument("name", default="")
@click.option(
    "--data", metavar="TABLE", help="Also hold these rows against what the model was trained on."
)
@format_option
def check(name: str, data: str | None, output_format: str) -> None:
    """Say whether this environment is that of the lock, and that of a model.

    NAME is a job, whose notebook and model say what matters, or a model (NAME@alias, NAME/3).
    Without it the environment is held against the lock, for the notebooks of all jobs. Exit code 1
    when a package that matters differs: one that the model file holds types of, or that a
    notebook imports.
    """
    from mlops_nb.config import load_project
    from mlops_nb.result import Status

    project = load_project()
    compared = _compared(project, name)
    results = compared.results()
    if data is not None:
        from mlops_nb.actions.check_environment import check_inputs

        results += check_inputs(project, name or compared.model, data)
    if output_format == "json":
        answers = [result.to_dict() for result in results]
        echo_json({"schema": 1, **compared.to_dict(), "results": answers})
    else:
        echo_results(results)
    failed = any(result.status in (Status.FAILED, Status.ERROR) for result in results)
    raise SystemExit(1 if failed else 0)


@command.command("diff", epilog="Example: mlops env diff churn@champion")
@click.argument("name", default="")
@click.option("--all", "everything", is_flag=True, help="Every package that differs.")
@format_option
def diff(name: str, everything: bool, output_format: str) -> None:
    """List the packages that differ here, in the lock and where a model was trained.

    What matters for the model or the notebook NAME stands first. Exit code 1 when anything does
    differ that matters.
    """
    from mlops_nb.config import load_project

    compared = _compared(load_project(), name)
    rows = compared.differences
    grave = sum(row.matters for row in rows)
    if output_format == "json":
        echo_json({"schema": 1, **compared.to_dict()})
    elif not rows:
        click.echo("the environments do not differ")
    else:
        shown = rows if everything else rows[: max(SHOWN, grave)]
        lock, model = compared.lock or "no lock", compared.model or "no model"
        echo_table(
            ["package", "here", lock, model, "matters"],
            [
                [
                    r.package,
                    r.here or "-",
                    r.lock or "-",
                    r.model or "-",
                    "yes" if r.matters else "",
                ]
                for r in shown
            ],
        )
        hidden = f"; {len(rows) - len(shown)} more with --all" if len(shown) < len(rows) else ""
        click.echo(f"{len(rows)} differ, {grave} of them matter{hidden}")
    raise SystemExit(1 if grave else 0)


@command.command(
    "lock", epilog="Example: mlops env lock notebooks/train.ipynb notebooks/score.ipynb"
)
@click.argument("notebooks", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The file; requirements.lock by default.",
)
@click.option("--upgrade", is_flag=True, help="The newest versions, not those installed here.")
@format_option
def lock(
    notebooks: tuple[Path, ...], output: Path | None, upgrade: bool, output_format: str
) -> None:
    """Write a lock of what NOTEBOOKS (default: those of the jobs) import, by uv.

    What pyproject.toml declares goes along. Each package stands with its version and hashes, no
    index is named, so that any mirror serves it.
    """
    from mlops_nb.actions.lock_environment import lock_environment
    from mlops_nb.config import load_project
    from mlops_nb.environment import local_folders, locked
    from mlops_nb.jobs.spec import notebook_of

    project = load_project()
    jobs = project.config.jobs
    books = notebooks or tuple({notebook_of(project, name, jobs[name]): None for name in jobs})
    path = lock_environment(project, books, output=output, upgrade=upgrade)
    count = len(locked(project.root)) if output is None else path.read_text().count("==")
    if output_format == "json":
        echo_json({"schema": 1, "lock": str(path), "packages": count})
        return
    click.echo(f"wrote {path}: {count} packages from {len(books)} notebooks")
    local = sorted(local_folders())
    if local:
        click.echo(f"installed from a folder here, and not in it: {', '.join(local)}")


@command.command("dockerfile", epilog="Example: mlops env dockerfile > Dockerfile")
def dockerfile() -> None:
    """Print the recipe of a container built from requirements.lock.

    Its packages are checked against their hashes and compiled, and it does not run as root.
    """
    from mlops_nb.actions.lock_environment import dockerfile as recipe
    from mlops_nb.config import load_project

    click.echo(recipe(load_project()), nl=False)

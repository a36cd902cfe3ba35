"""``mlops job export``: the jobs for another scheduler."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_nb.cli.output import echo_json, format_option


@click.command(epilog="Example: mlops job export systemd -o /etc/systemd/system")
@click.argument("target", type=click.Choice(["airflow", "kubernetes", "systemd"]))
@click.argument("names", nargs=-1)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write the files to; without it they are printed.",
)
@click.option("--folder", help="The project's folder where the jobs run; by default this one.")
@click.option("--command", "program", help="The mlops command there; by default the one that runs.")
@click.option("--image", default="", help="Container image that holds both, for Kubernetes.")
@click.option("--namespace", default="default", show_default=True, help="For Kubernetes.")
@format_option
def export(
    target: str,
    names: tuple[str, ...],
    output: Path | None,
    folder: str | None,
    program: str | None,
    image: str,
    namespace: str,
    output_format: str,
) -> None:
    """Write what makes TARGET run the jobs NAMES, or all that have a schedule.

    The definitions call this command: claims, limits, retries and alerts stay as configured here.
    """
    import sys

    from mlops_nb.config import load_project
    from mlops_nb.jobs.export import Settings
    from mlops_nb.jobs.export import export as export_jobs

    project = load_project()
    here = str(Path(sys.executable).parent / "mlops")
    settings = Settings(
        folder=folder or str(project.root),
        command=program or ("mlops" if image else here),
        image=image,
        namespace=namespace,
    )
    files = export_jobs(project, target, names, settings, output or Path())
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        for file in files:
            file.path.write_text(file.text, encoding="utf-8")
    if output_format == "json":
        told = [{"path": str(file.path), "text": file.text} for file in files]
        echo_json({"schema": 1, "target": target, "written": output is not None, "files": told})
        return
    for file in files:
        if output is not None:
            click.echo(f"written: {file.path}")
        else:
            click.echo(f"# {file.path}\n{file.text}")

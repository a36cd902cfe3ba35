"""The ``mlops`` command: assembles the nouns, loads each only when it is called for."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
import threading
import traceback
from collections.abc import Mapping

import click

from mlops_nb.cli.output import printable
from mlops_nb.errors import ExitCode, MissingExtraError, MlopsError, did_you_mean

# name → (module, one line for the help page). The line stands here so that `--help` imports none.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("mlops_nb.cli.init", "Start a project: configuration, notebooks, jobs, alerts."),
    "demo": ("mlops_nb.cli.demo", "Run the whole loop on real data."),
    "status": ("mlops_nb.cli.status", "One screen: models, jobs, alerts, what to do next."),
    "lint": ("mlops_nb.cli.lint", "Is the notebook ready for production?"),
    "rule": ("mlops_nb.cli.rule", "Explain a lint rule."),
    "run": ("mlops_nb.cli.run", "List, compare and reproduce runs."),
    "sync": ("mlops_nb.cli.sync", "Bring the journal into the store."),
    "model": ("mlops_nb.cli.model", "List, evaluate, promote and explain models."),
    "data": ("mlops_nb.cli.data", "Profile data and measure drift."),
    "monitor": ("mlops_nb.cli.monitor", "Check a live model on all dimensions."),
    "job": ("mlops_nb.cli.job", "Run notebooks unattended."),
    "lifecycle": ("mlops_nb.cli.lifecycle", "Where models wait: stages, lead times, bottleneck."),
    "rehearse": ("mlops_nb.cli.rehearse", "A past period under another policy."),
    "maturity": ("mlops_nb.cli.maturity", "Level 0 to 3 by evidence, and the one next step."),
    "alert": ("mlops_nb.cli.alert", "List and acknowledge alerts, test the routes."),
    "env": ("mlops_nb.cli.env", "The same packages in kernel, job and production."),
    "playbook": ("mlops_nb.cli.playbook", "What to do when something is wrong; drills of it."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of :data:`COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        try:
            module = importlib.import_module(COMMANDS[cmd_name][0])
        except ModuleNotFoundError as error:
            raise missing_extra(error) from error
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say which command was probably meant when there is none of that name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = did_you_mean(args[0], COMMANDS)
            raise click.UsageError(f"{error.message}\n{hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def missing_extra(error: ModuleNotFoundError) -> MlopsError:
    """Turn a failed import of an optional part into the advice to install it."""
    if (error.name or "").partition(".")[0] == "mlops_nb":
        raise error
    return MissingExtraError(f"{error.name} (needed by this command)", "notebook")


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: mlops lint notebooks/",
)
@click.version_option(package_name="mlops-nb", prog_name="mlops")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def mlops(debug: bool) -> None:
    """Carry a notebook into production and keep it healthy there."""


def run() -> None:
    """Run the command line as the whole of a process, which then ends at once.

    The interpreter would take apart what ibis made, object by object, for a quarter of a second;
    mypy leaves in the same way. Not while a thread is at work, with a database to be closed, or
    with output that cannot be written: the interpreter knows what to do then.
    """
    if sys.argv[1:2] == ["data"]:
        # numpy and scipy each start a thread of linear algebra a core, which spins while it waits
        # for work; there is none here for two. A kernel's own `%mlops data` must not limit it.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        main()
    except SystemExit as end:
        busy = threading.active_count() > 1 or "sqlite3" in sys.modules
        if busy or not isinstance(end.code, int):
            raise
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            raise end from None
        os._exit(end.code)


def main() -> None:
    """Run the command line; the only place that turns errors into exit codes."""
    debug = "--debug" in sys.argv
    # What imports make stays; to look through it after every 700 objects takes a twentieth of the
    # time of a command that loads ibis.
    gc.set_threshold(20_000)
    try:
        code = mlops(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else ExitCode.OK)
    except click.exceptions.Abort:
        sys.exit(ExitCode.CANCELLED)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except ModuleNotFoundError as error:
        _fail(missing_extra(error), debug=debug)
    except MlopsError as error:
        _fail(error, debug=debug)
    except BrokenPipeError:
        # The reader (`| head`) has gone: nobody is left to tell.
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    except Exception as error:
        traceback.print_exc()
        click.echo(f"internal error: {error!r} — please report it with the lines above", err=True)
        sys.exit(ExitCode.INTERNAL)


def _fail(error: MlopsError, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    click.secho("error: ", fg="red", nl=False, err=True)
    click.echo(printable(str(error)), err=True)
    sys.exit(error.exit_code)

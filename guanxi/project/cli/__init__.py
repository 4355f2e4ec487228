"""The command line. Each command is loaded when it is called, so that `guanxi --help` is quick."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import NamedTuple

import click

from guanxi.project.cli.errors import explain


class Entry(NamedTuple):
    target: str
    help: str
    boot: bool = False  # whether its module needs Django to be set up before it is imported


COMMANDS = {
    "init": Entry("guanxi.project.cli.setup:init", "Make or upgrade the database and all that a home needs."),
    "demo": Entry("guanxi.project.cli.demonstration:demo", "Import the demonstration data.", boot=True),
    "serve": Entry("guanxi.project.cli.serve:serve", "Run web, workers and scheduler as one."),
    "worker": Entry("guanxi.project.cli.serve:worker", "Run one worker (which also schedules)."),
    "user": Entry("guanxi.project.cli.people:user", "Make a user, or give one a new password."),
    "token": Entry("guanxi.project.cli.people:token", "Print a new API token of a user."),
    "import": Entry("guanxi.intake.commands:import_", "Import sales, parties or products from a file.", boot=True),
    "export": Entry("guanxi.project.cli.everything:export_", "Write everything into a folder.", boot=True),
    "import-all": Entry("guanxi.project.cli.everything:import_all", "Bring such a folder in again.", boot=True),
    "refresh": Entry("guanxi.lake.commands:refresh", "Bring the lake up to date.", boot=True),
    "learn": Entry("guanxi.insight.commands:learn", "Learn what each relationship is worth.", boot=True),
    "erase": Entry("guanxi.customers.rights.commands:erase", "Erase a customer; again after a restore.", boot=True),
    "backup": Entry("guanxi.operations.commands:backup", "Write everything to a file, while Guanxi runs.", boot=True),
    "restore": Entry("guanxi.operations.commands:restore", "Put a backup in the place of what is there.", boot=True),
    "match": Entry("guanxi.customers.matching.commands:match_", "Find the records of a file that are one person."),
    "bench": Entry("benchmarks.cli:bench", "Measure, beside floors measured in the same run.", boot=True),
    "audit": Entry("guanxi.foundation.sealing.checking:audit", "Look whether the audit log is untouched.", boot=True),
    "check": Entry("guanxi.project.cli.check:check", "Look whether everything is in order."),
}


def boot() -> None:
    """Set Django up, in a home that is there. Raises where a setting is wrong."""
    import django
    from django.conf import settings

    from guanxi.project.home import ensure

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
    try:
        ensure(settings.GUANXI_HOME)
        django.setup()
    except ValueError as error:  # a time zone or a database address that nobody knows
        raise click.ClickException(f"A setting is wrong: {error}") from error


class Commands(click.Group):
    """The table above as a group."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        entry = COMMANDS.get(name)
        if entry is None:
            return None
        if entry.boot:
            boot()
        module, _, attribute = entry.target.partition(":")
        if module.startswith("benchmarks"):  # stands beside the package, in a checkout only
            from django.conf import settings

            sys.path.insert(0, str(settings.CHECKOUT))
        try:
            command: click.Command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            if error.name not in (module, module.split(".")[0], "guanxi.intake.demo.commands"):
                raise
            raise click.ClickException(f"“guanxi {name}” is not part of this installation.") from error
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="guanxi", prog_name="guanxi")
def cli() -> None:
    """Guanxi, a customer relationship system that learns.

    Settings come from the environment: GUANXI_HOME (where everything is kept), PORT, GUANXI_DATABASE_URL and others.
    """


def main() -> None:
    """The entry point: runs a command; whatever goes wrong becomes one clear line and exit code 1."""
    try:
        code = cli.main(prog_name="guanxi", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        code = 130
    except Exception as error:
        if os.environ.get("GUANXI_DEBUG") == "1":
            raise
        click.echo(f"Error: {explain(error)}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)

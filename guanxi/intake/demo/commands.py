"""`guanxi demo`: the demonstration data, through the same engine as every other file."""

from __future__ import annotations

import click

from guanxi.foundation import tasks
from guanxi.foundation.actions import Refused
from guanxi.intake.demo import loading, removing


@click.command()
@click.option(
    "--only",
    type=click.Choice(loading.ALL),
    help="Only the grocer's year (retail), or only the made-up year of selling to organisations (business).",
)
@click.option(
    "--scale",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="How much of the made-up year: 1 is 300 organisations and 2,500 deals.",
)
@click.option(
    "--remove", is_flag=True, help="Take all of it (or what --only names) away again; what is your own stays."
)
def demo(only: str | None, scale: float, remove: bool) -> None:
    """Import The Complete Journey: a year of a grocer's sales, with made-up names for its households.

    And a made-up year of selling to organisations: people, deals, calls, quotes, orders, invoices, payments; see
    docs/develop/sample.md for how it is drawn. All of it is marked as made up.

    Doing it twice changes nothing; one that was killed goes on where it was.
    """
    try:
        what = loading.ALL if only is None else (only,)
        with tasks.shown_on_console():
            if remove:
                gone = removing.remove(what=what)
                click.echo(", ".join(f"{name}: {count:,}" for name, count in gone.items()), err=True)
                return
            loading.load(lambda line: click.echo(line, err=True), what=what, scale=scale)
    except Refused as refusal:
        raise click.ClickException(refusal.message) from refusal

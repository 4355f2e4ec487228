"""`guanxi demo`: the demonstration data, through the same engine as every other file."""

from __future__ import annotations

import click

from guanxi.foundation import tasks
from guanxi.foundation.actions import Refused
from guanxi.intake.demo import loading


@click.command()
def demo() -> None:
    """Import The Complete Journey: a year of a grocer's sales, with made-up names for its households.

    And a few made-up organisations with the people who work there.

    Doing it twice changes nothing; one that was killed goes on where it was.
    """
    try:
        with tasks.shown_on_console():
            loading.load(lambda line: click.echo(line, err=True))
    except Refused as refusal:
        raise click.ClickException(refusal.message) from refusal

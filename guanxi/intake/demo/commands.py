"""`guanxi demo`: the demonstration data, through the same engine as every other file."""

from __future__ import annotations

import click
from django.conf import settings

from guanxi.foundation import tasks
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, running
from guanxi.intake.demo import complete_journey, organisations
from guanxi.intake.plan import prepare
from guanxi.lake import refresh


@click.command()
def demo() -> None:
    """Import The Complete Journey: a year of a grocer's sales, with made-up names for its households.

    And a few made-up organisations with the people who work there.

    Doing it twice changes nothing; one that was killed goes on where it was.
    """
    try:
        folder = settings.GUANXI_HOME / "demo"
        journey = [(*one, complete_journey.SOURCE) for one in complete_journey.prepare(folder).in_order()]
        firms = [(*one, organisations.SOURCE) for one in organisations.prepare(folder)]
        for kind, path, source in (*journey, *firms):
            with tasks.shown_on_console():
                done = running.run(actions.begin_import(prepare(kind, path, source=source), by=SYSTEM).pk)
            click.echo(f"{kind}: {done.accepted:,} of {done.read:,} rows accepted", err=True)
            if done.rejected:
                click.echo(f"{done.rejected:,} rejected, see {done.rejects_path}", err=True)
        with tasks.shown_on_console():
            refresh.refresh(wait=60)
    except Refused as refusal:
        raise click.ClickException(refusal.message) from refusal

"""`guanxi demo`: the demonstration data, through the same engine as every other file."""

from __future__ import annotations

from pathlib import Path

import click
from django.conf import settings

from guanxi.foundation import tasks
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, running
from guanxi.intake.demo import complete_journey
from guanxi.intake.plan import Plan, prepare
from guanxi.lake import refresh


@click.command()
def demo() -> None:
    """Import The Complete Journey: a year of a grocer's sales, with made-up names for its households.

    Doing it twice changes nothing; one that was killed goes on where it was.
    """
    try:
        files = complete_journey.prepare(settings.GUANXI_HOME / "demo")
        for kind, path in files.in_order():
            with tasks.shown_on_console():
                done = running.run(actions.begin_import(_plan(kind, path), by=SYSTEM).pk)
            click.echo(f"{kind}: {done.accepted:,} of {done.read:,} rows accepted", err=True)
            if done.rejected:
                click.echo(f"{done.rejected:,} rejected, see {done.rejects_path}", err=True)
        with tasks.shown_on_console():
            refresh.refresh(wait=60)
    except Refused as refusal:
        raise click.ClickException(refusal.message) from refusal


def _plan(kind: str, path: Path) -> Plan:
    return prepare(kind, path, source=complete_journey.SOURCE)

"""`guanxi learn`."""

from __future__ import annotations

import click

from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks import shown_on_console
from guanxi.insight import learning
from guanxi.insight.models import ModelVersion
from guanxi.lake.store import LakeBroken

PATIENCE = 600  # seconds to wait for a learning that is running already


@click.command()
@click.option("--again", is_flag=True, help="Learn also where nothing has changed since the last time.")
def learn(again: bool) -> None:
    """Learn what each relationship is worth and what state it is in.

    The worker does so by itself every night and after large imports; the command does it now and shows how far it is.
    """
    try:
        with shown_on_console():
            outcome = learning.learn(again=again, wait=PATIENCE)
    except (Refused, LakeBroken) as error:
        raise click.ClickException(str(error)) from error
    known = outcome.learning
    if not outcome.fresh:
        click.echo(f"Nothing has changed since the learning as of {known.day}.")
        return
    equity = known.figures.get("equity", {}).get("expected")
    click.echo(f"{known.customers:,} customers as of {known.day}, {outcome.written:,} standings written.")
    for model in known.models.filter(state=ModelVersion.State.USED, segment="").order_by("family"):
        click.echo(f"{model.get_family_display()}: {model.name}")
    click.echo(f"Customer equity: {equity}" if equity else "No value can be told yet:")
    if not equity:
        for note in known.figures.get("notes", []):
            click.echo("  " + ", ".join(f"{key} {value}" for key, value in note.items()))
    seconds = known.figures.get("seconds", {})
    click.echo(f"{sum(seconds.values()):.1f} s: " + ", ".join(f"{name} {value}" for name, value in seconds.items()))

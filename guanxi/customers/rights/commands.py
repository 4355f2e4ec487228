"""`guanxi erase`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from guanxi.customers.models import Party
from guanxi.customers.queries import STRONG
from guanxi.customers.rights import actions, erasing
from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks import shown_on_console
from guanxi.foundation.visibility import SYSTEM


@click.command()
@click.argument("customer", type=int, required=False)
@click.option("--yes", is_flag=True, help="Erase; without it, only what would go is shown.")
@click.option("--replay", is_flag=True, help="Erase again whoever was erased before and is back, after a restore.")
@click.option("--log", type=click.Path(path_type=Path, exists=True), help="With --replay: a copy of erasures.jsonl.")
@click.option(
    "--sweep", is_flag=True, help="Overwrite at once what keeps traces of deleted rows (else in the background)."
)
@click.option(
    "--allow-again",
    metavar="KIND:VALUE",
    help="Let imports take in what an erased customer was known by, because he came back: mail:mei@example.com, "
    "phone:+886912345678, card:K-1 or external:SOURCE:NUMBER.",
)
def erase(
    customer: int | None, yes: bool, replay: bool, log: Path | None, sweep: bool, allow_again: str | None
) -> None:
    """Erase the CUSTOMER of that number from database, search, files and lake; or --replay after a restore."""
    if customer is None and not replay and not sweep and not allow_again:
        raise click.UsageError("Say which customer (his number), or --replay.")
    try:
        with shown_on_console():
            if replay:
                click.echo(f"{erasing.replay(log)} customers erased again.")
            if customer is not None:
                _one(customer, yes)
            if allow_again:
                _allow(allow_again)
            if sweep:
                erasing.sweep()
    except Refused as refusal:
        click.echo(f"Error: {refusal.message}", err=True)
        sys.exit(1)


def _allow(key: str) -> None:
    kind, _colon, value = key.partition(":")
    if kind not in STRONG or not value:
        raise click.UsageError(f"Write it as KIND:VALUE, KIND one of {', '.join(STRONG)}.")
    if not actions.allow_again(kind, value, by=SYSTEM):
        raise click.ClickException(f"No erased customer was known by {key}.")
    click.echo(f"Imports take in {key} again.")


def _one(number: int, yes: bool) -> None:
    party = Party.objects.filter(pk=number).first()
    if party is None:
        raise click.ClickException(f"There is no customer {number}.")
    for line in erasing.preview(party):
        click.echo(f"{line.title}: {line.count:,} {line.fate}" + (f" ({line.why})" if line.why else ""))
    if not yes:
        click.echo("Nothing was erased. Add --yes to erase.")
        return
    row = erasing.erase(party, by=SYSTEM, reason="command line")
    click.echo(f"Erased: {sum(row.counts.values()):,} rows and files.")

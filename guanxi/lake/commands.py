"""`guanxi refresh`."""

from __future__ import annotations

import click

from guanxi.foundation.tasks import shown_on_console
from guanxi.lake import refresh as refreshing
from guanxi.lake.store import LakeBroken

PATIENCE = 600  # seconds to wait for a refresh that is running already


@click.command()
@click.option("--full", is_flag=True, help="Load everything anew; also mends a lake that cannot be read.")
def refresh(full: bool) -> None:
    """Bring the lake up to date with the database.

    The worker does so by itself twice a minute; the command does it now and shows how far it is.
    """
    try:
        with shown_on_console():
            outcome = refreshing.refresh(full=full, wait=PATIENCE)
    except LakeBroken as error:
        raise click.ClickException(str(error)) from error
    if outcome.busy:
        raise click.ClickException("Another refresh has been running for ten minutes; see “Tasks” for what it does.")
    for name, rows in outcome.rows.items():
        whole = " (loaded whole)" if name in outcome.whole else ""
        click.echo(f"{name}: {rows:,} rows{whole}")
    click.echo(f"The lake is up to date ({outcome.seconds:.1f} s)." if outcome.changed else "Nothing has changed.")

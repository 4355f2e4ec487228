"""`guanxi export`, `guanxi import-all`: everything in open formats, out and in again."""

from __future__ import annotations

from pathlib import Path

import click

from guanxi.foundation.everything import bringing_in, taking_out
from guanxi.foundation.sealing import sealing
from guanxi.foundation.search import upkeep
from guanxi.foundation.search.sources import all_sources
from guanxi.foundation.tasks import shown_on_console
from guanxi.ledger import reading


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export_(folder: Path) -> None:
    """Write everything into FOLDER: each table as Parquet, all files, and a manifest with versions and checksums.

    It may be done while Guanxi runs, and shows one moment. The lake is not in it: it is open as it is, and made anew.
    """
    with shown_on_console():
        manifest = taking_out.take_out(folder, readers=reading.first_unread())
    rows = sum(table["rows"] for table in manifest["tables"].values())
    click.echo(f"{rows:,} rows of {len(manifest['tables'])} tables and {len(manifest['files']):,} files in {folder}.")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def import_all(folder: Path) -> None:
    """Bring what `guanxi export` wrote into FOLDER into this system, which must be empty (after `guanxi init`).

    All or nothing; from SQLite to PostgreSQL too. Afterwards `guanxi refresh` makes the lake.
    """
    with shown_on_console():
        manifest = bringing_in.bring_in(folder)
        reading.set_places_anew(manifest.get("readers", {}))
        sealing.set_place_anew()
        for source in all_sources():
            upkeep.rebuild(source.object_type)
        upkeep.catch_up()
    rows = sum(table["rows"] for table in manifest["tables"].values())
    click.echo(f"{rows:,} rows and {len(manifest['files']):,} files are here now. Next: guanxi refresh.")

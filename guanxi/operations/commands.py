"""`guanxi backup` and `guanxi restore`."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click
from django.conf import settings

from guanxi.foundation.tasks import shown_on_console
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import lock
from guanxi.operations import actions
from guanxi.operations.backup import keeping, keys, making, restoring
from guanxi.operations.models import Backup

KEY_FILE = click.option(
    "--key-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The file that holds the key."
)


@click.command()
@click.argument("target", metavar="FILE", required=False, type=click.Path(path_type=Path))
@click.option("--key", help="The public key to encrypt with (age1…).  [default: GUANXI_BACKUP_KEY]")
@KEY_FILE
@click.option("--new-key", is_flag=True, help="Print a new pair of keys, and do nothing else.")
@click.option("--scheduled", is_flag=True, help="As the schedule does it: into the place that is set, thinning out.")
def backup(target: Path | None, key: str | None, key_file: Path | None, new_key: bool, scheduled: bool) -> None:
    """Write everything (database, lake, files) to FILE, while Guanxi runs.

    With a key the file is encrypted, so that only the secret key opens it; the installation's own secret key is then in
    it too. FILE is there when it is whole, and not before.
    """
    if new_key:
        public, secret = keys.make_pair()
        click.echo(f"# public key, for GUANXI_BACKUP_KEY: {public}\n# keep what follows elsewhere\n{secret}")
        return
    if scheduled == (target is not None):
        raise click.UsageError("Name the FILE to write, or --scheduled.")
    with shown_on_console():
        if target is None:
            row = keeping.back_up(Backup.Reason.COMMAND)
            click.echo(f"Wrote {row.name} to {row.place} ({row.size or 0:,} bytes).")
            return
        made = _make(target, keys.read(key_file) if key_file else key or settings.GUANXI_BACKUP_KEY)
    click.echo(f"Wrote {made.path}: {made.rows:,} rows, {made.files:,} files, {made.size:,} bytes.")
    if made.missing:
        click.echo(f"{len(made.missing)} files were deleted meanwhile and are not in it.")
    if not made.encrypted:
        click.echo("It is not encrypted, so the secret key is not in it: keep a copy of “secret-key” elsewhere.")


def _make(target: Path, key: str) -> making.Made:
    with lock.held(name="backup") as taken:
        if not taken:
            raise click.ClickException("A backup is being made already.")
        row = keeping.noted(
            target.name[:200], str(target.absolute().parent)[:500], Backup.Reason.COMMAND, key, by=SYSTEM
        )
        with keeping.failure_noted(row, SYSTEM):
            made = making.make(target, key)
            actions.end_backup(row, by=SYSTEM, size=made.size, rows=made.rows, files=made.files)
    return made


@click.command()
@click.argument("source", metavar="FILE", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@KEY_FILE
@click.option("--replace", is_flag=True, help="Set aside what is there, and put the backup in its place.")
@click.option("--verify", is_flag=True, help="Only read the backup whole and say whether it is undamaged.")
@click.option("--finish", is_flag=True, help="Go on with a restore that was broken off.")
def restore(source: Path | None, key_file: Path | None, replace: bool, verify: bool, finish: bool) -> None:
    """Put the backup FILE into an empty home and database, or with --replace in the place of what is there.

    Stop Guanxi first. The whole file is verified before anything is written; whoever was erased since stays erased.
    """
    if finish:
        _finish()
        return
    if source is None:
        raise click.UsageError("Name the FILE to restore.")
    if restoring.begun():
        raise click.ClickException("A restore was broken off; go on with it first: guanxi restore --finish")
    key = keys.read(key_file) if key_file else os.environ.get("GUANXI_BACKUP_SECRET", "")
    with shown_on_console():
        if verify:
            _verify(source, key)
        else:
            restoring.restore(source, key, replace, click.echo)


def _finish() -> None:
    if not restoring.begun():
        raise click.ClickException("There is no restore to go on with.")
    with shown_on_console():
        if restoring.moved():
            restoring.finish(click.echo)
        else:
            restoring.go_on(click.echo)


def _verify(source: Path, key: str) -> None:
    from guanxi.operations.backup import archive

    told = archive.about(source, key)
    manifest = archive.verify(source, key)
    when = datetime.fromisoformat(told["made_at"])
    click.echo(f"Undamaged: made {when:%Y-%m-%d %H:%M} UTC by version {told['version']} of {told['vendor']},")
    click.echo(f"{len(manifest.parts):,} parts, {sum(manifest.told['rows'].values()):,} rows, {manifest.size:,} bytes.")

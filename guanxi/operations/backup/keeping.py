"""Where scheduled backups are kept, and which of them: a folder or a bucket; so many days, weeks and months."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks.running import progress
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.lake import lock
from guanxi.operations import actions
from guanxi.operations.backup import making
from guanxi.operations.models import Backup

NAMED = re.compile(r"^guanxi-(\d{8}-\d{6})\.tar\.zst(\.age)?$")
MOMENT = "%Y%m%d-%H%M%S"


def shelf() -> Storage:
    """Where scheduled backups are kept."""
    return storages["backups"]


def name_of(moment: datetime, encrypted: bool) -> str:
    """What the file of a backup is called."""
    return f"guanxi-{moment.strftime(MOMENT)}.tar.zst{'.age' if encrypted else ''}"


def where() -> str:
    """The place as people read it."""
    storage = shelf()
    if isinstance(storage, FileSystemStorage):
        return str(storage.location)
    return f"s3://{settings.GUANXI_BACKUP_S3_BUCKET}"


def back_up(reason: str, *, by: Viewer = SYSTEM) -> Backup:
    """Make a backup in its place and delete those that are kept no longer. Raises what went wrong, after noting it."""
    key = settings.GUANXI_BACKUP_KEY
    name = name_of(timezone.now(), bool(key))
    with lock.held(name="backup") as taken:
        if not taken:
            raise Refused(_("A backup is being made already."))
        actions.end_broken_backups()
        row = noted(name, where(), reason, key, by=by)
        with failure_noted(row, by):
            made = _made(name, key)
            actions.end_backup(row, by=by, size=made.size, rows=made.rows, files=made.files)
    thin_out()
    return row


def noted(name: str, place: str, reason: str, key: str, *, by: Viewer) -> Backup:
    """The row of a backup that begins."""
    return actions.begin_backup(name, place, reason, by=by, encrypted=bool(key))


class failure_noted:  # noqa: N801  used like a function
    """What goes wrong within the block is written to the backup's row and goes on."""

    def __init__(self, row: Backup, by: Viewer) -> None:
        self.row, self.by = row, by

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        said = f"{error}" if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
        try:
            actions.end_backup(self.row, by=self.by, error=said[:500] or _("Broken off."))
        except DatabaseError:
            return  # what went wrong is the database itself


def _made(name: str, key: str) -> making.Made:
    storage = shelf()
    if isinstance(storage, FileSystemStorage):
        folder = Path(storage.location)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return making.make(folder / name, key)
    scratch = Path(settings.GUANXI_HOME) / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    draft = scratch / name
    try:
        made = making.make(draft, key)
        progress(message=_("Sending the backup"))
        with draft.open("rb") as file:
            storage.save(name, File(file))
        return made
    finally:
        draft.unlink(missing_ok=True)


# Which are kept -----------------------------------------------------------------------------------------------------


def kept(moments: list[datetime], days: int, weeks: int, months: int) -> set[datetime]:
    """Of the moments of backups those that stay: the newest of so many days, weeks and months, and of all."""
    stays = set(sorted(moments)[-1:])
    for periods, form in ((days, "%Y-%m-%d"), (weeks, "%G-%V"), (months, "%Y-%m")):
        newest = {moment.strftime(form): moment for moment in sorted(moments)}
        stays |= set(sorted(newest.values())[-periods:] if periods else [])
    return stays


def thin_out() -> list[str]:
    """Delete the backups that are kept no longer; their names. Other files in the place are left alone."""
    storage = shelf()
    found = {name: datetime.strptime(hit[1], MOMENT) for name in storage.listdir("")[1] if (hit := NAMED.match(name))}  # noqa: DTZ007
    stays = kept(list(found.values()), *settings.GUANXI_BACKUP_KEEP)
    gone = sorted(name for name, moment in found.items() if moment not in stays)
    for name in gone:
        storage.delete(name)
        for row in Backup.objects.filter(name=name, place=where(), kept=True):
            actions.forget_file(row, by=SYSTEM)
    return gone

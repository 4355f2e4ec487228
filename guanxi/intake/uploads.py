"""Uploaded files: kept under the home until they are imported, checked by what they are and not by what they are
called."""

from __future__ import annotations

import re
import shutil
import time
import unicodedata
import uuid
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer, require
from guanxi.intake import probing
from guanxi.intake.models import ImportRun

LARGEST = 1 << 30  # bytes of an uploaded file, unless GUANXI_LARGEST_UPLOAD says otherwise
KEPT_DAYS = 7
RESERVE = 200_000_000  # bytes that have to stay free, beside a small file as many as it has
STAGE = 1.5  # room that the checked rows need, in sizes of the file
ENDINGS = {"text": ".csv", "xlsx": ".xlsx", "parquet": ".parquet", "vcard": ".vcf", "jsonl": ".jsonl"}


def folder() -> Path:
    """Where uploaded files lie."""
    return Path(settings.GUANXI_HOME) / "uploads"


def largest() -> int:
    """The most bytes that an uploaded file may have."""
    return int(getattr(settings, "GUANXI_LARGEST_UPLOAD", LARGEST))


def room_for(size: int, *, uploading: bool = True) -> None:
    """Raise Refused where the disk has no room for a file of `size` bytes (if it is still `uploading`), its checked
    rows and a reserve."""
    home = Path(settings.GUANXI_HOME)
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free
    needed = int(size * (STAGE + uploading)) + min(size, RESERVE)
    if free < needed:
        message = _(
            "There is not enough room: this file needs %(needed)s MB in %(folder)s, and %(free)s MB are free. "
            "Make room "
            "and try again; nothing was changed."
        )
        values = {"needed": needed // 1_000_000, "free": free // 1_000_000, "folder": home}
        raise Refused(message % values, "file")


def keep(chunks: Iterable[bytes], name: str, by: Viewer, size: int | None = None) -> Path:
    """Write an uploaded file to the disk as it comes in, and look what it is; where it lies now.

    `name` is what the user calls it, `size` what he says it has. Raises Refused where it is too large, there is no
    room, or nothing can be read from it; nothing is left behind then.
    """
    require(by, "create", ImportRun)
    room_for(size or 0)
    _refuse_larger(size or 0)
    place = folder() / uuid.uuid4().hex
    place.mkdir(parents=True)
    path = place / _plain_name(name)
    try:
        written = 0
        with path.open("wb") as file:
            for chunk in chunks:
                written += len(chunk)
                _refuse_larger(written)
                file.write(chunk)
        room_for(written, uploading=False)
        probing.probe(path)
    except BaseException as error:
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in (28, 122):
            raise Refused(_("The disk is full; the file was not kept. Make room and try again."), "file") from error
        raise
    return path


def _refuse_larger(size: int) -> None:
    if size > largest():
        message = _("The file is too large: at most %(most)s MB. Cut it in parts, or import it on the command line.")
        raise Refused(message % {"most": largest() // 1_000_000}, "file")


def _plain_name(name: str) -> str:
    """A name that no file system takes amiss, as near as can be to what the user calls the file."""
    bare = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    bare = re.sub(r"[\x00-\x1f\x7f:*?\"<>|]", "", bare).strip(" .")
    stem, dot, ending = bare.rpartition(".")
    if not dot:
        stem, ending = bare, ""
    kept = stem.encode()[:150].decode(errors="ignore") or "file"
    return f"{kept}.{ending[:10]}" if ending else kept


def clean(days: int = KEPT_DAYS) -> int:
    """Delete uploaded files that are older than some days and that no open import needs; how many."""
    needed = set(
        ImportRun.objects.exclude(
            state__in=[ImportRun.State.DONE, ImportRun.State.REVERTED, ImportRun.State.CANCELLED]
        ).values_list("path", flat=True)
    )
    removed = 0
    for place in folder().iterdir() if folder().is_dir() else ():
        files = list(place.iterdir()) if place.is_dir() else []
        old = place.stat().st_mtime < time.time() - days * 86_400
        if old and not any(str(file.resolve()) in needed for file in files):
            shutil.rmtree(place, ignore_errors=True)
            removed += 1
    return removed

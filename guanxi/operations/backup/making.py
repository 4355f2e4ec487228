"""Making a backup: one moment of everything, in one file."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.lake import store
from guanxi.operations.backup import archive, home, lake, snapshots


@dataclass(frozen=True)
class Made:
    """What became of a backup."""

    path: Path
    size: int
    rows: int
    files: int
    encrypted: bool
    missing: list[str]


def make(target: Path, key: str = "", database_only: bool = False) -> Made:
    """Write a backup to `target`, whole or not at all, while everybody goes on working.

    With `database_only` lake and files are left out; its restore leaves those alone that are there.

    Raises Refused where the lake is held by somebody for ten minutes, or where there is no room.
    """
    target = target.absolute()
    if target.is_dir():
        raise Refused(_("%(path)s is a folder; name a file in it.") % {"path": target})
    if not target.parent.is_dir():
        raise Refused(_("The folder %(path)s is not there; make it first.") % {"path": target.parent})
    _clear_drafts(target)
    with archive.writing(target, key) as writer:
        told = _write(writer, bool(key), database_only)
    parts = writer.manifest.parts
    files = sum(part.name.startswith("files/") for part in parts)
    return Made(target, target.stat().st_size, sum(told["rows"].values()), files, bool(key), told["missing"])


def _write(writer: archive.Writer, secret: bool, database_only: bool) -> dict[str, Any]:
    """The lake is held until it is written, so that it never knows more than the database of the same backup."""
    with ExitStack() as stack:
        with lake.held() as taken:
            if not taken:
                raise Refused(_("The lake has been held for ten minutes by a refresh or a learning; try again later."))
            moment = stack.enter_context(snapshots.snapshot())
            writer.add(archive.ABOUT, json.dumps({**_about(database_only), **moment.told}, indent=1).encode())
            tables = {} if database_only else lake.write(writer)
        rows = moment.write(writer)
    missing = [] if database_only else home.write(writer, secret)
    told = {"lake": tables, "rows": rows, "missing": missing}
    writer.manifest.told = told
    return told


def _about(database_only: bool) -> dict[str, Any]:
    return {
        "format": archive.FORMAT,
        "version": version("guanxi"),
        "made_at": timezone.now().isoformat(),
        "key": home.fingerprint(),
        "settings": home.environment(),
        "only": "database" if database_only else "",
        "lake": "files" if store.is_local() else "rows",
    }


def _clear_drafts(target: Path) -> None:
    """Take away what a backup that was killed left of itself."""
    for path in target.parent.glob(f".{target.name}.*.partial"):
        pid = path.name.split(".")[-2]
        if not (pid.isdigit() and Path(f"/proc/{pid}").exists()):
            path.unlink(missing_ok=True)

"""What lies beside database and lake: uploaded files in their storage, and the small files of the home."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils.translation import gettext as _

from guanxi.foundation.tasks.running import progress
from guanxi.operations.backup.archive import Writer

KEPT = ("settings.json", "erasures.jsonl")
KEPT_FOLDERS = ("imports",)
KEY = "secret-key"
HIDDEN = ("KEY", "SECRET", "PASSWORD", "DATABASE_URL", "TOKEN")


def fingerprint() -> str:
    """What tells whether another installation has the same secret key, and nothing of the key itself."""
    return hashlib.sha256(b"guanxi.backup.fingerprint:" + str(settings.SECRET_KEY).encode()).hexdigest()[:32]


def environment() -> dict[str, str]:
    """The settings that were made, secrets named but not told."""
    return {
        name: "…" if any(word in name for word in HIDDEN) else value
        for name, value in sorted(os.environ.items())
        if name.startswith("GUANXI_") and not name.startswith("GUANXI_TEST_")
    }


def write(archive: Writer, secret: bool) -> list[str]:
    """Put files and small files into the archive, the secret key only where `secret`; names that went missing."""
    missing = []
    storage = storages["default"]
    for number, name in enumerate(stored_names(storage)):
        progress(number, message=_("Copying files"))
        try:
            with storage.open(name) as file:
                archive.add_stream(f"files/{name}", cast("IO[bytes]", file), storage.size(name))
        except FileNotFoundError:
            missing.append(name)  # taken away since the list was made
    home = Path(settings.GUANXI_HOME)
    small = [home / name for name in KEPT]
    for folder in KEPT_FOLDERS:
        small += sorted((home / folder).rglob("*"))
    for path in small:
        if path.is_file() and path.name != "lock":
            archive.add(f"home/{path.relative_to(home)}", path.read_bytes())
    if secret:
        archive.add(f"home/{KEY}", str(settings.SECRET_KEY).encode())
    return missing


def stored_names(storage: Storage, folder: str = "") -> Iterator[str]:
    """Every file in a storage, folder by folder."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(files):
        yield f"{folder}/{name}" if folder else name
    for name in sorted(folders):
        yield from stored_names(storage, f"{folder}/{name}" if folder else name)


def is_local() -> bool:
    """Whether files lie in a folder of the home."""
    return isinstance(storages["default"], FileSystemStorage)


def give_to_storage(folder: Path) -> int:
    """Put restored files that are missing into a storage that is no folder; how many."""
    storage: Any = storages["default"]
    given = 0
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        name = str(path.relative_to(folder))
        if path.is_file() and not (storage.exists(name) and storage.size(name) == path.stat().st_size):
            with path.open("rb") as file:
                storage.save(name, File(file))
            given += 1
    return given

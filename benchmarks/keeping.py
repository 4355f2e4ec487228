"""Backup and restore of a filled home, beside a bare copy of what they carry.

Runs in a process of its own (`python -m benchmarks.keeping`), whose environment names home and database; prints JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from benchmarks.measure import Figure, command

TARGET = 180.0  # seconds, for a million customers with ten million lines


def figures() -> list[Figure]:
    """Back up, restore into an empty home of the same kind, and compare the sums."""
    home = Path(os.environ["GUANXI_HOME"])
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        return _measured(home, Path(folder))


def _measured(home: Path, folder: Path) -> list[Figure]:
    file = folder / "backup.tar.zst"
    written = command("backup", str(file), environment={})
    other = {"GUANXI_HOME": str(folder / "home"), **_other_database()}
    floor = _copy_seconds(home, folder)
    back = command("restore", str(file), environment=other)
    size = file.stat().st_size / 1e6
    figures = [
        Figure("backup", written.seconds, "s", floor, "copying home", TARGET, memory_mb=written.peak_mb),
        Figure("  of that: size", size, "MB"),
        Figure("restore", back.seconds, "s", floor, "copying home", TARGET, memory_mb=back.peak_mb),
    ]
    _drop_database(other)
    return figures


def _copy_seconds(home: Path, folder: Path) -> float:
    """How long the disk takes to copy what lies in the home, with a flush at the end."""
    started = time.perf_counter()
    shutil.copytree(home, folder / "copy", ignore=shutil.ignore_patterns("scratch", folder.name))
    os.sync()
    taken = time.perf_counter() - started
    shutil.rmtree(folder / "copy")
    return taken


def _other_database() -> dict[str, str]:
    url = os.environ.get("GUANXI_DATABASE_URL", "")
    if not url.startswith("postgres"):
        return {"GUANXI_DATABASE_URL": ""}
    import psycopg

    with psycopg.connect(url, autocommit=True) as link:
        link.execute("CREATE DATABASE guanxi_restored")
    return {"GUANXI_DATABASE_URL": urlunsplit(urlsplit(url)._replace(path="/guanxi_restored"))}


def _drop_database(other: dict[str, str]) -> None:
    if not other["GUANXI_DATABASE_URL"]:
        return
    import psycopg

    with psycopg.connect(os.environ["GUANXI_DATABASE_URL"], autocommit=True) as link:
        link.execute("DROP DATABASE guanxi_restored WITH (FORCE)")


if __name__ == "__main__":
    print(json.dumps([figure.as_json() for figure in figures()]))

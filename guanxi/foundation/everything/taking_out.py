"""Taking everything out, as it was at one moment, while the house goes on working."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import bulk
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.everything.tables import Table, all_tables, migrations
from guanxi.foundation.tasks import progress

FORMAT = 1
MANIFEST = "manifest.json"
README = """Everything of a Guanxi installation, in open formats.

tables/*.parquet   one file for each table; read them with DuckDB, Polars, pandas, Spark ...
files/             the files that hang on records
manifest.json      versions, and of each table its rows, columns and checksum

Amounts and quantities are whole ten-thousandths (12.50 is 125000). Times are UTC. JSON is text.
Into an empty system again: guanxi import-all FOLDER
"""


def take_out(folder: Path, **more: Any) -> dict[str, Any]:
    """Write everything into `folder`, which must be empty or new; what the manifest says, with `more` in it.

    Raises Refused where it holds something. The manifest comes last: without one an export is not whole.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(_("The folder %(folder)s is not empty; name a new one.") % {"folder": folder}, "folder")
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "guanxi": version("guanxi"),
        "at": timezone.now().isoformat(),
        "migrations": migrations(),
        **more,
        "tables": {},
    }
    tables = all_tables()
    with bulk.session() as db, _one_moment(db):
        for number, table in enumerate(tables):
            progress(number, len(tables), _("Taking out tables"))
            manifest["tables"][table.name] = _table(db, table, folder)
    manifest["files"] = _files(folder / "files")
    (folder / "README.txt").write_text(README, encoding="utf-8")
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
    return manifest


@contextmanager
def _one_moment(db: BulkSession) -> Iterator[None]:
    """Let all that is read within the block be of one moment; others may write meanwhile."""
    if db.vendor == "postgresql":  # on SQLite the first read begins a transaction, which sees one moment
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    try:
        yield
    finally:
        db.rollback()


def _table(db: BulkSession, table: Table, folder: Path) -> dict[str, Any]:
    path = folder / "tables" / f"{table.name}.parquet"
    rows = 0
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for batch in db.stream(table.select(), table.schema):
            writer.write_batch(batch.cast(table.schema))
            rows += batch.num_rows
    columns = {field.name: str(field.type) for field in table.schema}
    return {"model": table.label, "rows": rows, "columns": columns, "sha256": _digest(path)}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> dict[str, int]:
    """Copy all files that hang on records; their names and sizes."""
    found: dict[str, int] = {}
    for name in _names(""):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with default_storage.open(name) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        found[name] = target.stat().st_size
    return found


def _names(below: str) -> Iterator[str]:
    try:
        folders, files = default_storage.listdir(below)
    except FileNotFoundError:
        return
    prefix = f"{below}/" if below else ""
    yield from (prefix + name for name in sorted(files))
    for name in sorted(folders):
        yield from _names(prefix + name)

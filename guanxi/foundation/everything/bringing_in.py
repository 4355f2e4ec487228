"""Bringing everything into an empty system: from either database into either."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.apps import apps
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection
from django.utils.translation import gettext as _

from guanxi.foundation import bulk
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.everything.tables import Table, all_tables, migrations
from guanxi.foundation.everything.taking_out import FORMAT, MANIFEST, _digest
from guanxi.foundation.tasks import progress

# What only people and business make: where any of it is there, the system is not empty.
SIGNS = ("foundation.user", "customers.party", "ledger.event", "orders.order", "catalog.product")
TRANSACTION = "transaction"  # a column of the database's own making: which of its transactions wrote the row


def bring_in(folder: Path) -> dict[str, Any]:
    """Load an export into this system, all or nothing; what its manifest says.

    Raises Refused where the export is not whole or was changed, is of another version, or the system is not empty.
    """
    manifest = _checked(folder)
    _refuse_full()
    tables = all_tables()
    with bulk.session() as db, _one_transaction(db):
        for table in tables:
            db.execute(f'DELETE FROM "{table.name}"')
        for number, table in enumerate(tables):
            progress(number, len(tables), _("Bringing in tables"))
            _load(db, table, folder)
        _set_sequences(db, tables)
    for name in manifest["files"]:
        with (folder / "files" / name).open("rb") as file:
            default_storage.delete(name)
            default_storage.save(name, File(file))
    return manifest


def _checked(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        known = manifest["format"], manifest["migrations"], manifest["tables"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        words = _("%(folder)s holds no whole export: %(file)s is missing or cannot be read.")
        raise Refused(words % {"folder": folder, "file": MANIFEST}, "folder") from error
    if known[0] != FORMAT:
        raise Refused(_("This export has a form that is not known here; bring Guanxi up to date."), "folder")
    _refuse_other_version(known[1])
    names = {table.name for table in all_tables()}
    for name, said in known[2].items():
        path = folder / "tables" / f"{name}.parquet"
        if name not in names or not path.is_file() or _digest(path) != said["sha256"]:
            words = _("The table %(name)s of this export is missing, or was changed since it was taken out.")
            raise Refused(words % {"name": name}, "folder")
    for name, size in manifest["files"].items():
        path = (folder / "files" / name).resolve()
        inside = path.is_relative_to((folder / "files").resolve())
        if not inside or not path.is_file() or path.stat().st_size != size:
            raise Refused(_("The file %(name)s of this export is missing or not whole.") % {"name": name}, "folder")
    return manifest


def _refuse_other_version(theirs: dict[str, list[str]]) -> None:
    ours = migrations()
    for app in sorted({*ours, *theirs}):
        if sorted(ours.get(app, [])) != sorted(theirs.get(app, [])):
            words = _("This export is of another version of Guanxi (%(app)s); install that, bring it in, then upgrade.")
            raise Refused(words % {"app": app}, "folder")


def _refuse_full() -> None:
    for label in SIGNS:
        model = apps.get_model(label)
        if model._base_manager.exists():
            words = _("This system is not empty: it has %(what)s. Bring an export into a new home (guanxi init).")
            raise Refused(words % {"what": model._meta.verbose_name_plural}, "folder")


@contextmanager
def _one_transaction(db: BulkSession) -> Iterator[None]:
    """All that is done within the block, or nothing of it; what hangs on what is looked at when all is there."""
    db.begin()
    door = apps.get_model("sealing.door")._meta.db_table
    try:
        if db.vendor == "postgresql":
            db.execute("SET CONSTRAINTS ALL DEFERRED")
        else:
            db.execute("PRAGMA defer_foreign_keys = ON")
        db.execute(
            f"INSERT INTO {door} (id, why) VALUES (1, 'import-all')"
        )  # the audit log's own triggers let its rows be emptied
        yield
        db.execute(f"DELETE FROM {door}")
    except BaseException:
        db.rollback()
        raise
    db.commit()


def _load(db: BulkSession, table: Table, folder: Path) -> None:
    path = folder / "tables" / f"{table.name}.parquet"
    file = pq.ParquetFile(path)
    expected = table.schema
    if file.schema_arrow.names != expected.names:
        raise Refused(_("The table %(name)s of this export has other columns.") % {"name": table.name}, "folder")
    kept = [name for name in expected.names if name != TRANSACTION or connection.vendor != "postgresql"]
    for batch in file.iter_batches(50_000):
        rows = pa.Table.from_batches([batch]).cast(expected)
        if TRANSACTION in rows.column_names and connection.vendor != "postgresql":
            place = rows.column_names.index(TRANSACTION)
            rows = rows.set_column(place, TRANSACTION, pa.repeat(pa.scalar(0, pa.int64()), rows.num_rows))
        db.append(table.name, rows.select(kept))


def _set_sequences(db: BulkSession, tables: list[Table]) -> None:
    """Let new rows have numbers beyond those that were brought in (SQLite does so by itself)."""
    if db.vendor != "postgresql":
        return
    for table in tables:
        if any(field.primary_key and field.get_internal_type().endswith("AutoField") for field in table.fields):
            name = f"pg_get_serial_sequence('{table.name}', '{table.key}')"
            db.execute(f'SELECT setval({name}, COALESCE(max("{table.key}"), 0) + 1, false) FROM "{table.name}"')

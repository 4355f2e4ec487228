"""The lake in a backup: each table at one version.

A lake in a folder is kept file by file with its log. Of one behind a URL only what cannot be made anew from the
database is kept, as Parquet; everything else is loaded again after a restore.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from django.utils.translation import gettext as _

from guanxi.foundation.tasks.running import progress
from guanxi.lake import lock, refresh, schema, store
from guanxi.operations.backup.archive import Writer

WAIT = 600.0  # seconds for a refresh or a learning to end
LOG = "_delta_log"
Behind = Callable[[schema.LakeTable, int], bool]  # whether a table has not read all up to the backup


def held() -> Any:
    """The lake kept as it is, for the length of a block."""
    return lock.held(WAIT)


def write(archive: Writer) -> dict[str, Any]:
    """Put every table into the archive, at the version that it has now; what is told of each."""
    told: dict[str, Any] = {}
    tables = [(table, stored) for table in schema.all() if (stored := store.open_table(table)) is not None]
    for number, (table, stored) in enumerate(tables):
        progress(number, len(tables), _("Copying the lake"))
        told[table.name] = {"version": stored.version(), "mark": store.mark_of(stored, refresh.LEDGER)}
        if store.is_local():
            _write_files(archive, table.name, stored)
        elif table not in schema.REFRESHED:
            _write_rows(archive, table.name, stored)
    return told


def _write_files(archive: Writer, name: str, stored: DeltaTable) -> None:
    folder = Path(store.address(schema.named(name)))
    wanted = [unquote(path) for path, _partition in store.paths(schema.named(name), stored)]
    wanted += [str(path.relative_to(folder)) for path in sorted((folder / LOG).iterdir()) if _belongs(path, stored)]
    for path in wanted:
        with (folder / path).open("rb") as file:
            archive.add_stream(f"lake/{name}/{path}", file, (folder / path).stat().st_size)


def _belongs(path: Path, stored: DeltaTable) -> bool:
    """Whether a file of the log tells of this version or of one before; temporary ones do not."""
    number = path.name.split(".", 1)[0]
    return path.name == "_last_checkpoint" or (number.isdigit() and int(number) <= stored.version())


def _write_rows(archive: Writer, name: str, stored: DeltaTable) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(stored.to_pyarrow_table(), sink, compression="zstd")
    archive.add(f"lake-rows/{name}.parquet", memoryview(sink.getvalue()))


def restore_rows(folder: Path) -> None:
    """Write the tables of a lake behind a URL anew from what `_write_rows` kept."""
    for path in sorted(folder.glob("*.parquet")) if folder.is_dir() else ():
        table = schema.named(path.stem)
        rows = pq.read_table(path)
        store.overwrite(table, rows.to_batches(), {})


def discard_what_does_not_fit(told: dict[str, Any], behind: Behind | None) -> list[str]:
    """Take away the restored tables that cannot be carried on, so that the next refresh loads them; their names.

    On SQLite (`behind` is None) marks are numbers of events and mean the same. On PostgreSQL what has been read has
    transactions below zero from now on: a table that had read all that concerns it goes on from there.
    """
    loaded = []
    for table in schema.REFRESHED:
        mark = (told.get(table.name) or {}).get("mark")
        if behind is None or mark is None or not store.is_local():
            continue
        if behind(table, mark):
            store.discard(table)
            loaded.append(table.name)
        else:
            store.set_marks(table, {refresh.LEDGER: 0})
    return loaded

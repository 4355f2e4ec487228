"""The Delta tables: opening, writing, replacing, tidying. Knows nothing of where the rows come from.

Each commit carries marks (`deltalake.Transaction`): how far its source had been read. Data and mark are one commit, so
that no interruption can lose a row or write it twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import (
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import DeltaError
from django.conf import settings
from django.utils.translation import gettext as _

from guanxi.lake.schema import LakeTable

FEW = 10_000  # keys up to which files are rewritten by a condition; beyond, the table is rewritten in one pass
LONG_RUN, MANY_RANGES = 50, 100
SMALL = 16_000_000  # bytes below which a file counts as small
TOO_MANY = 40  # small files of one partition that are made one
KEEP_HOURS = 6  # how long files stay that a running query may still be reading
WRITER = WriterProperties(compression="ZSTD", compression_level=1, max_row_group_size=250_000)
AFTERWARDS = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=True)


class LakeBroken(Exception):
    """The lake, or a table of it, cannot be read; the message says which, why, and how to mend it."""


def is_local() -> bool:
    """Whether the lake is a folder of this machine and not behind a URL."""
    return "://" not in str(settings.GUANXI_LAKE)


def address(table: LakeTable) -> str:
    """The path or URL of a table."""
    return f"{str(settings.GUANXI_LAKE).rstrip('/')}/{table.name}"


def open_table(table: LakeTable) -> DeltaTable | None:
    """The table as it is now; None where it was never written. Raises LakeBroken where it cannot be read."""
    try:
        return DeltaTable(address(table)) if DeltaTable.is_deltatable(address(table)) else None
    except (DeltaError, OSError, ValueError) as error:
        raise broken(table, error) from error


def broken(table: LakeTable, error: Exception) -> LakeBroken:
    """What to say of a table that cannot be read."""
    return LakeBroken(
        _("The lake's table %(table)s at %(address)s cannot be read (%(reason)s). “%(remedy)s” rebuilds it.")
        % {
            "table": table.name,
            "address": address(table),
            "reason": str(error).splitlines()[0][:300],
            "remedy": table.remedy,
        }
    )


def discard(table: LakeTable) -> None:
    """Take away what is left of a table that cannot be read."""
    if is_local():
        shutil.rmtree(address(table), ignore_errors=True)


def overwrite(table: LakeTable, batches: Iterable[pa.RecordBatch], marks: Mapping[str, int]) -> None:
    """Make `batches` the whole content of the table, in one commit; memory stays flat."""
    _write(table, _reader(table, batches), marks, mode="overwrite", schema_mode="overwrite")


def append(table: LakeTable, batches: Iterable[pa.RecordBatch], marks: Mapping[str, int]) -> None:
    """Add `batches` to the table, in one commit."""
    _write(table, _reader(table, batches), marks, mode="append")


def replace(
    table: LakeTable, stored: DeltaTable, keys: pa.Array, batches: Iterable[pa.RecordBatch], marks: Mapping[str, int]
) -> None:
    """Put `batches` in the place of all rows with one of `keys`, in one commit.

    Keys that are new cost only the writing of their rows; for others, the files that hold them are rewritten.
    """
    keys = pc.unique(keys)
    present = keys_present(table, stored, keys)
    if not len(present):
        append(table, batches, marks)
        return
    condition = _condition(table.key, _numbers(keys))
    if condition:
        _write(table, _reader(table, batches), marks, mode="overwrite", predicate=condition)
    else:
        overwrite(table, _others_and(table, stored, keys, batches), marks)


def rows_of(table: LakeTable, stored: DeltaTable, keys: pa.Array, columns: list[str]) -> pa.Table:
    """The named columns of all rows with one of `keys`; reads only files that may hold some."""
    wanted = pa.schema([table.schema.field(name) for name in columns])
    names = list(dict.fromkeys([*columns, table.key]))
    batches: list[pa.RecordBatch] = []
    for path in _files_with(table, stored, keys):
        for batch in _parquet(stored, path).iter_batches(batch_size=250_000, columns=names):
            chosen = batch.filter(pc.is_in(batch[table.key], keys))
            if chosen.num_rows:
                batches.append(chosen.select(columns).cast(wanted))
    return pa.Table.from_batches(batches, wanted)


def rows_with(table: LakeTable, stored: DeltaTable, column: str, values: pa.Array) -> pa.Table:
    """All rows that have one of `values` in `column`, whole; of each group of rows reads this column first."""
    batches: list[pa.RecordBatch] = []
    for path, part in paths(table, stored):
        file = _parquet(stored, path)
        groups = range(file.num_row_groups) if column in file.schema_arrow.names else ()
        for group in groups:
            found = pc.is_in(file.read_row_group(group, [column])[column].cast(values.type), values)
            if pc.any(found).as_py():
                chosen = file.read_row_group(group).filter(found).combine_chunks()
                batches += [_with_partition(table, batch, part) for batch in chosen.to_batches()]
    return pa.Table.from_batches(batches, table.schema)


def remove(table: LakeTable, stored: DeltaTable, keys: pa.Array) -> None:
    """Take away all rows with one of `keys`, in one commit.

    Not by Delta's own deletion, which writes texts in a form (views) that Arrow cannot work with yet.
    """
    condition = _condition(table.key, _numbers(pc.unique(keys)))
    if condition is None:
        replace(table, stored, keys, [], {})
        return
    _write(table, _reader(table, []), {}, mode="overwrite", predicate=condition)


def forget_past(stored: DeltaTable) -> None:
    """Delete every file that the newest version does not need, and what the log tells of former ones.

    For erasures only: a question that is just being answered may find its files gone, and has to be asked again.
    """
    stored.create_checkpoint()
    stored.vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)
    stored.update_incremental()
    stored.create_checkpoint()
    if is_local():
        log = Path(stored.table_uri.removeprefix("file://")) / "_delta_log"
        for path in log.iterdir():
            number = path.name.split(".", 1)[0]
            if number.isdigit() and int(number) < stored.version():
                path.unlink(missing_ok=True)


def keys_present(table: LakeTable, stored: DeltaTable, keys: pa.Array) -> pa.Array:
    """Those of `keys` that the table holds rows of."""
    return pc.unique(rows_of(table, stored, keys, [table.key])[table.key])


def tidy(table: LakeTable, stored: DeltaTable) -> bool:
    """Make one file of many small ones, partition by partition, where too many have gathered; whether it did."""
    crowded = [name for name, count in _small_files(table, stored).items() if count > TOO_MANY]
    for name in crowded:
        compact(table, stored, [(table.partition, "=", name)] if table.partition else None)
    return bool(crowded)


def compact(table: LakeTable, stored: DeltaTable, partition: list[tuple[str, str, Any]] | None = None) -> None:
    """Make few files of many, of the whole table or of one partition; of a log, only what readers see stays."""
    if not table.newest:
        stored.optimize.compact(partition_filters=partition, writer_properties=WRITER, target_size=table.file_size)
    elif len(stored.file_uris()) > 1:
        files = [_parquet(stored, path).read() for path, _partition in paths(table, stored)]
        overwrite(table, _newest(table, pa.concat_tables(files)).to_batches(max_chunksize=100_000), {})
        stored.update_incremental()


def _newest(table: LakeTable, rows: pa.Table) -> pa.Table:
    """Of each key of a log the row written last, if it says anything."""
    import duckdb

    with duckdb.connect() as work:
        work.register("stored", rows)
        last = f"max({table.newest}) OVER (PARTITION BY {table.key})"
        told = f"{table.newest} = {last} AND {table.telling} IS NOT NULL"
        return work.sql(f"SELECT * FROM stored QUALIFY {told} ORDER BY {table.key}").to_arrow_table()


def vacuum(stored: DeltaTable) -> int:
    """Delete the files that no query can still be reading, those of broken-off writes among them; how many."""
    stored.create_checkpoint()
    return len(stored.vacuum(KEEP_HOURS, dry_run=False, enforce_retention_duration=False, full=True))


def mark_of(stored: DeltaTable, name: str) -> int | None:
    """The mark `name` of the newest commit that carries one."""
    return stored.transaction_version(name)


def set_marks(table: LakeTable, marks: Mapping[str, int]) -> None:
    """Write marks alone, with a commit that adds no row."""
    append(table, [], marks)


def _write(table: LakeTable, reader: pa.RecordBatchReader, marks: Mapping[str, int], **how: Any) -> None:
    properties = CommitProperties(app_transactions=[Transaction(name, mark) for name, mark in marks.items()])
    write_deltalake(
        address(table),
        reader,
        partition_by=[table.partition] if table.partition else None,
        name=table.name,
        target_file_size=table.file_size,
        writer_properties=WRITER,
        commit_properties=properties,
        post_commithook_properties=AFTERWARDS,
        **how,
    )


def _reader(table: LakeTable, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(table.schema, (batch.cast(table.schema) for batch in batches))


def _others_and(
    table: LakeTable, stored: DeltaTable, keys: pa.Array, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    for path, month in paths(table, stored):
        for batch in _parquet(stored, path).iter_batches(batch_size=100_000):
            kept = batch.filter(pc.invert(pc.is_in(batch[table.key], keys)))
            if kept.num_rows:
                yield _with_partition(table, kept, month)
    yield from batches


def _with_partition(table: LakeTable, batch: pa.RecordBatch, value: Any) -> pa.RecordBatch:
    """The batch with the partition's column, which Delta keeps out of the files."""
    columns = [
        pa.repeat(pa.scalar(value).cast(field.type), batch.num_rows)
        if field.name == table.partition
        else batch[field.name].cast(field.type)
        for field in table.schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)


def _additions(stored: DeltaTable) -> pa.Table:
    # Not pa.table(...): that loads pandas, wherever it is installed, which takes a second.
    return pa.RecordBatchReader.from_stream(stored.get_add_actions(flatten=True)).read_all()


def paths(table: LakeTable, stored: DeltaTable) -> list[tuple[str, Any]]:
    """The files of the version that is open, as the log names them, each with its partition."""
    files = _additions(stored)
    values = files[f"partition.{table.partition}"].to_pylist() if table.partition else [None] * files.num_rows
    return list(zip(files["path"].to_pylist(), values, strict=True))


def _files_with(table: LakeTable, stored: DeltaTable, keys: pa.Array) -> list[str]:
    """The files that may hold one of `keys`, by the smallest and largest key that the log knows of each."""
    files = _additions(stored)
    least, most = f"min.{table.key}", f"max.{table.key}"
    paths = files["path"].to_pylist()
    if least not in files.column_names:
        return list(paths)
    ordered = np.sort(_numbers(keys))
    chosen = []
    for path, low, high in zip(paths, files[least].to_pylist(), files[most].to_pylist(), strict=True):
        if low is None or np.searchsorted(ordered, low) < np.searchsorted(ordered, high, side="right"):
            chosen.append(path)
    return chosen


def _parquet(stored: DeltaTable, path: str) -> pq.ParquetFile:
    """A data file of the table; `path` as the log gives it, relative to the table."""
    if is_local():
        from urllib.parse import unquote

        return pq.ParquetFile(Path(stored.table_uri.removeprefix("file://")) / unquote(path))
    from deltalake.fs import DeltaStorageHandler
    from pyarrow.fs import PyFileSystem

    return pq.ParquetFile(PyFileSystem(DeltaStorageHandler.from_table(stored._table)).open_input_file(path))


def _small_files(table: LakeTable, stored: DeltaTable) -> dict[str, int]:
    files = _additions(stored)
    column = f"partition.{table.partition}"
    names = files[column].to_pylist() if table.partition else [""] * files.num_rows
    limit = min(SMALL, table.file_size // 2)
    small = [str(name) for name, size in zip(names, files["size_bytes"].to_pylist(), strict=True) if size < limit]
    counts: dict[str, int] = {}
    for name in small:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _condition(column: str, keys: np.ndarray) -> str | None:
    """A condition in SQL for exactly these keys, neighbours as ranges; None where it would be too long."""
    ordered = np.sort(keys)
    pieces = np.split(ordered, np.flatnonzero(np.diff(ordered) > 1) + 1)
    ranges = [f"({column} >= {piece[0]} AND {column} <= {piece[-1]})" for piece in pieces if len(piece) > LONG_RUN]
    single = [str(key) for piece in pieces if len(piece) <= LONG_RUN for key in piece]
    if len(single) > FEW or len(ranges) > MANY_RANGES:
        return None
    return " OR ".join([*ranges, f"{column} IN ({', '.join(single)})"] if single else ranges)


def _numbers(keys: pa.Array) -> np.ndarray:
    """Keys as NumPy has them; not by `to_numpy`, which loads pandas."""
    return np.from_dlpack(keys)

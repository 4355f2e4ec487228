"""The lake's tables as Ibis tables: always the newest commit, at no cost while nothing was committed."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
from django.utils.translation import gettext as _

from guanxi.foundation import engine
from guanxi.lake import schema, store
from guanxi.lake.schema import LakeTable
from guanxi.ledger.models import ReaderCursor

if TYPE_CHECKING:
    import ibis.expr.types as ir

LOOK_AGAIN = 2.0  # seconds for which a table behind a URL is taken to be as it was


@dataclass(frozen=True)
class Version:
    """A commit of a table as this process knows it, and how to see that it is still the newest."""

    number: int
    stamp: tuple[int, int] | None  # of the commit's file
    files: tuple[str, ...]
    columns: tuple[str, ...]
    looked_at: float


_lock = threading.Lock()
_known: dict[str, Version] = {}
_views = threading.local()
_read: ContextVar[set[str] | None] = ContextVar("read", default=None)


@contextmanager
def noting_what_is_read() -> Iterator[set[str]]:
    """The names of the tables that are asked for within the block."""
    outer, names = _read.get(), set[str]()
    token = _read.set(names)
    try:
        yield names
    finally:
        _read.reset(token)
        if outer is not None:
            outer |= names


def table(name: str) -> ir.Table:
    """The table called `name` in its newest version; empty where the lake is. Raises LakeBroken where it is
    unreadable.
    """
    if (read := _read.get()) is not None:
        read.add(name)
    declared = schema.named(name)
    version = _newest(declared)
    backend = engine.connect()
    made: dict[str, tuple[Any, ir.Table]] = _views.__dict__.setdefault("made", {})
    key = (id(backend), version, declared.shape)
    if name not in made or made[name][0] != key:
        try:
            view = _view(declared, version)
            made[name] = (key, _newest_rows(declared, view) if declared.newest else view)
        except engine.unreadable() as error:
            raise store.broken(declared, error) from error
    return made[name][1]


def versions(names: Collection[str] | None = None) -> dict[str, str]:
    """What changes with every commit to a table, of all or of those named: what was computed from them may be kept
    under it.

    With the stamp of each commit, for a table that was thrown away and made anew counts its commits from nought again.
    """
    wanted = schema.all() if names is None else [schema.named(name) for name in names]
    newest = {declared.name: _newest(declared) for declared in wanted}
    return {name: f"{found.number}:{found.stamp}" if found else "-" for name, found in newest.items()}


def version_of(name: str) -> tuple[str, int | None]:
    """Where a table is, and its newest commit (None where it was never written)."""
    declared = schema.named(name)
    found = _newest(declared)
    return store.address(declared), found.number if found else None


def as_of() -> datetime | None:
    """Until when the lake is complete: the moment of the last refresh; None where there was none."""
    from guanxi.lake.refresh import READER

    moment: datetime | None = ReaderCursor.objects.filter(reader=READER).values_list("moved_at", flat=True).first()
    return moment


def ready() -> str | None:
    """Why the lake cannot be read; None where it can (door "ready"). A lake that is still empty can be."""
    try:
        for declared in schema.all():
            found = _newest(declared)
            missing = [file for file in found.files if not Path(file).exists()] if found and store.is_local() else []
            if missing:
                return str(
                    store.broken(declared, FileNotFoundError(_("file %(name)s is missing") % {"name": missing[0]}))
                )
    except store.LakeBroken as error:
        return str(error)
    return None


def _newest(declared: LakeTable) -> Version | None:
    address = store.address(declared)
    known = _known.get(address)
    if known is not None and _is_newest(address, known):
        return known
    with _lock:
        stored = store.open_table(declared)
        if stored is None:
            _known.pop(address, None)
            return None
        number = stored.version()
        _known[address] = Version(
            number,
            _stamp(address, number),
            tuple(unquote(file.removeprefix("file://")) if store.is_local() else file for file in stored.file_uris()),
            tuple(column.name for column in stored.schema().fields),
            time.monotonic(),
        )
        return _known[address]


def _is_newest(address: str, known: Version) -> bool:
    """Two looks at the folder: the commit is still the one that was read, and no other came after it."""
    if not store.is_local():
        return time.monotonic() - known.looked_at < LOOK_AGAIN
    return _stamp(address, known.number) == known.stamp is not None and _stamp(address, known.number + 1) is None


def _stamp(address: str, number: int) -> tuple[int, int] | None:
    try:
        found = Path(f"{address}/_delta_log/{number:020d}.json").stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _view(declared: LakeTable, version: Version | None) -> ir.Table:
    """A view of the version's files; of none, an empty table of the declared columns."""
    import ibis

    wanted = declared.schema
    # The name stays the same, so that a question that is being put together when a commit arrives goes on with the new.
    name = f"lake_{declared.name}"
    if version is None or not version.files:
        return engine.empty(name, wanted)
    stored = [field for field in wanted if field.name in version.columns and field.name != declared.partition]
    view = engine.read_parquet(name, version.files, pa.schema(stored), lambda: _dataset(declared))
    if declared.partition:  # stands in the names of the folders; got from the day again
        view = view.mutate(**{declared.partition: view.day.truncate("M").cast("date")})
    # A profile field declared since the last refresh is not known of anybody yet.
    absent = [name for name in wanted.names if name not in view.columns]
    types = ibis.Schema.from_pyarrow(wanted)
    return view.mutate(**{name: ibis.null(types[name]) for name in absent}) if absent else view


def _newest_rows(declared: LakeTable, rows: ir.Table) -> ir.Table:
    """What a log says: of each key the row written last, if it says anything."""
    last = rows.group_by(declared.key).aggregate(**{declared.newest: rows[declared.newest].max()})
    newest = rows.semi_join(last, [declared.key, declared.newest])
    return newest.filter(newest[declared.telling].notnull()).drop(declared.newest)


def _dataset(declared: LakeTable) -> Any:
    stored = store.open_table(declared)
    assert stored is not None
    return stored.to_pyarrow_dataset()

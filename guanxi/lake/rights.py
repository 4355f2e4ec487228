"""What the lake keeps of a customer, and how he is taken out of it: files rewritten, old ones deleted, the log cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers.rights.kept import Elsewhere, Subject
from guanxi.foundation.actions import Refused
from guanxi.lake import lock, schema, store
from guanxi.lake.schema import LakeTable
from guanxi.ledger.models import Event

PATIENCE = 600  # seconds to wait for a refresh or a learning that is at work


def tables() -> Iterator[LakeTable]:
    """The tables that have rows of single customers."""
    for table in schema.all():
        if "party_id" in table.schema.names:
            yield table


def find(subject: Subject) -> list[dict[str, Any]]:
    """All rows of the customer that the lake holds, but for those of orders, which the database has too."""
    ids, found = pa.array(subject.ids, pa.int64()), []
    for table in tables():
        stored = store.open_table(table)
        if stored is not None and table is not schema.SALES_LINE:
            rows = store.rows_with(table, stored, "party_id", ids).to_pylist()
            found += [{"table": table.name, **row} for row in rows]
    return found


def erase(subject: Subject, stand_in: int) -> int:
    """Take the customer out of every table; order lines go over to `stand_in`, as orders do in the database."""
    ids, count = pa.array(subject.ids, pa.int64()), 0
    with lock.held(wait=PATIENCE) as taken:
        if not taken:
            raise Refused(_now("The lake is being written for ten minutes now; the erasure goes on when that is done."))
        for table in tables():
            stored = store.open_table(table)
            if stored is None:
                continue
            rows = store.rows_with(table, stored, "party_id", ids)
            if rows.num_rows:
                keys = rows[table.key].combine_chunks()
                if table not in (schema.SALES_LINE, schema.EVENT):  # what else tells of him goes with him
                    store.remove(table, stored, keys)
                else:
                    store.replace(table, stored, keys, _instead(table, rows, stand_in).to_batches(), {})
                count += rows.num_rows
            for column in table.others:
                _forget_in(table, column, ids)
            fresh = store.open_table(table)
            assert fresh is not None
            store.forget_past(fresh)
    return count


def _forget_in(table: LakeTable, column: str, ids: pa.Array) -> None:
    """Empty a column of others' rows that names him."""
    stored = store.open_table(table)
    rows = store.rows_with(table, stored, column, ids) if stored is not None else None
    if stored is not None and rows is not None and rows.num_rows:
        emptied = _with(rows, **{column: pa.nulls(rows.num_rows, rows.schema.field(column).type)})
        store.replace(table, stored, rows[table.key].combine_chunks(), emptied.to_batches(), {})


def _instead(table: LakeTable, rows: pa.Table, stand_in: int) -> pa.Table:
    """What is put in the place of the customer's rows."""
    if table is schema.EVENT:
        return _events(rows)
    return _with(rows, party_id=pa.array([stand_in] * rows.num_rows, pa.int64()))


def _events(rows: pa.Table) -> pa.Table:
    """The events that the ledger still has, as it has them now."""
    ids = rows["event_id"].to_pylist()
    now = dict(Event.objects.filter(pk__in=ids).values_list("pk", "party_id"))
    left = rows.filter(pa.array([number in now for number in ids], pa.bool_()))
    whose = [now[number] for number in left["event_id"].to_pylist()]
    payloads = pa.array(["{}"] * left.num_rows, pa.string())
    return _with(left, party_id=pa.array(whose, pa.int64()), payload=payloads)


def _with(rows: pa.Table, **columns: pa.Array) -> pa.Table:
    for name, values in columns.items():
        rows = rows.set_column(rows.column_names.index(name), rows.schema.field(name), values)
    return rows


LAKE = Elsewhere("lake", _("The lake: figures of single customers"), erase, find)

"""Where the rows of the lake come from: what to ask the database, and how its answer becomes the lake's columns.

Each source streams Arrow out of a bulk session: all rows, or those that a part of the ledger speaks of.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import connection
from django.utils import translation

from guanxi.customers import profile
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.bulk.amounts import as_decimal
from guanxi.foundation.models import User
from guanxi.lake import schema
from guanxi.ledger import reading
from guanxi.ledger.models import Channel
from guanxi.orders.invoices.habits import LATE, LATE_FROM, ON_TIME, UNKNOWN, VERY_LATE, VERY_LATE_FROM

Batches = Iterator[pa.RecordBatch]

# Kinds of event after which orders belong to another party, though no order was touched.
REASSIGNED = ("party.merged", "party.unmerged", "party.split")
# Kinds of event after which rows are gone, together with what told of them.
TAKEN_AWAY = ("import.reverted",)

_int, _text, _day = pa.int64(), pa.string(), pa.date32()
_moment = pa.timestamp("us", "UTC")


def something_gone(since: int, until: int) -> bool:
    """Whether rows were taken away between two marks, their events among them."""
    return reading.changes(since, until).order_by().filter(kind__in=TAKEN_AWAY).exists()


# Sales lines --------------------------------------------------------------------------------------------------------

# Drafts and what was cancelled are no purchases.
COUNTED = "state NOT IN ('draft', 'cancelled')"
_LINE_COLUMNS = (
    "o.id, l.id, o.party_id, l.product_id, o.place_id, o.channel, o.sales_person_id, o.day, "
    "l.quantity, l.amount, l.discount, l.cost, o.currency, o.kind, "
    # Not a join: only returns look for the sale they give back.
    "CASE WHEN o.kind = 'return' THEN (SELECT s.day FROM orders_order s WHERE s.id = o.returns_id) END"
)
_LINE = pa.schema(
    [
        ("order_id", _int),
        ("line_id", _int),
        ("party_id", _int),
        ("product_id", _int),
        ("place_id", _int),
        ("channel", _text),
        ("sales_person_id", _int),
        ("day", _day),
        ("quantity", _int),
        ("amount", _int),
        ("discount", _int),
        ("cost", _int),
        ("currency", _text),
        ("kind", _text),
        ("given_back", _day),
    ]
)


def changed_orders(since: int, until: int) -> str:
    """SQL for the ids of the orders that the ledger speaks of between two marks, and of what gives them back."""
    kinds = ", ".join(f"'{kind}'" for kind in REASSIGNED)
    return (
        "SELECT object_id AS id FROM ledger_event "
        f"WHERE {reading.between(since, until)} AND kind LIKE 'order.%' AND object_id IS NOT NULL "
        "UNION SELECT o.id FROM ledger_event e JOIN orders_order o ON o.returns_id = e.object_id "
        f"WHERE {reading.between(since, until, 'e')} AND e.kind LIKE 'order.%' "
        "UNION SELECT o.id FROM ledger_event e JOIN orders_order o ON o.party_id = e.party_id "
        f"WHERE {reading.between(since, until, 'e')} AND e.kind IN ({kinds})"
    )


def reassigned_parties(since: int, until: int) -> str:
    """SQL for the ids of the parties that were merged or parted between two marks."""
    kinds = ", ".join(f"'{kind}'" for kind in REASSIGNED)
    told = f"FROM ledger_event WHERE {reading.between(since, until)} AND kind IN ({kinds})"
    return (
        f"SELECT party_id {told} AND party_id IS NOT NULL "
        f"UNION SELECT object_id {told} AND object_type = 'customers.party'"
    )


def all_lines(db: BulkSession) -> Batches:
    """Every order line. CROSS JOIN keeps SQLite from walking the orders and looking each line up."""
    return _lines(
        db,
        f"SELECT {_LINE_COLUMNS} FROM orders_orderline l CROSS JOIN orders_order o WHERE o.id = l.order_id "
        f"AND o.{COUNTED}",
    )


def changed_lines(db: BulkSession, since: int, until: int) -> Batches:
    """The lines, as they are now, of the orders that the ledger speaks of."""
    return _lines(
        db,
        f"SELECT {_LINE_COLUMNS} FROM ({changed_orders(since, until)}) c "
        "CROSS JOIN orders_order o CROSS JOIN orders_orderline l WHERE o.id = c.id AND l.order_id = o.id "
        f"AND o.{COUNTED}",
    )


def _lines(db: BulkSession, sql: str) -> Batches:
    for rows in db.stream(sql, _LINE):
        columns = {name: rows[name] for name in _LINE.names}
        sold = pc.starts_with(columns["kind"], "sale")  # not pc.equal: scalars load pandas, which takes a second
        columns["purchase_day"] = pc.if_else(sold, columns["day"], columns.pop("given_back"))
        columns["month"] = pc.floor_temporal(columns["day"], unit="month").cast(_day)
        for name in ("quantity", "amount", "discount", "cost"):
            columns[name] = as_decimal(columns[name])
        yield batch(schema.SALES_LINE, columns)


# Purchases in sum ---------------------------------------------------------------------------------------------------

_FIRST = pa.schema([("party_id", _int), ("first_day", _day)])
_ORDER = pa.schema([("party_id", _int), ("day", _day), ("sales", _int), ("revenue", _int)])
# The orders of a day are one purchase.
_SUMS = """
SELECT party_id, min(day) FILTER (sales > 0) AS first_day, max(day) FILTER (sales > 0) AS last_day,
    count(*) FILTER (sales > 0) AS purchase_days, sum(sales) AS order_count, CAST(sum(revenue) AS BIGINT) AS revenue,
    {written} AS written
FROM (SELECT party_id, day, sum(sales) AS sales, sum(revenue) AS revenue FROM orders GROUP BY party_id, day)
GROUP BY party_id
UNION ALL SELECT id, NULL, NULL, NULL, NULL, NULL, {written} FROM parties ANTI JOIN orders ON party_id = id
ORDER BY party_id
"""


# What erased customers bought hangs on nobody, who is no customer.
_SOMEBODY = "party_id NOT IN (SELECT party_id FROM customers_restriction WHERE kind = 'anonymous')"


def first_days(db: BulkSession) -> Batches:
    """Each party's first day of purchase (returns are none)."""
    # The plus keeps SQLite from walking the orders by party, all over the file.
    sql = f"SELECT +party_id, MIN(day) FROM orders_order WHERE kind = 'sale' AND {COUNTED} AND"
    return db.stream(f"{sql} +{_SOMEBODY} GROUP BY +party_id", _FIRST)


def purchases(db: BulkSession, written: int, among: pa.Array | None = None) -> pa.Table:
    """What was bought in sum (schema PURCHASES), of all parties, or of each of those `among`: nulls without orders.

    From the orders themselves: an import brings its customers' summaries up to date only at its end.
    """
    condition = f" WHERE {_SOMEBODY} AND {COUNTED}"
    parties = pa.table([pa.nulls(0, _int) if among is None else among], names=["id"])
    if among is not None:
        db.stage("lake_parties", parties)
        condition += " AND party_id IN (SELECT id FROM lake_parties)"
    currency = _quoted(settings.GUANXI_CURRENCY)
    sql = (
        "SELECT party_id, day, CASE WHEN kind = 'sale' THEN 1 ELSE 0 END, "
        f"CASE WHEN currency = {currency} THEN amount ELSE 0 END FROM orders_order{condition}"
    )
    with duckdb.connect() as work:  # not by Arrow, whose groups load pandas
        work.register("orders", db.read(sql, _ORDER))
        work.register("parties", parties)
        sums = work.sql(_SUMS.format(written=written)).to_arrow_table()
    columns = {name: sums[name] for name in sums.column_names}
    columns["revenue"] = as_decimal(_whole(columns["revenue"]))
    return pa.Table.from_batches([batch(schema.PURCHASES, columns)])


def buyers(db: BulkSession, since: int, until: int) -> pa.Array:
    """The parties whose orders the ledger speaks of, as the ledger and the orders name them."""
    sql = (
        f"SELECT party_id FROM ledger_event WHERE {reading.between(since, until)} AND kind LIKE 'order.%' "
        "AND party_id IS NOT NULL UNION "
        f"SELECT o.party_id FROM ({changed_orders(since, until)}) c JOIN orders_order o ON o.id = c.id "
        f"UNION {reassigned_parties(since, until)}"
    )
    return pc.unique(db.read(sql, pa.schema([("id", _int)]))["id"])


# Events -------------------------------------------------------------------------------------------------------------

_EVENT = pa.schema(
    [
        ("event_id", _int),
        ("party_id", _int),
        ("kind", _text),
        ("channel", _text),
        ("direction", _text),
        ("occurred_at", _moment),
        ("actor_id", _int),
        ("object_type", _text),
        ("object_id", _int),
        ("payload", _text),
    ]
)


def reassigned_events(since: int, until: int) -> str:
    """SQL for the ids of all events of the parties that were merged or parted between two marks."""
    return (
        f"SELECT id FROM ledger_event WHERE party_id IN ({reassigned_parties(since, until)}) "
        f"AND {reading.between(0, until)}"
    )


def new_events(since: int, until: int) -> str:
    """SQL for the ids of the events between two marks."""
    return f"SELECT id FROM ledger_event WHERE {reading.between(since, until)}"


def events(db: BulkSession, since: int, until: int, and_of: str = "") -> Batches:
    """The events between two marks, and those whose ids the SQL `and_of` selects."""
    sql = (
        "SELECT id, party_id, kind, channel, direction, occurred_at, actor_id, object_type, object_id, "
        f"CAST(payload AS TEXT) FROM ledger_event WHERE ({reading.between(since, until)})"
        + (f" OR id IN ({and_of})" if and_of else "")
    )
    for rows in db.stream(sql, _EVENT):
        columns = {name: rows[name] for name in _EVENT.names}
        columns["day"] = business_day(columns["occurred_at"])
        yield batch(schema.EVENT, columns)


# Parties ------------------------------------------------------------------------------------------------------------


def parties(db: BulkSession, changed: str = "") -> Batches:
    """All parties, or those whose ids the SQL `changed` selects."""
    fields = profile.fields()
    wire = pa.schema(
        [
            ("party_id", _int),
            *((name, _text) for name in ("name", "kind", "gender", "occupation", "language", "city", "country")),
            ("born", _day),
            ("created_at", _moment),
            ("owner_id", _int),
            *((schema.PROFILE + field.name, _text) for field in fields),
        ]
    )
    texts = ", ".join(f"NULLIF({name}, '')" for name in ("gender", "occupation", "language", "city", "country"))
    values = "".join(f", NULLIF(CAST(profile ->> {_quoted(field.name)} AS TEXT), '')" for field in fields)
    where = " WHERE merged_into_id IS NULL" + (f" AND id IN ({changed})" if changed else "")
    sql = f"SELECT id, name, kind, {texts}, date_of_birth, created_at, owner_id{values} FROM customers_party{where}"
    for rows in db.stream(sql, wire):
        columns = {name: rows[name] for name in wire.names}
        columns["birth_year"] = pc.year(columns.pop("born")).cast(pa.int32())
        columns["known_since"] = business_day(columns.pop("created_at"))
        for field in fields:
            name = schema.PROFILE + field.name
            columns[name] = _profile_value(field.kind, columns[name])
        yield batch(schema.PARTY, columns)


def changed_parties(since: int, until: int) -> str:
    """SQL for the ids of the parties that the ledger speaks of between two marks."""
    told = f"FROM ledger_event WHERE {reading.between(since, until)} AND kind LIKE 'party.%'"
    return (
        f"SELECT party_id AS id {told} AND party_id IS NOT NULL "
        f"UNION SELECT object_id {told} AND object_type = 'customers.party' AND object_id IS NOT NULL"
    )


def told_parties(since: int, until: int) -> str:
    """SQL for the ids of the parties that any event between two marks tells of: what is worked out may differ."""
    told = f"FROM ledger_event WHERE {reading.between(since, until)}"
    return (
        f"SELECT party_id AS id {told} AND party_id IS NOT NULL "
        f"UNION SELECT object_id {told} AND object_type = 'customers.party' AND object_id IS NOT NULL"
    )


def worked_out(db: BulkSession, written: int, among: pa.Array | None = None) -> Batches:
    """What formulas and roll-ups give of all parties, or of each of those `among`: nulls of those who are gone."""
    fields = schema.worked_out_fields()
    wire = pa.schema([("party_id", _int), *((schema.COMPUTED + field.key, _text) for field in fields)])
    values = "".join(f", NULLIF(CAST(computed ->> {_quoted(field.key)} AS TEXT), '')" for field in fields)
    condition = ""
    if among is not None:
        db.stage("lake_worked_out", pa.table([among], names=["id"]))
        condition = " AND id IN (SELECT id FROM lake_worked_out)"
    found: list[pa.Array] = []
    sql = f"SELECT id{values} FROM customers_party WHERE merged_into_id IS NULL AND computed IS NOT NULL{condition}"
    for rows in db.stream(sql, wire):
        columns = {name: rows[name] for name in wire.names}
        for field in fields:
            name = schema.COMPUTED + field.key
            columns[name] = _profile_value(schema.kind_of_result(field), columns[name])
        found.append(columns["party_id"])
        yield _worked_out(columns, written, there=True)
    if among is not None:
        gone = among.filter(pc.invert(pc.is_in(among, value_set=pa.chunked_array(found, _int).combine_chunks())))
        nothing = {field.name: pa.nulls(len(gone), field.type) for field in schema.WORKED_OUT.schema}
        yield _worked_out({**nothing, "party_id": gone}, written, there=False)


def _worked_out(columns: dict[str, pa.Array], written: int, *, there: bool) -> pa.RecordBatch:
    count = len(columns["party_id"])
    marks = {"written": pa.array([written] * count, _int), "there": pa.array([there or None] * count, pa.bool_())}
    return batch(schema.WORKED_OUT, {**columns, **marks})


def ids(db: BulkSession, sql: str) -> pa.Array:
    """The ids that a query of one column selects."""
    return pc.unique(db.read(sql, pa.schema([("id", _int)]))["id"])


def _profile_value(kind: str, texts: pa.Array) -> pa.Array:
    """Values of a profile field, which sources may have filled with anything: what is not of its kind is not known."""
    if kind == profile.NUMBER:
        number = pc.match_substring_regex(texts, r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$")
        return pc.if_else(number, texts, None).cast(pa.float64())
    if kind == profile.YES_NO:
        yes, no = (pc.is_in(texts, pa.array(words)) for words in (["true", "1"], ["false", "0"]))
        return pc.if_else(yes, True, pc.if_else(no, False, None))
    return texts


# Small dimensions ---------------------------------------------------------------------------------------------------


def products(db: BulkSession) -> Batches:
    """All products, with the names of the first three levels of their category."""
    tree = _category_names(db)
    wire = pa.schema(
        [
            ("product_id", _int),
            ("code", _text),
            ("name", _text),
            ("category_id", _int),
            ("department_id", _int),
            ("brand", _text),
            ("unit", _text),
            ("size", _text),
        ]
    )
    sql = (
        "SELECT p.id, p.code, p.name, p.category_id, p.department_id, b.name, u.code, NULLIF(p.size, '') "
        "FROM catalog_product p LEFT JOIN catalog_brand b ON b.id = p.brand_id "
        "LEFT JOIN catalog_unit u ON u.id = p.unit_id"
    )
    for rows in db.stream(sql, wire):
        columns = {name: rows[name] for name in wire.names}
        row_of_category = pc.index_in(columns.pop("category_id"), tree["id"])
        row_of_department = pc.index_in(columns.pop("department_id"), tree["id"])
        columns["department"] = pc.coalesce(
            tree["level0"].take(row_of_department), tree["level0"].take(row_of_category)
        )
        columns["category"] = tree["level1"].take(row_of_category)
        columns["subcategory"] = tree["level2"].take(row_of_category)
        columns["category_path"] = tree["path"].take(row_of_category)
        yield batch(schema.PRODUCT, columns)


def _category_names(db: BulkSession) -> dict[str, pa.Array]:
    """Of each category: its path and the names from the root down, three levels."""
    wire = pa.schema([("id", _int), ("parent", _int), ("name", _text), ("path", _text)])
    rows = {
        row["id"]: row for row in db.read("SELECT id, parent_id, name, path FROM catalog_category", wire).to_pylist()
    }

    def names(key: int | None) -> list[str]:
        found: list[str] = []
        while key in rows and len(found) < 50:
            found.insert(0, rows[key]["name"])
            key = rows[key]["parent"]
        return [*found, "", "", ""][:3]

    levels = [[name or None for name in names(key)] for key in rows]
    return {
        "id": pa.array(list(rows), _int),
        "path": pa.array([row["path"] for row in rows.values()], _text),
        **{f"level{depth}": pa.array([names[depth] for names in levels], _text) for depth in range(3)},
    }


_PAYING = pa.schema(
    [
        ("party_id", _int),
        ("invoices_paid", _int),
        ("days_late", pa.float64()),
        ("trend", pa.float64()),
        ("open_amount", _int),
        ("overdue", _int),
        ("habit", _text),
    ]
)


def paying(db: BulkSession) -> Batches:
    """How each customer pays who has an invoice."""
    habit = (
        f"CASE WHEN days_late IS NULL THEN '{UNKNOWN}' WHEN days_late < {LATE_FROM} THEN '{ON_TIME}' "
        f"WHEN days_late < {VERY_LATE_FROM} THEN '{LATE}' ELSE '{VERY_LATE}' END"
    )
    sql = f'SELECT party_id, settled, days_late, trend, "left", overdue, {habit} FROM invoices_paymenthabit'
    for rows in db.stream(sql, _PAYING):
        columns = {name: rows[name] for name in _PAYING.names}
        for name in ("open_amount", "overdue"):
            columns[name] = as_decimal(columns[name])
        yield batch(schema.PAYING, columns)


def places(db: BulkSession) -> Batches:
    """All places of sale."""
    return db.stream("SELECT id, code, name, NULLIF(city, '') FROM orders_place", schema.PLACE.schema)


def staff(db: BulkSession) -> Batches:
    """All sales persons."""
    return db.stream("SELECT id, code, name FROM orders_salesperson", schema.STAFF.schema)


def colleagues(db: BulkSession) -> Batches:
    """Whoever works here, or did, as people are called on the screens."""
    rows = [{"owner_id": user.pk, "name": str(user)} for user in User.objects.order_by("pk")]
    yield from pa.Table.from_pylist(rows, schema.COLLEAGUE.schema).to_batches()


def channels(db: BulkSession) -> Batches:
    """The channels with their English names (screens translate the codes themselves)."""
    with translation.override("en"):
        rows = [{"channel": code, "name": str(label)} for code, label in Channel.choices]
    yield from pa.Table.from_pylist(rows, schema.CHANNEL.schema).to_batches()


def dates(db: BulkSession) -> Batches:
    """Every day from 1990 to 2059, for those who read the lake with other tools."""
    first, last = date(1990, 1, 1), date(2059, 12, 31)
    day = pa.array([first + timedelta(days) for days in range((last - first).days + 1)], _day)
    week = pc.floor_temporal(day, unit="week").cast(_day)
    quarter = pc.floor_temporal(day, unit="quarter").cast(_day)
    year = pc.year(day)
    columns = {
        "day": day,
        "week": week,
        "month": pc.floor_temporal(day, unit="month").cast(_day),
        "quarter": quarter,
        "year": year.cast(pa.int32()),
        "weekday": pc.add(pc.day_of_week(day), 1).cast(pa.int32()),
        "week_label": pc.strftime(day, "%G-W%V"),
        "month_label": pc.strftime(day, "%Y-%m"),
        "quarter_label": pc.binary_join_element_wise(year.cast(_text), pc.quarter(day).cast(_text), "-Q"),
    }
    yield batch(schema.DATE, columns)


_OF_PRODUCT = ("catalog_product", "catalog_category", "catalog_brand", "catalog_unit")
_COUNTED = {
    "product": (_OF_PRODUCT, ("catalog.product", "catalog.category", "catalog.brand", "catalog.unit")),
    "place": (("orders_place",), ("orders.place",)),
    "staff": (("orders_salesperson",), ("orders.salesperson",)),
    "colleague": (("foundation_user",), ("foundation.user",)),
    # Habits are derived, and not audited: they follow invoices and payments, and whose these are.
    "paying": (
        ("invoices_invoice", "invoices_payment", "customers_merge"),
        ("invoices.invoice", "invoices.payment", "customers.merge"),
    ),
}


def fingerprint(table: schema.LakeTable) -> int:
    """A number that changes when the rows behind a small dimension change.

    They have no events; but whatever is written is audited, so the number of rows, the highest id and the number of
    audit entries of their types tell. (The number, because entries may be committed out of the order of their ids.)
    """
    tables, types = _COUNTED.get(table.name, ((), ()))
    seen: list[object] = []
    with connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"SELECT COUNT(*), COALESCE(MAX(id), 0) FROM {name}")
            seen.append(cursor.fetchone())
        if types:
            marks = ", ".join(["%s"] * len(types))
            cursor.execute(f"SELECT COUNT(*) FROM foundation_auditentry WHERE object_type IN ({marks})", types)
            seen.append(cursor.fetchone())
    return schema.number_of(seen)


# Pieces -------------------------------------------------------------------------------------------------------------


def batch(table: schema.LakeTable, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    """The columns in the table's order."""
    wanted = table.schema
    arrays = [_whole(columns[field.name]).cast(field.type) for field in wanted]
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)


def _whole(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def business_day(moments: pa.Array) -> pa.Array:
    """The days of the business that moments belong to."""
    return pc.local_timestamp(moments.cast(pa.timestamp("us", settings.TIME_ZONE))).cast(_day, safe=False)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

"""Orders in sets: what imports write of orders, their lines and the purchases in sum.

Each function works inside the caller's bulk transaction; the set algebra is done by DuckDB in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from guanxi.catalog.bulk import FOUND, ids_of, missing
from guanxi.foundation.bulk import BulkSession, append_with_ids, read_beside
from guanxi.orders import summary
from guanxi.orders.summary import GAPS_TO_LOSS, LEAST_TO_LOSS, RHYTHM_DAYS, WITHOUT_RHYTHM, YEAR

MOMENT = pa.timestamp("us", "UTC")
LINES = pa.schema(
    [
        ("row", pa.int64()),  # where the line came from, to say so if it is refused
        ("key", pa.string()),  # of the order, within the source
        ("number", pa.string()),
        ("party_id", pa.int64()),
        ("placed_at", MOMENT),
        ("day", pa.date32()),
        ("place", pa.string()),
        ("channel", pa.string()),
        ("person", pa.string()),
        ("currency", pa.string()),
        ("line", pa.string()),  # the source's own line number, null where it has none
        ("product", pa.string()),
        ("product_id", pa.int64()),
        ("description", pa.string()),
        ("quantity", pa.int64()),
        ("amount", pa.int64()),
        ("discount", pa.int64()),
        ("cost", pa.int64()),
    ]
)
_KNOWN = pa.schema(
    [
        ("id", pa.int64()),
        ("key", pa.string()),
        ("party_id", pa.int64()),
        ("placed_at", MOMENT),
        ("day", pa.date32()),
        ("place", pa.string()),
        ("channel", pa.string()),
        ("person", pa.string()),
        ("currency", pa.string()),
        ("amount", pa.int64()),
        ("discount", pa.int64()),
        ("cost", pa.int64()),
        ("line_count", pa.int64()),
        ("place_id", pa.int64()),
        ("person_id", pa.int64()),
    ]
)
_KNOWN_LINES = pa.schema(
    [
        ("order_id", pa.int64()),
        ("line_key", pa.string()),
        ("line_id", pa.int64()),
        ("product_id", pa.int64()),
        ("description", pa.string()),
        ("quantity", pa.int64()),
        ("amount", pa.int64()),
        ("discount", pa.int64()),
        ("cost", pa.int64()),
    ]
)
_NAMES = pa.schema([("id", pa.int64()), ("name", pa.string())])
HEAD = ("placed_at", "day", "place_id", "channel", "sales_person_id")
CONTENT = ("product_id", "description", "quantity", "amount", "discount", "cost")
# What orders.actions tells the ledger of an order, as JSON.
_PAYLOAD = (
    '\'{"number": \' || CAST(to_json(number) AS VARCHAR) || \', "amount": "\' || %s || \'", "currency": "\' || '
    "currency "
    "|| '\", \"lines\": ' || line_count || CASE WHEN was IS NULL THEN '' ELSE ', \"was\": \"' || %s || '\"' END || '}'"
)
_MONEY = (
    "CASE WHEN {0} % 100 = 0 THEN CAST(CAST(CAST({0} AS DECIMAL(22, 4)) / 10000 AS DECIMAL(18, 2)) AS VARCHAR) "
    "ELSE CAST(CAST(CAST({0} AS DECIMAL(22, 4)) / 10000 AS DECIMAL(18, 4)) AS VARCHAR) END"
)


@dataclass
class Written:
    """What became of a set of order lines."""

    created: int
    updated: int
    unchanged: int
    orders: int
    parties: pa.Array  # whose orders changed
    refused: pa.Table  # row, reason (other_customer, other_currency, other_line, not_yours)
    events: pa.Table  # for ledger.bulk.append_events
    found: pa.Table  # new orders for the search index: id, title, subtitle, text
    skipped: int  # lines that the rule leaves out
    lines_before: pa.Table  # corrected lines: id, order_id, and CONTENT as it was and as it is now (…_now)
    orders_before: pa.Table  # changed orders: id, and HEAD as it was and as it is now (…_now)


def ensure_places(db: BulkSession, codes: pa.Array) -> pa.Table:
    """The ids of places of sale by code; unknown ones are made, named by their code."""
    return _ensure(db, "orders_place", codes, {"city": ""})


def ensure_sales_persons(db: BulkSession, codes: pa.Array) -> pa.Table:
    """The ids of sales persons by code; unknown ones are made, named by their code."""
    return _ensure(db, "orders_salesperson", codes, {})


def _ensure(db: BulkSession, table: str, codes: pa.Array, more: dict[str, str]) -> pa.Table:
    found = ids_of(db, table, codes)
    fresh = missing(codes, found)
    if not len(fresh):
        return found
    blanks = {name: pa.repeat(value, len(fresh)) for name, value in more.items()}
    ids = append_with_ids(db, table, pa.table({"code": fresh, "name": fresh} | blanks))
    return pa.concat_tables([found, pa.table({"code": fresh, "id": ids}, schema=FOUND)])


class PreparedLines:
    """Lines made ready for `write_lines`, which needs the database; this part does not, and may run ahead in a thread.

    An order is known by (source, key). What stands in its head is that of its earliest line. A line with a number of
    its own is known by it, and a changed content corrects it; others are known by their content, the second of two
    equal ones by its being the second. So the same lines twice change nothing.
    """

    def __init__(self, lines: pa.Table) -> None:
        """`lines` are whole orders' lines (schema LINES)."""
        self.work = duckdb.connect()
        self.work.execute("SET TimeZone = 'UTC'")
        self.work.register("incoming", lines)
        _number_lines(self.work)

    def close(self) -> None:
        """Free the memory."""
        self.work.close()


def write_lines(
    db: BulkSession,
    prepared: PreparedLines,
    places: pa.Table,
    persons: pa.Table,
    *,
    source_id: int,
    run_id: int | None,
    at: datetime,
    rule: str = "create_or_update",
    beyond: Callable[[pa.Array], pa.Array] | None = None,
) -> Written:
    """Write prepared lines: new orders, new lines of known orders, corrections of known lines.

    By the rule "create", known lines are left as they are; by "update", new ones are left out.

    A line of another customer or currency than its order's is refused, and the second of two lines with one number but
    different contents. `places` and `persons` are from `ensure_places` and `ensure_sales_persons`; `at` is now.
    `beyond`: of known orders (ids) those that may not be changed; lines that would change them are refused.
    """
    work = prepared.work
    work.register("place_ids", places)
    work.register("person_ids", persons)
    _find_known_orders(db, work, source_id)
    _judge(work)
    _find_known_lines(db, work)
    _compare(work, rule, beyond)
    _read_names(db, work)
    _write_new_orders(db, work, source_id, run_id, at)
    _write_changed_orders(db, work, at)
    _write_the_lines(db, work, run_id)
    return _outcome(work)


_HEAD = "{'placed_at': placed_at, 'place': place, 'channel': channel, 'person': person, 'day': day}"
_WHOLE_HEAD = _HEAD[:-1] + ", 'number': number, 'party_id': party_id, 'currency': currency}"
_DIGESTED = (
    "epoch_us(placed_at)",
    "product",
    "description",
    "quantity",
    "amount",
    "discount",
    "cost",
    "place",
    "person",
)


def _content(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in CONTENT)


def _number_lines(work: duckdb.DuckDBPyConnection) -> None:
    """Give each line its key, and find the heads of the orders. Equal lines are numbered; `nth` of most is 1."""
    work.execute(f"CREATE TABLE heads_of_all AS SELECT key, min({_WHOLE_HEAD}) AS head FROM incoming GROUP BY key")
    digest = ", ".join(f"coalesce(CAST({column} AS VARCHAR), '')" for column in _DIGESTED)
    work.execute(
        "CREATE TABLE keyed AS SELECT * EXCLUDE (line, product), line IS NOT NULL AS has_number, "
        f"CASE WHEN line IS NULL THEN left(md5(concat_ws(chr(31), {digest})), 16) ELSE line END AS line_key FROM "
        f"incoming"
    )
    same = "key, line_key, party_id, currency"
    work.execute(f"CREATE TABLE doubles AS SELECT {same} FROM keyed GROUP BY {same} HAVING count(*) > 1")
    match = "d.key = k.key AND d.line_key = k.line_key AND d.party_id = k.party_id AND d.currency = k.currency"
    work.execute(
        f"CREATE TABLE numbered AS SELECT k.*, row_number() OVER (PARTITION BY {same} ORDER BY row) AS nth "
        f"FROM keyed AS k SEMI JOIN doubles AS d ON {match}"
    )
    work.execute(
        "CREATE TABLE contradicting AS SELECT l.row FROM numbered AS l JOIN numbered AS f ON f.key = l.key "
        "AND f.line_key = l.line_key AND f.party_id = l.party_id AND f.currency = l.currency AND f.nth = 1 "
        f"WHERE l.has_number AND l.nth > 1 AND ({_content('l')}) IS DISTINCT FROM ({_content('f')})"
    )
    work.execute(
        f"CREATE VIEW all_lines AS SELECT k.* FROM keyed AS k ANTI JOIN doubles AS d ON {match} "
        "UNION ALL SELECT * EXCLUDE (nth) REPLACE ("
        "CASE WHEN nth > 1 THEN line_key || '-' || nth ELSE line_key END AS line_key) FROM numbered "
        "WHERE NOT has_number OR nth = 1"
    )


def _find_known_orders(db: BulkSession, work: duckdb.DuckDBPyConnection, source_id: int) -> None:
    db.stage("incoming_orders", work.sql("SELECT DISTINCT key FROM incoming ORDER BY key").to_arrow_table())
    known = db.read(
        "SELECT o.id, o.key, o.party_id, o.placed_at, o.day, p.code, o.channel, s.code, o.currency, o.amount, "
        "o.discount, "
        "o.cost, o.line_count, o.place_id, o.sales_person_id FROM incoming_orders AS i CROSS JOIN orders_order AS o "
        "LEFT JOIN orders_place AS p ON p.id = o.place_id LEFT JOIN orders_salesperson AS s ON s.id = "
        "o.sales_person_id "
        f"WHERE o.source_id = {source_id} AND o.key = i.key",
        _KNOWN,
    )
    work.register("known", known)


def _judge(work: duckdb.DuckDBPyConnection) -> None:
    """Refuse lines of another customer or currency than their order's; the others are `lines`."""
    work.execute("CREATE TABLE heads AS SELECT h.* FROM heads_of_all AS h ANTI JOIN known AS k ON k.key = h.key")
    work.execute(
        "CREATE TABLE owners AS SELECT key, head.party_id AS party_id, head.currency AS currency, NULL AS order_id "
        "FROM heads UNION ALL SELECT key, party_id, currency, id FROM known"
    )
    own = "l.party_id = o.party_id AND l.currency = o.currency"
    work.execute(
        "CREATE TABLE refused AS SELECT l.row, CASE WHEN l.party_id <> o.party_id THEN 'other_customer' "
        f"ELSE 'other_currency' END AS reason FROM incoming AS l JOIN owners AS o ON o.key = l.key WHERE NOT ({own}) "
        "UNION ALL SELECT row, 'other_line' FROM contradicting ANTI JOIN ("
        f"SELECT l.row FROM incoming AS l JOIN owners AS o ON o.key = l.key WHERE NOT ({own})) AS r USING (row)"
    )
    work.execute(
        f"CREATE VIEW lines AS SELECT l.*, o.order_id FROM all_lines AS l JOIN owners AS o ON o.key = l.key AND {own}"
    )


def _find_known_lines(db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    lines = read_beside(
        db,
        "known_orders",
        work.sql("SELECT id FROM known ORDER BY id").to_arrow_table(),
        "SELECT l.order_id, l.key, l.id, l.product_id, l.description, l.quantity, l.amount, l.discount, l.cost "
        "FROM known_orders AS k CROSS JOIN orders_orderline AS l WHERE l.order_id = k.id",
        _KNOWN_LINES,
    )
    work.register("known_lines", lines)


def _compare(work: duckdb.DuckDBPyConnection, rule: str, beyond: Callable[[pa.Array], pa.Array] | None = None) -> None:
    """Which lines are new, which corrected; by how much each known order changes and what its head becomes."""
    work.execute("CREATE TABLE left_out (row BIGINT)")
    if rule == "update":
        work.execute(
            "INSERT INTO left_out SELECT l.row FROM lines AS l "
            "ANTI JOIN known_lines AS k ON k.order_id = l.order_id AND k.line_key = l.line_key"
        )
        work.execute("DELETE FROM heads")
        work.execute("CREATE TABLE new_lines AS SELECT * FROM lines WHERE false")
    elif _nothing_beside(work):
        work.execute("CREATE VIEW new_lines AS SELECT *, CAST(NULL AS BIGINT) AS order_id FROM keyed")
    else:
        work.execute(
            "CREATE TABLE new_lines AS SELECT l.* FROM lines AS l "
            "ANTI JOIN known_lines AS k ON k.order_id = l.order_id AND k.line_key = l.line_key"
        )
    work.execute(
        "CREATE TABLE corrected AS SELECT k.line_id, l.* FROM lines AS l "
        "JOIN known_lines AS k ON k.order_id = l.order_id AND k.line_key = l.line_key "
        f"WHERE l.has_number AND ({_content('l')}) IS DISTINCT FROM ({_content('k')})"
    )
    if rule == "create":
        work.execute("INSERT INTO left_out SELECT row FROM corrected")
        work.execute("DELETE FROM corrected")
    if beyond is not None:
        _refuse(work, beyond)
    work.execute(
        "CREATE TABLE touched AS SELECT order_id, min(head) AS head, min(number) AS number FROM ("
        f"SELECT order_id, number, {_HEAD} AS head FROM new_lines WHERE order_id IS NOT NULL UNION ALL "
        f"SELECT order_id, number, {_HEAD} AS head FROM corrected) GROUP BY order_id"
    )
    work.execute(
        "CREATE TABLE lines_now AS SELECT order_id, amount, discount, cost FROM new_lines WHERE order_id IS NOT NULL "
        "UNION ALL SELECT order_id, amount, discount, cost FROM corrected "
        "UNION ALL SELECT k.order_id, k.amount, k.discount, k.cost FROM known_lines AS k "
        "SEMI JOIN touched AS t ON t.order_id = k.order_id ANTI JOIN corrected AS c ON c.line_id = k.line_id"
    )
    old_head = "{'placed_at': k.placed_at, 'place': k.place, 'channel': k.channel, 'person': k.person, 'day': k.day}"
    # By `min` here too, not by `<`: the two order what is not known differently, and files may come in any order.
    work.execute(
        "CREATE TABLE heads_now AS SELECT order_id, min(head) AS head FROM (SELECT order_id, head FROM touched "
        f"UNION ALL SELECT k.id, {old_head} FROM known AS k SEMI JOIN touched AS t ON t.order_id = k.id) GROUP BY 1"
    )
    work.execute(
        "CREATE TABLE changed_orders AS SELECT k.id, k.party_id, k.currency, t.number, k.amount AS was, s.*, h.head "
        "FROM known AS k JOIN touched AS t ON t.order_id = k.id JOIN heads_now AS h ON h.order_id = k.id "
        f"JOIN (SELECT order_id, {_SUMS} FROM lines_now GROUP BY order_id) AS s ON s.order_id = k.id"
    )


def _refuse(work: duckdb.DuckDBPyConnection, beyond: Callable[[pa.Array], pa.Array]) -> None:
    """Refuse lines that would change orders that may not be changed."""
    touching = "SELECT row, order_id FROM {} WHERE order_id IS NOT NULL"
    changing = f"{touching.format('new_lines')} UNION ALL {touching.format('corrected')}"
    orders = work.sql(f"SELECT DISTINCT order_id FROM ({changing}) ORDER BY 1").to_arrow_table().column(0)
    closed = beyond(orders.combine_chunks().cast(pa.int64()))
    if not len(closed):
        return
    work.register("closed_orders", pa.table({"id": closed}))
    among = "order_id IN (SELECT id FROM closed_orders)"
    work.execute(f"INSERT INTO refused SELECT row, 'not_yours' FROM ({changing}) WHERE {among}")
    for name in ("new_lines", "corrected"):
        work.execute(f"DELETE FROM {name} WHERE {among}")


def _nothing_beside(work: duckdb.DuckDBPyConnection) -> bool:
    """Whether all lines are of new orders and none was refused or is there twice; the usual case."""
    counts = work.execute(
        "SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM refused), (SELECT count(*) FROM doubles)"
    ).fetchall()
    return not any(counts[0])


# As orders.actions has it: the cost of an order is known where that of all its lines is.
_SUMS = (
    "CAST(sum(amount) AS BIGINT) AS amount, CAST(sum(discount) AS BIGINT) AS discount, "
    "CASE WHEN count(cost) = count(*) THEN CAST(sum(cost) AS BIGINT) END AS cost, count(*) AS line_count"
)


def _write_new_orders(
    db: BulkSession, work: duckdb.DuckDBPyConnection, source_id: int, run_id: int | None, at: datetime
) -> None:
    count = work.execute("SELECT count(*) FROM heads").fetchall()[0][0]
    first = db.reserve_ids("orders_order", count) if count else 0
    work.execute(
        "CREATE TABLE new_orders AS SELECT h.key, h.head, s.* EXCLUDE (key), "
        f"{first} - 1 + row_number() OVER (ORDER BY h.head.placed_at, h.key) AS id FROM heads AS h JOIN ("
        f"SELECT key, {_SUMS} FROM new_lines WHERE order_id IS NULL GROUP BY key"
        ") AS s ON s.key = h.key"
    )
    if not count:
        return
    moment = f"TIMESTAMPTZ '{at.isoformat()}'"
    rows = work.sql(
        f"SELECT o.id, head.number AS number, CAST({source_id} AS BIGINT) AS source_id, key, "
        "CASE WHEN amount < 0 THEN 'return' ELSE 'sale' END AS kind, head.party_id AS party_id, head.placed_at AS "
        "placed_at, "
        "head.day AS day, p.id AS place_id, head.channel AS channel, s.id AS sales_person_id, "
        f"head.currency AS currency, amount, discount, cost, line_count, {_literal(run_id)} AS import_run, "
        f"{moment} AS created_at, {moment} AS changed_at "
        "FROM new_orders AS o LEFT JOIN place_ids AS p ON p.code = head.place "
        "LEFT JOIN person_ids AS s ON s.code = head.person ORDER BY o.id"
    ).to_arrow_table()
    db.append("orders_order", rows)


def _write_changed_orders(db: BulkSession, work: duckdb.DuckDBPyConnection, at: datetime) -> None:
    # An order may keep a place or a person that this file does not name.
    for view, named, code, number in (
        ("all_places", "place_ids", "place", "place_id"),
        ("all_persons", "person_ids", "person", "person_id"),
    ):
        work.execute(
            f"CREATE VIEW {view} AS SELECT code, id FROM {named} "
            f"UNION SELECT {code}, {number} FROM known WHERE {code} IS NOT NULL"
        )
    work.execute(
        "CREATE TABLE orders_now AS SELECT o.id, amount, discount, cost, line_count, head.placed_at AS placed_at, "
        "head.day AS day, p.id AS place_id, "
        "head.channel AS channel, s.id AS sales_person_id, "
        f"CASE WHEN amount < 0 THEN 'return' ELSE 'sale' END AS kind, TIMESTAMPTZ '{at.isoformat()}' AS changed_at "
        "FROM changed_orders AS o LEFT JOIN all_places AS p ON p.code = head.place "
        "LEFT JOIN all_persons AS s ON s.code = head.person ORDER BY o.id"
    )
    rows = work.sql("SELECT * FROM orders_now ORDER BY id").to_arrow_table()
    if rows.num_rows:
        db.stage("changed_orders", rows)
        sets = ", ".join(f"{name} = c.{name}" for name in rows.column_names if name != "id")
        db.execute(f"UPDATE orders_order SET {sets} FROM changed_orders AS c WHERE orders_order.id = c.id")


def _write_the_lines(db: BulkSession, work: duckdb.DuckDBPyConnection, run_id: int | None) -> None:
    columns = (
        "l.line_key AS key, l.product_id, coalesce(l.description, '') AS description, "
        "l.quantity, l.amount, l.discount, l.cost"
    )
    rows = work.sql(
        f"SELECT coalesce(l.order_id, o.id) AS order_id, {columns}, {_literal(run_id)} AS import_run "
        "FROM new_lines AS l "
        "LEFT JOIN new_orders AS o ON o.key = l.key ORDER BY 1, l.line_key"
    ).to_arrow_table()
    if rows.num_rows:
        db.append("orders_orderline", rows)
    rows = work.sql(f"SELECT l.line_id AS id, {columns} FROM corrected AS l ORDER BY 1").to_arrow_table()
    if rows.num_rows:
        db.stage("corrected_lines", rows)
        sets = ", ".join(f"{name} = c.{name}" for name in CONTENT)
        db.execute(f"UPDATE orders_orderline SET {sets} FROM corrected_lines AS c WHERE orders_orderline.id = c.id")


def _outcome(work: duckdb.DuckDBPyConnection) -> Written:
    count = {
        name: work.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
        for name in ("incoming", "new_lines", "corrected", "new_orders")
    }
    refused = work.sql("SELECT row, reason FROM refused").to_arrow_table()
    touched = work.sql(
        "SELECT DISTINCT party_id FROM (SELECT head.party_id AS party_id FROM new_orders UNION ALL "
        "SELECT party_id FROM changed_orders)"
    ).to_arrow_table()
    payload = _PAYLOAD % (_MONEY.format("amount"), _MONEY.format("was"))
    events = work.sql(
        "SELECT party_id, kind, channel, 'in' AS direction, placed_at AS occurred_at, 'orders.order' AS object_type, "
        f"id AS object_id, {payload} AS payload FROM ("
        "SELECT head.party_id AS party_id, CASE WHEN amount < 0 THEN 'order.returned' ELSE 'order.placed' END AS kind, "
        "head.channel AS channel, head.placed_at AS placed_at, id, head.number AS number, head.currency AS "
        "currency, amount, line_count, "
        "CAST(NULL AS BIGINT) AS was FROM new_orders UNION ALL SELECT party_id, 'order.changed', head.channel, "
        "head.placed_at, id, "
        "number, currency, amount, line_count, was FROM changed_orders) ORDER BY id"
    ).to_arrow_table()
    found = _found(work)
    created, updated = count["new_lines"], count["corrected"]
    skipped = work.execute("SELECT count(*) FROM left_out").fetchall()[0][0]
    unchanged = count["incoming"] - created - updated - refused.num_rows - skipped
    was = ", ".join(f"k.{name}, c.{name} AS {name}_now" for name in CONTENT)
    lines = work.sql(
        f"SELECT c.line_id AS id, c.order_id, {was} FROM corrected AS c JOIN known_lines AS k ON k.line_id = c.line_id"
    ).to_arrow_table()
    was = ", ".join(
        f"k.{'person_id' if name == 'sales_person_id' else name} AS {name}, n.{name} AS {name}_now" for name in HEAD
    )
    heads = work.sql(f"SELECT k.id, {was} FROM orders_now AS n JOIN known AS k ON k.id = n.id").to_arrow_table()
    parties = touched.column("party_id").combine_chunks()
    return Written(
        created, updated, unchanged, count["new_orders"], parties, refused, events, found, skipped, lines, heads
    )


_UNITS = "CAST(CAST(CAST({0} AS DECIMAL(22, 4)) / 10000 AS DECIMAL(18, 4)) AS VARCHAR)"


def line_differences(prepared: PreparedLines, codes: pa.Table) -> pa.Table:
    """Of each line that was not refused: row, state, outcome, party_id, label, fields (field, now, then, written).

    To be asked after `write_lines` with the same lines, in a session that writes nothing. `codes`: the numbers of
    products by id, of those that stood in the corrected lines and those that will.
    """
    work = prepared.work
    work.register("codes", codes)
    told = []
    for name in CONTENT:
        now, then = f"k.{name}", f"c.{name}"
        if name == "product_id":
            now, then = (f"(SELECT min(code) FROM codes WHERE id = {one})" for one in (now, then))
        elif name != "description":
            now, then = _UNITS.format(now), _UNITS.format(then)
        told.append(
            f"CASE WHEN k.{name} IS DISTINCT FROM c.{name} THEN {{'field': '{name.removesuffix('_id')}', "
            f"'now': coalesce({now}, ''), 'then': coalesce({then}, ''), 'written': true}} END"
        )
    return work.sql(
        "SELECT i.row, CASE WHEN l.row IS NOT NULL THEN 'skipped' WHEN n.row IS NOT NULL THEN 'new' "
        "WHEN c.row IS NOT NULL THEN 'changed' ELSE 'unchanged' END AS state, "
        "CASE WHEN l.row IS NOT NULL THEN 'skipped' WHEN n.row IS NOT NULL THEN 'created' "
        "WHEN c.row IS NOT NULL THEN 'updated' ELSE 'unchanged' END AS outcome, "
        "CASE WHEN i.party_id > 0 THEN i.party_id END AS party_id, "
        "concat_ws(' · ', i.number, nullif(i.description, '')) AS label, coalesce(c.fields, []) AS fields "
        "FROM incoming AS i ANTI JOIN refused AS r ON r.row = i.row LEFT JOIN left_out AS l ON l.row = i.row "
        "LEFT JOIN new_lines AS n ON n.row = i.row LEFT JOIN ("
        f"SELECT c.row, list_filter([{', '.join(told)}], lambda x: x IS NOT NULL) AS fields FROM corrected AS c "
        "JOIN known_lines AS k ON k.line_id = c.line_id) AS c ON c.row = i.row ORDER BY i.row"
    ).to_arrow_table()


def product_codes(db: BulkSession, prepared: PreparedLines) -> pa.Table:
    """The numbers (code) by id of the products in lines that are being corrected, as far as they are known."""
    wanted = prepared.work.sql(
        "SELECT DISTINCT id FROM (SELECT product_id AS id FROM corrected UNION SELECT k.product_id FROM corrected AS c "
        "JOIN known_lines AS k ON k.line_id = c.line_id) WHERE id > 0"
    ).to_arrow_table()
    return read_beside(
        db,
        "shown_products",
        wanted,
        "SELECT p.code, p.id FROM shown_products AS s CROSS JOIN catalog_product AS p WHERE p.id = s.id",
        FOUND,
    )


def _read_names(db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    """The names of the customers of new orders: `names`. Read before anything is written, which runs behind."""
    parties = work.sql("SELECT DISTINCT head.party_id AS party_id FROM heads ORDER BY 1").to_arrow_table()
    db.stage("buying_parties", parties)
    names = db.read(
        "SELECT p.id, p.name FROM buying_parties AS b CROSS JOIN customers_party AS p WHERE p.id = b.party_id", _NAMES
    )
    work.register("names", names)


def _found(work: duckdb.DuckDBPyConnection) -> pa.Table:
    return work.sql(
        "SELECT o.id, head.number AS title, n.name AS subtitle, CASE WHEN key <> head.number THEN key ELSE '' END "
        "AS text "
        "FROM new_orders AS o LEFT JOIN names AS n ON n.id = head.party_id ORDER BY o.id"
    ).to_arrow_table()


def _literal(number: int | None) -> str:
    return "CAST(NULL AS BIGINT)" if number is None else f"CAST({int(number)} AS BIGINT)"


# Purchases in sum -------------------------------------------------------------------------------------------------

_PURCHASES = pa.schema([("party_id", pa.int64()), ("day", pa.date32()), ("amount", pa.int64()), ("kind", pa.string())])
# The same rule as orders.summary, for many at once; a test holds them equal.
SUMMARY = f"""
WITH days AS (
    SELECT party_id, day, day - lag(day) OVER (PARTITION BY party_id ORDER BY day) AS gap
    FROM (SELECT DISTINCT party_id, day FROM purchases WHERE kind = 'sale')
), gaps AS (
    SELECT party_id, count(*) AS purchase_days, min(day) AS first_day, max(day) AS last_day, count(gap) AS n,
        CASE WHEN count(gap) >= 1 THEN sum(gap) / count(gap) END AS gap_mean,
        CASE WHEN count(gap) >= 2 THEN
            sqrt((sum(gap * gap) * count(gap) - sum(gap) * sum(gap)) / (count(gap) * (count(gap) - 1)))
        END AS gap_deviation
    FROM days GROUP BY party_id
), sums AS (
    SELECT party_id, count(*) FILTER (kind = 'sale') AS order_count, CAST(sum(amount) AS BIGINT) AS revenue,
        min(day) AS first_day, max(day) AS last_day
    FROM purchases GROUP BY party_id
)
SELECT s.party_id, coalesce(g.first_day, s.first_day) AS first_day, coalesce(g.last_day, s.last_day) AS last_day,
    s.order_count, coalesce(g.purchase_days, 0) AS purchase_days, s.revenue, g.gap_mean, g.gap_deviation,
    CASE WHEN g.purchase_days >= {RHYTHM_DAYS} THEN
        g.last_day + CAST(floor(g.gap_mean + 2 * coalesce(g.gap_deviation, 0)) AS INTEGER) + 1 END AS overdue_from,
    CASE WHEN g.purchase_days >= {RHYTHM_DAYS} THEN
            g.last_day + greatest(CAST(ceil({GAPS_TO_LOSS} * g.gap_mean) AS INTEGER), {LEAST_TO_LOSS})
        WHEN g.purchase_days >= 1 THEN g.last_day + {WITHOUT_RHYTHM} END AS lost_from,
    CASE WHEN g.purchase_days >= {RHYTHM_DAYS} THEN CAST(round(
        CAST(s.revenue AS DECIMAL(38, 0)) * {YEAR} * g.n / (g.purchase_days * (g.last_day - g.first_day)) / 100
        ) * 100 AS BIGINT) END AS yearly_pace
FROM sums AS s LEFT JOIN gaps AS g ON g.party_id = s.party_id ORDER BY s.party_id
"""


def summarise(db: BulkSession, parties: pa.Array) -> None:
    """Write the purchases in sum of these parties anew from their orders; no row where there is no order.

    Days and value of sales; returns count in the value only, and only amounts in the business's currency do. The gaps
    lie between days of purchase; their deviation is that of a sample.
    """
    db.stage("touched_parties", pa.table({"party_id": parties}))
    purchases = db.read(
        f"SELECT o.party_id, o.day, CASE WHEN o.currency = '{summary.currency()}' THEN o.amount ELSE 0 END, o.kind "
        "FROM touched_parties AS t CROSS JOIN orders_order AS o WHERE o.party_id = t.party_id "
        "AND o.state NOT IN ('draft', 'cancelled')",
        _PURCHASES,
    )
    with duckdb.connect() as work:
        work.register("purchases", purchases)
        rows = work.sql(SUMMARY).to_arrow_table()
    db.execute("DELETE FROM orders_purchasesummary WHERE party_id IN (SELECT party_id FROM touched_parties)")
    db.append("orders_purchasesummary", rows)

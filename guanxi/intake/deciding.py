"""What taking back an import takes away, gives back and leaves alone: decided once, before anything goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import Price, PriceList, Product
from guanxi.customers.hanging import hanging
from guanxi.customers.models import ContactPoint, MatchKey, MatchPair, Merge, Party, Relationship, SourceRecord
from guanxi.intake.revert_job import Revert
from guanxi.ledger.models import Event
from guanxi.orders.models import Order, OrderLine

REASONS = {
    "edited": _("Somebody edited it since."),
    "more": _("Something from elsewhere belongs to it."),
    "record": _("Another source, or somebody by hand, speaks of it too."),
    "order": _("It has orders from elsewhere, or lines of them."),
    "event": _("Something else happened with it."),
    "merged": _("Somebody else became part of it."),
    "returned": _("It was taken back in part: a return refers to it."),
    "used": _("It is in use elsewhere."),
    "refused": _("Its own rules did not allow it."),
    "later": _("It was changed again since; the later value stays."),
}
# What follows from other things and goes with whom it speaks of.
DERIVED: tuple[type[models.Model], ...] = (MatchKey, MatchPair, Merge)
ID = pa.schema([("id", pa.int64())])
PAIR = pa.schema([("id", pa.int64()), ("other", pa.int64())])
LABELLED = pa.schema([("id", pa.int64()), ("party_id", pa.int64()), ("label", pa.string())])


class Decision:
    """Sets of ids in DuckDB, gathered from the database, and the list of what is kept."""

    def __init__(self, job: Revert) -> None:
        self.job, self.db = job, job.db
        self.work = duckdb.connect()
        self.work.execute(
            "CREATE TABLE kept (object_type VARCHAR, object_id BIGINT, party_id BIGINT, label VARCHAR, field VARCHAR, "
            "reason VARCHAR)"
        )

    def read(self, name: str, sql: str, schema: pa.Schema = ID) -> None:
        """A table of the decision, from the database."""
        self.work.register("incoming", self.db.read(sql, schema))
        self.work.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming")
        self.work.unregister("incoming")

    def count(self, name: str) -> int:
        return int(self.work.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])

    def keep(self, name: str, sql: str) -> None:
        """Write down a set (column `id`, and more) for the steps that follow."""
        pq.write_table(self.work.sql(sql).to_arrow_table(), self.job.folder / f"{name}.parquet")

    def leave(self, model: type[models.Model], sql: str, reason: str) -> None:
        """Note what is left alone; `sql` gives id, party_id and label."""
        self.work.execute(
            f"INSERT INTO kept SELECT '{model._meta.label_lower}', id, party_id, left(label, 200), '', '{reason}' "
            f"FROM ({sql})"
        )

    def edited(self, model: type[models.Model]) -> str:
        """SQL for the ids of records that somebody changed by hand since the import began: such changes are audited."""
        bound = self.job.bound("foundation_auditentry")
        return (
            f"SELECT DISTINCT object_id FROM foundation_auditentry WHERE id > {bound} "
            f"AND object_type = '{model._meta.label_lower}' AND object_id IS NOT NULL"
        )


def decide(job: Revert) -> None:
    """Decide, and write it down."""
    decision = Decision(job)
    _orders(decision)
    _parties(decision)
    _products(decision)
    for name, model in GIVEN_BACK.items():
        _give_back(decision, name, model)
    decision.keep("kept", "SELECT DISTINCT * FROM kept ORDER BY ALL")
    job.db.rollback()
    decision.work.close()


# What an import changes of rows that were there, by the name under which it kept how they were.
GIVEN_BACK: dict[str, type[models.Model]] = {
    "lines": OrderLine,
    "orders": Order,
    "products": Product,
    "prices": Price,
    "relations": Relationship,
    "owners": Party,
}


def _give_back(d: Decision, name: str, model: type[models.Model]) -> None:
    """The values to be given back to rows that the import changed: where a value is no longer the import's, it
    stays."""
    paths = sorted(str(path) for path in d.job.before.glob(f"{name}-*.parquet"))
    if name == "relations":
        paths += sorted(str(path) for path in d.job.before.glob("employed-*.parquet"))
    if not paths:
        return
    d.work.execute(f"CREATE OR REPLACE TABLE before AS SELECT * FROM read_parquet({paths}, union_by_name = true)")
    stored = d.work.sql("SELECT * FROM before LIMIT 0").to_arrow_table().schema
    columns = [one.name for one in stored if one.name + "_now" in stored.names]
    d.db.stage("revert_before", d.work.sql("SELECT DISTINCT id FROM before ORDER BY id").to_arrow_table())
    table = model._meta.db_table
    wire = pa.schema([("id", pa.int64()), *((one, stored.field(one).type) for one in columns)])
    sql = f"SELECT t.id, {', '.join(f't.{one}' for one in columns)} FROM revert_before AS b CROSS JOIN {table} AS t"
    d.read("present", f"{sql} WHERE t.id = b.id", _wired(wire))
    back = ", ".join(
        f"CASE WHEN p.{one} IS NOT DISTINCT FROM b.{one}_now THEN b.{one} ELSE p.{one} END AS {one}" for one in columns
    )
    d.keep(
        f"restored-{name}",
        f"SELECT p.id, {back} FROM present AS p JOIN (SELECT * FROM before QUALIFY row_number() OVER "
        "(PARTITION BY id) = 1)"
        " AS b ON b.id = p.id ORDER BY p.id",
    )
    for one in columns:
        d.work.execute(
            f"INSERT INTO kept SELECT '{model._meta.label_lower}', p.id, NULL, CAST(p.{one} AS VARCHAR), "
            f"'{one}', 'later' "
            f"FROM present AS p JOIN before AS b ON b.id = p.id WHERE p.{one} IS DISTINCT FROM b.{one}_now "
            f"AND p.{one} IS DISTINCT FROM b.{one}"
        )


def _wired(schema: pa.Schema) -> pa.Schema:
    """Types that a session reads: moments in UTC, numbers as 64 bits."""
    moment = pa.timestamp("us", "UTC")

    def kind(one: pa.DataType) -> pa.DataType:
        if pa.types.is_timestamp(one):
            return moment
        return pa.int64() if pa.types.is_integer(one) else one

    return pa.schema([(one.name, kind(one.type)) for one in schema])


def _orders(d: Decision) -> None:
    """Lines that go, orders that go, orders whose sums change. A changed, returned or added to order stays."""
    job, run = d.job, d.job.run.pk
    made, lines = job.made("orders_order", "o"), job.made("orders_orderline", "l")
    d.read("own_orders", f"SELECT o.id, o.party_id, o.number FROM orders_order AS o WHERE {made}", LABELLED)
    d.read("own_lines", f"SELECT l.id, l.order_id FROM orders_orderline AS l WHERE {lines}", PAIR)
    d.read("edited_orders", d.edited(Order))
    d.read("edited_lines", d.edited(OrderLine))
    bound = job.bound("orders_order")
    d.read(
        "returned",
        f"SELECT DISTINCT o.returns_id FROM orders_order AS o WHERE o.id > {bound} AND o.returns_id IS NOT NULL "
        f"AND (o.import_run IS NULL OR o.import_run <> {run})",
    )
    d.read(
        "foreign_lines",
        f"SELECT DISTINCT l.order_id FROM orders_orderline AS l WHERE l.id > {job.bound('orders_orderline')} "
        f"AND (l.import_run IS NULL OR l.import_run <> {run})",
    )
    _find_used(d, "used_orders", Order, (OrderLine, Order), job.bound("orders_order"))
    d.work.execute(
        "CREATE TABLE whole AS SELECT o.id FROM own_orders AS o WHERE id IN (SELECT id FROM edited_orders) "
        "OR id IN (SELECT id FROM returned) OR id IN (SELECT id FROM used_orders)"
    )
    d.work.execute(
        "CREATE TABLE kept_lines AS SELECT l.id, l.other FROM own_lines AS l WHERE l.id IN (SELECT id FROM "
        "edited_lines) "
        "OR l.other IN (SELECT id FROM whole)"
    )
    d.work.execute(
        "CREATE TABLE kept_orders AS SELECT o.* FROM own_orders AS o WHERE o.id IN (SELECT id FROM whole) "
        "OR o.id IN (SELECT id FROM foreign_lines) OR o.id IN (SELECT other FROM kept_lines)"
    )
    for reason, among in (
        ("edited", "SELECT id FROM edited_orders"),
        ("returned", "SELECT id FROM returned"),
        ("used", "SELECT id FROM used_orders"),
        ("more", "SELECT id FROM foreign_lines"),
    ):
        d.leave(Order, f"SELECT id, party_id, label FROM kept_orders WHERE id IN ({among})", reason)
    d.leave(
        OrderLine,
        "SELECT l.id, o.party_id, o.label FROM kept_lines AS l JOIN own_orders AS o ON o.id = l.other "
        "WHERE l.id IN (SELECT id FROM edited_lines)",
        "edited",
    )
    d.keep("kept_lines", "SELECT id FROM kept_lines")
    d.keep("kept_orders", "SELECT id FROM kept_orders")
    d.keep("orders", "SELECT id, party_id FROM own_orders WHERE id NOT IN (SELECT id FROM kept_orders)")
    changed = " UNION ".join(
        [
            "SELECT id FROM kept_orders",
            "SELECT other FROM own_lines WHERE other NOT IN (SELECT id FROM own_orders)",
            *(f"SELECT id FROM read_parquet('{path}')" for path in job.before.glob("orders-*.parquet")),
        ]
    )
    d.keep("changed_orders", f"SELECT id FROM ({changed}) WHERE id NOT IN (SELECT id FROM whole)")


def _find_used(
    d: Decision, name: str, model: type[models.Model], own: tuple[type[models.Model], ...], bound: int
) -> None:
    """A table of the numbers of new rows that other tables refer to: an order that was invoiced, a product offered."""
    d.work.execute(f"CREATE TABLE {name} (id BIGINT)")
    for other in apps.get_models():
        for one in other._meta.concrete_fields:
            if isinstance(one, models.ForeignKey) and one.related_model is model and other not in own:
                d.read(
                    "found",
                    f"SELECT DISTINCT {one.column} FROM {other._meta.db_table} WHERE {one.column} > {bound}",
                )
                d.work.execute(f"INSERT INTO {name} SELECT id FROM found")


def _parties(d: Decision) -> None:
    """Customers that go, and those that stay because others know them too; and all whom the import changed."""
    job, run = d.job, d.job.run.pk
    d.read("own_parties", f"SELECT id, id, name FROM customers_party WHERE import_run = {run}", LABELLED)
    d.work.execute("CREATE TABLE holders (id BIGINT, reason VARCHAR)")
    if d.count("own_parties"):
        for model, column in references():
            _hold(d, model, column)
        for one in hanging():
            if one.where:
                _hold_generic(d, one)
        d.work.execute("INSERT INTO holders SELECT DISTINCT party_id, 'order' FROM kept_orders")
        _hold_edited(d)
        _hold_merged(d)
    d.work.execute(
        "CREATE TABLE held AS SELECT DISTINCT h.id FROM holders AS h SEMI JOIN own_parties AS o ON o.id = h.id"
    )
    d.leave(
        Party,
        "SELECT o.id, o.id AS party_id, o.label FROM own_parties AS o SEMI JOIN held AS h ON h.id = o.id",
        "",
    )
    d.work.execute(
        f"UPDATE kept SET reason = h.reason FROM (SELECT id, min(reason) AS reason FROM holders GROUP BY id) AS h "
        f"WHERE h.id = kept.object_id AND kept.object_type = '{Party._meta.label_lower}'"
    )
    d.keep("parties", "SELECT id FROM own_parties WHERE id NOT IN (SELECT id FROM held) ORDER BY id")
    touched = " UNION ".join(
        f"SELECT DISTINCT party_id FROM {table} WHERE {job.made(table)}"
        for table in ("customers_sourcerecord", "customers_contactpoint", "customers_partyrole", "customers_consent")
    )
    d.read("touched", touched)
    since = [f"SELECT party_id AS id FROM read_parquet('{path}')" for path in job.before.glob("since-*.parquet")]
    everybody = " UNION ".join(["SELECT id FROM touched", "SELECT id FROM held", *since])
    d.work.execute(
        f"CREATE TABLE changed AS SELECT id FROM ({everybody}) WHERE id IS NOT NULL AND (id NOT IN "
        "(SELECT id FROM own_parties) OR id IN (SELECT id FROM held)) ORDER BY id"
    )
    d.keep("changed_parties", "SELECT id, id IN (SELECT id FROM held) AS made FROM changed ORDER BY id")
    if d.count("changed"):
        d.db.stage("revert_said", d.work.sql("SELECT id FROM changed").to_arrow_table())
        d.read(
            "said",
            "SELECT r.party_id, CAST(r.payload AS TEXT) FROM revert_said AS s CROSS JOIN customers_sourcerecord AS r "
            f"WHERE r.party_id = s.id AND r.import_run = {run}",
            pa.schema([("id", pa.int64()), ("payload", pa.string())]),
        )
    else:
        d.work.execute("CREATE TABLE said (id BIGINT, payload VARCHAR)")
    _inherit(d)
    d.keep("said", "SELECT DISTINCT id, unnest(json_keys(payload)) AS field FROM said")
    _keep_edited(d)


def _inherit(d: Decision) -> None:
    """Of those who stay: who has no source left that speaks of him (`bare`), who has bought by hand (`customers`), and
    by which other import he is known then (`heirs`); none where somebody knows him by hand."""
    run = d.job.run.pk
    d.work.execute("CREATE TABLE known_by (id BIGINT, run BIGINT, record BOOLEAN, bought BOOLEAN)")
    if d.count("changed"):
        d.db.stage("revert_stay", d.work.sql("SELECT id FROM changed").to_arrow_table())
        for table, record, bought in (
            ("customers_sourcerecord", "true", "false"),
            ("orders_order", "false", "true"),
            ("ledger_event", "false", "false"),
        ):
            others = "t.import_run IS NULL OR t.import_run <> " + str(run)
            if table == "ledger_event":
                others = f"({others}) AND (t.actor_id IS NOT NULL OR t.channel <> 'other')"
            d.read(
                "found",
                f"SELECT DISTINCT t.party_id, t.import_run FROM revert_stay AS s CROSS JOIN {table} AS t "
                f"WHERE t.party_id = s.id AND ({others})",
                PAIR,
            )
            d.work.execute(f"INSERT INTO known_by SELECT id, other, {record}, {bought} FROM found")
    d.keep(
        "bare",
        "SELECT h.id FROM held AS h WHERE h.id NOT IN (SELECT id FROM known_by WHERE record)",
    )
    d.keep("customers", "SELECT DISTINCT id FROM known_by WHERE bought AND run IS NULL")
    d.keep(
        "heirs",
        "SELECT h.id, CAST(CASE WHEN bool_or(k.run IS NULL) THEN NULL ELSE min(k.run) END AS BIGINT) AS run "
        "FROM held AS h LEFT JOIN known_by AS k ON k.id = h.id GROUP BY h.id",
    )


def _keep_edited(d: Decision) -> None:
    """Contact points and relationships of the import that somebody edited stay."""
    for model, name, label in (
        (ContactPoint, "kept_points", "value"),
        (Relationship, "kept_relations", "kind"),
    ):
        table = model._meta.db_table
        d.read("edited_rows", d.edited(model))
        d.read(
            "own_rows",
            f"SELECT id, party_id, {label} FROM {table} WHERE {d.job.made(table)} AND id IN ({d.edited(model)})",
            LABELLED,
        )
        d.leave(model, "SELECT * FROM own_rows", "edited")
        d.keep(name, "SELECT id FROM own_rows")


def references() -> Iterator[tuple[type[models.Model], str]]:
    """Every column of the database that refers to a party and tells of something that is not derived from him."""
    for model in apps.get_models():
        for one in model._meta.concrete_fields:
            refers = isinstance(one, models.ForeignKey) and one.related_model is Party
            if refers and not isinstance(one, models.OneToOneField) and not _follows(model):
                yield model, str(one.column)


def derived() -> Iterator[tuple[type[models.Model], str]]:
    """Every column that refers to a party and goes with him."""
    for model in apps.get_models():
        for one in model._meta.concrete_fields:
            refers = isinstance(one, models.ForeignKey) and one.related_model is Party
            if refers and (isinstance(one, models.OneToOneField) or _follows(model)):
                yield model, str(one.column)


def _follows(model: type[models.Model]) -> bool:
    """Whether rows follow from other things; models of higher floors say so themselves."""
    return model in DERIVED or getattr(model, "goes_with_party", False)


def _hold(d: Decision, model: type[models.Model], column: str) -> None:
    """Parties of the import on which rows of a table hang that are from elsewhere: later ones, or brought by a
    merge."""
    table, names = model._meta.db_table, {one.column for one in model._meta.concrete_fields}
    run = d.job.run.pk
    elsewhere = f"(t.import_run IS NULL OR t.import_run <> {run})" if "import_run" in names else "1 = 1"
    if model is Event:  # what the house itself noted (by its models, say) holds nobody
        elsewhere += " AND (t.actor_id IS NOT NULL OR t.channel <> 'other' OR t.import_run IS NOT NULL)"
        elsewhere += " AND t.kind NOT IN ('party.merged', 'party.unmerged', 'cost.booked')"
    if model is SourceRecord:  # nor what was only written down because he was merged
        elsewhere += " AND t.source_id NOT IN (SELECT id FROM customers_source WHERE trust < 0)"
    later = f"t.id > {d.job.bound(table)}" if "id" in names and model is not Party else "1 = 1"
    if "origin" in names:
        later = f"({later} OR t.origin IS NOT NULL)"
    reasons: dict[type[models.Model], str] = {
        SourceRecord: "record", Order: "order", Event: "event", Party: "merged",
    }  # fmt: skip
    reason = reasons.get(model, "more")
    if model is Party:
        return
    d.read(
        "found",
        f"SELECT DISTINCT t.{column} FROM {table} AS t WHERE {later} AND {elsewhere} AND t.{column} IN "
        f"(SELECT id FROM customers_party WHERE import_run = {run})",
    )
    d.work.execute(f"INSERT INTO holders SELECT id, '{reason}' FROM found WHERE id IS NOT NULL")


def _hold_generic(d: Decision, one: Any) -> None:
    """The same for what hangs on any kind of record."""
    table = one.model._meta.db_table
    where = " AND ".join(f"t.{name} = '{value}'" for name, value in one.where.items())
    d.read(
        "found",
        f"SELECT DISTINCT t.{one.field} FROM {table} AS t WHERE {where} AND t.{one.field} IN "
        f"(SELECT id FROM customers_party WHERE import_run = {d.job.run.pk})",
    )
    d.work.execute("INSERT INTO holders SELECT id, 'more' FROM found")


def _hold_edited(d: Decision) -> None:
    """Whoever has a contact point or a relationship that somebody edited stays."""
    for model in (ContactPoint, Relationship):
        table = model._meta.db_table
        columns = ("party_id", "other_id") if model is Relationship else ("party_id",)
        for column in columns:
            d.read(
                "found",
                f"SELECT DISTINCT {column} FROM {table} WHERE {d.job.made(table)} AND id IN ({d.edited(model)})",
            )
            d.work.execute("INSERT INTO holders SELECT id, 'edited' FROM found")


def _hold_merged(d: Decision) -> None:
    """Whoever absorbed somebody who stays, stays too."""
    d.read(
        "absorbed",
        "SELECT merged_into_id, id FROM customers_party WHERE merged_into_id IS NOT NULL AND merged_into_id IN "
        f"(SELECT id FROM customers_party WHERE import_run = {d.job.run.pk})",
        PAIR,
    )
    while True:
        before = d.count("holders")
        d.work.execute(
            "INSERT INTO holders SELECT DISTINCT a.id, 'merged' FROM absorbed AS a WHERE a.id NOT IN "
            "(SELECT id FROM holders) AND (a.other NOT IN (SELECT id FROM own_parties) OR a.other IN "
            "(SELECT id FROM holders))"
        )
        if d.count("holders") == before:
            return


def _products(d: Decision) -> None:
    """Products, price lists and prices that go; those in use or edited stay."""
    run, job = d.job.run.pk, d.job
    made = job.made("catalog_product")
    d.read("own_products", f"SELECT id, NULL, name FROM catalog_product WHERE {made}", LABELLED)
    d.read(
        "own_prices",
        f"SELECT id, NULL, CAST(product_id AS TEXT) FROM catalog_price WHERE {job.made('catalog_price')}",
        LABELLED,
    )
    d.read("edited_products", d.edited(Product))
    d.read("edited_prices", d.edited(Price))
    lines = f"id > {job.bound('orders_orderline')}"
    d.read(
        "used_products",
        "SELECT DISTINCT product_id FROM orders_orderline WHERE product_id IS NOT NULL "
        f"AND product_id > {job.bound('catalog_product')} AND {lines} AND (import_run IS NULL OR import_run <> {run}) "
        "UNION SELECT product_id FROM catalog_price WHERE "
        f"product_id > {job.bound('catalog_product')} AND (import_run IS NULL OR import_run <> {run})",
    )
    _find_used(d, "used_elsewhere", Product, (OrderLine, Price, Product), job.bound("catalog_product"))
    d.work.execute("INSERT INTO used_products SELECT id FROM used_elsewhere")
    d.work.register("kept_line_ids", d.work.sql("SELECT id FROM kept_lines").to_arrow_table())
    if d.count("kept_lines"):
        d.db.stage("revert_kept", d.work.sql("SELECT id FROM kept_lines").to_arrow_table())
        d.read(
            "used_too",
            "SELECT DISTINCT l.product_id FROM revert_kept AS k CROSS JOIN orders_orderline AS l WHERE l.id = k.id "
            "AND l.product_id IS NOT NULL",
        )
        d.work.execute("INSERT INTO used_products SELECT id FROM used_too")
    d.leave(Price, "SELECT * FROM own_prices WHERE id IN (SELECT id FROM edited_prices)", "edited")
    if d.count("own_prices"):
        d.read(
            "used_by_prices",
            f"SELECT DISTINCT product_id FROM catalog_price WHERE id IN ({d.edited(Price)})",
        )
        d.work.execute("INSERT INTO used_products SELECT id FROM used_by_prices")
    d.leave(Product, "SELECT * FROM own_products WHERE id IN (SELECT id FROM used_products)", "used")
    d.leave(Product, "SELECT * FROM own_products WHERE id IN (SELECT id FROM edited_products)", "edited")
    d.keep("prices", "SELECT id FROM own_prices WHERE id NOT IN (SELECT id FROM edited_prices)")
    d.keep(
        "products",
        "SELECT id FROM own_products WHERE id NOT IN (SELECT id FROM used_products) "
        "AND id NOT IN (SELECT id FROM edited_products)",
    )
    d.read("own_lists", f"SELECT id, NULL, name FROM catalog_pricelist WHERE {job.made('catalog_pricelist')}", LABELLED)
    d.read("edited_lists", d.edited(PriceList))
    d.leave(PriceList, "SELECT * FROM own_lists WHERE id IN (SELECT id FROM edited_lists)", "edited")
    d.keep("lists", "SELECT id FROM own_lists WHERE id NOT IN (SELECT id FROM edited_lists)")

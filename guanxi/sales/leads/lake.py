"""By what sales began, as the lake has it: each customer's beginning cuts any figure of customers, and the beginning of
the deal that an order came of cuts sales.

Both are the source of the lead where there was one that said it (`lead:5`), else how the deal began (`referral`). A
customer came by what is the oldest of his.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from django.db import connection
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.bulk import BulkSession
from guanxi.lake.dashboards.declaration import ReadyTile
from guanxi.lake.dashboards.models import Tile
from guanxi.lake.dimensions import CHOICE, Dimension
from guanxi.lake.followed import Since, Source
from guanxi.lake.schema import LakeTable
from guanxi.lake.sources import Batches
from guanxi.sales.deals.models import Source as Beginning
from guanxi.sales.leads.models import LeadSource

DEALS, LEADS, QUOTES = "deals.deal", "leads.lead", "quotes.quote"
LEAD = "lead:"
CUSTOMER = LakeTable(
    "customer_source",
    "party_id",
    (("party_id", pa.int64()), ("customer_source", pa.string())),
    file_size=8_000_000,
    model=DEALS,
)
ORDER = LakeTable(
    "order_source",
    "order_id",
    (("order_id", pa.int64()), ("order_source", pa.string())),
    file_size=8_000_000,
    model=DEALS,
)
# Each deal with the source of its lead, else how it began; one of several leads, the oldest.
_OF_DEALS = (
    "SELECT d.id, d.party_id, COALESCE(l.created_at, d.created_at) AS at, "
    f"CASE WHEN l.source_id IS NOT NULL THEN '{LEAD}' || CAST(l.source_id AS TEXT) ELSE d.source END AS source "
    "FROM deals_deal d LEFT JOIN leads_lead l ON l.deal_id = d.id AND l.source_id IS NOT NULL "
    "WHERE (l.source_id IS NOT NULL OR d.source <> '')"
)
_OF_LEADS = (  # that became customers without a deal
    f"SELECT l.id, l.same_as_id AS party_id, l.created_at AS at, '{LEAD}' || CAST(l.source_id AS TEXT) AS source "
    "FROM leads_lead l WHERE l.state = 'converted' AND l.source_id IS NOT NULL AND l.same_as_id IS NOT NULL"
)


def customers(db: BulkSession, among: str) -> Batches:
    """What each customer came by first."""
    deals = _OF_DEALS + (f" AND d.party_id {among}" if among else "")
    leads = _OF_LEADS + (f" AND l.same_as_id {among}" if among else "")
    return db.stream(_oldest("party_id", f"{deals} UNION ALL {leads}"), CUSTOMER.schema)


def orders(db: BulkSession, among: str) -> Batches:
    """By what the deals began that orders came of."""
    sql = (
        f"SELECT q.order_id, s.id, s.at, s.source FROM quotes_quote q JOIN ({_OF_DEALS}) s ON s.id = q.place_id "
        f"WHERE q.place_type = '{DEALS}' AND q.order_id IS NOT NULL" + (f" AND q.order_id {among}" if among else "")
    )
    return db.stream(_oldest("order_id", sql), ORDER.schema)


def _oldest(key: str, sql: str) -> str:
    """SQL for the source of the oldest row of each key."""
    nth = f"ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY at, id) AS nth"
    return f"SELECT {key}, source FROM (SELECT {key}, source, {nth} FROM ({sql}) AS found) AS ranked WHERE nth = 1"


def changed_customers(since: Since) -> str:
    """SQL for the customers whose deals or leads changed or went, or who were merged or parted."""
    return (
        f"SELECT party_id AS id FROM deals_deal WHERE id IN ({since.records(DEALS)}) "
        f"UNION SELECT party_id FROM deals_deal d JOIN leads_lead l ON l.deal_id = d.id "
        f"WHERE l.id IN ({since.records(LEADS)}) "
        f"UNION SELECT same_as_id FROM leads_lead WHERE same_as_id IS NOT NULL AND id IN ({since.records(LEADS)}) "
        f"UNION {_before(since, DEALS, 'party')} UNION {_before(since, LEADS, 'same_as')} UNION {since.parties()}"
    )


def _before(since: Since, object_type: str, name: str) -> str:
    """SQL for whom records named before they were changed or deleted, as the log says."""
    number = f"(changes #>> '{{{name},0}}')::bigint" if _on_postgres() else f"json_extract(changes, '$.{name}[0]')"
    return f"SELECT {number} FROM foundation_auditentry WHERE {since.entries(object_type)} AND {number} IS NOT NULL"


def changed_orders(since: Since) -> str:
    """SQL for the orders of quotes that changed, or of deals or leads that did."""
    of_quotes = f"SELECT order_id AS id FROM quotes_quote WHERE order_id IS NOT NULL AND place_type = '{DEALS}'"
    deals = f"{since.records(DEALS)} UNION SELECT deal_id FROM leads_lead WHERE id IN ({since.records(LEADS)})"
    return f"{of_quotes} AND id IN ({since.records(QUOTES)}) UNION {of_quotes} AND place_id IN ({deals})"


def _on_postgres() -> bool:
    return connection.vendor == "postgresql"


SOURCES = (
    Source(CUSTOMER, customers, changed_customers, (DEALS, LEADS)),
    Source(ORDER, orders, changed_orders, (DEALS, LEADS, QUOTES)),
)


def choices() -> Iterable[tuple[str, str]]:
    """Every source by its code."""
    named = LeadSource.objects.order_by("name").values_list("pk", "name")
    return [*((code, str(label)) for code, label in Beginning.choices), *((f"{LEAD}{pk}", name) for pk, name in named)]


DIMENSIONS = (
    Dimension(
        "customer_source",
        _("How customers came"),
        CHOICE,
        CUSTOMER.name,
        "customer_source",
        "party_id",
        choices=choices,
    ),
    Dimension("order_source", _("How orders began"), CHOICE, ORDER.name, "order_source", "order_id", choices=choices),
)
TILES = (
    ReadyTile(_("Sales by how customers came"), "m=sales&m=orders&m=customers&by=customer_source", Tile.Form.TABLE),
    ReadyTile(_("Sales by how orders began"), "m=sales&m=margin&m=orders&by=order_source", Tile.Form.TABLE),
)

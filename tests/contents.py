"""What an installation holds, in a form in which two of them can be compared: no row numbers, no times of writing.

It is read by a process in the environment of the installation, which prints it as JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tests.installation import Installation


def contents(place: Installation) -> dict[str, Any]:
    """What `place` holds now."""
    process = place.fork("from tests.contents import print_all; print_all()")
    code = process.wait()
    assert code == 0, process.erred.read_text()[-4000:]
    told: dict[str, Any] = json.loads(process.said.read_text(encoding="utf-8"))
    return told


def difference(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Where two contents differ: for each part a few of the rows that only one side has."""
    found: dict[str, Any] = {}
    for part in left.keys() | right.keys():
        if left.get(part) != right.get(part):
            ours, theirs = (Counter(map(str, side.get(part) or [])) for side in (left, right))
            found[part] = {
                "only left": list((ours - theirs).items())[:5],
                "only right": list((theirs - ours).items())[:5],
            }
    return found


def tell() -> dict[str, Any]:
    """Everything, read through Django in this process."""
    from guanxi.foundation.search.models import Document
    from guanxi.lake import tables

    parts = {**_customers(), **_orders(), **_events(), **_runs()}
    parts["found"] = sorted(Document.objects.values_list("title", flat=True))
    if tables.ready() is None:
        parts.update(_lake())
    return parts


def _sorted(rows: Any) -> list[list[str]]:
    return sorted([str(value) for value in row] for row in rows)


def _customers() -> dict[str, Any]:
    from guanxi.customers.models import ContactPoint, Party, PartyRole, SourceRecord
    from guanxi.orders.models import PurchaseSummary

    columns = [field.attname for field in PurchaseSummary._meta.concrete_fields if field.attname != "party_id"]
    return {
        "parties": _sorted(Party.objects.values_list("name", "latin_name", "kind", "city")),
        "roles": _sorted(PartyRole.objects.values_list("party__name", "role")),
        "contact points": _sorted(ContactPoint.objects.values_list("party__name", "kind", "key")),
        "source records": _sorted(SourceRecord.objects.values_list("source__code", "external_id", "party__name")),
        "summaries": _sorted(PurchaseSummary.objects.values_list("party__name", *columns)),
    }


def _orders() -> dict[str, Any]:
    from guanxi.catalog.models import Product
    from guanxi.orders.models import Order, OrderLine, Place

    orders = Order.objects.values_list(
        "key", "number", "kind", "party__name", "placed_at", "day", "place__code", "channel", "currency",
        "amount", "discount", "cost", "line_count",
    )  # fmt: skip
    lines = OrderLine.objects.values_list(
        "order__key", "key", "product__code", "quantity", "amount", "discount", "cost"
    )
    return {
        "orders": _sorted(orders),
        "lines": _sorted(lines),
        "products": _sorted(Product.objects.values_list("code", "name")),
        "places": _sorted(Place.objects.values_list("code", "name")),
    }


def _events() -> dict[str, Any]:
    from guanxi.ledger.models import Event

    rows = Event.objects.values_list("kind", "party__name", "channel", "object_type", "payload")
    return {"events": sorted([*map(str, row[:-1]), json.dumps(row[-1], sort_keys=True)] for row in rows)}


def _runs() -> dict[str, Any]:
    from guanxi.foundation.models import AuditEntry
    from guanxi.intake.models import ImportRun

    counts = ("kind", "file_name", "state", "read", "accepted", "rejected", "created", "updated", "unchanged")
    return {
        "runs": _sorted(ImportRun.objects.values_list(*counts)),
        "audited runs": _sorted(AuditEntry.objects.filter(object_type="intake.importrun").values_list("object_label")),
    }


def _lake() -> dict[str, Any]:
    from guanxi.foundation.visibility import SYSTEM
    from guanxi.lake import tables
    from guanxi.lake.query import Query, ask
    from guanxi.lake.schema import REFRESHED

    measures = ["sales", "orders", "customers", "new_customers", "units", "lines", "discount"]
    by = ["month", "product", "place"]
    line, event = tables.table("sales_line"), tables.table("event")
    return {
        "lake rows": sorted([table.name, str(tables.table(table.name).count().to_pyarrow())] for table in REFRESHED),
        "lake figures": _sorted(
            [row[name] for name in by + measures] for row in ask(Query(measures, by=by, limit=100_000), SYSTEM)
        ),
        "lake events": _sorted(row.values() for row in event.kind.value_counts().to_pyarrow().to_pylist()),
        "lake different": [str(line.line_id.nunique().to_pyarrow()), str(event.event_id.nunique().to_pyarrow())],
    }


def print_all() -> None:
    """Print everything as JSON, in a process of the installation."""
    from guanxi.project.cli import boot

    boot()
    print(json.dumps(tell()))

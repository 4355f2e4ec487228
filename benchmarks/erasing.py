"""Erasing one customer at full size, and asking of all customers whether they may be contacted.

Runs in a process of its own (`python -m benchmarks.erasing`), whose environment names home and database; prints JSON.
Three customers of the middle are erased, so it is measured last.
"""

from __future__ import annotations

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from benchmarks.measure import Figure, best  # noqa: E402
from guanxi.customers import contacting  # noqa: E402
from guanxi.customers.models import ContactPoint, Party  # noqa: E402
from guanxi.customers.rights import erasing  # noqa: E402
from guanxi.foundation import bulk  # noqa: E402
from guanxi.foundation.visibility import SYSTEM  # noqa: E402

TABLES = ("customers_contactpoint", "customers_partyrole", "customers_sourcerecord", "ledger_event", "orders_order")


def main() -> None:
    """Measure and print the figures as one JSON list."""
    figures = [_contactable(), *_erasing()]
    json.dump([figure.as_json() for figure in figures], sys.stdout)


def _contactable() -> Figure:
    def ask() -> None:
        with bulk.session() as db:
            contacting.contactable(db, "marketing", "mail")

    def count() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, date_of_birth FROM customers_party")
            cursor.fetchall()

    return Figure("may we, of all customers", best(ask), "s", best(count), "all customers read")


def _erasing() -> list[Figure]:
    parties = list(Party.objects.filter(merged_into=None).order_by("id")[1000:4000:1000])
    floor = best(lambda: _bare(parties[0].pk))
    taken = []
    for party in parties:
        keys = list(ContactPoint.objects.filter(party=party).values_list("key", flat=True))
        started = time.perf_counter()
        erasing.erase(party, by=SYSTEM)
        taken.append(time.perf_counter() - started)
        if ContactPoint.objects.filter(key__in=keys).exists() or Party.objects.filter(pk=party.pk).exists():
            raise RuntimeError(f"customer {party.pk} is still there")
    return [Figure("erasure of one customer", sorted(taken)[1], "s", floor, "his rows deleted in SQL", 10.0)]


def _bare(number: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE party_id = %s", [number])
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()

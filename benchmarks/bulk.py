"""Many customers changed together and put back, each with its old and new value, beside the barest UPDATE of as many.

Runs in a process of its own (`python -m benchmarks.bulk`), whose environment names home and database; prints JSON.
Afterwards the customers are what they were.
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
from guanxi.customers.models import Party  # noqa: E402
from guanxi.foundation.bulk_changes import actions, tasks  # noqa: E402
from guanxi.foundation.bulk_changes.models import BulkChange  # noqa: E402
from guanxi.foundation.desk import find  # noqa: E402
from guanxi.foundation.desk.choosing import Chosen  # noqa: E402
from guanxi.foundation.models import User  # noqa: E402

MOST = 100_000
TARGET = 20.0  # seconds, for MOST


def main() -> None:
    """Measure and print the figures as one JSON list."""
    by = User.objects.filter(is_staff=True).first() or User.objects.create_user("bench", is_staff=True)
    numbers = tuple(Party.objects.filter(merged_into=None).order_by("id").values_list("pk", flat=True)[:MOST])
    count, before = len(numbers), _cities()
    floor = best(lambda: _bare(numbers))
    desk = find("customers")
    assert desk is not None
    chosen = Chosen(desk, by, "", numbers)
    started, worked = time.perf_counter(), time.process_time()
    change = actions.begin(chosen, actions.EDIT, {"city": "臺南"}, by=by)
    tasks.work.call(change.pk)
    edited, edit_work = time.perf_counter() - started, time.process_time() - worked
    if Party.objects.filter(city="臺南").count() < count:
        raise RuntimeError("not all were changed")
    started, worked = time.perf_counter(), time.process_time()
    actions.begin_undo(change.pk, by=by)
    tasks.work.call(change.pk)
    undone, undo_work = time.perf_counter() - started, time.process_time() - worked
    row = BulkChange.objects.get(pk=change.pk)
    if row.restored + row.same < count or _cities() != before:
        raise RuntimeError(f"{row.restored} of {count} were put back")
    share = count / MOST
    name = "their cities in one UPDATE"
    figures = [
        Figure(f"bulk edit of {count:,} customers", edited, "s", floor, name),
        Figure("  of that: work of this process", edit_work, "s"),
        Figure("undoing it", undone, "s", floor, name),
        Figure("  of that: work of this process", undo_work, "s"),
        Figure("bulk edit and undo together", edited + undone, "s", 2 * floor, name, TARGET * share),
    ]
    json.dump([figure.as_json() for figure in figures], sys.stdout)


def _cities() -> dict[int, str]:
    return dict(Party.objects.order_by("id").values_list("pk", "city")[:1000])


def _bare(numbers: tuple[int, ...]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE customers_party SET city = 'x' WHERE id BETWEEN %s AND %s", [numbers[0], numbers[-1]])
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()

"""What SQLite plans by: counted where a table is of another size, once, and read by new connections."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from guanxi.foundation.models import Notification, User
from guanxi.operations import planning
from guanxi.operations.tasks import count_rows

pytestmark = pytest.mark.django_db
TABLE = Notification._meta.db_table


def notes(user: User, count: int) -> None:
    Notification.objects.bulk_create([Notification(user=user, title=f"王{number}") for number in range(count)])


def stats() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT idx, stat FROM sqlite_stat1 WHERE tbl = %s", [TABLE])
        return dict(cursor.fetchall())


@pytest.mark.skipif("connection.vendor == 'sqlite'")
def test_postgresql_keeps_it_up_by_itself() -> None:
    assert planning.outdated() == [] and count_rows.call() == {"tables": 0, "indexes": 0}


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_tables_of_another_size_are_counted(staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "LEAST", 50)
    others = set(planning.outdated())
    notes(staff, 60)
    assert set(planning.outdated()) == others | {TABLE} and planning.is_outdated()

    done: dict[str, Any] = count_rows.call()
    assert done["tables"] == len(others) + 1 and planning.outdated() == []
    known = stats()
    assert known and all(stat.endswith("noskipscan") and stat.startswith("60 ") for stat in known.values())

    notes(staff, 50)  # not yet twice as many
    assert planning.outdated() == []
    notes(staff, 20)
    assert planning.outdated() == [TABLE]
    count_rows.call()
    assert all(stat.count("noskipscan") == 1 and stat.startswith("130 ") for stat in stats().values())


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_a_table_that_lost_most_of_its_rows_is_left_alone(staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    notes(staff, 60)
    Notification.objects.all().delete()
    notes(staff, 3)
    monkeypatch.setattr(planning, "LEAST", 50)
    assert TABLE not in planning.outdated()

"""A new row is the same whether Django saves it or `insert` does, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.db.models.functions import Now
from django.db.models.signals import post_save
from django.utils import timezone

from guanxi.customers.models import ContactPoint, Party, Source, SourceRecord
from guanxi.foundation.inserting import insert
from guanxi.foundation.models import AuditEntry, Notification, User
from guanxi.ledger.models import Event
from guanxi.orders.models import Order

pytestmark = pytest.mark.django_db


def told(row: Model) -> dict[str, Any]:
    """All values of a row."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def a_party() -> Party:
    return Party(name="王美玲", profile={"age": 40, "色": "紅"}, made_up=True, created_at=timezone.now())


def a_point(party: Party, number: str) -> Model:
    return ContactPoint(party=party, kind="mail", value=f"{number}@x.tw", key=f"{number}@x.tw", preferred=True)


def an_event(party: Party, _number: str) -> Model:
    return Event(party=party, kind="note.added", occurred_at=timezone.now(), payload={"text": "茶"})


def an_order(party: Party, number: str, **more: Any) -> Model:
    source = Source.objects.get_or_create(code="x", name="X")[0]
    now = timezone.now()
    return Order(party=party, source=source, number=number, key=number, placed_at=now, day=now.date(), **more)


def an_entry(_party: Party, number: str) -> Model:
    return AuditEntry(action=number, actor_name="王", object_type="x.y", changes={"city": ["台北", None]})


TAXED = partial(an_order, amount=105, tax=19, state="draft")


@pytest.mark.parametrize("made", [a_point, an_event, an_order, TAXED, an_entry])
def test_a_row_is_as_django_would_have_it(made: Callable[[Party, str], Model]) -> None:
    party = a_party()
    insert([party])
    one, other = made(party, "1"), made(party, "2")
    insert([one])
    other.save(force_insert=True)
    stored = type(one)._base_manager.get(pk=one.pk)
    assert told(stored) == told(one)
    assert (one._state.adding, one._state.db) == (other._state.adding, other._state.db)
    assert [type(value) for value in told(one).values()] == [type(value) for value in told(other).values()]


def test_several_get_their_numbers_in_order() -> None:
    rows = [AuditEntry(action="a.b", actor_name="王", object_type="x.y", object_label=f"{n}") for n in range(5)]
    insert(rows)
    kept = list(AuditEntry.objects.order_by("pk").values_list("pk", "object_label"))
    assert kept == [(row.pk, f"{n}") for n, row in enumerate(rows)]
    assert all(isinstance(row.transaction, int) for row in rows)


def test_who_listens_is_told(staff: User) -> None:
    heard = []

    def listen(instance: Notification, created: bool, **_signal: Any) -> None:
        heard.append((instance.title, created))

    post_save.connect(listen, sender=Notification)
    try:
        insert([Notification(user=staff, title="茶")])
    finally:
        post_save.disconnect(listen, sender=Notification)
    assert heard == [("茶", True)]


def test_what_the_database_works_out_is_left_to_it() -> None:
    entry = AuditEntry(action="a.b", actor_name="王", object_type="x.y", at=Now())
    insert([entry])
    assert abs(AuditEntry.objects.get().at - timezone.now()) < timedelta(minutes=1)


def test_a_refusal_of_the_database_ends_the_transaction() -> None:
    source, party = Source.objects.create(code="x", name="X"), a_party()
    insert([party])

    def record() -> SourceRecord:
        return SourceRecord(source=source, external_id="1", payload={}, digest="d", received_at=timezone.now())

    insert([record()])
    with transaction.atomic():
        with suppress(IntegrityError):
            insert([record()])
        assert connection.needs_rollback
        connection.set_rollback(True)
    assert SourceRecord.objects.count() == 1

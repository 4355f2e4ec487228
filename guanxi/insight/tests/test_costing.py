"""What was done with customers costs what the rates say, once: booked in the ledger, corrected, taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guanxi.channels.activities import actions as activities
from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import actions as calendar
from guanxi.customers import actions as customers
from guanxi.customers.models import Merge, Party
from guanxi.customers.rights import erasing
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.insight import actions, booking
from guanxi.insight.models import COSTS, Cost
from guanxi.ledger import queries
from guanxi.ledger.actions import record
from guanxi.ledger.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(staff: User) -> Party:
    return customers.create_party(name="Acme Ltd", kind="organisation", by=staff)


@pytest.fixture
def rates(staff: User) -> None:
    """A visit costs 20, each hour of it 60 and each kilometre 0.5; a call 3."""
    actions.create_cost_rate(
        kind="visit", purpose="sell", amount=Decimal(20), hour=Decimal(60), kilometre=Decimal("0.5"), by=staff
    )
    actions.create_cost_rate(kind="call", purpose="keep", amount=Decimal(3), by=staff)


def booked(party: Party, **narrowed: Any) -> list[Decimal]:
    """What the ledger was told, in the order in which it was."""
    events = Event.objects.filter(party=party, kind=COSTS, **narrowed).order_by("id")
    return [Decimal(event.payload["amount"]) for event in events]


def visit(party: Party, by: User, **values: Any) -> Activity:
    return activities.log("held", by=by, record=party, kind="visit", **{"minutes": 90, "kilometres": 40, **values})


def test_a_visit_costs_its_hours_its_way_and_what_was_paid(acme: Party, rates: None, staff: User) -> None:
    held = visit(acme, staff, expenses=Decimal("12.35"))
    assert booked(acme) == [Decimal("142.35")]  # 20 + 1.5 x 60 + 40 x 0.5 + 12.35
    event = Event.objects.get(kind=COSTS)
    assert (event.occurred_at, event.actor_id, event.channel) == (held.starts_at, staff.pk, "in_person")
    assert (event.payload["of"], event.payload["purpose"]) == ("visit", "sell")
    assert booking.book_costs(by=SYSTEM) == 0, "asked again it is the same"
    activities.hold(held.pk, "nobody_came", by=staff)
    assert len(booked(acme)) == 1, "another outcome costs no more"


def test_each_time_of_what_repeats_costs_by_itself(acme: Party, rates: None, staff: User) -> None:
    began = timezone.now() - timedelta(days=8)
    series = activities.plan(by=staff, record=acme, kind="visit", starts_at=began, minutes=90)
    calendar.repeat(series.pk, "week", by=staff)
    last, before = activities.hold(series.pk, "held", by=staff), activities.hold(series.pk, "held", by=staff)
    assert booked(acme) == [110, 110]  # 20 + 1.5 x 60
    assert set(Cost.objects.values_list("object_id", flat=True)) == {last.pk, before.pk}
    activities.edit(last.pk, {"kilometres": 40}, by=staff)
    activities.hold(series.pk, "nobody_came", at=before.by_rule, by=staff)
    assert booked(acme) == [110, 110, 20]


def test_what_is_changed_or_taken_back_is_corrected(acme: Party, rates: None, staff: User) -> None:
    held = visit(acme, staff)
    activities.edit(held.pk, {"minutes": 30}, by=staff)
    assert booked(acme) == [130, -60]
    activities.edit(held.pk, {"kind": "call"}, by=staff)
    assert booked(acme) == [130, -60, -70, 3]
    activities.edit(held.pk, {"private": True}, by=staff)
    assert sum(booked(acme)) == 0, "the ledger tells nothing of what is private"
    activities.edit(held.pk, {"private": False}, by=staff)
    activities.remove(held.pk, by=staff)
    assert sum(booked(acme)) == 0 and Cost.objects.get().amount == 0
    planned = activities.plan(by=staff, record=acme, kind="visit")
    activities.cancel(planned.pk, by=staff)
    assert sum(booked(acme)) == 0


def test_rates_are_booked_for_what_was_before_them_and_follow(acme: Party, staff: User) -> None:
    for _each in range(2):
        activities.log("reached", by=staff, record=acme, kind="call")
    record("campaign.mailed", by=staff, party=acme, channel="post", direction="out")
    record("campaign.mailed", by=staff, party=acme, channel="mail", direction="out")
    record("call", by=staff, party=acme, channel="phone", payload={"text": "told by another system"})
    assert booking.book_costs(by=SYSTEM) == 0
    rate = actions.create_cost_rate(kind="call", purpose="sell", amount=Decimal(3), by=staff)
    actions.create_cost_rate(kind="campaign.mailed", channel="post", purpose="attract", amount=Decimal(1), by=staff)
    assert booking.book_costs(by=SYSTEM) == 4, "three calls, each once, and the letter"
    assert sum(booked(acme)) == 10
    actions.edit_cost_rate(rate.pk, {"amount": Decimal(5)}, by=staff)
    booking.book_costs(by=SYSTEM)
    assert sum(booked(acme)) == 16
    actions.delete_cost_rate(rate.pk, by=staff)
    booking.book_costs(by=SYSTEM)
    assert sum(booked(acme)) == 1


def test_what_is_new_in_the_ledger_is_booked_by_itself(
    acme: Party, rates: None, staff: User, colleague: Callable[..., User]
) -> None:
    booking.book_new_costs(by=SYSTEM)
    record("call", by=staff, party=acme, channel="phone")
    Activity.objects.bulk_create(  # as sets are written, which no action hears of; the ledger was told
        [Activity(kind="visit", subject="x", party=acme, owner=staff, minutes=60, state="held", uid="a")]
    )
    about = Activity.objects.get()
    record("visit", by=staff, party=acme, channel="in_person", about=about)
    assert booking.book_new_costs(by=SYSTEM) in (0, 2)  # PostgreSQL: this transaction is open still
    booking.book_costs(by=SYSTEM)
    assert sorted(booked(acme)) == [3, 80]
    with pytest.raises(NotAllowed):
        booking.book_costs(by=colleague("rep", "sales"))


def test_costs_follow_merges_and_go_with_whom_is_erased(acme: Party, rates: None, staff: User) -> None:
    other = customers.create_party(name="Acme GmbH", kind="organisation", by=staff)
    held = visit(acme, staff)
    customers.merge_parties(other, [acme], by=staff)
    activities.edit(held.pk, {"minutes": 30}, by=staff)
    assert booked(other) == [130, -60] and booking.book_costs(by=SYSTEM) == 0
    customers.undo_merge(Merge.objects.get().pk, by=staff)
    assert booked(acme) == [130, -60] and booking.book_costs(by=SYSTEM) == 0
    erasing.erase(acme, by=staff)
    assert not Cost.objects.exists() and not Event.objects.filter(kind=COSTS).exists()


def test_who_sees_no_rates_sees_no_costs(
    acme: Party, rates: None, staff: User, colleague: Callable[..., User], client: Client
) -> None:
    visit(acme, staff)
    reader = colleague("reader", "read-only")
    for viewer, sees in ((staff, True), (reader, False)):
        assert Event.objects.visible_to(viewer).filter(kind=COSTS).exists() is sees
        client.force_login(viewer)
        page = client.get(f"/customers/{acme.pk}/timeline/?family=costs").content.decode()
        assert ("130.00" in page) is sees, viewer
    every = queries.timeline(acme, staff)
    assert COSTS not in {card.kind.code for card in every.cards}, "under its own tab only"
    event = Event.objects.get(kind=COSTS)
    client.force_login(reader)
    assert client.get(f"/api/v1/events/{event.pk}").status_code == 404


def test_the_way_is_typed_on_the_form_the_record_and_by_programs(
    acme: Party, rates: None, staff_client: Client, api: Client
) -> None:
    form = staff_client.get(f"/activities/of/customers.party/{acme.pk}/?add=visit").content.decode()
    assert "Kilometres" in form and "Expenses" in form
    sent = {"kind": "visit", "outcome": "held", "once": "a", "minutes": "60", "kilometres": "10", "expenses": "4.5"}
    staff_client.post(f"/activities/of/customers.party/{acme.pk}/", sent)
    assert booked(acme) == [Decimal("89.5")]
    number = Activity.objects.get().pk
    assert "4.50" in staff_client.get(f"/activities/{number}/").content.decode()
    body = {"kind": "visit", "outcome": "held", "object_type": "customers.party", "object_id": acme.pk, "minutes": 0}
    answer = api.post("/api/v1/activities", {**body, "kilometres": 2}, content_type="application/json")
    assert answer.status_code == 201 and answer.json()["kilometres"] == 2
    assert booked(acme) == [Decimal("89.5"), 21]
    refused = api.post("/api/v1/activities", {**body, "kilometres": -1}, content_type="application/json")
    assert refused.status_code == 422
    refused = staff_client.post(f"/activities/of/customers.party/{acme.pk}/", {**sent, "once": "b", "expenses": "-1"})
    assert refused.status_code == 422

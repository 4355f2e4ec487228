"""The ledger: what is recorded, and the timeline of a party page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from guanxi.customers.actions import create_party
from guanxi.customers.models import Party
from guanxi.foundation import clock, hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.keyset import BadCursor
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed
from guanxi.ledger import kinds, queries
from guanxi.ledger.actions import record
from guanxi.ledger.models import Event
from guanxi.orders.actions import Line, create_order

pytestmark = pytest.mark.django_db
START = datetime(2017, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def mei(staff: User) -> Party:
    party = create_party(by=staff, name="王美玲")
    Event.objects.all().delete()
    return party


def happen(party: Party, by: User, count: int, kind: str = "call", **values: Any) -> None:
    for index in range(count):
        record(
            kind, by=by, party=party, occurred_at=START + timedelta(days=index), payload={"text": f"{index}"}, **values
        )


def texts(timeline: queries.Timeline) -> list[str]:
    return [happening.event.payload["text"] for card in timeline.cards for happening in card.happenings]


def test_pages_follow_each_other_without_gap_or_repeat(staff: User, mei: Party) -> None:
    happen(mei, staff, 70)
    found, before = [], None
    while True:
        page = queries.timeline(mei, staff, before=before, limit=30)
        found += texts(page)
        before = page.next
        if before is None:
            break
    assert found == [str(index) for index in reversed(range(70))]


def test_events_of_one_moment_are_told_apart_by_their_number(staff: User, mei: Party) -> None:
    for index in range(5):
        record("call", by=staff, party=mei, occurred_at=START, payload={"text": str(index)})
    first = queries.timeline(mei, staff, limit=3)
    second = queries.timeline(mei, staff, limit=3, before=first.next)
    assert texts(first) + texts(second) == ["4", "3", "2", "1", "0"]


def test_a_cursor_that_was_never_given_is_refused(staff: User, mei: Party) -> None:
    for cursor in ("x", "eyJhIjoxfQ", "WyJubyIsMV0", "WzEsMl0", "ÿ"):
        with pytest.raises(BadCursor):
            queries.timeline(mei, staff, before=cursor)


def test_months_are_headed_once_also_across_pages(staff: User, mei: Party) -> None:
    happen(mei, staff, 40)
    first = queries.timeline(mei, staff, limit=3)
    second = queries.timeline(mei, staff, limit=20, before=first.next)
    assert [(month.first_day.month, month.continued) for month in first.months] == [(4, False)]
    assert [(month.first_day.month, month.continued) for month in second.months] == [(4, True), (3, False)]


def test_filters_by_channel_kind_and_family(staff: User, mei: Party) -> None:
    happen(mei, staff, 2, channel="phone")
    happen(mei, staff, 3, kind="visit", channel="in_person")
    assert len(texts(queries.timeline(mei, staff, channel="phone"))) == 2
    assert len(texts(queries.timeline(mei, staff, kind="visit"))) == 3
    assert len(texts(queries.timeline(mei, staff, family=kinds.Family.CALLS))) == 2
    assert texts(queries.timeline(mei, staff, family=kinds.Family.ORDERS)) == []


def test_what_follows_each_other_and_is_alike_is_one_card(staff: User, mei: Party) -> None:
    mailing = kinds.EventKind("test.mailed", "Mailing", "mail", "Mailing %(text)s", many="%(count)s mailings")
    with hooks.registered("event_kind", mailing):
        happen(mei, staff, 4, kind="test.mailed")
        record("call", by=staff, party=mei, occurred_at=START + timedelta(days=1, hours=1), payload={})
        cards = queries.timeline(mei, staff).cards
        assert [card.summary for card in cards] == ["2 mailings", "Call", "2 mailings"]
        assert (cards[0].since.day, cards[0].until.day) == (3, 4)


def test_the_cost_does_not_grow_with_the_page(staff: User, mei: Party) -> None:
    def cost(limit: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            queries.timeline(mei, staff, limit=limit)
        return len(captured)

    for index in range(12):
        create_order(
            mei, [Line(description="牛奶", amount=Decimal(8))], by=staff, placed_at=START + timedelta(days=index)
        )
    assert cost(1) == cost(12) == 2


def test_a_stranger_sees_and_records_nothing(staff: User, stranger: User, mei: Party) -> None:
    happen(mei, staff, 3)
    assert queries.timeline(mei, stranger).cards == []
    with pytest.raises(NotAllowed):
        record("call", by=stranger, party=mei)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"direction": "up"}, "direction"),
        ({"kind": "k" * 41}, "kind"),
        ({"payload": {"text": "長" * 20_001}}, "payload"),
    ],
)
def test_what_cannot_have_happened_is_refused(staff: User, mei: Party, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        record(values.pop("kind", "call"), by=staff, party=mei, **values)
    assert refused.value.field == field


def test_the_future_has_not_happened(staff: User, mei: Party) -> None:
    with pytest.raises(Refused) as refused:
        record("call", by=staff, party=mei, occurred_at=clock.now() + timedelta(days=3))
    assert refused.value.field == "occurred_at"


def test_payloads_are_kept_as_plain_values(staff: User, mei: Party) -> None:
    event = record("call", by=staff, party=mei, payload={"amount": Decimal("8.20"), "day": START.date(), "who": ["王"]})
    event.refresh_from_db()
    assert event.payload == {"amount": "8.20", "day": "2017-03-01", "who": ["王"]}


def test_a_kind_that_nobody_declared_is_shown_by_its_code() -> None:
    assert kinds.of("web.visit").sentence({}) == "Web visit"


def test_a_sentence_survives_a_payload_without_its_values() -> None:
    assert kinds.EventKind("x", "X", summary="Order %(number)s · %(amount)s").sentence({}) == "Order  ·"


def test_scrolling_over_http(staff_client: Client, staff: User, mei: Party) -> None:
    happen(mei, staff, 60)
    card = staff_client.get(f"/customers/{mei.pk}/timeline/").content.decode()
    assert "April 2017" in card
    following = card.split('hx-get="')[-1].split('"')[0].replace("&amp;", "&")
    more = staff_client.get(following).content.decode()
    assert "March 2017" in more
    assert "April 2017" not in more
    assert staff_client.get(f"/customers/{mei.pk}/timeline/more/?before=nonsense").status_code == 422
    assert staff_client.get("/customers/987654/timeline/").status_code == 404
    assert "Nothing of this kind" in staff_client.get(f"/customers/{mei.pk}/timeline/?family=orders").content.decode()


def test_the_list_of_events(staff_client: Client, staff: User, mei: Party) -> None:
    happen(mei, staff, 2)
    text = staff_client.get("/events/").content.decode()
    assert "王美玲" in text
    event = Event.objects.latest("id")
    assert staff_client.get(f"/events/{event.pk}/").status_code == 200


def test_a_call_is_written_down_on_the_page(staff_client: Client, client: Client, stranger: User, mei: Party) -> None:
    address = f"/customers/{mei.pk}/note/"
    assert "問外送" in staff_client.post(address, {"kind": "call", "text": " 問外送 "}).content.decode()
    event = Event.objects.get()
    assert (event.kind, event.channel, event.direction, event.payload) == ("call", "phone", "out", {"text": "問外送"})
    for wrong in ({"kind": "call", "text": " "}, {"kind": "order.placed", "text": "假的"}):
        refused = staff_client.post(address, wrong)
        assert refused.status_code == 422
        assert wrong["text"].strip() in refused.content.decode()
    client.force_login(stranger)
    assert client.post(address, {"kind": "call", "text": "x"}).status_code == 403
    assert Event.objects.count() == 1

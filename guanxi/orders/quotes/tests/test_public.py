"""The page of the customer: he reads, chooses, asks, accepts once or declines; old and foreign links are safe."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.test import Client

from guanxi.catalog.actions import create_product
from guanxi.customers.actions import create_party
from guanxi.foundation import clock
from guanxi.foundation.attachments.actions import attach
from guanxi.foundation.models import Notification, User
from guanxi.ledger.models import Event
from guanxi.orders.models import Order, PurchaseSummary
from guanxi.orders.papers.models import Letterhead
from guanxi.orders.quotes import actions, links
from guanxi.orders.quotes.actions import Draft
from guanxi.orders.quotes.models import Quote

pytestmark = pytest.mark.django_db
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


@pytest.fixture(autouse=True)
def _asked_by_nobody_before() -> None:
    cache.clear()


@pytest.fixture
def sent(staff: User) -> Quote:
    tea = create_product(code="tea", name="Tea", price=Decimal("10.00"), cost=Decimal("4.00"), by=staff)
    party = create_party(by=staff, name="王美玲", language="zh-hant")
    lines = [Draft(tea, quantity=Decimal(10)), Draft(description="Freight", price=Decimal("5.00"), optional=True)]
    quote = actions.create_quote(party, lines, by=staff, discount_percent=Decimal(10))
    return actions.send(quote.pk, by=staff)


def address(quote: Quote) -> str:
    return f"/offers/{links.token_of(quote)}/"


def test_accepting_makes_the_order_once(client: Client, sent: Quote, staff: User) -> None:
    page = client.get(address(sent), headers={"Accept-Language": "en"})
    text = page.content.decode()
    assert "接受" in text and "Freight" in text and page.headers["Referrer-Policy"] == "no-referrer"
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy and "style=" not in text
    assert "Accept and order" in client.get(f"{address(sent)}?language=en").content.decode()
    option = sent.lines.get(optional=True).pk
    with_option = client.post(f"{address(sent)}?language=en", {"do": "sum", "option": option}).content.decode()
    assert "94.50" in with_option and not Order.objects.exists()
    for missing in ({"name": "Mei"}, {"agree": "1"}, {"name": "Mei", "agree": "1", "option": "999"}):
        assert client.post(address(sent), {"do": "accept", **missing}).status_code == 422
    said = {"do": "accept", "name": " Mei  Ling ", "agree": "1", "option": option}
    assert client.post(address(sent), said).status_code == 302
    quote = Quote.objects.get()
    assert (quote.state, quote.answered_by, quote.answered_from) == ("accepted", "Mei Ling", "127.0.0.1")
    order = Order.objects.get()
    assert (quote.order_id, order.amount, order.discount, order.cost) == (
        order.pk,
        Decimal("94.50"),
        Decimal("10.50"),
        None,
    )
    assert PurchaseSummary.objects.get().revenue == Decimal("94.50")
    kinds = set(Event.objects.filter(party=quote.party).values_list("kind", flat=True))
    assert {"quote.sent", "quote.accepted", "order.placed"} <= kinds
    assert Notification.objects.filter(user=staff, title__contains="Mei Ling").exists()
    again = client.post(address(sent), said)
    assert again.status_code == 410 and "Mei Ling" in again.content.decode()
    declined = client.post(address(sent), {"do": "decline", "name": "Mei", "reason": "no"})
    assert declined.status_code == 410 and Order.objects.count() == 1
    assert client.get(f"{address(sent)}pdf/").content[:5] == b"%PDF-"


def test_declining_needs_a_reason_and_questions_are_answered(client: Client, sent: Quote, staff_client: Client) -> None:
    assert client.post(address(sent), {"do": "comment", "name": "Mei", "text": "When?"}).status_code == 302
    staff_client.post(f"/quotes/{sent.pk}/do/", {"what": "answer", "text": "Tomorrow."})
    page = client.get(address(sent)).content.decode()
    assert "When?" in page and "Tomorrow." in page
    assert client.post(address(sent), {"do": "comment", "name": "Mei", "text": " "}).status_code == 422
    assert client.post(address(sent), {"do": "decline", "name": "Mei", "reason": ""}).status_code == 422
    assert client.post(address(sent), {"do": "decline", "name": "Mei", "reason": "Too dear"}).status_code == 302
    quote = Quote.objects.get()
    assert (quote.state, quote.reason) == ("declined", "Too dear")
    assert client.post(address(sent), {"do": "accept", "name": "Mei", "agree": "1"}).status_code == 410
    assert not Order.objects.exists()


def test_links_end(client: Client, sent: Quote, staff: User) -> None:
    said = {"do": "accept", "name": "Mei", "agree": "1"}
    assert client.get(f"{address(sent)[:-5]}x/").status_code == 404
    Quote.objects.update(valid_until=clock.today() - timedelta(days=1))
    assert "失效" in client.get(address(sent)).content.decode() or "無效" in client.get(address(sent)).content.decode()
    assert client.post(address(sent), said).status_code == 410
    second = actions.new_version(sent.pk, by=staff)
    assert client.post(address(sent), said).status_code == 410
    assert client.get(f"{address(sent)}pdf/").status_code == 404
    second = actions.send(second.pk, by=staff)
    old = address(second)
    actions.withdraw(second.pk, by=staff)
    assert client.get(old).status_code == 404 and client.post(old, said).status_code == 404
    assert not Order.objects.exists()


def test_who_asks_too_often_waits(client: Client, sent: Quote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guanxi.orders.quotes.public.MOST", 3)
    assert [client.get(address(sent)).status_code for _time in range(4)] == [200, 200, 200, 429]


def test_the_logo_and_the_texts_of_the_business(home: Any, client: Client, sent: Quote, staff: User) -> None:
    assert client.get(f"{address(sent)}logo/").status_code == 404
    head = Letterhead.objects.create(
        name="關係茶行", language="zh-hant", quote_text="謝謝您的詢問。", foot="統編 12345678"
    )
    attach(head, "logo.png", ContentFile(PICTURE), by=staff)
    page = client.get(address(sent)).content.decode()
    assert "謝謝您的詢問。" in page and "統編 12345678" in page and "logo/" in page
    assert client.get(f"{address(sent)}logo/").content == PICTURE
    assert client.get(f"{address(sent)}pdf/").content[:5] == b"%PDF-"

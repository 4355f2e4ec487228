"""Invoices: numbers without gaps, credit notes, the electronic invoice, payments, reminders, habits."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import facturx
import pytest
from django.core import mail as outbox
from django.db import connection, transaction
from django.test import Client
from lxml import etree

from guanxi.catalog.actions import create_product
from guanxi.customers.actions import create_party
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed
from guanxi.lake import query, refresh
from guanxi.ledger.models import Event
from guanxi.orders.actions import Line, create_order
from guanxi.orders.handling import actions as handling
from guanxi.orders.invoices import actions, document, einvoice, habits, tasks
from guanxi.orders.invoices.models import Invoice, PaymentHabit, Reminder, ReminderLevel
from guanxi.orders.models import Order
from guanxi.orders.papers.models import Letterhead

pytestmark = pytest.mark.django_db
JSON = "application/json"
SELLER = {
    "name": "Kwan Tea GmbH", "address": "Hafenstr. 1", "postcode": "20457", "city": "Hamburg", "country": "DE",
    "tax_number": "DE123456788", "iban": "DE02120300000000202051", "bic": "BYLADEM1001",
}  # fmt: skip


def an_order(staff: User, **values: Any) -> Order:
    tea = create_product(code="tea", name="Tee & Zubehör", price=Decimal("10.00"), by=staff)
    party = create_party(
        by=staff, name="Hop Shing", kind="organisation", mail="hop@example.com", country="DE", city="Kiel"
    )
    lines = [
        Line(tea, quantity=Decimal(3), amount=Decimal("25.00"), tax_percent=Decimal(19)),
        Line(description="Buch", amount=Decimal("9.99"), tax_percent=Decimal(7)),
    ]
    return create_order(party, lines, by=staff, state="confirmed", **values)


@pytest.fixture
def order(staff: User) -> Order:
    return an_order(staff)


@pytest.fixture
def issued(staff: User, order: Order) -> Invoice:
    Letterhead.objects.create(**SELLER)
    return actions.issue(actions.invoice_order(order.pk, by=staff).pk, by=staff)


def days(invoice: Invoice, due: int, settings: Any) -> None:
    """Let the invoice have been due so many days ago."""
    Invoice.objects.filter(pk=invoice.pk).update(due_on=date(2020, 6, 15) - timedelta(days=due))
    settings.GUANXI_TODAY = date(2020, 6, 15)


def test_from_delivery_and_order_nothing_twice_and_nothing_lost(staff: User, order: Order) -> None:
    line = order.lines.order_by("id").first()
    with pytest.raises(Refused, match="Nothing was delivered"):
        actions.invoice_order(order.pk, by=staff, delivered_only=True)
    amounts = []
    for _part in range(2):
        handling.deliver(order.pk, {line.pk: Decimal(1)}, by=staff)
        amounts.append(actions.invoice_order(order.pk, by=staff, delivered_only=True).net)
    rest = actions.invoice_order(order.pk, by=staff)
    assert amounts == [Decimal("8.33"), Decimal("8.33")] and rest.net == Decimal("18.33")
    assert (rest.tax, rest.total) == (Decimal("2.28"), Decimal("20.61"))  # 8.34 at 19 %: 1.58; 9.99 at 7 %: 0.70
    with pytest.raises(Refused, match="invoiced already"):
        actions.invoice_order(order.pk, by=staff)
    actions.discard(rest.pk, by=staff)
    assert actions.invoice_order(order.pk, by=staff).net == Decimal("18.33")


def test_numbers_have_no_gaps_though_some_fail(staff: User, order: Order, settings: Any) -> None:
    first = actions.invoice_order(order.pk, by=staff)
    assert first.number == ""

    def fail() -> None:
        with transaction.atomic():
            actions.issue(first.pk, by=staff)
            raise RuntimeError("the machine stops")

    with pytest.raises(RuntimeError):
        fail()
    settings.GUANXI_TODAY = date(2020, 12, 31)
    first = actions.issue(first.pk, by=staff)
    assert first.number == "R2020-00001"
    for step in (actions.issue, actions.discard):
        with pytest.raises(Refused, match="credit note"):
            step(first.pk, by=staff)
    with pytest.raises(Refused, match="credit note"):
        actions.edit_invoice(first.pk, {"text": "x"}, by=staff)
    assert actions.credit(first.pk, by=staff).number == "G2020-00001"
    settings.GUANXI_TODAY = date(2021, 1, 1)
    again = actions.issue(actions.invoice_order(order.pk, by=staff).pk, by=staff)
    assert again.number == "R2021-00001"


@pytest.mark.django_db(transaction=True)
def test_two_people_issue_at_once(staff: User) -> None:
    order = an_order(staff)
    line = order.lines.order_by("id").first()
    drafts = []
    for _part in range(3):
        handling.deliver(order.pk, {line.pk: Decimal(1)}, by=staff)
        drafts.append(actions.invoice_order(order.pk, by=staff, delivered_only=True).pk)
    start = threading.Barrier(3)

    def issue(number: int) -> None:
        try:
            start.wait()
            actions.issue(number, by=staff)
        finally:
            connection.close()

    threads = [threading.Thread(target=issue, args=[number]) for number in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert [number[-5:] for number in numbers] == ["00001", "00002", "00003"]


def test_the_electronic_invoice_fits_its_schema(staff: User, issued: Invoice) -> None:
    xml = einvoice.xml_of(issued)
    assert facturx.xml_check_xsd(xml, flavor="factur-x", level="en16931")
    tree = etree.fromstring(xml)
    found = {name: tree.findtext(f".//{{*}}{name}") for name in ("GrandTotalAmount", "DuePayableAmount", "IBANID")}
    assert found == {"GrandTotalAmount": "40.44", "DuePayableAmount": "40.44", "IBANID": SELLER["iban"]}
    pdf = document.pdf_of(issued)
    name, inside = facturx.get_xml_from_pdf(pdf, check_xsd=True)
    assert (
        name == "factur-x.xml" and etree.fromstring(inside).findtext(".//{*}ExchangedDocument/{*}ID") == issued.number
    )
    note = actions.credit(issued.pk, {issued.lines.first().pk: Decimal(1)}, by=staff)
    tree = etree.fromstring(einvoice.xml_of(note))
    assert tree.findtext(".//{*}ExchangedDocument/{*}TypeCode") == "381"
    # What stands on it stays as it was issued; without countries there is the PDF alone.
    Letterhead.objects.update(name="Other", country="")
    assert b"Kwan Tea" in einvoice.xml_of(Invoice.objects.get(pk=issued.pk))
    Invoice.objects.filter(pk=issued.pk).update(seller={"name": "Kwan"})
    bare = Invoice.objects.get(pk=issued.pk)
    assert document.pdf_of(bare)[:5] == b"%PDF-"
    with pytest.raises(Refused, match="country"):
        einvoice.xml_of(bare)


def test_payments_in_parts_too_much_and_back(staff: User, issued: Invoice, settings: Any) -> None:
    days(issued, -10, settings)
    with pytest.raises(Refused, match="paid back"):
        actions.pay(issued.pk, Decimal(-1), by=staff)
    actions.pay(issued.pk, Decimal(30), by=staff, day=date(2020, 6, 14), reference="TX1")
    with pytest.raises(Refused, match="noted already"):
        actions.pay(issued.pk, Decimal(30), by=staff, reference="TX1")
    with pytest.raises(Refused, match="future"):
        actions.pay(issued.pk, Decimal(1), by=staff, day=date(2020, 6, 16))
    issued.refresh_from_db()
    assert (issued.left, issued.state) == (Decimal("10.44"), "open")
    actions.pay(issued.pk, Decimal(20), by=staff, reference="TX2")
    issued.refresh_from_db()
    assert (issued.left, issued.state, issued.settled_on) == (Decimal("-9.56"), "paid", date(2020, 6, 15))
    actions.pay(issued.pk, Decimal("-9.56"), by=staff)
    issued.refresh_from_db()
    assert issued.left == 0 and issued.state == "paid"
    kinds = list(Event.objects.filter(kind__startswith="invoice.").order_by("id").values_list("kind", flat=True))
    assert kinds == ["invoice.issued", "invoice.paid", "invoice.paid", "invoice.refunded"]
    habit = PaymentHabit.objects.get()
    assert (habit.settled, habit.days_late, habit.left) == (1, -10, 0)


def test_credit_notes(staff: User, issued: Invoice, order: Order) -> None:
    line = issued.lines.order_by("position").first()
    with pytest.raises(Refused, match="credit its invoices first"):
        handling.cancel(order.pk, by=staff)
    note = actions.credit(issued.pk, {line.pk: Decimal(1)}, by=staff)
    issued.refresh_from_db()
    assert (note.total, issued.left) == (Decimal("9.91"), Decimal("30.53"))
    with pytest.raises(Refused, match="no more can be credited"):
        actions.credit(issued.pk, {line.pk: Decimal(3)}, by=staff)
    actions.credit(issued.pk, by=staff)
    issued.refresh_from_db()
    assert issued.state == "credited" and issued.left <= Decimal("0.01")
    with pytest.raises(Refused, match="credited already"):
        actions.credit(issued.pk, by=staff)
    assert handling.cancel(order.pk, by=staff).state == "cancelled"
    assert PaymentHabit.objects.get().settled == 0  # nobody paid


def test_reminders_are_proposed_and_seen_before_they_are_sent(
    staff: User, issued: Invoice, settings: Any, staff_client: Client
) -> None:
    for level, after in ((1, 7), (2, 21)):
        ReminderLevel.objects.create(level=level, days=after, text=f"Level {level}.")
    days(issued, 6, settings)
    assert tasks.propose_reminders.call() == 0
    days(issued, 8, settings)
    assert [tasks.propose_reminders.call() for _twice in range(2)] == [1, 0]
    assert not outbox.outbox
    first = Reminder.objects.get()
    assert "Level 1." in staff_client.get(f"/reminders/{first.pk}/").content.decode()
    staff_client.post(f"/reminders/{first.pk}/do/", {"what": "send"})
    letter = outbox.outbox[0]
    assert issued.number in letter.subject and letter.attachments[0][0] == f"{issued.number}.pdf"
    with pytest.raises(Refused, match="Sent"):
        actions.send_reminder(first.pk, by=staff)
    assert tasks.propose_reminders.call() == 0  # the second level is not due yet
    days(issued, 30, settings)
    assert tasks.propose_reminders.call() == 1
    actions.pay(issued.pk, issued.total, by=staff)
    assert list(Reminder.objects.order_by("level").values_list("state", flat=True)) == ["sent", "paid"]
    assert PaymentHabit.objects.get().days_late == 30


def test_habits_have_a_trend(staff: User, issued: Invoice, settings: Any) -> None:
    for late in (0, 0, 10, 10, 10, 10):
        Invoice.objects.create(
            party=issued.party, number=f"X{Invoice.objects.count()}", state="paid", currency="USD", language="en",
            due_on=date(2020, 1, 1), settled_on=date(2020, 1, 1) + timedelta(days=late),
        )  # fmt: skip
    habit = habits.recompute(issued.party)
    assert habit is not None and (habit.settled, habit.trend) == (6, 8.0)
    assert habit.left == issued.total


def test_on_screen_and_through_the_api(staff_client: Client, api: Client, order: Order, settings: Any) -> None:
    Letterhead.objects.create(**SELLER)
    made = staff_client.post(f"/orders/{order.pk}/invoice/", {"what": "all"})
    here = made.headers["Location"]
    number = int(here.strip("/").split("/")[-1])
    assert staff_client.get(here).status_code == 200
    staff_client.post(f"{here}do/", {"what": "issue"})
    page = staff_client.get(here).content.decode()
    assert "Note a payment" in page and "00001" in page
    staff_client.post(f"{here}do/", {"what": "pay", "amount": "x"})
    staff_client.post(f"{here}do/", {"what": "pay", "amount": "5", "reference": "TX9"})
    assert "TX9" in staff_client.get(here).content.decode()
    staff_client.post(f"{here}do/", {"what": "mail"})
    assert outbox.outbox[0].to == ["hop@example.com"]
    assert staff_client.get(f"{here}pdf/").content[:5] == b"%PDF-"
    assert staff_client.get(f"{here}xml/").headers["Content-Type"] == "application/xml"
    assert "00001" in staff_client.get(f"/orders/{order.pk}/").content.decode()
    assert "Has paid no invoice" in staff_client.get(f"/customers/{order.party_id}/panel/paying/").content.decode()
    assert "00001" in staff_client.get("/invoices/?f.state=open").content.decode()
    told = api.get(f"/api/v1/invoices/{number}").json()
    assert (told["left"], told["total"]) == ("35.44", "40.44")
    refused = api.post(f"/api/v1/invoices/{number}/payments", {"amount": "1", "reference": "TX9"}, content_type=JSON)
    assert refused.status_code == 422
    assert api.post(f"/api/v1/invoices/{number}/payments", {"amount": "1"}, content_type=JSON).json()["left"] == "34.44"
    for level in (1, 2):
        Reminder.objects.create(invoice_id=number, level=level)
    here = f"/api/v1/invoices/{number}/reminders"
    assert [one["state"] for one in api.get(here).json()] == ["proposed", "proposed"]
    assert api.post(f"{here}/1", {"send": True}, content_type=JSON).json()["state"] == "sent"
    assert "00001" in outbox.outbox[-1].subject and len(outbox.outbox) == 2
    assert api.post(f"{here}/1", {"send": False}, content_type=JSON).status_code == 422
    assert api.post(f"{here}/2", {"send": False}, content_type=JSON).json()["state"] == "left_out"
    assert api.post(f"{here}/3", {"send": False}, content_type=JSON).status_code == 404
    assert api.post(f"/api/v1/invoices/{number}/credit", {}, content_type=JSON).json()["kind"] == "credit"
    assert api.post("/api/v1/invoices", {"order": order.pk}, content_type=JSON).json()["state"] == "draft"
    assert api.delete(f"/api/v1/records/invoices/{number}").status_code == 422


def test_rights(colleague: Any, issued: Invoice, client: Client) -> None:
    reader = colleague("reader", "read-only")
    for step in (actions.issue, actions.credit):
        with pytest.raises(NotAllowed):
            step(issued.pk, by=reader)
    client.force_login(reader)
    assert client.get(f"/invoices/{issued.pk}/pdf/").status_code == 200
    assert client.post(f"/invoices/{issued.pk}/do/", {"what": "mail"}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_how_customers_pay_is_asked_of_the_lake(home: Any, staff: User, issued: Invoice, settings: Any) -> None:
    days(issued, 20, settings)
    habits.recompute(issued.party)
    refresh.refresh()
    asked = query.Query(measures=["days_late", "open_amount", "overdue", "known"], by=["paying"])
    rows = {row["paying"]: row for row in query.ask(asked, staff)}
    assert (rows["unknown"]["known"], rows["unknown"]["open_amount"]) == (1, issued.total)
    assert rows["unknown"]["days_late"] is None
    actions.pay(issued.pk, issued.total, by=staff)
    refresh.refresh()
    rows = {row["paying"]: row for row in query.ask(asked, staff)}
    assert (rows["very_late"]["days_late"], rows["very_late"]["overdue"]) == (20, 0)

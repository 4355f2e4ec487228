"""Orders of won deals as they were delivered, invoiced and paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from guanxi.foundation import clock
from guanxi.ledger.models import Direction
from guanxi.orders.handling.models import Delivery, DeliveryLine
from guanxi.orders.invoices import habits
from guanxi.orders.invoices.models import Invoice, InvoiceLine, Payment, Reminder
from guanxi.orders.models import Order, OrderLine
from guanxi.sales.sample import known
from guanxi.sales.sample.actions.world import Told, World, found, money, whole
from guanxi.sales.sample.process import TO_PAY, Part, Story, part_of

REMINDED_AFTER = 14  # days


@dataclass
class _Sale:
    """One part of an order, with the rows that stand for it."""

    story: Story
    order: Order
    part: Part
    delivery: Delivery
    invoice: Invoice


def write(stories: Sequence[Story], numbers: dict[int, str], world: World, told: Told) -> None:
    """Deliveries, invoices and payments; the orders themselves came in by an import."""
    sales, orders, lines = [], [], []
    for story in stories:
        order = world.orders.get(numbers[story.number])
        if order is None:
            continue
        orders.append(order)
        lines += _deliver(story, order, world)
        for place, part in enumerate(story.parts, 1):
            sales.append(_sale(story, order, place, part, world))
    Order.objects.bulk_update(orders, ["state"], batch_size=500)
    OrderLine.objects.bulk_update(lines, ["delivered"], batch_size=500)
    Delivery.objects.bulk_create([one.delivery for one in sales], batch_size=1_000)
    Invoice.objects.bulk_create([one.invoice for one in sales], batch_size=500)
    found(one.invoice for one in sales)
    _lines(sales, world)
    _payments(sales, told)
    for one in sales:
        _tell(one, told)
    for party in {one.invoice.party_id for one in sales}:
        habits.recompute(party)


def _deliver(story: Story, order: Order, world: World) -> list[OrderLine]:
    """The lines with what of them was delivered, and the state of the order that follows."""
    lines = world.order_lines[order.pk]
    for part in story.parts:
        for place, quantity in part.quantities.items():
            lines[place].delivered += quantity
    whole = all(line.delivered >= line.quantity for line in lines)
    partly = Order.State.PARTLY if story.parts else Order.State.CONFIRMED
    order.state = Order.State.DELIVERED if whole else partly
    return lines if story.parts else []


def _sale(story: Story, order: Order, place: int, part: Part, world: World) -> _Sale:
    at = moment(part.day)
    user = world.users[story.firm.rep]
    total = money(sum(part_of(story.items[item], quantity) for item, quantity in part.quantities.items()))
    left = total - sum((money(one.amount) for one in part.payments), Decimal(0))
    invoice = Invoice(
        number=f"{known.PREFIX}{story.number:05}-{place}", party=world.parties[story.firm.key], order=order,
        state=Invoice.State.OPEN if left else Invoice.State.PAID, day=part.day, payment_days=TO_PAY,
        due_on=part.day + timedelta(days=TO_PAY), settled_on=None if left else part.payments[-1].day,
        currency=world.currency, language=story.firm.language, net=total, total=total, left=left,
        buyer=[story.firm.name, f"{story.firm.city} {story.firm.country}"], created_at=at,
    )  # fmt: skip
    return _Sale(story, order, part, Delivery(order=order, number=place, day=part.day, by=user, at=at), invoice)


def _lines(sales: Sequence[_Sale], world: World) -> None:
    delivered, invoiced = [], []
    for one in sales:
        lines = world.order_lines[one.order.pk]
        for position, (place, quantity) in enumerate(one.part.quantities.items(), 1):
            item, line = one.story.items[place], lines[place]
            delivered.append(DeliveryLine(delivery=one.delivery, line=line, quantity=whole(quantity)))
            invoiced.append(
                InvoiceLine(
                    invoice=one.invoice, position=position, order_line=line, product=world.products[item.article.code],
                    description=item.article.name, quantity=whole(quantity), amount=money(part_of(item, quantity)),
                )
            )  # fmt: skip
    DeliveryLine.objects.bulk_create(delivered, batch_size=1_000)
    InvoiceLine.objects.bulk_create(invoiced, batch_size=1_000)


def _payments(sales: Sequence[_Sale], told: Told) -> None:
    rows, reminders = [], []
    for one in sales:
        left = one.invoice.total
        for number, payment in enumerate(one.part.payments, 1):
            reference = f"{one.invoice.number}/{number}"
            rows.append(
                Payment(
                    invoice=one.invoice, day=payment.day, amount=money(payment.amount), reference=reference,
                    at=moment(payment.day),
                )
            )  # fmt: skip
            left -= money(payment.amount)
            told.add(
                "invoice.paid", one.story, one.invoice, moment(payment.day), direction=Direction.IN,
                amount=str(money(payment.amount)), left=str(left), **_said(one.invoice),
            )  # fmt: skip
        due = one.part.day + timedelta(days=TO_PAY + REMINDED_AFTER)
        if due < clock.today() and (one.invoice.settled_on is None or one.invoice.settled_on > due):
            reminders.append(
                Reminder(invoice=one.invoice, level=1, state=Reminder.State.SENT, proposed_on=due, done_at=moment(due))
            )
            told.add(
                "invoice.reminded", one.story, one.invoice, moment(due), direction=Direction.OUT, level=1,
                **_said(one.invoice),
            )  # fmt: skip
    Payment.objects.bulk_create(rows, batch_size=1_000)
    Reminder.objects.bulk_create(reminders, batch_size=1_000)


def _tell(one: _Sale, told: Told) -> None:
    at = moment(one.part.day)
    told.add(
        "order.delivered", one.story, one.order, at, direction=Direction.OUT, number=one.order.number,
        amount=str(one.order.amount), currency=one.order.currency, state=one.order.state,
        delivery=one.delivery.number, note="",
    )  # fmt: skip
    told.add("invoice.issued", one.story, one.invoice, at, direction=Direction.OUT, **_said(one.invoice))


def _said(invoice: Invoice) -> dict[str, Any]:
    return {"number": invoice.number, "total": str(invoice.total), "currency": invoice.currency}


def moment(day: date) -> datetime:
    """Eleven o'clock of a business day."""
    return datetime.combine(day, time(11), clock.zone())

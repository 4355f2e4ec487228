"""What orders keep of a customer, and what becomes of it when he is erased."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import ContactPoint
from guanxi.customers.rights import loose
from guanxi.customers.rights.kept import WITHOUT_HIM, Kept, Subject
from guanxi.foundation import search
from guanxi.orders.models import Order, OrderLine, PurchaseSummary

BOOKS = _("Books have to be kept: day, articles and amounts stay, hung on nobody.")


def _orders(subject: Subject) -> QuerySet[Any]:
    return Order.objects.filter(party__in=subject.ids)


def _lines(subject: Subject) -> QuerySet[Any]:
    return OrderLine.objects.filter(order__party__in=subject.ids).select_related("order", "product")


def _erase(subject: Subject) -> int:
    """Orders go over to nobody. Keys hold the customer's number where a source knows no order numbers."""
    rows = _orders(subject)
    ids = list(rows.values_list("pk", flat=True))
    subject.note(Order, ids)
    _blank_lines(subject, ids)
    telling = _numbers(subject)
    named = [row.pk for row in rows if any(text in row.number or text in row.key for text in telling)]
    text = Cast("pk", CharField())
    orders = Order.objects.filter(pk__in=ids)
    orders.filter(pk__in=named).update(number=Concat(Value("#"), text))
    loose.customs_without(orders, subject)
    orders.update(party=subject.stand_in, origin=None, key=Concat(Value("erased:"), text))
    search.touch(*orders.select_related("party"))
    return len(ids)


def _numbers(subject: Subject) -> list[str]:
    """His numbers in other systems, without the source before them, and whatever else tells of him."""
    keys = ContactPoint.objects.filter(party__in=subject.ids, kind__in=["external", "card"]).values_list(
        "key", flat=True
    )
    return [*subject.values, *(key.partition(":")[2] or key for key in keys)]


def _blank_lines(subject: Subject, ids: list[int]) -> None:
    lines = OrderLine.objects.filter(order__in=ids).exclude(description="")
    subject.note(OrderLine, list(OrderLine.objects.filter(order__in=ids).values_list("pk", flat=True)))
    lines.filter(product=None).update(description="")  # free text
    for line in lines:
        cleaned = loose.without(line.description, subject.values)
        if cleaned != line.description:
            OrderLine.objects.filter(pk=line.pk).update(description=cleaned)


def _line(row: OrderLine) -> dict[str, Any]:
    return {
        "order": row.order.number,
        "day": row.order.day.isoformat(),
        "product": row.product.name if row.product else "",
        "description": row.description,
        "quantity": str(row.quantity),
        "amount": str(row.amount),
        "discount": str(row.discount),
        "currency": row.order.currency,
    }


KEPT = [
    Kept(OrderLine, _lines, WITHOUT_HIM, BOOKS, lambda subject: 0, _line, order=4),
    Kept(Order, _orders, WITHOUT_HIM, BOOKS, _erase, order=5),
    Kept(PurchaseSummary, order=6),
]

"""What the handling of orders keeps of a customer: when what was delivered; it stays with his orders."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from guanxi.customers.rights.kept import WITHOUT_HIM, Kept, Subject
from guanxi.orders.handling.models import Delivery, DeliveryLine, Held
from guanxi.orders.rights import BOOKS


def _deliveries(subject: Subject) -> QuerySet[Any]:
    return Delivery.objects.filter(order__party__in=subject.ids)


def _blank(subject: Subject) -> int:
    """Notes may name who took the goods."""
    subject.note(Delivery, list(_deliveries(subject).values_list("pk", flat=True)))
    return _deliveries(subject).update(note="")


def _lines(subject: Subject) -> QuerySet[Any]:
    return DeliveryLine.objects.filter(delivery__order__party__in=subject.ids)


def _held(subject: Subject) -> QuerySet[Any]:
    return Held.objects.filter(order__party__in=subject.ids)


KEPT = [
    Kept(DeliveryLine, _lines, WITHOUT_HIM, BOOKS, lambda subject: 0, order=3),
    Kept(Delivery, _deliveries, WITHOUT_HIM, BOOKS, _blank, order=3),
    Kept(Held, _held, WITHOUT_HIM, BOOKS, lambda subject: 0, given=False, order=3),
]

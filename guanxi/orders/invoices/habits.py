"""How a customer pays: worked out afresh from his invoices whenever one of them, or a payment, changes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from statistics import mean

from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.orders.invoices.models import Invoice, PaymentHabit
from guanxi.orders.summary import currency

# How habits are called, and from how many days late on.
UNKNOWN, ON_TIME, LATE, VERY_LATE = "unknown", "on_time", "late", "very_late"
LATE_FROM, VERY_LATE_FROM = 1, 15
NAMES = (
    (ON_TIME, _("on time")),
    (LATE, _("up to two weeks late")),
    (VERY_LATE, _("more than two weeks late")),
    (UNKNOWN, _("has paid nothing yet")),
)
NEWEST = 5  # invoices that are compared with those before


def recompute(party: Party | int) -> PaymentHabit | None:
    """Bring the habit of `party` up to date; None where he has no issued invoice."""
    invoices = Invoice.objects.filter(party=party, kind=Invoice.Kind.INVOICE).exclude(state=Invoice.State.DRAFT)
    number = party if isinstance(party, int) else party.pk
    if not invoices.exists():
        PaymentHabit.objects.filter(party=number).delete()
        return None
    paid = invoices.filter(state=Invoice.State.PAID, settled_on__isnull=False, due_on__isnull=False)
    days = [
        (settled - due).days
        for settled, due in paid.order_by("settled_on", "id").values_list("settled_on", "due_on")
        if settled is not None and due is not None
    ]
    unpaid = invoices.filter(state=Invoice.State.OPEN, currency=currency())
    sums = unpaid.aggregate(open=Sum("left"), late=Sum("left", filter=Q(due_on__lt=clock.today())))
    values = {
        "settled": len(days),
        "days_late": float(mean(days)) if days else None,
        "trend": float(mean(days[-NEWEST:]) - mean(days[:-NEWEST])) if len(days) > NEWEST else None,
        "left": sums["open"] or Decimal(0),
        "overdue": sums["late"] or Decimal(0),
    }
    return PaymentHabit.objects.update_or_create(party_id=number, defaults=values)[0]


def follow(parties: Iterable[Party]) -> None:
    """Bring habits up to date after parties were merged or parted."""
    for party in parties:
        recompute(party)

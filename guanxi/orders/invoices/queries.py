"""What can be asked of invoices."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from guanxi.foundation.visibility import Viewer
from guanxi.orders.invoices.models import Invoice, Reminder
from guanxi.orders.sums import Position, Sums, sums


def invoices(viewer: Viewer) -> QuerySet[Invoice]:
    """Invoices and credit notes that `viewer` may see, with customer, order and what they correct."""
    return Invoice.objects.visible_to(viewer).select_related("party", "order", "corrects")


def reminders(viewer: Viewer) -> QuerySet[Reminder]:
    """Reminders that `viewer` may see, with invoice and customer."""
    return Reminder.objects.visible_to(viewer).select_related("invoice__party", "by")


def fetch_invoices(ids: Collection[int], viewer: Viewer) -> dict[int, Any]:
    """Invoices by id, for the cards of a timeline."""
    return {invoice.pk: invoice for invoice in invoices(viewer).filter(pk__in=ids)}


def sums_of(invoice: Invoice) -> Sums:
    """What an invoice comes to, by rates of tax."""
    lines = invoice.lines.order_by("position")
    return sums([Position(line.amount, line.tax_percent) for line in lines], False, invoice.currency)

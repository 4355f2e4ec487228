"""What invoices keep of a customer: books have to be kept, and an issued invoice is not changed by law."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from guanxi.customers.rights.kept import STAYS, Kept, Subject
from guanxi.orders.invoices.models import Invoice, InvoiceLine, Payment, PaymentHabit, Reminder

LAW = _("Invoices and payments have to be kept as they are, for as long as the law says.")


def _of(model: type[Any]) -> Any:
    def rows(subject: Subject) -> QuerySet[Any]:
        found: QuerySet[Any] = model._base_manager.filter(invoice__party__in=subject.ids)
        return found

    return rows


KEPT = [
    Kept(InvoiceLine, _of(InvoiceLine), STAYS, LAW, order=3),
    Kept(Payment, _of(Payment), STAYS, LAW, order=3),
    Kept(Reminder, _of(Reminder), STAYS, LAW, order=3),
    Kept(Invoice, None, STAYS, LAW, order=4),
    Kept(PaymentHabit, order=6),
]

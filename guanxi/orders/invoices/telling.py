"""What the ledger hears of invoices."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation.visibility import Viewer
from guanxi.ledger.actions import record
from guanxi.ledger.kinds import EventKind, Family
from guanxi.ledger.models import Direction
from guanxi.orders.invoices.models import Invoice


def tell(kind: str, invoice: Invoice, by: Viewer, direction: str = Direction.OUT, **more: Any) -> None:
    """Say in the ledger what happened to an invoice."""
    payload = {"number": str(invoice), "total": invoice.total, "currency": invoice.currency, **more}
    record(f"invoice.{kind}", party=invoice.party, direction=direction, about=invoice, payload=payload, by=by)


def _kind(code: str, label: Any, icon: str, summary: Any, detail: Any = "%(total)s %(currency)s") -> EventKind:
    return EventKind(f"invoice.{code}", label, icon, summary, detail, Family.ORDERS)


KINDS = [
    _kind("issued", _("Invoice"), "file-invoice", _("Invoice %(number)s")),
    _kind("credited", _("Credit note"), "file-minus", _("Credit note %(number)s")),
    _kind("mailed", _("Invoice mailed"), "mail-forward", _("Invoice %(number)s mailed")),
    _kind("paid", _("Payment"), "cash", _("Payment for invoice %(number)s"), "%(amount)s %(currency)s"),
    _kind(
        "refunded", _("Payment back"), "cash-banknote", _("Paid back for invoice %(number)s"), "%(amount)s %(currency)s"
    ),
    _kind("reminded", _("Reminder"), "bell", _("Reminder %(level)s for invoice %(number)s")),
]

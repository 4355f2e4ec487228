"""Payments: in parts, too much, paid back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from guanxi.foundation import clock
from guanxi.foundation.actions import Refused, action, change, create
from guanxi.foundation.visibility import Viewer, implied
from guanxi.ledger.models import Direction
from guanxi.orders.invoices.actions.making import locked, settle
from guanxi.orders.invoices.models import Invoice, Payment, Reminder
from guanxi.orders.invoices.telling import tell


@action
def pay(
    invoice_id: int,
    amount: Decimal,
    *,
    by: Viewer,
    day: date | None = None,
    method: str = Payment.Method.TRANSFER,
    reference: str = "",
) -> Payment:
    """Note a payment; below nothing: money paid back. The same reference of the bank twice is refused.

    More than is open is taken: it stands as an amount below nothing until it is paid back. Raises Refused.
    """
    invoice = locked(invoice_id, by)
    if invoice.state == Invoice.State.DRAFT or invoice.kind != Invoice.Kind.INVOICE:
        raise Refused(_("Payments are noted on issued invoices."))
    if amount == 0:
        raise Refused(_("Write an amount."), "amount")
    day = day or clock.today()
    if day > clock.today():
        raise Refused(_("A payment has come; this day lies in the future."), "day")
    if amount < 0 and -amount > sum(invoice.payments.values_list("amount", flat=True)):
        raise Refused(_("No more is paid back than was paid."), "amount")
    payment = create(
        Payment, invoice=invoice, day=day, amount=amount, method=method, reference=reference.strip()[:100], by_id=by.pk
    )
    invoice = settle(invoice)
    if invoice.state != Invoice.State.OPEN:
        with implied():
            for reminder in invoice.reminders.filter(state=Reminder.State.PROPOSED):
                change(reminder, state=Reminder.State.PAID)
    direction = Direction.IN if amount > 0 else Direction.OUT
    tell("paid" if amount > 0 else "refunded", invoice, by, direction, amount=abs(amount), left=invoice.left)
    return payment

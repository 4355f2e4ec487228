"""What can be done with invoices."""

from guanxi.orders.invoices.actions.making import (
    credit,
    discard,
    edit_invoice,
    invoice_order,
    issue,
    mail_invoice,
    refuse_cancelling,
)
from guanxi.orders.invoices.actions.paying import pay
from guanxi.orders.invoices.actions.reminding import leave_out, propose, send_reminder

__all__ = [
    "credit",
    "discard",
    "edit_invoice",
    "invoice_order",
    "issue",
    "leave_out",
    "mail_invoice",
    "pay",
    "propose",
    "refuse_cancelling",
    "send_reminder",
]

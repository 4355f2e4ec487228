"""The panels of an invoice and a reminder, and what invoices add to orders and customers."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.customers.models import Party
from guanxi.foundation.desk import Pill, list_url
from guanxi.foundation.visibility import Viewer, may
from guanxi.orders.invoices import queries
from guanxi.orders.invoices.actions.reminding import letter_of
from guanxi.orders.invoices.models import Invoice, Payment, PaymentHabit, Reminder
from guanxi.orders.invoices.queries import sums_of
from guanxi.orders.models import UNCOUNTED, Order

SHOWN = 5
NOTABLE = 1.0  # days by which a trend is told


def lines(invoice: Invoice, viewer: Viewer) -> dict[str, Any]:
    """The positions and what they come to."""
    return {
        "invoice": invoice,
        "lines": list(invoice.lines.select_related("product__unit").order_by("position")),
        "sums": sums_of(invoice),
    }


def steps(invoice: Invoice, viewer: Viewer) -> dict[str, Any]:
    """What can be done next, the payments, the credit notes, the reminders."""
    editing = may(viewer, "edit", invoice)
    issued = invoice.state != Invoice.State.DRAFT
    return {
        "invoice": invoice,
        "may_issue": editing and not issued,
        "may_mail": editing and issued,
        "may_pay": editing and issued and invoice.kind == Invoice.Kind.INVOICE,
        "may_credit": editing and issued and invoice.kind == Invoice.Kind.INVOICE,
        "payments": list(invoice.payments.order_by("day", "id")),
        "methods": Payment.Method.choices,
        "credits": list(invoice.credits.order_by("id")),
        "reminders": list(invoice.reminders.order_by("level")),
    }


def reminder(row: Reminder, viewer: Viewer) -> dict[str, Any]:
    """The letter as it would be sent."""
    subject, body = letter_of(row)
    return {
        "reminder": row,
        "subject": subject,
        "body": body,
        "may_send": row.state == Reminder.State.PROPOSED and may(viewer, "edit", row.invoice),
    }


def of_order(order: Order, viewer: Viewer) -> dict[str, Any]:
    """The invoices of an order, and the buttons that make more."""
    return {
        "order": order,
        "invoices": list(queries.invoices(viewer).filter(order=order).order_by("id")),
        "may_invoice": may(viewer, "edit", order),
    }


def can_be_invoiced(order: Order, viewer: Viewer) -> bool:
    """Whether it is a sale that was made here."""
    return order.kind == Order.Kind.SALE and bool(order.state) and order.state not in UNCOUNTED


def of_customer(party: Party, viewer: Viewer) -> dict[str, Any]:
    """How a customer pays, and his newest invoices."""
    habit = PaymentHabit.objects.visible_to(viewer).filter(party=party).first()
    rows = list(invoices_of(party, viewer).order_by("-created_at", "-id")[:SHOWN])
    return {
        "habit": habit,
        "words": words_of(habit) if habit else "",
        "invoices": rows,
        "all_url": list_url("invoices", {"f.party": party.pk}),
    }


def invoices_of(party: Party, viewer: Viewer) -> QuerySet[Invoice]:
    """Those of a customer that the viewer may see."""
    return queries.invoices(viewer).filter(party=party)


def words_of(habit: PaymentHabit) -> str:
    """How somebody pays, in a sentence."""
    if habit.days_late is None:
        return _("Has paid no invoice yet.")
    days = round(habit.days_late)
    if days > 0:
        said = ngettext("Pays %(count)s day late", "Pays %(count)s days late", days) % {"count": days}
    elif days < 0:
        said = ngettext("Pays %(count)s day early", "Pays %(count)s days early", -days) % {"count": -days}
    else:
        said = _("Pays on the day")
    if habit.trend is None or abs(habit.trend) < NOTABLE:
        return said
    return _("%(said)s; later than before") % {"said": said} if habit.trend > 0 else _(
        "%(said)s; sooner than before"
    ) % {"said": said}  # fmt: skip


def pills(party: Party) -> list[Pill]:
    """Whether something is overdue."""
    habit = getattr(party, "paying", None)  # read with the customer; most have no invoice
    return [Pill(_("Payment overdue"), "bad")] if habit is not None and habit.overdue > 0 else []

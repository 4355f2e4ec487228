"""Reminders: proposed by the schedule, seen by somebody, then sent or left out."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from guanxi.customers.sending import send_mail
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused, action, change, create
from guanxi.foundation.desk import display
from guanxi.foundation.desk.kinds import Kind as Kinds
from guanxi.foundation.visibility import Viewer, require
from guanxi.orders.invoices import document, habits
from guanxi.orders.invoices.actions.making import PURPOSE
from guanxi.orders.invoices.models import Invoice, Reminder, ReminderLevel
from guanxi.orders.invoices.telling import tell

AT_ONCE = 1_000  # invoices that one run looks at


@action
def propose(*, by: Viewer) -> int:
    """Propose the reminder that is due of each overdue invoice; how many. Nothing is sent by that.

    The next level waits until the one before was sent or left out.
    """
    made = 0
    levels = list(ReminderLevel.objects.order_by("level"))
    today = clock.today()
    if not levels:
        return 0
    overdue = Invoice.objects.filter(
        state=Invoice.State.OPEN, kind=Invoice.Kind.INVOICE, due_on__lte=today - timedelta(days=levels[0].days)
    ).exclude(reminders__state=Reminder.State.PROPOSED)
    for invoice in overdue.order_by("due_on", "id")[:AT_ONCE]:
        done = set(invoice.reminders.values_list("level", flat=True))
        level = next((one for one in levels if one.level not in done), None)
        if level is not None and invoice.due_on is not None and invoice.due_on + timedelta(days=level.days) <= today:
            create(Reminder, invoice=invoice, level=level.level)
            habits.recompute(invoice.party_id)  # what was not due yet may be overdue by now
            made += 1
    return made


@action
def send_reminder(reminder_id: int, *, by: Viewer) -> Reminder:
    """Mail a proposed reminder with the invoice. Raises Refused where it was paid, or he may not be written to."""
    reminder = _proposed(reminder_id, by)
    invoice = reminder.invoice
    if invoice.state != Invoice.State.OPEN:
        raise Refused(_("This invoice is settled already."))
    subject, body = letter_of(reminder)
    file = (document.file_name(invoice), document.pdf_of(invoice), "application/pdf")
    send_mail(invoice.party, PURPOSE, subject, body, by=by, files=[file])
    reminder = change(reminder, state=Reminder.State.SENT, done_at=timezone.now(), by_id=by.pk)
    tell("reminded", invoice, by, level=reminder.level, left=invoice.left)
    return reminder


@action
def leave_out(reminder_id: int, *, by: Viewer) -> Reminder:
    """Do not send a proposed reminder."""
    reminder = _proposed(reminder_id, by)
    return change(reminder, state=Reminder.State.LEFT_OUT, done_at=timezone.now(), by_id=by.pk)


def letter_of(reminder: Reminder) -> tuple[str, str]:
    """Subject and words of a reminder in the customer's language, as they would be sent."""
    invoice = reminder.invoice
    level = ReminderLevel.objects.filter(level=reminder.level).first()
    with translation.override(invoice.language):
        facts = {
            "number": invoice.number,
            "left": display.text(Kinds.MONEY, invoice.left),
            "currency": invoice.currency,
            "due": display.text(Kinds.DATE, invoice.due_on),
        }
        subject = _("Reminder: invoice %(number)s") % facts
        words = (
            _(
                "Our invoice %(number)s was due on %(due)s; %(left)s %(currency)s are still open. Please pay them soon."
                " If you have paid meanwhile, please take no notice of this letter."
            )
            % facts
        )
    own = level.text.strip() if level else ""
    return subject, f"{own}\n\n{words}" if own else words


def _proposed(reminder_id: int, by: Viewer) -> Reminder:
    rows = Reminder.objects.visible_to(by).select_for_update(of=("self",)).select_related("invoice__party")
    reminder = rows.get(pk=reminder_id)
    require(by, "edit", reminder.invoice)
    if reminder.state != Reminder.State.PROPOSED:
        raise Refused(_("This reminder is “%(state)s” already.") % {"state": reminder.get_state_display()})
    return reminder

"""The lists and record pages of invoices, reminders and their levels."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers.links import link_to_party
from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Board, Button, Column, Filter, Menu, Pill, record_url, standard
from guanxi.foundation.visibility import Viewer
from guanxi.orders.invoices import actions, einvoice, queries
from guanxi.orders.invoices.models import Invoice, Reminder, ReminderLevel

TONES = {"draft": "neutral", "open": "info", "paid": "good", "credited": "neutral"}


def state_of(row: Invoice) -> Pill:
    """The state with its colour; one that should have been paid says so."""
    if row.is_overdue:
        return Pill(_now("Overdue"), "bad")
    if row.kind == Invoice.Kind.CREDIT and row.state != Invoice.State.DRAFT:
        return Pill(row.get_kind_display(), "neutral")
    return Pill(row.get_state_display(), TONES[row.state])


def link(slug: str, number: int | None, words: Any) -> SafeString | str:
    """A link to a record, where there is one."""
    return format_html('<a href="{}">{}</a>', record_url(slug, number), words) if number else ""


@desk.register
class Invoices(desk.Desk):
    """What customers have to pay, and what was credited."""

    model = Invoice
    slug = "invoices"
    icon = "file-invoice"
    menu = Menu(section=shell.TRADE, icon="file-invoice", order=22)
    empty_words = _("Invoices are made from orders: open one and invoice what was ordered or delivered.")
    columns = [
        Column("number", link=True, sort=False, render=str, needs=["number"]),
        Column("party.name", label=_("Customer"), sort=False, render=link_to_party, needs=["party.name"]),
        Column("state", sort=False, render=state_of, needs=["state", "due_on", "kind"]),
        Column("day", sort=False),
        Column("due_on", sort=False),
        "total",
        Column("left", sort=False),
        Column("currency", sort=False),
        Column("kind", sort=False, shown=False),
        Column("created_at", shown=False),
    ]
    default_sort = "-created_at"
    filters = [
        "state",
        "kind",
        "number",
        "day",
        "due_on",
        "total",
        "left",
        "currency",
        Filter("party", label=_("Customer")),
    ]
    search_type = "invoices.invoice"
    board = Board(by="state", sums=["left"], card=["party.name", "due_on", "left"])
    facts = [
        Column("party.name", label=_("Customer"), render=link_to_party, editable=False),
        Column("order.number", label=_("Order"), editable=False, when=lambda row: row.order_id,
               render=lambda row: link("orders", row.order_id, row.order)),
        Column("corrects.number", label=_("Corrects"), editable=False, when=lambda row: row.corrects_id,
               render=lambda row: link("invoices", row.corrects_id, row.corrects)),
        Column("day", editable=False),
        Column("due_on", editable=False),
        Column("settled_on", editable=False, when=lambda row: row.settled_on),
        "payment_days",
        "language",
        "reference",
        "text",
        Column("currency", editable=False),
    ]  # fmt: skip
    edit = actions.edit_invoice
    remove = actions.discard
    custom = "custom"

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Invoices with customer and order."""
        return queries.invoices(viewer)

    def title(self, row: Invoice) -> str:
        return f"{row.get_kind_display()} {row}"

    def subtitle(self, row: Invoice) -> str:
        return row.party.name

    def pills(self, row: Invoice) -> list[Pill]:
        return [state_of(row)]

    def buttons(self, row: Invoice, viewer: Viewer) -> list[Button]:
        found = [Button(_("PDF"), reverse("invoices:pdf", args=[row.pk]), "file-type-pdf")]
        if einvoice.can_be_made(row):
            found.append(Button(_("XML"), reverse("invoices:xml", args=[row.pk]), "file-type-xml"))
        return found


@desk.register
class Reminders(desk.Desk):
    """Reminders that are proposed, sent or left out."""

    model = Reminder
    slug = "reminders"
    icon = "bell-ringing"
    general = False
    menu = Menu(section=shell.TRADE, icon="bell-ringing", order=23)
    empty_words = _(
        "Say under “Levels of reminders” after how many days which reminder is due; they are proposed here every "
        "morning."
    )
    columns = [
        Column("invoice.number", label=_("Invoice"), link=True, sort=False),
        Column("invoice.party.name", label=_("Customer"), sort=False),
        Column("level", sort=False),
        Column("state", sort=False),
        Column("invoice.due_on", label=_("Due"), sort=False),
        Column("invoice.left", label=_("Open amount"), sort=False),
        Column("proposed_on", sort=False),
    ]
    default_sort = "-id"
    filters = ["state", "level", "proposed_on"]
    facts = [
        Column("invoice.number", label=_("Invoice"), editable=False,
               render=lambda row: link("invoices", row.invoice_id, row.invoice)),
        Column("invoice.party.name", label=_("Customer"), editable=False),
        Column("level", editable=False),
        Column("state", editable=False),
        Column("proposed_on", editable=False),
        Column("done_at", editable=False, when=lambda row: row.done_at),
        Column("by", editable=False, when=lambda row: row.by_id),
    ]  # fmt: skip

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Reminders with invoice and customer."""
        return queries.reminders(viewer)

    def title(self, row: Reminder) -> str:
        return _now("Reminder %(level)s for invoice %(number)s") % {"level": row.level, "number": row.invoice}

    def subtitle(self, row: Reminder) -> str:
        return row.invoice.party.name


@desk.register
class ReminderLevels(desk.Desk):
    """After how many days which reminder is due, and its words."""

    model = ReminderLevel
    slug = "reminder-levels"
    icon = "bell-cog"
    menu = Menu(section=shell.SYSTEM, icon="bell-cog", order=62)
    columns = [Column("level", link=True, sort=False), Column("days", sort=False), Column("text", sort=False)]
    default_sort = "id"
    facts = ["level", "days", "text"]
    new = ["level", "days", Column("text", required=False)]
    create = standard.creating(ReminderLevel)
    edit, remove = standard.editing(ReminderLevel), standard.removing(ReminderLevel)

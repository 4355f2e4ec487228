"""The lists and records of mailboxes and messages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guanxi.channels.mail import actions, queries, views
from guanxi.channels.mail.models import Mailbox, Message
from guanxi.customers.links import link_to_party
from guanxi.foundation import desk, shell
from guanxi.foundation.belonging import places
from guanxi.foundation.desk import Button, Column, Filter, Menu, Pill
from guanxi.foundation.visibility import Viewer, may

TONES = {Mailbox.State.ACTIVE: "good", Mailbox.State.FAILING: "bad", Mailbox.State.PAUSED: "warn"}
SENDING = {Message.State.WAITING: "info", Message.State.SENT: "good", Message.State.FAILED: "bad"}


def state(row: Mailbox) -> Pill:
    """The state, with a warning where the last look failed."""
    if row.state == Mailbox.State.ACTIVE and row.failures:
        return Pill(_("Will be tried again"), "warn")
    return Pill(row.get_state_display(), TONES[Mailbox.State(row.state)])


def counterpart(row: Message) -> str:
    """Who wrote it, or to whom it went."""
    if row.direction == Message.Direction.IN:
        return row.sender_name or row.sender
    return ", ".join(row.addresses("to")[:3])


@desk.register
class Mailboxes(desk.Desk):
    """One's own mailboxes, and how they stand."""

    model = Mailbox
    slug = "mailboxes"
    general = False
    label = _("Mailboxes")
    noun = _("mailbox")
    menu = Menu(section=shell.SYSTEM, icon="mailbox", order=12)
    empty_words = _(
        "Connect your mailbox: mail with customers then stands on their pages, and you can write from there."
    )
    columns = (
        Column("address", link=True, sort=False),
        Column("state", render=state, needs=["state", "failures"], sort=False),
        Column("synced_at", sort=False),
        Column("error", sort=False),
    )
    filters = ("state",)
    facts = (
        "address",
        "name",
        "imap_host",
        "imap_port",
        "imap_security",
        "smtp_host",
        "smtp_port",
        "smtp_security",
        "username",
        "since",
        "strangers",
        Column("makes_leads", editable=False),
        Column("lead_addresses", editable=False, when=lambda row: row.makes_leads),
        "signature",
        Column("synced_at", editable=False),
        Column("created_at", editable=False),
    )
    edit = actions.edit
    remove = actions.disconnect
    new_view = views.connect

    def pills(self, row: Mailbox) -> list[Pill]:
        return [state(row)]

    def buttons(self, row: Mailbox, viewer: Viewer) -> list[Button]:
        if not may(viewer, "edit", row):
            return []
        return [Button(_("Server and password"), reverse("mail:edit", args=[row.pk]), "key")]


@desk.register
class Messages(desk.Desk):
    """All mail that one may see."""

    model = Message
    slug = "messages"
    label = _("Mail")
    noun = _("message")
    icon = "mail"
    menu = Menu(section=shell.WORK, icon="mail", order=9)
    history = False
    empty_words = _("Mail comes in when a mailbox is connected: System → Mailboxes.")
    columns = (
        Column("subject", link=True, sort=False),
        Column(
            "counterpart",
            label=_("With"),
            render=counterpart,
            needs=["direction", "sender", "sender_name", "recipients"],
        ),
        "sent_at",
        Column("party.name", label=_("Customer"), render=link_to_party, needs=["party.name"], sort=False),
        Column("direction", sort=False),
        Column("mailbox", sort=False, shown=False, render=lambda row: str(row.mailbox), needs=["mailbox.address"]),
        Column("automatic", sort=False, shown=False),
        Column("private", sort=False, shown=False),
        Column("state", sort=False, shown=False),
    )
    default_sort = "-sent_at"
    filters = (
        "direction",
        "sent_at",
        "state",
        "automatic",
        "private",
        Filter("party", label=_("Customer")),
        "sender",
        "subject",
    )
    search_type = "mail.message"
    facts = (
        "subject",
        "sent_at",
        Column("sender", editable=False),
        Column("recipients", label=_("To"), render=lambda row: ", ".join(row.addresses()), editable=False),
        Column("party.name", label=_("Customer"), render=link_to_party, editable=False),
        Column("mailbox", render=lambda row: str(row.mailbox), editable=False),
        Column("private", editable=False),
        Column("automatic", editable=False, when=lambda row: row.automatic),
        Column("state", editable=False, when=lambda row: row.state != Message.State.KEPT),
    )

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        return queries.messages(viewer)

    def subtitle(self, row: Message) -> str:
        return counterpart(row)

    def pills(self, row: Message) -> list[Pill]:
        found = [Pill(row.get_direction_display(), "accent")]
        if row.state in SENDING:
            found.append(Pill(row.get_state_display(), SENDING[Message.State(row.state)]))
        if row.private:
            found.append(Pill(_("private"), "warn"))
        return found

    def buttons(self, row: Message, viewer: Viewer) -> list[Button]:
        place = places([row], viewer).get((row.object_type, row.object_id or 0))
        return [Button(place.title, place.url, place.icon)] if place else []

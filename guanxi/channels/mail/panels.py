"""What mail shows on the pages of records: the newest and a form to write, a thread, how a mailbox stands."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.channels.mail import actions, queries
from guanxi.channels.mail.models import Message
from guanxi.customers import purposes
from guanxi.customers.sending import addresses_of
from guanxi.foundation.desk import Panel
from guanxi.foundation.once import new_token
from guanxi.foundation.visibility import Viewer, may


def composer(record: Any, viewer: Viewer) -> dict[str, Any]:
    """The context of the panel on a customer or a record: the newest mail, and a form to write."""
    party = record if record._meta.label_lower == "customers.party" else getattr(record, "party", None)
    addresses = addresses_of(party) if party is not None else []
    return {
        "record": record,
        "object_type": record._meta.label_lower,
        "messages": queries.of(record, viewer)[:5],
        "boxes": queries.boxes(viewer),
        "addresses": addresses,
        "to": next(iter(addresses), ""),
        "purposes": [(code, purpose.label) for code, purpose in purposes.every().items()],
        "default_purpose": actions.LETTER,
        "once": new_token(),
        "may_write": may(viewer, "view", record),
    }


def thread(row: Message, viewer: Viewer) -> dict[str, Any]:
    """The context of a message's page: its thread, and a form to answer."""
    return {
        "message": row,
        "messages": queries.thread_of(row, viewer),
        "mine": row.mailbox.owner_id == viewer.pk,
        "boxes": queries.boxes(viewer),
        "to": row.sender if row.direction == Message.Direction.IN else next(iter(row.addresses("to")), ""),
        "purposes": [(code, purpose.label) for code, purpose in purposes.every().items()],
        "default_purpose": actions.LETTER,
        "once": new_token(),
    }


def has_mail(record: Any, viewer: Viewer) -> bool:
    """Whether mail can be written on such a record: on customers, and on what has one."""
    label = record._meta.label_lower
    return label == "customers.party" or (hasattr(record, "party_id") and label != "mail.message")


PANEL = Panel("right", _("Mail"), "mail/panel.html", context=composer, order=14, lazy=True, key="mail", when=has_mail)
THREAD = Panel("middle", _("Thread"), "mail/thread.html", context=thread, order=5, key="thread")
HEALTH = Panel(
    "middle",
    _("How it stands"),
    "mail/health.html",
    context=lambda row, viewer: queries.facts(row),
    order=5,
    key="health",
)

"""What mail shows on the pages of records: the newest and a form to write, a thread, how a mailbox stands."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from guanxi.channels.mail import actions, files, queries
from guanxi.channels.mail.models import Message
from guanxi.customers import purposes
from guanxi.customers.sending import addresses_of
from guanxi.foundation.attachments import at_hand
from guanxi.foundation.attachments.views import picture_of
from guanxi.foundation.desk import Panel
from guanxi.foundation.once import new_token
from guanxi.foundation.visibility import Viewer, may

REPLY, ALL, FORWARD = "reply", "all", "forward"


def composer(record: Any, viewer: Viewer) -> dict[str, Any]:
    """The context of the panel on a customer or a record: the newest mail, and a form to write."""
    party = record if record._meta.label_lower == "customers.party" else getattr(record, "party", None)
    addresses = addresses_of(party) if party is not None else [one for one in [getattr(record, "mail", "")] if one]
    return {
        "record": record,
        "object_type": record._meta.label_lower,
        "messages": queries.of(record, viewer)[:5],
        "addresses": addresses,
        "to": next(iter(addresses), ""),
        "cc": "",
        "may_write": may(viewer, "view", record),
        **_writing(viewer),
    }


def writing(record: Any, viewer: Viewer) -> dict[str, Any]:
    """The same with the form to write open, and what is at hand for it."""
    return {
        **composer(record, viewer),
        "writing": True,
        "offers": at_hand.at_hand(files.sources(record, None, viewer), viewer),
    }


def _writing(viewer: Viewer) -> dict[str, Any]:
    return {
        "boxes": queries.boxes(viewer),
        "purposes": [(code, purpose.label) for code, purpose in purposes.every().items()],
        "default_purpose": actions.LETTER,
        "limit": settings.GUANXI_MAIL_LARGEST,
        "once": new_token(),
    }


def thread(row: Message, viewer: Viewer) -> dict[str, Any]:
    """The context of a message's page: its thread with its files."""
    messages = queries.thread_of(row, viewer)
    hanging = files.of(messages)
    return {
        "message": row,
        "messages": [(one, [(file, picture_of(file)) for file in hanging[one.pk]]) for one in messages],
        "mine": row.mailbox.owner_id == viewer.pk,
        "boxes": queries.boxes(viewer),
        "several": len(_others(row, viewer)) > 1,
    }


def answering(row: Message, how: str, viewer: Viewer) -> dict[str, Any]:
    """The context of the form to answer a message, all whom it is with, or to pass it on."""
    forward = how == FORWARD
    first, *rest = _others(row, viewer) or [row.sender]
    offers = at_hand.at_hand(files.sources(None, row, viewer), viewer)
    own = [f"file:{file.pk}" for file in files.of([row])[row.pk]]
    return {
        "message": row,
        "how": how if how in (REPLY, ALL, FORWARD) else REPLY,
        "to": "" if forward else first,
        "cc": ", ".join(rest) if how == ALL else "",
        "offers": offers,
        "ticked": own if forward else [],
        "quote": True,
        **_writing(viewer),
    }


def _others(row: Message, viewer: Viewer) -> list[str]:
    """Whom a message is with, without the viewer's own mailboxes: to be answered first whoever wrote it."""
    own = {box.address.lower() for box in queries.boxes(viewer)} | {row.mailbox.address.lower()}
    found = [row.sender] if row.direction == Message.Direction.IN else []
    found += row.addresses("to", "cc")
    return [one for one in dict.fromkeys(found) if one not in own]


def has_mail(record: Any, viewer: Viewer) -> bool:
    """Whether mail can be written on such a record: on customers, what has one, and what has an address itself."""
    label = record._meta.label_lower
    return label == "customers.party" or (
        label != "mail.message" and (hasattr(record, "party_id") or isinstance(getattr(record, "mail", None), str))
    )


PANEL = Panel("right", _("Mail"), "mail/panel.html", context=composer, order=14, lazy=True, key="mail", when=has_mail)
THREAD = Panel("main", _("Thread"), "mail/thread.html", context=thread, order=5, key="thread")
HEALTH = Panel(
    "main",
    _("How it stands"),
    "mail/health.html",
    context=lambda row, viewer: queries.facts(row),
    order=5,
    key="health",
)

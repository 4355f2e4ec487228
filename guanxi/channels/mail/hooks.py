"""What mail hangs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.channels.mail import (
    api,
    desk,  # noqa: F401  registers the desks
    panels,
    queries,
    tasks,
)
from guanxi.channels.mail.models import LeftOut, Message, Thread
from guanxi.channels.mail.posting import is_needed
from guanxi.customers.hanging import Hanging
from guanxi.customers.rights.kept import Kept
from guanxi.foundation import hooks, search
from guanxi.foundation.desk import record_url
from guanxi.foundation.governing import Subject
from guanxi.foundation.tasks import Every
from guanxi.ledger.kinds import EventKind, Family

CARD = "ledger/cards/held.html"

hooks.register("subject", Subject("mail", _("Mail of colleagues with customers"), ("view", "export")), order=46)
hooks.register("panel:*", panels.PANEL)
hooks.register("panel:messages", panels.THREAD)
hooks.register("panel:mailboxes", panels.HEALTH)
hooks.register("hangs_on_party", Hanging(Message))
hooks.register("kept_about", Kept(Message))
# Mail of others in which he is named, or that was filed with nobody.
WORDS = ["sender", "sender_name", "recipients", "subject", "text", "quoted", "html", "calendar"]
hooks.register("loose_text", (Message, WORDS))
hooks.register("loose_text", (Thread, ["subject"]))
hooks.register("loose_text", (LeftOut, ["subject", "sender"]))
hooks.register("event_object", ("mail.message", queries.fetch))
hooks.register(
    "event_kind",
    EventKind("mail.in", _("Mail received"), "mail", _("Mail received"), family=Family.MESSAGES, template=CARD),
)
hooks.register(
    "event_kind",
    EventKind("mail.out", _("Mail sent"), "mail-forward", _("Mail sent"), family=Family.MESSAGES, template=CARD),
)
hooks.register("schedule", Every(tasks.look, minutes=1, when=tasks.is_needed))
hooks.register("schedule", Every(tasks.send, seconds=15, when=is_needed))
hooks.register(
    "search",
    search.Source(
        object_type="mail.message",
        letter="m",
        model=Message,
        title=str,
        subtitle=lambda row: row.sender_name or row.sender,
        text=lambda row: row.text,
        url=lambda number: record_url("messages", number),
        icon="mail",
    ),
    order=76,
)
hooks.register("api", ("/mail", api.router), order=77)

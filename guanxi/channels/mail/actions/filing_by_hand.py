"""Saying by hand where messages belong, and whose eyes they are for."""

from __future__ import annotations

from typing import Any

from django.db import models

from guanxi.channels.mail.actions.keeping import tell
from guanxi.channels.mail.models import Message
from guanxi.customers.models import Party
from guanxi.foundation import belonging
from guanxi.foundation.actions import action, change
from guanxi.foundation.visibility import Viewer, require


@action
def file(number: int, record: models.Model | None, *, by: Viewer) -> Message:
    """Say with which customer, or on which record, a message and the rest of its thread in this mailbox belong."""
    message = Message.objects.visible_to(by).select_related("mailbox").get(pk=number)
    require(by, "edit", message)
    values: dict[str, Any] = {"party": None, "object_type": "", "object_id": None}
    if record is not None:
        require(by, "view", record)
        values["party"] = record if isinstance(record, Party) else getattr(record, "party", None)
        if not isinstance(record, Party):
            values |= belonging.reference(record)
    rows = Message.objects.filter(mailbox=message.mailbox, thread=message.thread)
    before = set(rows.filter(party=values["party"]).values_list("pk", flat=True))
    for row in rows.select_related("mailbox"):
        stored = change(row, **values)
        if stored.pk not in before:
            tell([stored], by)
    return Message.objects.select_related("mailbox", "party").get(pk=message.pk)


@action
def set_private(number: int, private: bool, *, by: Viewer) -> Message:
    """Keep a message and the rest of its thread from colleagues, or not."""
    message = Message.objects.visible_to(by).select_related("mailbox").get(pk=number)
    require(by, "edit", message)
    for row in Message.objects.filter(mailbox=message.mailbox, thread=message.thread).select_related("mailbox"):
        change(row, private=private)
    return Message.objects.select_related("mailbox", "party").get(pk=message.pk)

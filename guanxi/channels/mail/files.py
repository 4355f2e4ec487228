"""The files of mails that are written here: from which records they may be taken, and how much they may be together."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from django.conf import settings
from django.db import models
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from guanxi.channels.mail.models import Message
from guanxi.foundation import belonging
from guanxi.foundation.actions import Refused
from guanxi.foundation.attachments import at_hand
from guanxi.foundation.attachments.actions import attach
from guanxi.foundation.attachments.at_hand import Offer
from guanxi.foundation.attachments.models import Attachment
from guanxi.foundation.visibility import Viewer

MOST = 20
File = tuple[str, IO[bytes]]


def sources(record: models.Model | None, about: Message | None, viewer: Viewer) -> list[Any]:
    """The records whose files are at hand: the one that is written from, the message that is answered or passed on, and
    what that belongs to."""
    found: list[Any] = [one for one in (record, about) if one is not None]
    if about is not None and about.object_id is not None:
        with suppress(belonging.NoRecord):  # it is not for these eyes, or gone
            found.append(belonging.find_record(about.object_type, about.object_id, viewer))
    return found


def taken(record: models.Model | None, about: Message | None, keys: Sequence[str], viewer: Viewer) -> list[File]:
    """The files at hand with these keys. Raises Refused where one is not there."""
    offers: list[Offer] = at_hand.chosen(sources(record, about, viewer), keys, viewer)
    return [(offer.name, io.BytesIO(offer.content())) for offer in offers]


def hang(message: Message, files: Sequence[File], by: Viewer) -> None:
    """Put files on a message that is to be sent. Raises Refused where one is not allowed, or they are too much."""
    if len(files) > MOST:
        raise Refused(_("At most %(most)s files go with a mail.") % {"most": MOST}, "files")
    total = 0
    for name, file in files:
        row = attach(message, name, file, by=by, told=False)
        total += row.content.size
    if total > settings.GUANXI_MAIL_LARGEST:
        words = _("The files are %(size)s together; mail servers take at most %(limit)s.")
        limits = {"size": filesizeformat(total), "limit": filesizeformat(settings.GUANXI_MAIL_LARGEST)}
        raise Refused(words % limits, "files")


def of(messages: Sequence[Message]) -> dict[int, list[Attachment]]:
    """The files of messages that the viewer may see, by message."""
    found: dict[int, list[Attachment]] = {message.pk: [] for message in messages}
    rows = Attachment.objects.filter(object_type="mail.message", object_id__in=list(found)).select_related("content")
    for row in rows.order_by("id"):
        found[row.object_id].append(row)
    return found

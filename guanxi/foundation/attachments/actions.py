"""Attaching files to records, and taking them away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from guanxi.foundation import belonging, search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.attachments import kinds, storing
from guanxi.foundation.attachments.models import Attachment, Content
from guanxi.foundation.visibility import Viewer, require


@action
def attach(record: Any, name: str, file: IO[bytes], *, by: Viewer, told: bool = True) -> Attachment:
    """Hang a file on `record`. The same content under the same name is attached once. Where it comes with something
    that is told of itself (a mail), it need not be `told` once more.

    Raises Refused where it is empty, too large, a program, or not what its name says.
    """
    require(by, "edit", record)
    name = kinds.clean_name(name)
    digest, size = storing.digest_of(file)
    if not size:
        raise Refused(_("“%(name)s” is empty.") % {"name": name}, "file")
    if size > settings.GUANXI_FILE_LIMIT:
        raise too_large(name)
    media_type = kinds.check(name, file.read(kinds.HEAD))
    content = _held(digest, size)
    same = Attachment.objects.of(record).filter(name=name, content=content).first()
    if same is not None:
        return same
    storing.put(content, file)
    if media_type in kinds.PICTURES and not content.preview:
        content.preview = storing.put_preview(content, file)
        content.save(update_fields=["preview"])
    place = belonging.reference(record)
    row = create(Attachment, name=name, media_type=media_type, content=content, by_id=by.pk, **place)
    search.touch(row)
    if told:
        belonging.tell("file.attached", record, by=by, about=row, name=name)
    return row


@action
def rename(attachment_id: int, name: str, *, by: Viewer) -> Attachment:
    """Give a file another name; its ending must still fit its content."""
    row = _found(attachment_id, by)
    name = kinds.clean_name(name)
    with storing.shelf().open(row.content.path) as file:
        kinds.check(name, file.read(kinds.HEAD))
    row = change(row, name=name)
    search.touch(row)
    return row


@action
def remove(attachment_id: int, *, by: Viewer) -> Any:
    """Take a file away, and its content where nothing else has it. Returns the record that it was on."""
    row = _found(attachment_id, by)
    record = belonging.find_record(row.object_type, row.object_id, by)
    content = Content.objects.select_for_update().get(pk=row.content_id)
    search.remove(Attachment, [row.pk])
    delete(row)
    if not content.attachments.exists():
        Content.objects.filter(pk=content.pk).delete()
        storing.take_away(content)
    return record


@action
def remove_of(object_type: str, numbers: Sequence[int], *, by: Viewer) -> None:
    """Take all files of records away that are deleted with them, and the contents that nothing else has."""
    rows = Attachment.objects.filter(object_type=object_type, object_id__in=numbers)
    digests = set(rows.values_list("content_id", flat=True))
    search.remove(Attachment, list(rows.values_list("pk", flat=True)))
    rows.delete()
    for content in Content.objects.select_for_update().filter(pk__in=digests):
        if not content.attachments.exists():
            Content.objects.filter(pk=content.pk).delete()
            transaction.on_commit(partial(storing.take_away, content))


def too_large(name: str) -> Refused:
    """What to say of a file beyond the limit."""
    message = _("“%(name)s” is larger than %(limit)s, which is the most that is kept here.")
    return Refused(message % {"name": name, "limit": filesizeformat(settings.GUANXI_FILE_LIMIT)}, "file")


def _found(attachment_id: int, by: Viewer) -> Attachment:
    row = Attachment.objects.visible_to(by).select_related("content").get(pk=attachment_id)
    require(by, "edit", belonging.find_record(row.object_type, row.object_id, by))
    return row


def _held(digest: str, size: int) -> Content:
    """The row of a content, held until the transaction ends."""
    Content.objects.get_or_create(digest=digest, defaults={"size": size})
    return Content.objects.select_for_update().get(pk=digest)

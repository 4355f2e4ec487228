"""Files that are at hand where something about a record is written: its own, and what higher floors offer by the door
`files_at_hand` (papers made at that moment, documents of products): a function (record, viewer) → offers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from guanxi.foundation import hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.attachments import storing
from guanxi.foundation.attachments.models import Attachment
from guanxi.foundation.visibility import Viewer

DOOR = "files_at_hand"
MOST = 30


@dataclass(frozen=True)
class Offer:
    """A file that may be taken along; `content` fetches or makes it. The key names it among those of its record."""

    key: str
    name: str
    content: Callable[[], bytes]
    size: int | None = None


def at_hand(records: Iterable[Any], viewer: Viewer) -> list[Offer]:
    """What is at hand of some records that `viewer` may see, each once."""
    found: dict[str, Offer] = {}
    for record in records:
        rows = Attachment.objects.of(record).select_related("content").order_by("-id")[:MOST]
        for offer in [*map(offered, rows), *_of_others(record, viewer)]:
            found.setdefault(offer.key, offer)
    return list(found.values())


def _of_others(record: Any, viewer: Viewer) -> Iterable[Offer]:
    for door in hooks.get(DOOR):
        yield from door(record, viewer)


def offered(row: Attachment) -> Offer:
    """A stored file, as an offer."""
    return Offer(f"file:{row.pk}", row.name, partial(_content, row), row.content.size)


def _content(row: Attachment) -> bytes:
    with storing.shelf().open(row.content.path) as file:
        content: bytes = file.read()
        return content


def chosen(records: Iterable[Any], keys: Sequence[str], viewer: Viewer) -> list[Offer]:
    """Those of the offers with these keys. Raises Refused where one is not among them."""
    if not keys:
        return []
    known = {offer.key: offer for offer in at_hand(records, viewer)}
    for key in keys:
        if key not in known:
            raise Refused(_("The file “%(key)s” is not at hand here.") % {"key": key[:60]}, "files")
    return [known[key] for key in dict.fromkeys(keys)]

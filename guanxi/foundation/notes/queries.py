"""Reading notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.safestring import SafeString

from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.notes import writing
from guanxi.foundation.notes.models import Note
from guanxi.foundation.visibility import Viewer, is_staff

SHOWN = 20
COLLEAGUES = 8


@dataclass(frozen=True)
class Line:
    """A note as a page shows it."""

    note: Note
    html: SafeString


def of(record: Any, viewer: Viewer, *, limit: int = SHOWN, before: int | None = None) -> list[Line]:
    """The notes on `record`, the pinned first, then the newest; `before` leaves out pinned ones and goes on from that
    number.
    """
    rows = Note.objects.of(record).select_related("author")
    if before:
        rows = rows.filter(pinned=False, pk__lt=before)
    notes = list(rows.order_by("-pinned", "-id")[:limit])
    users = writing.mentioned("\n".join(note.text for note in notes))
    return [Line(note, writing.shown(note.text, users)) for note in notes]


def versions(note: Note, viewer: Viewer) -> list[AuditEntry]:
    """What the audit log says of a note, newest first."""
    rows = AuditEntry.objects.visible_to(viewer).filter(object_type="notes.note", object_id=note.pk)
    return list(rows.order_by("-id")[:50])


def colleagues(words: str, viewer: Viewer, *, limit: int = COLLEAGUES) -> list[User]:
    """Those who work here and whose names begin with, or hold, what somebody typed after the @."""
    if not is_staff(viewer):
        return []
    words = words.replace("\x00", "").strip()[:60]
    fits = Q(username__icontains=words) | Q(first_name__icontains=words) | Q(last_name__icontains=words)
    if len(words) > 1:  # 陳美華 is family and given name
        for cut in range(1, min(len(words), 4)):
            fits |= Q(last_name__iexact=words[:cut], first_name__istartswith=words[cut:].strip())
    return list(User.objects.filter(fits, is_active=True, is_staff=True).order_by("username")[:limit])


def fetch(ids: list[int], viewer: Viewer) -> dict[int, Line]:
    """Notes by number, for the cards of a timeline."""
    notes = list(Note.objects.visible_to(viewer).filter(pk__in=ids))
    users = writing.mentioned("\n".join(note.text for note in notes))
    return {note.pk: Line(note, writing.shown(note.text, users)) for note in notes}

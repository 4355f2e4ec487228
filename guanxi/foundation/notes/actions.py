"""Writing, changing and taking away notes."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from guanxi.foundation import belonging, notifications, search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.notes import writing
from guanxi.foundation.notes.models import LONGEST, Mention, Note
from guanxi.foundation.notices.kinds import MENTION
from guanxi.foundation.visibility import Viewer, is_staff, may, require

MOST_MENTIONED = 50


class Written(NamedTuple):
    """A note, and the colleagues whom it mentions but who could not be told: they left, or may not see the record."""

    note: Note
    untold: list[User]


@action
def write(record: Any, text: str, *, by: Viewer, pinned: bool = False) -> Written:
    """Write a note on `record`; whom it mentions gets a notification. Raises Refused where the text is empty or too
    long.
    """
    require(by, "edit", record)
    note = create(Note, text=_cleaned(text), pinned=pinned, author_id=by.pk, **belonging.reference(record))
    untold = _call(note, record, by)
    belonging.tell("note.written", record, by=by, about=note)
    search.touch(note)
    return Written(note, untold)


@action
def edit(note_id: int, text: str, expected: str | None = None, *, by: Viewer) -> Written:
    """Change the text of a note; `expected` is the text that was seen. Who is newly mentioned is told.

    Raises Conflict where somebody else changed it meanwhile.
    """
    note, record = _found(note_id, by)
    seen = None if expected is None else {"text": expected}
    text = _cleaned(text)
    if text != note.text:
        note = change(note, seen, text=text, edited_at=timezone.now())
    untold = _call(note, record, by)
    search.touch(note)
    return Written(note, untold)


@action
def pin(note_id: int, pinned: bool, *, by: Viewer) -> Note:
    """Let a note stand above the others, or no more."""
    return change(_found(note_id, by)[0], pinned=pinned)


@action
def remove(note_id: int, *, by: Viewer) -> Any:
    """Delete a note; the audit log keeps what it said. Returns the record that it was on."""
    note, record = _found(note_id, by)
    search.remove(Note, [note.pk])
    delete(note)
    return record


def _found(note_id: int, by: Viewer) -> tuple[Note, Any]:
    """The note, held against other writers, and its record."""
    note = Note.objects.visible_to(by).select_for_update(of=("self",)).get(pk=note_id)
    record = belonging.find_record(note.object_type, note.object_id, by)
    require(by, "edit", record)
    return note, record


def _cleaned(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Refused(_("Write something first."), "text")
    if "\x00" in text:
        raise Refused(_("This text holds characters that cannot be stored."), "text")
    if len(text) > LONGEST:
        message = _("A note has at most %(most)s characters; this one has %(count)s. Attach long texts as a file.")
        raise Refused(message % {"most": LONGEST, "count": len(text)}, "text")
    return text


def _call(note: Note, record: Any, by: Viewer) -> list[User]:
    """Tell those whom the note mentions and who were not told yet; returns whom it could not tell."""
    users = list({user.pk: user for user in writing.mentioned(note.text).values()}.values())
    if len(users) > MOST_MENTIONED:
        raise Refused(_("A note can mention at most %(most)s colleagues.") % {"most": MOST_MENTIONED}, "text")
    untold = [user for user in users if not (is_staff(user) and may(user, "view", record))]
    for user in users:
        if user in untold or Mention.objects.filter(note=note, user=user).exists():
            continue
        Mention.objects.create(note=note, user=user)
        if user.pk != by.pk:
            _notify(user, note, record, by)
    return untold


def _notify(user: User, note: Note, record: Any, by: Viewer) -> None:
    desk = belonging.desk_of(note.object_type)
    with translation.override(user.language or None):
        title = _("%(who)s mentioned you: %(record)s") % {"who": by, "record": desk.title(record)}
        notifications.notify(user, title, str(note), f"{desk.url(record)}#note-{note.pk}", kind=MENTION)

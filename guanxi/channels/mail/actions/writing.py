"""Writing mails, and noting how the sending of them went."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from guanxi.channels.mail import files as hanging
from guanxi.channels.mail import filing
from guanxi.channels.mail.actions.keeping import tell
from guanxi.channels.mail.models import Mailbox, Message, Thread
from guanxi.customers.models import Party
from guanxi.customers.sending import require_contactable
from guanxi.foundation import belonging, search
from guanxi.foundation.actions import Refused, action, change, create
from guanxi.foundation.visibility import Viewer

LETTER = "service"  # the purpose of a personal letter, unless its writer names another
LONGEST_TEXT = 100_000


@dataclass(frozen=True)
class Draft:
    """What is to be written: `record` is the customer, or what names one; `answers` the message that it answers, whose
    thread, customer and record it takes; `forwards` one that it passes on. `files` are names with open files, `at_hand`
    keys of files of the record or message; `quote` says whether what is answered goes along below, `calendar` is what
    it tells calendars."""

    to: Sequence[str]
    subject: str
    text: str
    cc: Sequence[str] = ()
    record: models.Model | None = None
    answers: Message | None = None
    forwards: Message | None = None
    quote: bool = False
    files: Sequence[hanging.File] = ()
    at_hand: Sequence[str] = ()
    calendar: str = ""

    @property
    def parent(self) -> Message | None:
        """The message that it belongs to."""
        return self.answers or self.forwards


@action
def write(mailbox: int, draft: Draft, *, by: Viewer, purpose: str = LETTER) -> Message:
    """Write a mail from one's own mailbox; a worker sends it.

    Every customer that is written to is asked for consent to `purpose`. Raises Refused where one may not be.
    """
    box = Mailbox.objects.visible_to(by).filter(owner=by.pk).get(pk=mailbox)
    if not box.smtp_host:
        raise Refused(_("This mailbox has no server to send through; name one."), "mailbox")
    to, cc = _checked(draft.to, "to"), _checked(draft.cc, "cc")
    if not to:
        raise Refused(_("Say to whom."), "to")
    party = _party_of(draft, to)
    _ask_consent([*to, *cc], None if draft.forwards else party, purpose, by)
    subject = _subject(draft)
    parent = draft.parent
    made = create(
        Message,
        mailbox=box,
        thread=parent.thread if parent else Thread.objects.create(subject=subject[:250]),
        message_id=_new_id(box),
        in_reply_to=draft.answers.message_id if draft.answers else "",
        references=_references(parent),
        direction=Message.Direction.OUT,
        state=Message.State.WAITING,
        sender=box.address.lower(),
        sender_name=box.name or str(box.owner),
        recipients=[["to", one, ""] for one in to] + [["cc", one, ""] for one in cc],
        subject=subject,
        text=_text(draft, box),
        calendar=draft.calendar,
        quoted=_quoted(draft),
        private=parent.private if parent else False,
        party=party,
        **_place(draft),
    )
    hanging.hang(made, [*draft.files, *hanging.taken(draft.record, parent, draft.at_hand, by)], by)
    search.touch(made)
    return made


def _subject(draft: Draft) -> str:
    given = " ".join(draft.subject.split())[:500]
    if given or draft.parent is None:
        return given
    mark = "Re: " if draft.answers else "Fwd: "
    old = draft.parent.subject
    return old if old.lower().startswith(mark.lower()) else f"{mark}{old}"[:500]


def _text(draft: Draft, box: Mailbox) -> str:
    """What was written, with the signature of the mailbox below."""
    text = draft.text.replace("\x00", "").strip()
    if (not text and draft.forwards is None) or len(text) > LONGEST_TEXT:
        raise Refused(_("Write a text of at most %(limit)s characters.") % {"limit": LONGEST_TEXT}, "text")
    signature = box.signature.strip()
    return f"{text}\n\n-- \n{signature}".strip() if signature else text


def _quoted(draft: Draft) -> str:
    """What is answered or passed on, as it goes below."""
    old = draft.forwards or (draft.answers if draft.quote else None)
    if old is None:
        return ""
    said = {"who": _sender(old), "when": date_format(timezone.localtime(old.sent_at), "DATETIME_FORMAT")}
    if draft.forwards is None:
        lines = [_("On %(when)s, %(who)s wrote:") % said, *(f"> {line}" for line in old.text.splitlines())]
        return "\n".join(lines)[:LONGEST_TEXT]
    head = [
        _("---------- Passed on ----------"),
        _("From: %(who)s") % said,
        _("Date: %(when)s") % said,
        _("To: %(to)s") % {"to": ", ".join(old.addresses("to", "cc"))},
        _("Subject: %(subject)s") % {"subject": old.subject},
    ]
    return "\n".join([*head, "", old.text, old.quoted]).strip()[:LONGEST_TEXT]


def _sender(message: Message) -> str:
    return f"{message.sender_name} <{message.sender}>" if message.sender_name else message.sender


def _place(draft: Draft) -> dict[str, Any]:
    """The record, beside the customer, on which it stands."""
    if draft.record is not None and not isinstance(draft.record, Party):
        return belonging.reference(draft.record)
    parent = draft.parent
    if parent is not None and parent.object_id is not None:
        return {"object_type": parent.object_type, "object_id": parent.object_id}
    return {}


@action
def note_sent(number: int, *, by: Viewer) -> None:
    """That a message went out."""
    row = Message.objects.select_for_update().get(pk=number)
    Message.objects.filter(pk=number).update(state=Message.State.SENT, sent_at=timezone.now(), error="")
    row.refresh_from_db()
    tell([row], by)
    _tell_record(row, by)


@action
def note_unsent(number: int, fault: str, final: bool, *, by: Viewer) -> None:
    """That a message could not be sent; where that is final, its writer is to see it."""
    state = Message.State.FAILED if final else Message.State.WAITING
    Message.objects.filter(pk=number).update(state=state, error=fault[:500])


@action
def send_again(number: int, *, by: Viewer) -> Message:
    """Try once more to send what could not be sent."""
    message = Message.objects.visible_to(by).select_related("mailbox").get(pk=number)
    if message.state != Message.State.FAILED:
        raise Refused(_("Only what could not be sent is sent again."), "state")
    return change(message, state=Message.State.WAITING, error="")


def _checked(addresses: Sequence[str], field: str) -> list[str]:
    found = []
    for one in addresses:
        address = one.strip().lower()
        if not address:
            continue
        try:
            validate_email(address)
        except ValidationError as error:
            raise Refused(_("“%(address)s” is no mail address.") % {"address": address[:100]}, field) from error
        found.append(address)
    return list(dict.fromkeys(found))


def _tell_record(row: Message, by: Viewer) -> None:
    """Let what the message stands on know that somebody wrote."""
    if row.object_id is None:
        return
    try:
        record = belonging.find_record(row.object_type, row.object_id, by)
    except belonging.NoRecord:
        return
    belonging.tell("mail.sent", record, by=by, about=row)


def _party_of(draft: Draft, to: Sequence[str]) -> Party | None:
    record, parent = draft.record, draft.parent
    if isinstance(record, Party):
        return record
    if record is not None and isinstance(getattr(record, "party", None), Party):
        return record.party  # type: ignore[attr-defined, no-any-return]
    if parent is not None and parent.party is not None:
        return parent.party
    known = filing.parties_at(set(to))
    return Party.objects.filter(pk=known[to[0]]).first() if to[0] in known else None


def _ask_consent(addresses: Sequence[str], party: Party | None, purpose: str, by: Viewer) -> None:
    """Ask of every customer among those who get it; of whom it is about, also where the address is another's."""
    asked = set(filing.parties_at(set(addresses)).values()) | ({party.pk} if party is not None else set())
    for number in sorted(asked):
        require_contactable(number, purpose, "mail", by=by)


def _new_id(box: Mailbox) -> str:
    return f"g.{secrets.token_hex(12)}@{box.address.rpartition('@')[2].lower()}"


def _references(parent: Message | None) -> list[str]:
    """The parent's references and its own id (RFC 5322, 3.6.4)."""
    if parent is None:
        return []
    found = [*parent.references, parent.message_id]
    return found if len(found) <= 20 else [found[0], *found[-19:]]

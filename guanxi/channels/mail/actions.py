"""Connecting mailboxes, keeping what comes, writing and filing mail."""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.channels.mail import filing, hosts
from guanxi.channels.mail.models import Folder, LeftOut, Mailbox, Message, Thread
from guanxi.channels.mail.parsing import Parsed
from guanxi.customers.models import Party
from guanxi.customers.sending import require_contactable
from guanxi.foundation import audit, belonging, search
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.attachments.actions import attach
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer, require
from guanxi.ledger.actions import record as record_event
from guanxi.ledger.models import Channel

State = Mailbox.State
LETTER = "service"  # the purpose of a personal letter, unless its writer names another
LONGEST_TEXT = 100_000
FAILURES = 3  # in a row, after which a mailbox counts as one that cannot be read


# Mailboxes ----------------------------------------------------------------------------------------------------------


@action
def connect(*, by: Viewer, **values: Any) -> Mailbox:
    """Let one's own mailbox be read and written through. `values` are fields of Mailbox."""
    owner = User.objects.filter(pk=by.pk).first()
    if owner is None:
        raise Refused(_("A mailbox is somebody's own."), "owner")
    _check_hosts(values)
    return create(Mailbox, owner=owner, **values)


@action
def edit(number: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Mailbox:
    """Change a mailbox; an empty password leaves it as it is. It is looked at again at once."""
    mailbox = Mailbox.objects.visible_to(by).get(pk=number)
    if not changes.get("password", True):
        changes = {name: value for name, value in changes.items() if name != "password"}
    _check_hosts(changes)
    return change(mailbox, expected, **changes, failures=0)


@action
def pause(number: int, paused: bool, *, by: Viewer) -> Mailbox:
    """Read a mailbox no more, or again."""
    mailbox = Mailbox.objects.visible_to(by).get(pk=number)
    return change(mailbox, state=State.PAUSED if paused else State.ACTIVE, failures=0, error="")


@action
def disconnect(number: int, *, by: Viewer) -> None:
    """Forget a mailbox with all its messages; those at the server stay."""
    mailbox = Mailbox.objects.visible_to(by).get(pk=number)
    search.remove(Message, list(mailbox.messages.values_list("pk", flat=True)))
    delete(mailbox)


@action
def note_failure(number: int, fault: str, *, by: Viewer) -> None:
    """That a mailbox could not be read, and why."""
    mailbox = Mailbox.objects.select_for_update().get(pk=number)
    failures = mailbox.failures + 1
    state = State.FAILING if failures >= FAILURES and mailbox.state == State.ACTIVE else mailbox.state
    Mailbox.objects.filter(pk=number).update(
        failures=failures, error=fault[:500], synced_at=timezone.now(), state=state
    )


@action
def note_success(number: int, speed: float | None, *, by: Viewer) -> None:
    """That a mailbox was read."""
    values: dict[str, Any] = {"failures": 0, "error": "", "synced_at": timezone.now()}
    if speed is not None:
        values["speed"] = speed
    Mailbox.objects.filter(pk=number).update(**values)
    Mailbox.objects.filter(pk=number, state=State.FAILING).update(state=State.ACTIVE)


def _check_hosts(values: dict[str, Any]) -> None:
    for name in ("imap_host", "smtp_host"):
        if values.get(name):
            try:
                hosts.check(values[name])
            except hosts.Forbidden as forbidden:
                raise Refused(str(forbidden), name) from forbidden


# Folders ------------------------------------------------------------------------------------------------------------


@action
def add_folders(folders: Sequence[Folder], *, by: Viewer) -> None:
    """Folders that a server has and that were not known."""
    Folder.objects.bulk_create(folders, ignore_conflicts=True)


@action
def begin_folder(number: int, validity: int, *, by: Viewer) -> Folder:
    """Read a folder from its beginning, for its numbers are new; what is here already is known by its id."""
    Folder.objects.filter(pk=number).update(validity=validity, last_uid=0)
    LeftOut.objects.filter(folder=number).delete()
    return Folder.objects.select_related("mailbox").get(pk=number)


@action
def note_backlog(number: int, backlog: int, *, by: Viewer) -> None:
    """How many messages are still to come."""
    Folder.objects.filter(pk=number).update(backlog=backlog)


@action
def move_on(number: int, uid: int, backlog: int, *, by: Viewer) -> None:
    """That everything up to `uid` is here, or was left out with its reason."""
    Folder.objects.filter(pk=number, last_uid__lt=uid).update(last_uid=uid, backlog=backlog)


# Messages that come -------------------------------------------------------------------------------------------------


@action
def keep(number: int, found: Sequence[tuple[Parsed, int, int]], *, by: Viewer) -> int:
    """Keep messages (parsed, size, number at the server) of a folder that are not here yet; how many those were."""
    folder = Folder.objects.select_related("mailbox__owner").get(pk=number)
    mailbox = folder.mailbox
    ids = [parsed.message_id for parsed, _size, _uid in found]
    here = set(Message.objects.filter(mailbox=mailbox, message_id__in=ids).values_list("message_id", flat=True))
    fresh: dict[str, tuple[Parsed, int]] = {}
    for parsed, size, _uid in found:
        if parsed.message_id not in here:
            fresh.setdefault(parsed.message_id, (parsed, size))
    kept = _wanted(mailbox, list(fresh.values()))
    rows = _insert(folder, kept)
    LeftOut.objects.filter(folder=folder, uid__in=[uid for _parsed, _size, uid in found]).delete()
    return len(rows)


def _wanted(mailbox: Mailbox, found: list[tuple[Parsed, int]]) -> list[tuple[Parsed, int, filing.Place]]:
    """With their places; without those of strangers where their owner does not want to keep them here."""
    places = filing.Filer(mailbox).places([parsed for parsed, _size in found])
    wanted = [
        (parsed, size, place)
        for (parsed, size), place in zip(found, places, strict=True)
        if place.party is not None or place.thread is not None or mailbox.strangers
    ]
    _begin_threads([(parsed.subject, place) for parsed, _size, place in wanted])
    # Answers within the chunk follow the thread that was made for what they answer.
    threads = {parsed.message_id: place.thread for parsed, _size, place in wanted}
    for parsed, _size, place in wanted:
        answered = next((threads[one] for one in parsed.answers if one in threads), None)
        if answered is not None:
            place.thread = answered
            threads[parsed.message_id] = answered
    return wanted


def _begin_threads(found: list[tuple[str, filing.Place]]) -> None:
    """Give what belongs to no thread yet one of its own."""
    alone = [(subject, place) for subject, place in found if place.thread is None]
    made = Thread.objects.bulk_create(Thread(subject=subject[:250]) for subject, _place in alone)
    for thread, (_subject, place) in zip(made, alone, strict=True):
        place.thread = thread.pk


def _insert(folder: Folder, kept: list[tuple[Parsed, int, filing.Place]]) -> list[Message]:
    rows = [_row(folder, parsed, size, place) for parsed, size, place in kept]
    Message.objects.bulk_create(rows, batch_size=500)
    if not rows:
        return rows
    audit.record_summary(
        occasion(), "mail.mailbox", folder.mailbox_id, str(folder.mailbox), {"messages": [None, len(rows)]}
    )
    for row, (parsed, _size, _place) in zip(rows, kept, strict=True):
        _attach(row, parsed, folder.mailbox.owner)
        _tell(row, folder.mailbox.owner)
    search.touch(*rows)
    newest = max(row.sent_at for row in rows)
    Folder.objects.filter(pk=folder.pk).exclude(newest_at__gt=newest).update(newest_at=newest)
    return rows


def _row(folder: Folder, parsed: Parsed, size: int, place: filing.Place) -> Message:
    outgoing = folder.outgoing or parsed.sender == folder.mailbox.address.lower()
    return Message(
        mailbox=folder.mailbox,
        thread=Thread(pk=place.thread),
        message_id=parsed.message_id[:250],
        in_reply_to=parsed.in_reply_to[:250],
        references=parsed.references,
        direction=Message.Direction.OUT if outgoing else Message.Direction.IN,
        sent_at=min(parsed.sent_at or timezone.now(), timezone.now()),
        sender=parsed.sender,
        sender_name=parsed.sender_name,
        recipients=parsed.recipients,
        subject=parsed.subject,
        text=parsed.text,
        quoted=parsed.quoted,
        html=parsed.html,
        automatic=parsed.automatic,
        private=place.private,
        flaws=parsed.flaws[:10],
        size=size,
        party_id=place.party,
        object_type=place.object_type,
        object_id=place.object_id,
    )


def _attach(row: Message, parsed: Parsed, owner: User) -> None:
    for name, _kind, content in parsed.attachments:
        try:
            attach(row, name or "file", io.BytesIO(content), by=owner)
        except Refused as refusal:
            row.flaws = [*row.flaws, f"{name}: {refusal.message}"[:200]]
            Message.objects.filter(pk=row.pk).update(flaws=row.flaws)


def _tell(row: Message, by: Viewer) -> None:
    """Tell the ledger that somebody wrote; without words, which stay with the message. Programs and what is private are
    not told of."""
    if row.party_id is None or row.automatic or row.private:
        return
    record_event(
        f"mail.{row.direction}",
        by=by,
        party=Party(pk=row.party_id),
        channel=Channel.MAIL,
        direction=row.direction,
        occurred_at=row.sent_at,
        about=row,
    )


@action
def leave_out(number: int, uid: int, why: str, parsed: Parsed, size: int, *, by: Viewer) -> None:
    """Note a message that is not kept, and why."""
    LeftOut.objects.update_or_create(
        folder_id=number,
        uid=uid,
        defaults={
            "why": why[:300],
            "subject": parsed.subject[:250],
            "sender": parsed.sender,
            "size": size,
            "at": parsed.sent_at or timezone.now(),
        },
    )


# Filing -------------------------------------------------------------------------------------------------------------


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
            _tell(stored, by)
    return Message.objects.select_related("mailbox", "party").get(pk=message.pk)


@action
def set_private(number: int, private: bool, *, by: Viewer) -> Message:
    """Keep a message and the rest of its thread from colleagues, or not."""
    message = Message.objects.visible_to(by).select_related("mailbox").get(pk=number)
    require(by, "edit", message)
    for row in Message.objects.filter(mailbox=message.mailbox, thread=message.thread).select_related("mailbox"):
        change(row, private=private)
    return Message.objects.select_related("mailbox", "party").get(pk=message.pk)


# Writing ------------------------------------------------------------------------------------------------------------


@action
def write(
    mailbox: int,
    to: Sequence[str],
    subject: str,
    text: str,
    *,
    by: Viewer,
    record: models.Model | None = None,
    answers: int | None = None,
    cc: Sequence[str] = (),
    purpose: str = LETTER,
) -> Message:
    """Write a mail from one's own mailbox; a worker sends it. `record` is the customer, or what names one; `answers`
    the message that it answers, whose thread, customer and record it takes.

    Every customer that is written to is asked for consent to `purpose`. Raises Refused where one may not be.
    """
    box = Mailbox.objects.visible_to(by).filter(owner=by.pk).get(pk=mailbox)
    if not box.smtp_host:
        raise Refused(_("This mailbox has no server to send through; name one."), "mailbox")
    subject, text = " ".join(subject.split()), text.replace("\x00", "").strip()
    if not text or len(text) > LONGEST_TEXT:
        raise Refused(_("Write a text of at most %(limit)s characters.") % {"limit": LONGEST_TEXT}, "text")
    addresses = _checked(to, "to"), _checked(cc, "cc")
    if not addresses[0]:
        raise Refused(_("Say to whom."), "to")
    parent = Message.objects.visible_to(by).get(pk=answers) if answers else None
    party = _party_of(record, parent, addresses[0])
    _ask_consent([*addresses[0], *addresses[1]], party, purpose, by)
    place = belonging.reference(record) if record is not None and not isinstance(record, Party) else {}
    if parent is not None and not place and parent.object_id is not None:
        place = {"object_type": parent.object_type, "object_id": parent.object_id}
    made = create(
        Message,
        mailbox=box,
        thread=parent.thread if parent else Thread.objects.create(subject=subject[:250]),
        message_id=_new_id(box),
        in_reply_to=parent.message_id if parent else "",
        references=_references(parent),
        direction=Message.Direction.OUT,
        state=Message.State.WAITING,
        sender=box.address.lower(),
        sender_name=box.name or str(box.owner),
        recipients=[["to", one, ""] for one in addresses[0]] + [["cc", one, ""] for one in addresses[1]],
        subject=subject[:500] or (f"Re: {parent.subject}"[:500] if parent else ""),
        text=text,
        party=party,
        **place,
    )
    search.touch(made)
    return made


@action
def note_sent(number: int, *, by: Viewer) -> None:
    """That a message went out."""
    row = Message.objects.select_for_update().get(pk=number)
    Message.objects.filter(pk=number).update(state=Message.State.SENT, sent_at=timezone.now(), error="")
    row.refresh_from_db()
    _tell(row, by)


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


def _party_of(record: models.Model | None, parent: Message | None, to: Sequence[str]) -> Party | None:
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

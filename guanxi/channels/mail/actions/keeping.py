"""Keeping what comes: a piece of a folder at a time, in sets, with the number that was reached in one transaction."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.channels.mail import filing, strangers
from guanxi.channels.mail.models import Folder, LeftOut, Mailbox, Message, Thread
from guanxi.channels.mail.parsing import Parsed
from guanxi.customers.models import Party
from guanxi.foundation import audit, belonging, hooks, search
from guanxi.foundation.actions import Refused, action, occasion
from guanxi.foundation.attachments.actions import attach
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.ledger.actions import record_all
from guanxi.ledger.models import Channel

MOST_FILES = 100  # of one message


@dataclass(frozen=True)
class Come:
    """A message that came: what it says, how large it is, its number at the server."""

    parsed: Parsed
    size: int
    uid: int


@dataclass
class Kept:
    """A message on its way into the database."""

    come: Come
    place: filing.Place
    stranger: bool = False  # somebody whom nobody knows and who wants something
    row: Message | None = None


@action
def keep(number: int, found: Sequence[Come], reached: int | None = None, backlog: int = 0, *, by: Viewer) -> int:
    """Keep messages of a folder that are not here yet, and note that everything up to `reached` is here; how many of
    them were new. What came too large before, and comes whole now, is completed.
    """
    folder = Folder.objects.select_related("mailbox__owner").get(pk=number)
    mailbox = Mailbox.objects.select_for_update(of=("self",)).select_related("owner").get(pk=folder.mailbox_id)
    folder.mailbox = mailbox
    ids = [come.parsed.message_id[:250] for come in found]
    here = dict(Message.objects.filter(mailbox=mailbox, message_id__in=ids).values_list("message_id", "whole"))
    fresh: dict[str, Come] = {}
    for come, name in zip(found, ids, strict=True):
        if name not in here:
            fresh.setdefault(name, come)
        elif come.parsed.whole and not here[name]:
            _complete(mailbox, name, come)
    kept = _placed(folder, list(fresh.values()))
    _insert(folder, kept)
    _note_cut(folder, found)
    if reached is not None:
        Folder.objects.filter(pk=number, last_uid__lt=reached).update(last_uid=reached, backlog=backlog)
    return len(kept)


def _placed(folder: Folder, found: list[Come]) -> list[Kept]:
    """With their places; without those of strangers where their owner does not want to keep them here."""
    mailbox = folder.mailbox
    places = filing.Filer(mailbox).places([come.parsed for come in found])
    house = strangers.addresses_of_the_house({come.parsed.sender for come in found}) if mailbox.makes_leads else set()
    kept = []
    for come, place in zip(found, places, strict=True):
        known = place.party is not None or place.thread is not None or place.object_id is not None
        one = Kept(come, place)
        one.stranger = not known and come.parsed.sender not in house and strangers.wrote(mailbox, folder, come.parsed)
        if known or mailbox.strangers or one.stranger:
            kept.append(one)
    _thread(kept)
    return kept


def _thread(kept: list[Kept]) -> None:
    """Give each its thread: that of what it answers, be it in the same piece; else one of its own."""
    by_id = {one.come.parsed.message_id: one.place for one in kept}
    alone = [one for one in kept if one.place.thread is None and not _answered(one, by_id)]
    made = Thread.objects.bulk_create(Thread(subject=one.come.parsed.subject[:250]) for one in alone)
    for thread, one in zip(made, alone, strict=True):
        one.place.thread = thread.pk
    waiting = [one for one in kept if one.place.thread is None]
    while waiting:
        still = []
        for one in waiting:
            one.place.thread = next((place.thread for place in _answered(one, by_id) if place.thread), None)
            if one.place.thread is None:
                still.append(one)
        if len(still) == len(waiting):  # they answer each other in a circle
            still[0].place.thread = Thread.objects.create(subject=still[0].come.parsed.subject[:250]).pk
            still = still[1:]
        waiting = still
    _join(kept)


def _join(kept: list[Kept]) -> None:
    """Threads that turn out to be one become one."""
    into: dict[int, int] = {}

    def end(thread: int) -> int:
        while thread in into:
            thread = into[thread]
        return thread

    for one in kept:
        for other in one.place.joined:
            first, second = end(one.place.thread or 0), end(other)
            if first != second:
                into[second] = first
    for one in kept:
        one.place.thread = end(one.place.thread or 0)
    for thread in into:
        Message.objects.filter(thread=thread).update(thread=end(thread))
    Thread.objects.filter(pk__in=into, messages=None).delete()


def _answered(one: Kept, by_id: dict[str, filing.Place]) -> list[filing.Place]:
    parsed = one.come.parsed
    return [by_id[name] for name in parsed.answers if name in by_id and name != parsed.message_id]


def _insert(folder: Folder, kept: list[Kept]) -> None:
    if not kept:
        return
    for one in kept:
        one.row = _row(folder, one.come, one.place)
    rows = [one.row for one in kept if one.row is not None]
    Message.objects.bulk_create(rows, batch_size=500)
    audit.record_summary(
        occasion(), "mail.mailbox", folder.mailbox_id, str(folder.mailbox), {"messages": [None, len(rows)]}
    )
    for one in kept:
        if one.row is not None:
            attach_received(one.row, one.come.parsed)
            if one.stranger:
                _hand_on(one.row)
    tell(rows, folder.mailbox.owner)
    search.touch(*rows)
    _show(rows)
    newest = max(row.sent_at for row in rows)
    Folder.objects.filter(pk=folder.pk).exclude(newest_at__gt=newest).update(newest_at=newest)


def _show(rows: Sequence[Message]) -> None:
    """Show what came to whoever reads in it: functions (message, by=viewer)."""
    for listener in hooks.get("mail_came"):
        for row in rows:
            listener(row, by=SYSTEM)


def _row(folder: Folder, come: Come, place: filing.Place) -> Message:
    parsed = come.parsed
    outgoing = folder.kind == Folder.Kind.SENT or parsed.sender == folder.mailbox.address.lower()
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
        calendar=parsed.calendar,
        automatic=parsed.automatic,
        private=place.private,
        whole=parsed.whole,
        flaws=parsed.flaws[:10],
        size=come.size,
        party_id=place.party,
        object_type=place.object_type,
        object_id=place.object_id,
    )


def attach_received(row: Message, parsed: Parsed) -> None:
    """Keep the files of a message with it; why one is not kept is told there."""
    refused = []
    for name, _kind, content in parsed.attachments[:MOST_FILES]:
        try:
            attach(row, name or "file", io.BytesIO(content), by=SYSTEM, told=False)
        except Refused as refusal:
            refused.append(refusal.message[:200])
    if len(parsed.attachments) > MOST_FILES:
        refused.append(_("It has more than %(most)s files; the rest was not kept.") % {"most": MOST_FILES})
    if refused:
        row.flaws = [*row.flaws, *refused][:20]
        Message.objects.filter(pk=row.pk).update(flaws=row.flaws)


def _hand_on(row: Message) -> None:
    """Let whoever takes mail of strangers make something of it; the thread belongs there from then on."""
    taker = strangers.taker()
    if taker is None:
        return
    try:
        record = taker.take(row, SYSTEM)
    except Refused as refusal:  # such as an address that is none
        row.flaws = [*row.flaws, refusal.message[:200]]
        Message.objects.filter(pk=row.pk).update(flaws=row.flaws)
        return
    if record is not None:
        place = belonging.reference(record)
        row.object_type, row.object_id = place["object_type"], place["object_id"]
        Message.objects.filter(pk=row.pk).update(**place)


def _complete(mailbox: Mailbox, message_id: str, come: Come) -> None:
    parsed = come.parsed
    values = {"text": parsed.text, "quoted": parsed.quoted, "html": parsed.html, "flaws": parsed.flaws[:10]}
    values["calendar"] = parsed.calendar
    Message.objects.filter(mailbox=mailbox, message_id=message_id).update(**values, whole=True)
    row = Message.objects.get(mailbox=mailbox, message_id=message_id)
    attach_received(row, parsed)
    search.touch(row)
    _show([row])


def _note_cut(folder: Folder, found: Sequence[Come]) -> None:
    """Note of what was too large that its files are not here; what is here whole is noted no more."""
    LeftOut.objects.filter(folder=folder, uid__in=[come.uid for come in found]).delete()
    limit = settings.GUANXI_MAIL_LARGEST // 1_000_000
    why = _("It is larger than %(limit)s MB: its text is here, its files are only in your mail program.")
    LeftOut.objects.bulk_create(
        LeftOut(
            folder=folder,
            uid=come.uid,
            why=(why % {"limit": limit})[:300],
            subject=come.parsed.subject[:250],
            sender=come.parsed.sender,
            size=come.size,
            at=come.parsed.sent_at or timezone.now(),
        )
        for come in found
        if not come.parsed.whole
    )


@action
def leave_out(number: int, come: Come, why: str, *, by: Viewer) -> None:
    """Note of a message that it could not be kept, and why."""
    LeftOut.objects.update_or_create(
        folder_id=number,
        uid=come.uid,
        defaults={
            "why": why[:300],
            "subject": come.parsed.subject[:250],
            "sender": come.parsed.sender,
            "size": come.size,
            "at": come.parsed.sent_at or timezone.now(),
        },
    )


def tell(rows: Sequence[Message], by: Viewer) -> None:
    """Tell the ledger that somebody wrote; without words, which stay with the message. Programs and what is private are
    not told of."""
    told: list[dict[str, Any]] = [
        {
            "kind": f"mail.{row.direction}",
            "party": Party(pk=row.party_id),
            "channel": Channel.MAIL,
            "direction": row.direction,
            "occurred_at": row.sent_at,
            "about": row,
        }
        for row in rows
        if row.party_id is not None and not row.automatic and not row.private
    ]
    record_all(told, by=by)

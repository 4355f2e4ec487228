"""Keeping a mailbox up to date: folder by folder, from the number where the last reading ended.

A piece of messages and the number reached are stored in one transaction: a kill loses nothing and doubles nothing.
Where a server gave its messages new numbers (UIDVALIDITY), the folder is read anew: what is here is known by its id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DataError, IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.channels.mail import actions, fetching, parsing
from guanxi.channels.mail.actions import Come
from guanxi.channels.mail.fetching import CannotConnect, Fetched, Listed, Server
from guanxi.channels.mail.models import Folder, Mailbox
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import SYSTEM, NotAllowed

CHUNK = 200  # messages that are asked for at once
AT_ONCE = 8_000_000  # bytes of them that are in memory at once
RUN = 300.0  # seconds after which a run makes room for others
PACE = (60, 120, 300, 900, 3600)  # seconds to wait after so many failures in a row


# What a single message can be at fault for; a database that is away is none of it.
POISON = (DataError, IntegrityError, ValueError, Refused, NotAllowed)
logger = logging.getLogger("guanxi.mail")


@dataclass
class Pace:
    """How quick a run is."""

    began: float
    messages: int = 0

    @property
    def speed(self) -> float | None:
        """Messages a second; None where there were too few to tell."""
        spent = time.monotonic() - self.began
        return self.messages / spent if self.messages >= CHUNK and spent > 0 else None


def sync(number: int, tell: Callable[[int], None] = lambda _count: None, seconds: float = RUN) -> int:
    """Read what is new in a mailbox, for at most about `seconds`; how many messages came.

    A server that cannot be reached is noted at the mailbox, and asked again later.
    """
    mailbox = Mailbox.objects.get(pk=number)
    if mailbox.state == Mailbox.State.PAUSED:
        return 0
    pace = Pace(time.monotonic())
    try:
        with fetching.connected(mailbox) as server:
            for folder in _folders(mailbox, server):
                for count in _read(folder, server, pace.began + seconds):
                    pace.messages += count
                    tell(pace.messages)
    except (CannotConnect, *fetching.FAULTS) as fault:
        actions.note_failure(mailbox.pk, str(fault), by=SYSTEM)
        return pace.messages
    actions.note_success(mailbox.pk, pace.speed, by=SYSTEM)
    return pace.messages


def has_more(number: int) -> bool:
    """Whether a mailbox that can be read has messages that a run did not come to."""
    waiting = Folder.objects.filter(mailbox=number, read=True, there=True, backlog__gt=0)
    return bool(waiting.filter(mailbox__failures=0).exclude(mailbox__state=Mailbox.State.PAUSED).exists())


def is_due(mailbox: Mailbox, now: datetime | None = None) -> bool:
    """Whether a mailbox is to be looked at: at each call, after failures less and less often."""
    if mailbox.state == Mailbox.State.PAUSED:
        return False
    if not mailbox.failures or mailbox.synced_at is None:
        return True
    wait = PACE[min(mailbox.failures, len(PACE)) - 1]
    return mailbox.synced_at + timedelta(seconds=wait) <= (now or timezone.now())


def _folders(mailbox: Mailbox, server: Server) -> list[Folder]:
    """The folders that are read, the inbox first; what else is at the server is known, so that it can be chosen."""
    note_folders(mailbox, server.folders())
    chosen = mailbox.folders.filter(read=True, there=True).select_related("mailbox")
    return sorted(chosen, key=lambda folder: (folder.kind != Folder.Kind.INBOX, folder.pk))


def note_folders(mailbox: Mailbox, listed: list[Listed]) -> None:
    """Keep which folders there are; only what changed is written."""
    known = {folder.name: (folder.kind, folder.there) for folder in mailbox.folders.all()}
    now = {one.name: (one.kind, True) for one in listed}
    if now != {name: seen for name, seen in known.items() if seen[1]}:
        actions.note_folders(mailbox.pk, {one.name: one.kind for one in listed}, by=SYSTEM)


def _read(folder: Folder, server: Server, end: float) -> Iterator[int]:
    """Read a folder on; yields how many messages of each piece were new."""
    validity = server.open(folder.name)
    if folder.validity != validity:
        folder = actions.begin_folder(folder.pk, validity, by=SYSTEM)
    waiting = server.uids_after(folder.last_uid, folder.mailbox.since)
    if len(waiting) != folder.backlog:
        actions.note_backlog(folder.pk, len(waiting), by=SYSTEM)
    done = 0
    while done < len(waiting) and time.monotonic() < end:
        chunk = waiting[done : done + CHUNK]
        reached = 0
        for piece in server.fetch(chunk, settings.GUANXI_MAIL_LARGEST, AT_ONCE):
            if piece:
                reached = piece[-1].uid
                yield _keep(folder, piece, reached, len(waiting) - done - _place(chunk, reached))
        done += len(chunk)
        if reached != chunk[-1]:  # what is gone meanwhile
            actions.move_on(folder.pk, chunk[-1], len(waiting) - done, by=SYSTEM)


def _place(chunk: list[int], uid: int) -> int:
    """How many of a chunk are done when `uid` is."""
    return chunk.index(uid) + 1


def _come(fetched: list[Fetched]) -> list[Come]:
    return [Come(parsing.parse(one.raw, one.whole), one.size, one.uid) for one in fetched]


def _keep(folder: Folder, fetched: list[Fetched], reached: int, backlog: int) -> int:
    come = _come(fetched)
    try:
        return actions.keep(folder.pk, come, reached, backlog, by=SYSTEM)
    except POISON:
        logger.warning("Some of %s messages of %s cannot be kept; each is tried alone", len(come), folder)
    count = sum(_keep_alone(folder, one) for one in come)
    actions.move_on(folder.pk, reached, backlog, by=SYSTEM)
    return count


def _keep_alone(folder: Folder, come: Come) -> int:
    """One message that others need not suffer from: where it cannot be kept, that is noted with the reason."""
    try:
        return actions.keep(folder.pk, [come], by=SYSTEM)
    except POISON as fault:
        why = _("It could not be kept: %(fault)s") % {"fault": f"{type(fault).__name__}: {fault}"}
        actions.leave_out(folder.pk, come, why, by=SYSTEM)
        return 0


def try_again(number: int) -> int:
    """Fetch messages of a folder that were too large once more; how many are here whole now."""
    folder = Folder.objects.select_related("mailbox").get(pk=number)
    uids = list(folder.left_out.order_by("uid").values_list("uid", flat=True)[:CHUNK])
    if not uids or folder.validity is None:
        return 0
    whole = 0
    with fetching.connected(folder.mailbox) as server:
        if server.open(folder.name) != folder.validity:
            return 0  # its numbers are others now; the next reading begins anew
        for piece in server.fetch(uids, settings.GUANXI_MAIL_LARGEST, AT_ONCE):
            come = [one for one in _come(piece) if one.parsed.whole]
            actions.keep(folder.pk, come, by=SYSTEM)
            whole += len(come)
    return whole

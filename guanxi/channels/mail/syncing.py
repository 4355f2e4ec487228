"""Keeping a mailbox up to date: folder by folder, from the number where the last reading ended.

A chunk of messages and the number reached are stored in one transaction: a kill loses nothing and doubles nothing.
Where a server gave its messages new numbers (UIDVALIDITY), the folder is read anew: what is here is known by its id.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.channels.mail import actions, fetching, parsing
from guanxi.channels.mail.fetching import CannotConnect, Fetched, Server
from guanxi.channels.mail.models import Folder, Mailbox
from guanxi.foundation.visibility import SYSTEM

CHUNK = 100
RUN = 300.0  # seconds after which a run makes room for others
PACE = (60, 120, 300, 900, 3600)  # seconds to wait after so many failures in a row


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


def is_due(mailbox: Mailbox, now: datetime | None = None) -> bool:
    """Whether a mailbox is to be looked at: at each call, after failures less and less often."""
    if mailbox.state == Mailbox.State.PAUSED:
        return False
    if not mailbox.failures or mailbox.synced_at is None:
        return True
    wait = PACE[min(mailbox.failures, len(PACE)) - 1]
    return mailbox.synced_at + timedelta(seconds=wait) <= (now or timezone.now())


def _folders(mailbox: Mailbox, server: Server) -> list[Folder]:
    known = {folder.name: folder for folder in mailbox.folders.all()}
    listed = server.folders()
    fresh = [Folder(mailbox=mailbox, name=one.name, outgoing=one.outgoing) for one in listed if one.name not in known]
    actions.add_folders(fresh, by=SYSTEM)
    return list(mailbox.folders.filter(name__in=[one.name for one in listed]).order_by("outgoing", "id"))


def _read(folder: Folder, server: Server, end: float) -> Iterator[int]:
    """Read a folder on; yields how many messages of each chunk were new."""
    validity = server.open(folder.name)
    if folder.validity != validity:
        folder = actions.begin_folder(folder.pk, validity, by=SYSTEM)
    since = folder.mailbox.since
    waiting = server.uids_after(folder.last_uid, since)
    actions.note_backlog(folder.pk, len(waiting), by=SYSTEM)
    while waiting and time.monotonic() < end:
        chunk, waiting = waiting[:CHUNK], waiting[CHUNK:]
        fetched = server.fetch(chunk, settings.GUANXI_MAIL_LARGEST)
        yield _keep(folder, fetched, chunk[-1], len(waiting))


def _keep(folder: Folder, fetched: list[Fetched], reached: int, backlog: int) -> int:
    whole = [(one, parsing.parse(one.raw)) for one in fetched if one.raw is not None]
    large = [(one, parsing.parse(one.header)) for one in fetched if one.raw is None]
    with transaction.atomic():
        count = actions.keep(folder.pk, [(parsed, one.size, one.uid) for one, parsed in whole], by=SYSTEM)
        for one, parsed in large:
            limit = settings.GUANXI_MAIL_LARGEST // 1_000_000
            why = _("It is larger than %(limit)s MB; read it in your mail program.") % {"limit": limit}
            actions.leave_out(folder.pk, one.uid, why, parsed, one.size, by=SYSTEM)
        actions.move_on(folder.pk, reached, backlog, by=SYSTEM)
    return count


def try_again(number: int) -> int:
    """Fetch messages of a folder that were left out once more; how many are kept now."""
    folder = Folder.objects.select_related("mailbox").get(pk=number)
    uids = list(folder.left_out.order_by("uid").values_list("uid", flat=True)[:CHUNK])
    with fetching.connected(folder.mailbox) as server:
        server.open(folder.name)
        fetched = server.fetch(uids, settings.GUANXI_MAIL_LARGEST)
    kept = [(parsing.parse(one.raw), one.size, one.uid) for one in fetched if one.raw is not None]
    return actions.keep(folder.pk, kept, by=SYSTEM)

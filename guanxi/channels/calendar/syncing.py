"""Keeping calendars elsewhere and here the same: first what changed there comes here, then what changed here goes
there.

Each object is written in a transaction of its own and the server's token last, so that a kill loses and doubles
nothing: what came already is known by its etag. A PUT says which etag it replaces, so that nothing is written over
unseen; where the server refuses it, the object is read again first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone, translation

from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import actions, dav
from guanxi.channels.calendar.actions import accounts
from guanxi.channels.calendar.dav import Changes, Server
from guanxi.channels.calendar.models import Account, Entry
from guanxi.foundation.visibility import SYSTEM

EVERY = timedelta(minutes=5)
PACE = (300, 600, 1800, 3600)  # seconds to wait after so many failures in a row


def sync(number: int, tell: Callable[[int], None] = lambda _count: None) -> int:
    """Bring both sides together; how many objects came or went. A server that cannot be reached is noted at the
    account, and asked again later."""
    account = Account.objects.select_related("owner").get(pk=number)
    if account.state == Account.State.PAUSED:
        return 0
    run = Run(account, tell)
    with translation.override(account.owner.language or None):
        try:
            with dav.connected(account) as server:
                run.pull(server)
                run.push(server)
        except (dav.CannotConnect, *dav.FAULTS) as fault:
            actions.note_calendar_failure(account.pk, str(fault), by=SYSTEM)
            return run.count
        actions.note_calendar_success(account.pk, run.token, by=SYSTEM)
    return run.count


def is_due(account: Account, now: datetime | None = None) -> bool:
    """Whether a calendar is to be looked at: every few minutes, after failures less and less often."""
    if account.state == Account.State.PAUSED:
        return False
    if account.synced_at is None:
        return True
    wait = timedelta(seconds=PACE[min(account.failures, len(PACE)) - 1]) if account.failures else EVERY
    return account.synced_at + wait <= (now or timezone.now())


class Run:
    """One look at one calendar."""

    def __init__(self, account: Account, tell: Callable[[int], None]) -> None:
        self.account = account
        self.tell = tell
        self.count = 0
        self.token = ""

    def pull(self, server: Server) -> None:
        """Take what changed at the server."""
        known = {entry.path: entry for entry in self.account.entries.all()}
        changes = self._changes(server, known)
        self.token = changes.token
        fresh = [path for path, etag in changes.etags.items() if path not in known or known[path].etag != etag]
        for start in range(0, len(fresh), dav.CHUNK):
            for path, (etag, text) in server.fetch(self.account.path, fresh[start : start + dav.CHUNK]).items():
                actions.take_object(self.account.pk, path, etag, text, by=SYSTEM)
                self._count()
        for path in sorted(changes.gone & known.keys()):
            actions.forget_object(known[path].pk, by=SYSTEM)
            self._count()

    def _changes(self, server: Server, known: dict[str, Entry]) -> Changes:
        if self.account.token:
            try:
                found = server.changes(self.account.path, self.account.token)
            except dav.TokenGone:
                found = None
            if found is not None:
                return found
        everything = server.changes(self.account.path, "") or server.etags(self.account.path)
        # What was never there is not gone: the server refused it.
        there = {path for path, entry in known.items() if entry.etag}
        everything.gone = there - everything.etags.keys()
        return everything

    def push(self, server: Server) -> None:
        """Bring what changed here to the server."""
        entries = {entry.activity_id: entry for entry in self.account.entries.exclude(activity=None)}
        going = {row.pk: row for row in accounts.going(self.account)}
        for number, row in going.items():
            entry, digest = entries.get(number), accounts.digest_of(row)
            if entry is None and row.state != row.State.PLANNED:
                continue
            if entry is None or entry.agreed != digest:
                self._put(server, row, entry, digest)
        for entry in self.account.entries.exclude(state=Entry.State.PAST):
            cancelled = entry.activity is not None and entry.activity_id not in going and _is_off(entry)
            if entry.state == Entry.State.REMOVED or cancelled:
                self._delete(server, entry)

    def _put(self, server: Server, row: Activity, entry: Entry | None, digest: str) -> None:
        path = entry.path if entry else f"{self.account.path.rstrip('/')}/{_file(row.uid)}.ics"
        text = accounts.text_of(row, entry.text if entry else "")
        try:
            etag = server.put(path, text, entry.etag if entry else "")
        except dav.Changed:
            self._read_again(server, path)
            return
        except dav.Rejected as rejected:
            actions.note_not_put(self.account.pk, row.pk, path, str(rejected), digest, by=SYSTEM)
            return
        if not etag:  # the server may have written it otherwise
            etag, text = server.fetch(self.account.path, [path]).get(path, ("", text))
        actions.note_put(self.account.pk, row.pk, path, etag, text, digest, by=SYSTEM)
        self._count()

    def _read_again(self, server: Server, path: str) -> None:
        for found, (etag, text) in server.fetch(self.account.path, [path]).items():
            actions.take_object(self.account.pk, found, etag, text, by=SYSTEM)
            self._count()

    def _delete(self, server: Server, entry: Entry) -> None:
        try:
            server.remove(entry.path, entry.etag)
        except dav.Changed:  # what was changed there stays
            self._read_again(server, entry.path)
            return
        except dav.Rejected:
            return
        actions.forget_entry(entry.pk, by=SYSTEM)
        self._count()

    def _count(self) -> None:
        self.count += 1
        self.tell(self.count)


def _file(uid: str) -> str:
    """A name for an object that any server takes as it is."""
    return uid if re.fullmatch(r"[\w.@-]{1,200}", uid, re.ASCII) else hashlib.sha256(uid.encode()).hexdigest()[:40]


def _is_off(entry: Entry) -> bool:
    """Whether its meeting is off for the account's owner: called off, declined, or another's now."""
    activity, owner = entry.activity, entry.account.owner_id
    if activity is None or activity.state == activity.State.CANCELLED:
        return True
    mine = activity.participants.filter(user=owner).first()
    return mine.answer == mine.Answer.DECLINED if mine is not None else activity.owner_id != owner

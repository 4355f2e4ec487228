"""Reading the ledger from where one left off, without ever skipping a row or reading one twice.

A reader keeps a mark and asks for the events from it up to the `horizon`, below which nothing can appear any more. On
SQLite, whose single writer commits in the order of ids, the mark is an id. On PostgreSQL an earlier id may be committed
later than a higher one; there the mark is a transaction, and the horizon is the oldest transaction still running.

A reader whose work is in the database uses `claim`; one that writes elsewhere (the lake) keeps the mark with what it
wrote.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Min, QuerySet
from django.utils import timezone

from guanxi.foundation import settled
from guanxi.foundation.settled import CurrentTransaction, mark_column
from guanxi.ledger.models import Event, ReaderCursor


def horizon() -> int:
    """The mark below which all is final: whatever has a smaller mark can be seen now, and nothing will join it."""
    return settled.horizon(Event)


def settled_horizon(patience: float) -> tuple[int, bool]:
    """The horizon, and whether all that is committed by now lies below it.

    On PostgreSQL any open transaction of the server holds the horizon back, be it housekeeping: wait for those to end,
    at most `patience` seconds.
    """
    newest = settled.newest(Event)
    until = time.monotonic() + patience
    while (mark := horizon()) < newest and time.monotonic() < until:
        time.sleep(0.05)
    return mark, mark >= newest


def changes(since: int, until: int) -> QuerySet[Event]:
    """The events with `since` <= mark < `until`, in the order of their marks."""
    mark = mark_column()
    return Event.objects.filter(**{f"{mark}__gte": since, f"{mark}__lt": until}).order_by(mark, "id")


def between(since: int, until: int, alias: str = "") -> str:
    """The same as a condition in SQL, for set-based reading of `ledger_event`."""
    column = f"{alias}.{mark_column()}" if alias else mark_column()
    return f"{column} >= {int(since)} AND {column} < {int(until)}"


@dataclass(frozen=True)
class Claim:
    """The part of the ledger that a reader has taken and no other process with its name is reading."""

    since: int
    until: int

    def events(self) -> QuerySet[Event]:
        """The events to read; `.iterator()` keeps memory flat."""
        return changes(self.since, self.until)


@contextmanager
def claim(reader: str, most: int | None = None) -> Iterator[Claim]:
    """Take the unread events for `reader`, in a transaction that also moves its mark at the end of the block.

    What the block writes to the database stands or falls with the mark. A second process waits for the first. With
    `most` about so many are taken; on PostgreSQL those of one transaction stay together.
    """
    ReaderCursor.objects.get_or_create(reader=reader)
    with transaction.atomic():
        cursor = ReaderCursor.objects.select_for_update().get(reader=reader)
        until = max(cursor.mark, horizon())
        taken = Claim(cursor.mark, until if most is None else _edge(cursor.mark, until, most))
        yield taken
        if taken.until > taken.since:
            ReaderCursor.objects.filter(pk=cursor.pk).update(mark=taken.until, moved_at=timezone.now())


def _edge(since: int, until: int, most: int) -> int:
    """The mark before which about `most` events lie, no further than `until`."""
    beyond = changes(since, until).values_list(mark_column(), flat=True)[most : most + 1]
    return next((mark if mark > since else mark + 1 for mark in beyond), until)


def begin_at_the_end(reader: str) -> None:
    """Let `reader` read what happens from now on, and nothing of what happened before."""
    ReaderCursor.objects.update_or_create(reader=reader, defaults={"mark": horizon(), "moved_at": timezone.now()})


def forget(reader: str) -> None:
    """Forget the place of a reader that reads no more."""
    ReaderCursor.objects.filter(reader=reader).delete()


def first_unread() -> dict[str, int | None]:
    """Of each reader the number of the first event that it has not read; None where it has read all."""
    return {
        reader: Event.objects.filter(**{f"{mark_column()}__gte": mark}).aggregate(first=Min("id"))["first"]
        for reader, mark in ReaderCursor.objects.values_list("reader", "mark")
    }


def set_places_anew(unread: dict[str, int | None]) -> None:
    """After events were brought in from another database, whose marks mean nothing here: give each reader its place.

    `unread` is what `first_unread` said there. On PostgreSQL all that any reader lacks is marked as written now, so
    that a reader may get some events twice, but none not at all.
    """
    lacking = [number for number in unread.values() if number is not None]
    first = min(lacking, default=None)
    mark = first
    if connection.vendor == "postgresql" and first is not None:
        with transaction.atomic():
            Event.objects.filter(pk__gte=first).update(transaction=CurrentTransaction())
            mark = Event.objects.values_list("transaction", flat=True).get(pk=first)
    end = horizon()
    for reader in ReaderCursor.objects.all():
        own = unread.get(reader.reader)
        place = end if own is None else mark if connection.vendor == "postgresql" else own
        ReaderCursor.objects.filter(pk=reader.pk).update(mark=place, moved_at=timezone.now())

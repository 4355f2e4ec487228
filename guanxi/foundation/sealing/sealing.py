"""Sealing: entries that are settled get a number and a hash, in order, in the background.

Nobody who writes waits for it, and however many write at once, nothing is skipped: an entry whose transaction commits
late is sealed late, with a higher number.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from guanxi.foundation import settled
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.sealing import digests
from guanxi.foundation.sealing.models import Head, Seal

AT_ONCE = 2_000
HEAD = 1


def below(mark: int) -> Q:
    """Entries with a lower mark; those from before there were marks are settled."""
    column = settled.mark_column()
    older = Q(**{f"{column}__lt": mark})
    return older | Q(transaction=None) if column == "transaction" else older


def unsealed() -> QuerySet[AuditEntry]:
    """Entries that have no seal."""
    return AuditEntry.objects.exclude(Exists(Seal.objects.filter(entry=OuterRef("pk"))))


def seal(progress: Callable[[int], object] = lambda done: None) -> int:
    """Seal all settled entries that are not sealed; how many. Two at once take turns."""
    began, until = timezone.now(), settled.horizon(AuditEntry)
    done, last = 0, 0
    while True:
        with transaction.atomic():
            head = _head()
            genuine = is_genuine(head)
            rows = _next(head, until, last)
            if rows:
                _extend(head, rows)
                last = rows[-1][0]
            if len(rows) < AT_ONCE:
                head.mark, head.complete = max(head.mark, until), began
            if genuine:  # else what somebody forged would become ours
                _sign(head)
            head.save()
        done += len(rows)
        progress(done)
        if len(rows) < AT_ONCE:
            return done


def set_place_anew() -> None:
    """After the log came from another database, whose marks mean nothing here: look at all of it once more."""
    if not Head.objects.filter(pk=HEAD).exists():  # nothing was sealed yet
        return
    with transaction.atomic():
        head = _head()
        genuine = is_genuine(head)
        head.mark = 0
        if genuine:
            _sign(head)
        head.save()


def _head() -> Head:
    Head.objects.get_or_create(pk=HEAD)
    return Head.objects.select_for_update().get(pk=HEAD)


def _next(head: Head, until: int, last: int) -> list[tuple[Any, ...]]:
    """The next settled entries without a seal, as COLUMNS."""
    window = below(until) & Q(pk__gt=last)
    if head.mark:
        window &= Q(**{f"{settled.mark_column()}__gte": head.mark})
    return list(unsealed().filter(window).order_by("pk").values_list(*digests.COLUMNS)[:AT_ONCE])


def _extend(head: Head, rows: list[tuple[object, ...]]) -> None:
    key, now = digests.present_key(), timezone.now()
    seals = [_link(head, key, now, row) for row in rows]
    Seal.objects.bulk_create(seals, batch_size=500)


def _link(head: Head, key: digests.Key, now: datetime, row: tuple[object, ...]) -> Seal:
    entry, label, changes = int(str(row[0])), str(row[-2]), row[-1]
    salt = secrets.token_urlsafe(12)
    frame, values = digests.of_frame(key, row), digests.of_values(key, salt, label, changes)
    head.sequence += 1
    head.hash = digests.of_seal(key, head.hash, head.sequence, entry, (now, head.complete), frame, values)
    head.at = now
    return Seal(
        sequence=head.sequence,
        entry=entry,
        at=now,
        since=head.complete,
        key=key.mark,
        salt=salt,
        frame_digest=frame,
        values_digest=values,
        hash=head.hash,
    )


def carry_over() -> None:
    """Look through the whole log for entries without a seal, once: after a restore into another server, which
    counts transactions anew.
    """
    with transaction.atomic():
        head = Head.objects.select_for_update().filter(pk=HEAD).first()
        if head is not None and is_genuine(head):
            head.mark = 0
            _sign(head)
            head.save()


def is_genuine(head: Head) -> bool:
    """Whether a head is as one of ours left it."""
    if not head.proof:
        return (head.sequence, head.hash, head.mark) == (0, "", 0)
    times = head.at, head.complete
    return head.proof in [
        digests.of_head(key, head.sequence, head.hash, head.mark, times) for key in digests.known_keys().values()
    ]


def _sign(head: Head) -> None:
    head.proof = digests.of_head(digests.present_key(), head.sequence, head.hash, head.mark, (head.at, head.complete))

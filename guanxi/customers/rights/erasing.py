"""Erasing a customer: from files, database, search and lake, so that he is not found again, and doing so again after a
restore.

In order: what stands against him is noted and his keys are hashed (`begin`), what is found by his values is taken from
files, everything in the database goes in one transaction, then the lake follows. Killed anywhere, it goes on.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guanxi.customers.models import ContactPoint, Party, Restriction
from guanxi.customers.queries import STRONG
from guanxi.customers.rights import hashing, loose
from guanxi.customers.rights.actions import begin_erasure, finish_erasure, know_erasure
from guanxi.customers.rights.kept import FATES, GOES, Elsewhere, Kept, Subject, elsewhere, kept, subject_of
from guanxi.customers.rights.models import Erasure, LegalHold
from guanxi.foundation import audit, search
from guanxi.foundation.actions import Refused, action, create, occasion
from guanxi.foundation.visibility import SYSTEM, Viewer

logger = logging.getLogger(__name__)
NOBODY = gettext_noop("Erased customers")


@dataclass(frozen=True)
class Line:
    """What becomes of one kind of data, as people see it before it happens."""

    title: str
    count: int
    fate: str
    why: str
    goes: bool


def preview(party: Party) -> list[Line]:
    """What would go, what would be kept without the person, and why; nothing is changed."""
    subject = subject_of(party)
    lines = [
        Line(one.title, count, str(FATES[one.fate]), str(one.why), one.fate == GOES)
        for one in kept()
        if (count := one.of(subject).count())
    ]
    for place in elsewhere():
        count = len(place.find(subject))
        if count:
            lines.append(Line(str(place.label), count, str(FATES[GOES]), "", True))
    return lines


def held(party: Party) -> LegalHold | None:
    """What forbids to erase `party`."""
    subject = subject_of(party)
    return LegalHold.objects.filter(party__in=subject.ids, lifted_at=None).first()


def erase(party: Party, *, by: Viewer, reason: str = "") -> Erasure:
    """Erase `party` now, with all that became part of it. Raises Refused where something is held by law."""
    return carry_out(begin(party, by=by, reason=reason))


def begin(party: Party, *, by: Viewer, reason: str = "") -> Erasure:
    """Note that `party` is being erased: from now on nobody contacts him, and a restore does not bring him back."""
    hold = held(party)
    if hold is not None:
        raise Refused(_("This customer's data are held: %(reason)s") % {"reason": hold.reason}, "party")
    if Restriction.objects.filter(party=party, kind=Restriction.Kind.ANONYMOUS).exists():
        raise Refused(_("Nobody stands behind this record any more."), "party")
    subject = subject_of(party)
    parties = Party.objects.filter(pk__in=subject.ids)
    marks = sorted(hashing.mark_of(row) for row in parties)
    points = ContactPoint.objects.filter(party__in=subject.ids, kind__in=STRONG)
    keys = sorted({(kind, hashing.of_key(kind, key)) for kind, key in points.values_list("kind", "key")})
    row = begin_erasure(subject.party, subject.ids, marks, keys, reason, by=by)
    _write_down(row)
    return row


def carry_out(row: Erasure) -> Erasure:
    """Do what was begun, or go on with it."""
    known = [party for party in Party.objects.filter(pk__in=row.parties) if hashing.mark_of(party) in row.marks]
    stand_in = nobody(by=SYSTEM)
    counts: dict[str, int] = dict(row.counts)
    if known:
        subject = subject_of(known[0])
        subject.stand_in = stand_in.pk
        _everywhere([one for one in elsewhere() if one.first], subject, stand_in.pk, counts)
        with _overwriting():
            _wipe(subject, counts, by=SYSTEM)
        for storage, name in subject.files:
            storage.delete(name)
    else:  # gone from the database already
        subject = Subject(Party(pk=row.parties[0]), list(row.parties))
    _everywhere([one for one in elsewhere() if not one.first], subject, stand_in.pk, counts)
    return finish_erasure(row, counts, by=SYSTEM)


def _everywhere(places: list[Elsewhere], subject: Subject, stand_in: int, counts: dict[str, int]) -> None:
    for place in places:
        counts[place.key] = place.erase(subject, stand_in)


@action
def _wipe(subject: Subject, counts: dict[str, int], *, by: Viewer) -> None:
    """Everything in the database, in one transaction."""
    everything: list[Kept] = kept()
    for one in everything:
        gone = one.wipe(subject)
        if gone:
            counts[one.name] = gone
    changed = loose.blank(subject)
    if changed:
        counts["texts"] = changed
    audit.record_summary(occasion(), Party._meta.label_lower, None, "", {"erased": [None, sum(counts.values())]})


def nobody(*, by: Viewer) -> Party:
    """The one record that orders of erased customers hang on, so that books and sums stay right."""
    known = Restriction.objects.filter(kind=Restriction.Kind.ANONYMOUS).select_related("party").first()
    return known.party if known is not None else _make_nobody(by=by)


@action
def _make_nobody(*, by: Viewer) -> Party:
    party = create(Party, name=NOBODY, kind=Party.Kind.PERSON)
    create(Restriction, party=party, kind=Restriction.Kind.ANONYMOUS)
    search.touch(party)
    return party


@contextmanager
def _overwriting() -> Iterator[None]:
    """Let SQLite overwrite what is deleted, and take what it had written ahead out of the log beside the database."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = ON")
        yield
        if not connection.in_atomic_block:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def sweep() -> None:
    """Write anew what only gains: on SQLite the index of the search and the database's file (free pages, old copies).

    At a million customers it takes minutes, so it is done in the background; searching goes on meanwhile.
    """
    if connection.vendor == "sqlite":
        search.reindex()
        search.catch_up()
    tables = [model._meta.db_table for model in {one.model for one in kept()}]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            for table in tables:
                cursor.execute(f'VACUUM "{table}"')


# Again, after a restore ----------------------------------------------------------------------------------------------


def log_path() -> Path:
    """Where every erasure is written down outside of the database, as keyed hashes only. Keep a copy elsewhere."""
    return Path(settings.GUANXI_HOME) / "erasures.jsonl"


def _write_down(row: Erasure) -> None:
    line = {"at": row.begun_at.isoformat(), "parties": row.parties, "marks": row.marks, "keys": row.keys}
    with log_path().open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def written_down(path: Path | None = None) -> list[dict[str, Any]]:
    """The erasures of the log; a line cut off by a crash is left out, for nothing had been erased by then."""
    path = path or log_path()
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            logger.warning("A line of %s cannot be read; it is left out.", path)
    return found


def replay(path: Path | None = None) -> int:
    """Erase again whoever was erased and is back, after a restore say; how many. Goes on with what was broken off.

    Looks at the log beside the database (or at `path`) and at the database's own.
    """
    for line in written_down(path):
        if not Erasure.objects.filter(marks=line["marks"], begun_at=datetime.fromisoformat(line["at"])).exists():
            know_erasure(line, by=SYSTEM)
    done = 0
    by_key = _back_by_key()
    for row in Erasure.objects.order_by("id"):
        back = [party for party in Party.objects.filter(pk__in=row.parties) if hashing.mark_of(party) in row.marks]
        if back or row.state == Erasure.State.RUNNING:
            carry_out(row)
            done += bool(back)
    for party in Party.objects.filter(pk__in=by_key):
        if held(party) is None:
            erase(party, by=SYSTEM, reason="replay")
            done += 1
    return done


def _back_by_key() -> set[int]:
    """Parties known from before an erasure all of whose strong keys were erased."""
    known = {digest: row.begun_at for row in Erasure.objects.all() for _kind, digest in row.keys}
    if not known:
        return set()
    points = ContactPoint.objects.filter(kind__in=STRONG).values_list("party_id", "kind", "key")
    hit: dict[int, datetime] = {}
    for party, kind, key in points.iterator(chunk_size=50_000):
        digest = hashing.of_key(kind, key)
        if digest in known:
            hit[party] = max(known[digest], hit.get(party, known[digest]))
    others = ContactPoint.objects.filter(party__in=hit, kind__in=STRONG).values_list("party_id", "kind", "key")
    kept_ones = {party for party, kind, key in others if hashing.of_key(kind, key) not in known}
    rows = Party.objects.filter(pk__in=hit.keys() - kept_ones).values_list("pk", "created_at")
    return {party for party, since in rows if since < hit[party]}

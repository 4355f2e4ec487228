"""Tables that a higher floor describes and the refresh keeps up: by the audit log, which tells of each record that
changed, and by the ledger, which tells whose customers were merged or parted.

::

    hooks.register("lake_source", Source(DEAL, rows, changed, types=("deals.deal",)))

What is written for a whole set (a bulk change), or without the audit log (`wholly`), is told by one entry without
number, or by one of another type: the table is then loaded whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet

from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.settled import mark_column
from guanxi.lake import sources
from guanxi.lake.schema import LakeTable
from guanxi.lake.sources import Batches
from guanxi.ledger import reading
from guanxi.ledger.models import Event

KEYS = "lake_keys"  # where the keys of what changed are staged
AMONG = f"IN (SELECT id FROM {KEYS})"
MANY = 100_000  # events that tell of changes, from which on a table is loaded whole
SILENCE = 5_000  # entries that mean nothing to a table after which its marks are moved all the same


@dataclass(frozen=True)
class Since:
    """What was written between the marks of a table and those of the refresh: of the audit log, and of the ledger."""

    audited: int
    audited_until: int
    told: int
    until: int

    def concerns(self, source: Source) -> bool:
        """Whether anything written touches the table."""
        entries = self._entries().filter(object_type__in=(*source.types, *source.wholly))
        return entries.exists() or self._reassigned() or self._happened(source).exists()

    def needs_all(self, source: Source) -> bool:
        """Whether more was written than entries with a number tell of."""
        sets = self._entries().filter(object_type__in=source.types, object_id__isnull=True)
        whole = sets.exists() or self._entries().filter(object_type__in=source.wholly).exists()
        return whole or self._happened(source)[MANY : MANY + 1].exists()

    @property
    def is_long_ago(self) -> bool:
        """Whether so much was written in vain that it should not be looked through again."""
        return self._entries().order_by("pk")[SILENCE : SILENCE + 1].exists()

    def records(self, object_type: str) -> str:
        """SQL for the ids of the records of a type that were made, changed or deleted."""
        return (
            f"SELECT object_id FROM foundation_auditentry WHERE {self.entries(object_type)} AND object_id IS NOT NULL"
        )

    def entries(self, object_type: str) -> str:
        """The condition in SQL on the entries of a type."""
        mark = mark_column()
        return f"{mark} >= {self.audited} AND {mark} < {self.audited_until} AND object_type = '{object_type}'"

    def events(self, kind: str, column: str = "id") -> str:
        """SQL for the ids of the events of a kind, or for the records that they are about (`object_id`)."""
        return f"SELECT {column} FROM ledger_event WHERE {reading.between(self.told, self.until)} AND kind = '{kind}'"

    def parties(self) -> str:
        """SQL for the ids of the customers that were merged or parted."""
        return sources.reassigned_parties(self.told, self.until)

    def _entries(self) -> QuerySet[AuditEntry]:
        mark = mark_column()
        return AuditEntry.objects.filter(**{f"{mark}__gte": self.audited, f"{mark}__lt": self.audited_until})

    def _happened(self, source: Source) -> QuerySet[Event]:
        return reading.changes(self.told, self.until).order_by().filter(kind__in=source.kinds)

    def _reassigned(self) -> bool:
        return reading.changes(self.told, self.until).order_by().filter(kind__in=sources.REASSIGNED).exists()


@dataclass(frozen=True)
class Source:
    """Where the rows of a table come from.

    `rows(db, among)` gives all of them, or those whose key fulfils `among` (“IN (…)”); `changed(since)` is SQL for the
    keys that changed. `types` are those whose audit entries tell of that; any entry of one of `wholly` asks for all;
    `kinds` are those of the ledger whose events tell of changes.
    """

    table: LakeTable
    rows: Callable[[BulkSession, str], Batches]
    changed: Callable[[Since], str]
    types: tuple[str, ...]
    wholly: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

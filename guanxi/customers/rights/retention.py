"""How long what is kept: rules per kind of data, run nightly, shown before they delete.

A package says at the door "retention" what can be forgotten: `Kind(code, label, rows(before, what))`. Nothing goes of a
party that is held by law.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from guanxi.customers import purposes
from guanxi.customers.models import OptIn, Party, SourceRecord
from guanxi.customers.rights import actions, erasing
from guanxi.customers.rights.models import LegalHold, RetentionRule, SensitiveLook
from guanxi.foundation import audit, clock, hooks
from guanxi.foundation.actions import Refused, acting
from guanxi.foundation.models import AuditEntry, Notification
from guanxi.foundation.sealing import redacting
from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import Viewer

AT_ONCE = 5_000
SAMPLE = 10


@dataclass(frozen=True)
class Kind:
    """A kind of data that a rule can be about. `rows(before, what)` are those older than a moment; `what` narrows them
    to one of `choices`. `party` is the path to whom they are about. With `erases` the rows are customers, who are
    erased whole.
    """

    code: str
    label: Any
    rows: Callable[[datetime, str], QuerySet[Any]]
    party: str = ""
    choices: Callable[[], Sequence[tuple[str, Any]]] | None = None
    months: int = 24  # proposed
    erases: bool = False


def kinds() -> list[Kind]:
    """All kinds of data that can be forgotten."""
    return hooks.get("retention")


def find(code: str) -> Kind | None:
    """The kind of that code."""
    return next((kind for kind in kinds() if kind.code == code), None)


@dataclass(frozen=True)
class Preview:
    """What a rule would delete now: how many, and the oldest of them."""

    count: int
    sample: list[str]
    before: datetime
    held: int


def due(rule: RetentionRule) -> tuple[QuerySet[Any], datetime]:
    """The rows that a rule is to delete, and the moment before which they lie."""
    kind = find(rule.kind)
    before = purposes.earlier(clock.now(), rule.months)
    if kind is None:
        return RetentionRule.objects.none(), before
    rows = kind.rows(before, rule.what)
    if kind.party or kind.erases:
        path = kind.party or "pk"
        rows = rows.exclude(Exists(LegalHold.objects.filter(party=OuterRef(path), lifted_at=None)))
    return rows, before


def preview(rule: RetentionRule) -> Preview:
    """What would go now; nothing is changed."""
    rows, before = due(rule)
    kind = find(rule.kind)
    everything = kind.rows(before, rule.what).count() if kind else 0
    count = rows.count()
    return Preview(count, [str(row) for row in rows.order_by("pk")[:SAMPLE]], before, everything - count)


def run(rule: RetentionRule, *, by: Viewer) -> int:
    """Delete what a rule that is in force says; how many rows. Raises Refused where it is not in force."""
    if rule.state != RetentionRule.State.ACTIVE:
        raise Refused(str(_("This rule is not in force.")))
    kind = find(rule.kind)
    rows, _before = due(rule)
    deleted = _erase(rows, by) if kind is not None and kind.erases else _delete(rule, rows, by)
    actions.note_run(rule, deleted, by=by)
    return deleted


def run_all(*, by: Viewer) -> dict[str, int]:
    """Run every rule in force; rows deleted by rule."""
    rules = list(RetentionRule.objects.filter(state=RetentionRule.State.ACTIVE).order_by("id"))
    return {str(rule): run(rule, by=by) for rule in rules}


def _delete(rule: RetentionRule, rows: QuerySet[Any], by: Viewer) -> int:
    deleted = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        with acting(by, "rights.retention") as occasion, transaction.atomic():
            if rows.model is AuditEntry:
                redacting.forget(ids)
            else:
                found = rows.model._base_manager.filter(pk__in=ids)
                found._raw_delete(found.db)
            label = rows.model._meta.label_lower
            audit.record_summary(occasion, label, None, str(rule), {"deleted": [len(ids), 0]})
        deleted += len(ids)
        progress(deleted, message=str(rule))
    return deleted


def _erase(rows: QuerySet[Any], by: Viewer) -> int:
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    for place, number in enumerate(ids):
        party = Party.objects.filter(pk=number).first()
        if party is not None:
            erasing.erase(party, by=by, reason="retention")
        progress(place + 1, len(ids))
    return len(ids)


def _old_records(before: datetime, _what: str) -> QuerySet[Any]:
    """What sources said and nobody is linked to."""
    linked = Exists(Party.objects.filter(pk=OuterRef("party")))
    return SourceRecord.objects.filter(received_at__lt=before).exclude(linked)


KINDS = [
    Kind("audit", _("Audit log"), lambda before, what: AuditEntry.objects.filter(at__lt=before), months=120),
    Kind("looks", _("Looks at sensitive fields"), lambda before, what: SensitiveLook.objects.filter(at__lt=before),
         party="party", months=36),
    Kind("notifications", _("Notifications"), lambda before, what: Notification.objects.filter(at__lt=before),
         months=12),
    Kind("opt_ins", _("Questions for consent that nobody confirmed"),
         lambda before, what: OptIn.objects.filter(asked_at__lt=before, confirmed_at=None), party="party", months=3),
    Kind("source_records", _("Source records of nobody"), _old_records, months=6),
]  # fmt: skip

"""What the two lowest floors keep of a customer, and what becomes of it when he is erased."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from guanxi.customers.corrections import HAND
from guanxi.customers.models import (
    Consent,
    ContactPoint,
    MatchKey,
    MatchPair,
    Merge,
    OptIn,
    Party,
    PartyRole,
    Relationship,
    Restriction,
    SourceRecord,
)
from guanxi.customers.rights.kept import AT_ONCE, WITHOUT_HIM, Kept, Subject, delete_rows
from guanxi.customers.rights.models import LegalHold, Request, SensitiveLook
from guanxi.foundation.bulk_changes.models import BulkRow
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.roles.models import Share
from guanxi.foundation.sealing import redacting

MACHINERY = 900  # what goes after everything that refers to it


def _parties(subject: Subject) -> QuerySet[Any]:
    return Party.objects.filter(pk__in=subject.ids)


def _wipe_parties(subject: Subject) -> int:
    """The records themselves, after all that refers to them."""
    Party.objects.filter(pk__in=subject.ids).update(merged_into=None)
    return delete_rows(subject, _parties(subject))


def _ties(subject: Subject) -> QuerySet[Any]:
    return Relationship.objects.filter(Q(party__in=subject.ids) | Q(other__in=subject.ids))


def _wipe_ties(subject: Subject) -> int:
    """His own; those who reported to him report to nobody from now on, and go on working there."""
    Relationship.objects.filter(reports_to__in=subject.ids).update(reports_to=None, reports_to_origin=None)
    return delete_rows(subject, _ties(subject))


def _requests(subject: Subject) -> QuerySet[Any]:
    return Request.objects.filter(party__in=subject.ids)


def _blank_requests(subject: Subject) -> int:
    """That there was a request, of what kind, and when it was done; not whose."""
    from django.core.files.storage import default_storage

    rows = _requests(subject)
    subject.note(Request, list(rows.values_list("pk", flat=True)))
    subject.files += [(default_storage, name) for name in rows.exclude(file="").values_list("file", flat=True)]
    return rows.update(party=None, origin=None, asked_by="", verified="", words="", answer="", file="", file_until=None)


def entries(subject: Subject) -> QuerySet[Any]:
    """The entries of the audit log about him and about rows that are his."""
    condition = Q(object_type=Party._meta.label_lower, object_id__in=subject.ids)
    for label, ids in subject.touched.items():
        for start in range(0, len(ids), AT_ONCE):
            condition |= Q(object_type=label, object_id__in=ids[start : start + AT_ONCE])
    return AuditEntry.objects.filter(condition)


def _all_entries(subject: Subject) -> QuerySet[Any]:
    """Before anything went: with the rows of every declared model."""
    from guanxi.customers.rights.kept import kept

    whole = Subject(subject.party, subject.ids)
    for one in kept():
        if one.model is not AuditEntry:
            whole.note(one.model, list(one.of(subject).values_list("pk", flat=True)))
    return entries(whole)


def _blank_entries(subject: Subject) -> int:
    """Who did what, and when; not to whom, and not which values."""
    return redacting.blank(entries(subject))


def _bulk_rows(subject: Subject) -> QuerySet[Any]:
    label = Party._meta.label_lower
    return BulkRow.objects.filter(change__object_type=label, object_id__in=subject.ids).order_by("pk")


def _blank_bulk_rows(subject: Subject) -> int:
    """That he was among those who were changed together; not which values, nor what was said of him by that."""
    rows = _bulk_rows(subject)
    said = [f"bulk-{change}-{number}" for change, number in rows.values_list("change_id", "object_id")]
    SourceRecord.objects.filter(source__code=HAND, external_id__in=said).delete()
    return BulkRow.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(changes={}, why="")


def _record(row: SourceRecord) -> dict[str, Any]:
    return {
        "source": row.source.name,
        "external_id": row.external_id,
        "received_at": row.received_at.isoformat(),
        "payload": row.payload,
    }


KEPT = [
    Kept(ContactPoint, order=20),
    Kept(PartyRole, order=30, label=_("What he is to us")),
    Kept(SourceRecord, lambda s: SourceRecord.objects.filter(party__in=s.ids).select_related("source"), shown=_record,
         order=40, label=_("What sources said of him")),
    Kept(Relationship, _ties, erase=_wipe_ties, order=50),
    Kept(Consent, order=60),
    Kept(OptIn, order=61),
    Kept(Restriction, order=62),
    Kept(SensitiveLook, order=70),
    Kept(LegalHold, order=71),
    Kept(Share, order=72, given=False),
    Kept(MatchPair, order=80, given=False),
    Kept(MatchKey, order=81, given=False),
    Kept(Merge, order=82),
    Kept(BulkRow, _bulk_rows, WITHOUT_HIM, _("How many were changed together stays to be seen, without the values."),
         _blank_bulk_rows, order=83),
    Kept(Request, _requests, WITHOUT_HIM, _("That a request was answered in time has to be shown."), _blank_requests,
         order=90),
    Kept(AuditEntry, _all_entries, WITHOUT_HIM, _("Who did what in the system stays to be seen, without the values."),
         _blank_entries, order=MACHINERY),
    Kept(Party, _parties, erase=_wipe_parties, order=MACHINERY + 90, label=_("The person")),
]  # fmt: skip

"""What the difference tells of those who are known: whom a row looks like, and who said what is believed more."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import formats
from django.utils.translation import gettext as _

from guanxi.customers.models import Party, SourceRecord
from guanxi.foundation import clock
from guanxi.foundation.desk import record_url
from guanxi.foundation.visibility import Viewer
from guanxi.intake.models import ImportRun

MOST_RECORDS = 2_000  # of the parties of one page
MOST_LOOKED_AT = 200_000  # customers of an import; to look at more takes longer than a page should


def tell(rows: list[dict[str, Any]], viewer: Viewer) -> list[dict[str, Any]]:
    """Add to rows of a difference `known` (name, address) of their party, and `who` to each field not to be written."""
    ids = {row["party_id"] for row in rows if (row.get("party_id") or 0) > 0}
    names = dict(Party.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")) if ids else {}
    disputed = {row["party_id"] for row in rows if any(not one["written"] for one in row.get("fields") or ())}
    records = _records(disputed & set(names))
    for row in rows:
        party_id = row.get("party_id")
        if party_id in names:
            row["known"] = {"name": names[party_id], "url": record_url("customers", party_id)}
        for one in row.get("fields") or ():
            if not one["written"]:
                one["who"] = _who(records.get(party_id or 0, []), one)
    return rows


def _records(ids: set[int]) -> dict[int, list[SourceRecord]]:
    """What the sources said of parties, the most trusted first, then the newest."""
    if not ids:
        return {}
    said = SourceRecord.objects.filter(party_id__in=ids).select_related("source")
    found: dict[int, list[SourceRecord]] = {}
    for record in said.order_by("-source__trust", "-received_at", "-id")[:MOST_RECORDS]:
        found.setdefault(record.party_id or 0, []).append(record)
    return found


def _who(records: list[SourceRecord], one: dict[str, Any]) -> str:
    """The source that says what is known, and since when; nothing where none says it in these words."""
    for record in records:
        if str(record.payload.get(one["field"], "")) == one["now"] and one["now"]:
            day = formats.date_format(clock.day_of(record.received_at), "DATE_FORMAT")
            return _("%(source)s, %(day)s") % {"source": _(record.source.name), "day": day}
    return ""


def spoken_of(run: ImportRun, viewer: Viewer, limit: int = 20) -> list[Party]:
    """Some customers that an import made and others have spoken of since, by hand or in files: they will stay."""
    if run.kind != ImportRun.Kind.PARTIES or run.created > MOST_LOOKED_AT:
        return []
    others = Q(import_run__isnull=True) | ~Q(import_run=run.pk)
    said = SourceRecord.objects.filter(others, party_id=OuterRef("pk"))
    made = Party.objects.visible_to(viewer).filter(import_run=run.pk, pk__gt=run.bounds.get("customers_party", 0))
    return list(made.filter(Exists(said)).order_by("pk")[:limit])

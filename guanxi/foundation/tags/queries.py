"""Reading tags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q

from guanxi.foundation.desk import Desk, Pill
from guanxi.foundation.language import fold
from guanxi.foundation.tags.models import Tag, Tagging
from guanxi.foundation.visibility import Viewer

SUGGESTED = 8
CHOICES = 200


def of(record: Any) -> list[Tag]:
    """The tags that `record` bears, by name."""
    borne = Tagging.objects.of(record).values("tag_id")
    return list(Tag.objects.filter(pk__in=borne).order_by("name"))


def suggested(words: str, viewer: Viewer, *, limit: int = SUGGESTED) -> Sequence[Tag]:
    """The tags that begin with or hold what was typed, the most used first."""
    rows = Tag.objects.visible_to(viewer)
    key = fold(words.replace("\x00", "")).strip()[:60]
    rows = rows.filter(key__contains=key) if key else rows
    found = list(rows.annotate(uses=Count("taggings")).order_by("-uses", "name")[: limit * 3])
    return sorted(found, key=lambda tag: not tag.key.startswith(key))[:limit]


def pills(desk: Desk, rows: Sequence[Any]) -> dict[int, list[Pill]]:
    """What the column of tags shows of the rows of a page."""
    label, ids = desk.model._meta.label_lower, [row.pk for row in rows]
    taggings = Tagging.objects.filter(object_type=label, object_id__in=ids).select_related("tag").order_by("tag__name")
    found: dict[int, dict[int, Pill]] = defaultdict(dict)
    for tagging in taggings:
        found[tagging.object_id].setdefault(tagging.tag_id, Pill(tagging.tag.name, tagging.tag.colour))
    return {number: list(pills.values()) for number, pills in found.items()}


def bearing(desk: Desk, values: list[Any]) -> Q:
    """The condition of the filter: bears any of these tags, or any at all."""
    rows = Tagging.objects.filter(object_type=desk.model._meta.label_lower, object_id=OuterRef("pk"))
    return Q(Exists(rows.filter(tag__in=values) if values else rows))


def choices() -> list[tuple[int, str]]:
    """The tags that a filter offers: the most used."""
    rows = Tag.objects.annotate(uses=Count("taggings")).order_by("-uses", "name")[:CHOICES]
    return sorted(((tag.pk, tag.name) for tag in rows), key=lambda choice: choice[1])


def uses(rows: Sequence[Tag]) -> dict[int, int]:
    """On how many records each tag stands."""
    counted = Tagging.objects.filter(tag__in=[row.pk for row in rows]).values_list("tag").annotate(Count("pk"))
    return dict(counted)

"""Reading one's favourites and the records seen last, as far as one may still see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from guanxi.foundation.counting import counted
from guanxi.foundation.desk import find_for
from guanxi.foundation.habits.models import Favourite, Preference, Seen
from guanxi.foundation.visibility import Viewer, may

MOST_SEEN = 20
AGAIN_AFTER = timedelta(minutes=1)  # the same record is noted at most so often


@dataclass(frozen=True)
class Line:
    """A record in the menu or the palette."""

    number: int  # of the favourite
    title: str
    url: str
    icon: str
    noun: str


def favourites(viewer: Viewer) -> list[Line]:
    """The starred records, in their order."""
    return _lines(list(Favourite.objects.filter(user_id=viewer.pk).order_by("position", "id")), viewer)


def seen(viewer: Viewer) -> list[Line]:
    """The records seen last, the newest first."""
    return _lines(list(Seen.objects.filter(user_id=viewer.pk).order_by("-at", "-id")[:MOST_SEEN]), viewer)


@dataclass(frozen=True)
class Habits:
    """What a record's page needs to know of `viewer`: whether he starred it, whether that he sees it was noted within
    the last minute, and whether so much is noted that the oldest should be forgotten."""

    starred: bool
    seen_lately: bool
    many_seen: bool


def habits(record: models.Model, viewer: Viewer) -> Habits:
    """That, asked in one question."""
    mine, seen = of_record(record, viewer), Seen.objects.filter(user_id=viewer.pk)
    lately = Seen.objects.filter(**mine, at__gt=timezone.now() - AGAIN_AFTER)
    # Twice as many as are shown may lie there, so that they are seldom cleared away.
    starred, noted, lie = counted([Favourite.objects.filter(**mine), lately, seen], 2 * MOST_SEEN)
    return Habits(bool(starred), bool(noted), lie == 2 * MOST_SEEN)


def of_record(record: models.Model, viewer: Viewer) -> dict[str, Any]:
    """What names a record among the habits of `viewer`."""
    return {"user_id": viewer.pk, "object_type": record._meta.label_lower, "object_id": record.pk}


def shortcuts(viewer: Viewer) -> bool:
    """Whether single keys do something."""
    found = Preference.objects.filter(user_id=viewer.pk).values_list("shortcuts", flat=True).first()
    return True if found is None else bool(found)


def _lines(rows: Sequence[Any], viewer: Viewer) -> list[Line]:
    """One query for each type; what is gone or hidden is left out."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        wanted[row.object_type].append(row.object_id)
    known: dict[tuple[str, int], tuple[str, str, str, str]] = {}
    for label, numbers in wanted.items():
        desk = find_for(label)
        if desk is not None and may(viewer, "view", desk.model):
            for record in desk.rows(viewer).filter(pk__in=numbers):
                told = str(desk.title(record)), desk.url(record), desk.icon_name, str(desk.singular)
                known[label, record.pk] = told
    found = [(row, known.get((row.object_type, row.object_id))) for row in rows]
    return [Line(row.pk, *told) for row, told in found if told]

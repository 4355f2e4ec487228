"""Starring records, remembering which were seen, switching single keys off. One's own only, and without audit."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused, action
from guanxi.foundation.habits.models import Favourite, Preference, Seen
from guanxi.foundation.habits.queries import MOST_SEEN, of_record
from guanxi.foundation.visibility import Viewer

MOST_STARRED = 50


@action
def star(record: models.Model, on: bool, *, by: Viewer) -> bool:
    """Star a record, or take the star away; the newest stands first. Raises Refused above MOST_STARRED."""
    mine = Favourite.objects.filter(user_id=by.pk)
    if not on:
        mine.filter(object_type=record._meta.label_lower, object_id=record.pk).delete()
        return False
    if mine.count() >= MOST_STARRED:
        words = _("You can star at most %(most)s records; take the star from one that you need no more.")
        raise Refused(words % {"most": MOST_STARRED})
    first = mine.aggregate(first=models.Min("position"))["first"]
    Favourite.objects.get_or_create(**of_record(record, by), defaults={"position": (first or 0) - 1})
    return True


@action
def arrange(numbers: Sequence[int], *, by: Viewer) -> None:
    """Put one's favourites (by their own numbers) into this order; those not named stay behind them."""
    mine = list(Favourite.objects.filter(user_id=by.pk).order_by("position", "id"))
    wanted = {number: place for place, number in enumerate(numbers)}
    mine.sort(key=lambda one: wanted.get(one.pk, len(wanted)))
    for place, one in enumerate(mine):
        if one.position != place:
            one.position = place
            one.save(update_fields=["position"])


@action
def note_seen(record: models.Model, *, by: Viewer) -> None:
    """Remember that `by` looked at a record."""
    Seen.objects.bulk_create(
        [Seen(**of_record(record, by), at=timezone.now())],
        update_conflicts=True,
        unique_fields=["user", "object_type", "object_id"],
        update_fields=["at"],
    )


@action
def forget_older(*, by: Viewer) -> None:
    """Forget what `by` looked at before the last MOST_SEEN records."""
    older = Seen.objects.filter(user_id=by.pk).order_by("-at", "-id").values("pk")[MOST_SEEN:]
    Seen.objects.filter(pk__in=older).delete()


@action
def set_shortcuts(on: bool, *, by: Viewer) -> None:
    """Let single keys do something, or nothing."""
    Preference.objects.update_or_create(user_id=by.pk, defaults={"shortcuts": on})

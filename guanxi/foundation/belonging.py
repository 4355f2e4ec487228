"""What may hang on a record of any type: notes, files, labels, things to do.

Such a row names its record by type and number, because this floor knows no type of a higher one. The desk tells which
types there are (`Desk.general`), who may see which of their records, and where their pages are. What happens is told to
higher floors through the door `on_record`: a function (kind, record, by=viewer, about=row, payload={}).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.lookups import Exact
from django.http import Http404
from django.utils.translation import gettext as _

from guanxi.foundation import desk as desks
from guanxi.foundation import hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Desk
from guanxi.foundation.desk.filters import Unindexed
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import LANES, Following
from guanxi.foundation.visibility import Viewer, VisibleQuerySet, is_walking, may

M = TypeVar("M", bound=models.Model)


class NoRecord(ObjectDoesNotExist):
    """There is no such record, or the viewer may not see it."""


class BelongingQuerySet(VisibleQuerySet[M]):
    """Rows that are seen by those who may see the record that they hang on."""

    def visible_to(self, viewer: Viewer) -> BelongingQuerySet[M]:
        """Only the rows on records that `viewer` may see."""
        return super().visible_to(viewer).filter(on_visible_records(viewer, self.model))  # type: ignore[return-value]

    def of(self, record: models.Model) -> BelongingQuerySet[M]:
        """The rows that hang on `record`."""
        return self.filter(object_type=record._meta.label_lower, object_id=record.pk)


class Belonging(Governed):
    """Hangs on the record `object_id` of the type `object_type` (`customers.party`)."""

    governed = Following()

    object_type = models.CharField(max_length=60, editable=False)
    object_id = models.BigIntegerField(editable=False)
    # As which of several merged records it was recorded; null: the one it hangs on. The floor above that merges
    # records keeps it (guanxi.customers.models.origins), here it is but a number.
    origin = models.BigIntegerField(null=True, blank=True, editable=False)

    objects = BelongingQuerySet.as_manager()

    class Meta:
        abstract = True


def on_visible_records(viewer: Viewer, model: type[models.Model]) -> Q:
    """The condition on rows of `model` that hang on records which `viewer` may see.

    The lanes of a board say it many times over: there it names only the types on which rows hang.
    """
    condition = Q(pk__in=[])
    used = _types_in_use(model) if is_walking() == LANES else None
    for label, desk in _general_desks().items():
        if used is not None and label not in used:
            continue
        record = desk.rows(viewer).order_by().filter(pk=OuterRef("object_id"))
        condition |= is_of(label) & Q(Exists(record))  # in this order: PostgreSQL asks the second only of the first
    return condition


def _types_in_use(model: type[models.Model]) -> set[str]:
    """On which types rows of `model` hang: a step along their index for each, however many the rows."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE used (name) AS (SELECT min(object_type) FROM {table} UNION ALL SELECT (SELECT "
            f"min(t.object_type) FROM {table} AS t WHERE t.object_type > used.name) FROM used WHERE used.name "
            "IS NOT NULL) SELECT name FROM used WHERE name IS NOT NULL"
        )
        return {name for (name,) in cursor.fetchall()}


def is_of(label: str) -> Q:
    """Rows that hang on records of a type (of no type: ""), as a condition that goes along with others.

    SQLite keeps no frequencies: it would collect all rows of the type by their index, whatever else is asked.
    """
    return Q(Exact(Unindexed(F("object_type")), Value(label)))


def _general_desks() -> dict[str, Desk]:
    found: dict[str, Desk] = {}
    for desk in desks.registered():
        if desk.general:
            found.setdefault(desk.model._meta.label_lower, desk)
    return found


def desk_of(object_type: str) -> Desk:
    """The desk of a type on which rows may hang. Raises NoRecord."""
    desk = _general_desks().get(object_type)
    if desk is None:
        raise NoRecord(_("There are no records of the type “%(type)s”.") % {"type": object_type[:60]})
    return desk


def find_record(object_type: str, object_id: int, viewer: Viewer) -> Any:
    """The record. Raises NoRecord where there is none that `viewer` may see."""
    desk = desk_of(object_type)
    row = None
    if 0 < object_id < 2**63 and may(viewer, "view", desk.model):
        row = desk.rows(viewer).filter(pk=object_id).first()
    if row is None:
        raise NoRecord(_("There is no record %(number)s of this type.") % {"number": object_id})
    return row


def record_named(object_type: str | None, object_id: int | None, viewer: Viewer) -> Any:
    """The record that a program names, None where it names none. Raises Refused for half a name, NoRecord."""
    if (object_type is None) != (object_id is None):
        raise Refused(_("“object_type” and “object_id” go together."), "object_id")
    return find_record(object_type, object_id, viewer) if object_type and object_id else None


def record_or_404(object_type: str, object_id: int, viewer: Viewer) -> Any:
    """The record, for a page. Raises Http404 where there is none that `viewer` may see."""
    try:
        return find_record(object_type, object_id, viewer)
    except NoRecord as missing:
        raise Http404(str(missing)) from missing


def reference(record: models.Model) -> dict[str, Any]:
    """The values by which a row names `record`."""
    return {"object_type": record._meta.label_lower, "object_id": record.pk}


def url_of(record: models.Model) -> str:
    """The page of `record`."""
    return desk_of(record._meta.label_lower).url(record)


@dataclass(frozen=True)
class Place:
    """A record as a line names it."""

    title: str
    url: str
    icon: str


def places(rows: Iterable[Any], viewer: Viewer) -> dict[tuple[str, int], Place]:
    """The records that `rows` hang on, by type and number; those that `viewer` may not see are left out."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row.object_type:
            wanted[row.object_type].add(row.object_id)
    found: dict[tuple[str, int], Place] = {}
    for label, desk in _general_desks().items():
        if wanted.get(label) and may(viewer, "view", desk.model):
            for record in desk.named(viewer).filter(pk__in=wanted[label]):
                found[label, record.pk] = Place(str(desk.title(record)), desk.url(record), desk.icon_name)
    return found


def tell(kind: str, record: models.Model, *, by: Viewer, about: models.Model | None = None, **payload: Any) -> None:
    """Say that `kind` happened on `record`; higher floors listen at the door `on_record`."""
    for listener in hooks.get("on_record"):
        listener(kind, record, by=by, about=about, payload=payload)

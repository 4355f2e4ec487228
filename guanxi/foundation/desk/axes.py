"""What the rows of a desk can be parted by: the lanes of boards, groups and calendars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.utils import formats
from django.utils.translation import gettext as _

from guanxi.foundation import clock, sensitive, visibility
from guanxi.foundation.desk import editing, filters
from guanxi.foundation.desk.declaration import Desk, Field, Row, Viewer
from guanxi.foundation.desk.kinds import Kind, kind_of
from guanxi.foundation.desk.shapes import Lane, Lanes

MOST_LANES = 30
MOST_MONTHS = 36
PARTED = (Kind.CHOICE, Kind.BOOLEAN, Kind.REFERENCE)
NONE = "~"  # the key of the lane of rows without a value


class TooMany(Exception):
    """A reference has more values than a screen has room for."""


@dataclass(frozen=True)
class Axis:
    """One thing that rows are parted by."""

    desk: Desk
    name: str
    label: Any
    field: Field | None  # None: lanes that the desk declares
    declared: Lanes | None = None

    @property
    def dated(self) -> bool:
        return self.field is not None and self.field.kind.temporal

    @property
    def open_ended(self) -> bool:
        """Whether its values are not known beforehand (a text such as a city)."""
        return self.field is not None and self.field.kind is Kind.TEXT and not self.field.choices

    @cached_property
    def fact(self) -> Field | None:
        """The fact of the record by which rows are moved."""
        found = (field for field in self.desk.all_facts() if field.name == self.name)
        return next((field for field in found if editing.is_editable(field)), None)

    def movable(self, viewer: Viewer) -> bool:
        """Whether `viewer` can move rows along it at all."""
        by_action = self.declared is not None and self.declared.move is not None
        by_edit = self.desk.edit_action is not None and self.fact is not None
        return (by_action or by_edit) and visibility.may(viewer, "edit", self.desk.model)

    def lanes(self, viewer: Viewer) -> list[Lane]:
        """Its lanes in order. Raises TooMany."""
        if self.declared is not None and self.declared.lanes is not None:
            given = self.declared.lanes
            return list(given() if callable(given) else given)
        assert self.field is not None
        if self.field.kind.temporal:
            return _months(self.field, self.desk.rows(viewer))
        values = _references(self.field, self.desk, viewer) if self.field.kind is Kind.REFERENCE else None
        if values is None:
            values = [(value, label) for value, label in editing.choices_of(self.field, viewer)]
        name = _orm(self.field)
        lanes = [
            Lane(editing.raw_plain(self.field, value), label, Q(**{name: value}), value) for value, label in values
        ]
        return [*lanes, *self._rest()]

    def _rest(self) -> list[Lane]:
        """The lane of rows without a value."""
        assert self.field is not None and self.field.path is not None
        path = self.field.path
        if not (path.nullable or (path.field.blank and self.field.kind is Kind.CHOICE)):
            return []
        required = self.fact is not None and editing.is_required(self.fact)
        return [Lane(NONE, _("None"), filters.missing(self.field, path.orm), None, accepts=not required)]


def _orm(field: Field) -> str:
    assert field.path is not None
    return field.path.orm


def offered(desk: Desk) -> list[Axis]:
    """What boards and groups of a desk can be parted by: its own lanes, and fields of few values."""
    all_lanes = desk.all_lanes()
    declared = {lanes.name: lanes for lanes in all_lanes}
    known = {field.name: field for field in [*desk.all_facts(), *desk.all_filters(), *desk.all_columns()]}
    found = [_of_lanes(desk, lanes, known) for lanes in all_lanes if lanes.lanes is not None or lanes.name in known]
    found += [
        Axis(desk, field.name, field.label, field)
        for field in known.values()
        if field.name not in declared and field.kind in PARTED and _single(field)
    ]
    return found


def offered_dates(desk: Desk) -> list[Axis]:
    """The dates and moments by which rows can stand in a calendar, the declared one first."""
    fields = {field.name: field for field in [*desk.all_columns(), *desk.all_filters(), *desk.all_facts()]}
    found = [
        Axis(desk, field.name, field.label, field)
        for field in fields.values()
        if _single(field) and field.path is not None and not field.path.keys and _really_dated(field)
    ]
    first = desk.calendar.by if desk.calendar else ""
    return sorted(found, key=lambda axis: axis.name != first)


def offered_groups(desk: Desk) -> list[Axis]:
    """What a grouped list can be grouped by: as a board, and also texts and months."""
    texts = [
        Axis(desk, field.name, field.label, field)
        for field in desk.all_columns()
        if field.kind is Kind.TEXT and field.sortable and not field.column.link and _single(field) and not field.choices
    ]
    return [*offered(desk), *texts, *offered_dates(desk)]


def _really_dated(field: Field) -> bool:
    assert field.path is not None
    return field.kind.temporal and kind_of(field.path.field).temporal


def _of_lanes(desk: Desk, lanes: Lanes, known: dict[str, Field]) -> Axis:
    if lanes.lanes is not None:
        return Axis(desk, lanes.name, lanes.label, None, lanes)
    field = known[lanes.name]
    return Axis(desk, lanes.name, lanes.label or field.label, field, lanes)


def _single(field: Field) -> bool:
    if field.path is None or field.many or field.column.condition is not None or sensitive.is_sensitive(field.path):
        return False
    return not (field.kind is Kind.REFERENCE and field.path.keys)  # the number of a record within JSON: no lanes


def _references(field: Field, desk: Desk, viewer: Viewer) -> list[tuple[Any, Any]]:
    """The records that a reference may point to, those in use where they are many. Raises TooMany."""
    assert field.path is not None
    model = field.path.field.related_model or field.path.field.model
    rows = model._default_manager.all()
    rows = rows.visible_to(viewer) if hasattr(rows, "visible_to") else rows
    found = list(rows.order_by("pk")[: MOST_LANES + 1])
    if len(found) > MOST_LANES:
        used = desk.model._base_manager.filter(**{field.path.orm: OuterRef("pk")})
        found = list(rows.filter(Exists(used)).order_by("pk")[: MOST_LANES + 1])
    if len(found) > MOST_LANES:
        raise TooMany
    return sorted(((row.pk, str(row)) for row in found), key=lambda one: one[1])


def _months(field: Field, rows: QuerySet[Any]) -> list[Lane]:
    """The months that rows lie in, newest first; what is older than MOST_MONTHS stands together."""
    name = _orm(field)
    there = rows.filter(**{f"{name}__isnull": False}).order_by()
    newest = there.order_by(f"-{name}").values_list(name, flat=True).first()
    oldest = there.order_by(name).values_list(name, flat=True).first()
    lanes: list[Lane] = []
    if newest is not None and oldest is not None:
        month, last = _first_of(newest), _first_of(oldest)
        while month >= last and len(lanes) < MOST_MONTHS:
            label = formats.date_format(month, "YEAR_MONTH_FORMAT")
            lanes.append(Lane(month.isoformat(), label, between(field, month, next_month(month))))
            month = (month - timedelta(days=1)).replace(day=1)
        if month >= last:
            lanes.append(Lane("earlier", _("Earlier"), between(field, None, next_month(month))))
    assert field.path is not None
    rest = [Lane(NONE, _("None"), filters.missing(field, name))] if field.path.nullable else []
    return lanes + rest


def _first_of(value: date | datetime) -> date:
    return (clock.day_of(value) if isinstance(value, datetime) else value).replace(day=1)


def next_month(first: date) -> date:
    """The first day of the month after the one that begins on `first`."""
    return (first + timedelta(days=31)).replace(day=1)


def between(field: Field, since: date | None, until: date) -> Q:
    """Rows whose date or moment lies in `since` <= day < `until`."""
    name = _orm(field)
    assert field.path is not None
    moment = kind_of(field.path.field) is Kind.MOMENT
    begin = Q(**{f"{name}__gte": clock.start_of(since) if moment else since}) if since else Q()
    return begin & Q(**{f"{name}__lt": clock.start_of(until) if moment else until})


def numbered(lanes: Iterable[Lane]) -> Case:
    """The number of the lane in which a row lies; -1 for none of them."""
    cases = [When(lane.condition, then=Value(number)) for number, lane in enumerate(lanes)]
    return Case(*cases, default=Value(-1), output_field=IntegerField())


def lane_of(row: Row, lanes: list[Lane]) -> Lane | None:
    """The lane in which a row lies, by a query."""
    found = row._meta.model._base_manager.filter(pk=row.pk).order_by()
    number = found.annotate(lane_number=numbered(lanes)).values_list("lane_number", flat=True).first()
    return lanes[number] if number is not None and number >= 0 else None

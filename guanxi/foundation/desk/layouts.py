"""In which form a list is shown (list, grouped, board, calendar) and by what, read from its address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from django.http import QueryDict
from django.utils.translation import gettext as _

from guanxi.foundation import clock, sensitive, visibility
from guanxi.foundation.desk import axes
from guanxi.foundation.desk.axes import Axis
from guanxi.foundation.desk.declaration import Desk, Field, as_field, is_hidden
from guanxi.foundation.desk.kinds import Kind

LIST, GROUPED, BOARD, CALENDAR = "list", "grouped", "board", "calendar"
MONTH, WEEK, DAY = "month", "week", "day"
PARAMETERS = ("as", "by", "sums", "span", "day")  # of the address
MOST_SUMS = 4


@dataclass(frozen=True)
class Layout:
    """The form of a list and its settings."""

    desk: Desk
    kind: str = LIST
    axis: Axis | None = None
    sums: tuple[Field, ...] = ()
    span: str = MONTH
    day: date | None = None  # of a calendar: which month, week or day it shows; None: that of today

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """As the address writes it; what one gets without asking is left out, and so is the day that one looks at."""
        if self.kind == LIST or self.axis is None:
            return []
        pairs = [("as", self.kind)]
        if self.axis.name != _first_axis(self.desk, self.kind):
            pairs.append(("by", self.axis.name))
        names = ",".join(field.name for field in self.sums)
        if self.kind != CALENDAR and names != ",".join(_first_sums(self.desk, self.kind)):
            pairs.append(("sums", names or "none"))
        if self.kind == CALENDAR and self.span != MONTH:
            pairs.append(("span", self.span))
        return pairs

    @property
    def passing(self) -> list[tuple[str, str]]:
        """What belongs to the address but not to a saved view."""
        return [("day", self.day.isoformat())] if self.day else []

    @property
    def default_sort(self) -> str:
        """The order of cards where the board has its own, or the calendar, whose rows stand by their time."""
        if self.kind == CALENDAR and self.axis is not None:
            return self.axis.name
        board = self.desk.shown_board
        if self.kind != BOARD or board is None or self.axis is None:
            return ""
        return board.sort if self.axis.name == board.by else board.sorts.get(self.axis.name, "")

    @cached_property
    def shown_day(self) -> date:
        return self.day or clock.today()

    @property
    def first_day(self) -> date:
        """The first day that a calendar shows: weeks begin on Monday."""
        day = self.shown_day
        if self.span == DAY:
            return day
        start = day.replace(day=1) if self.span == MONTH else day
        return start - timedelta(days=start.weekday())

    @property
    def days(self) -> list[date]:
        """All days that a calendar shows."""
        if self.span != MONTH:
            return [self.first_day + timedelta(days=number) for number in range(7 if self.span == WEEK else 1)]
        end = axes.next_month(self.shown_day.replace(day=1))
        weeks = -(-(end - self.first_day).days // 7)
        return [self.first_day + timedelta(days=number) for number in range(7 * weeks)]


def read(desk: Desk, given: QueryDict, notices: list[str]) -> Layout:
    """The form that an address asks for; what is wrong is said in `notices`."""
    kind = given.get("as", LIST)
    if kind not in (GROUPED, BOARD, CALENDAR):
        return Layout(desk)
    axis = _axis(desk, kind, given.get("by", ""), notices)
    if axis is None:
        notices.append(_("There is nothing by which this list could be shown in this form."))
        return Layout(desk)
    span = given.get("span", MONTH)
    return Layout(
        desk,
        kind,
        axis,
        _sums(desk, kind, given.getlist("sums")) if kind != CALENDAR else (),
        span if span in (MONTH, WEEK, DAY) else MONTH,
        _day(given.get("day", "")) if kind == CALENDAR else None,
    )


def possible(desk: Desk) -> list[str]:
    """The forms that a desk can be shown in."""
    lanes, dates = axes.offered(desk), axes.offered_dates(desk)
    groups = lanes or dates or axes.offered_groups(desk)
    return [LIST, *(kind for kind, by in ((GROUPED, groups), (BOARD, lanes), (CALENDAR, dates)) if by)]


def offered(desk: Desk, kind: str) -> list[Axis]:
    """By what a desk can be shown in the form `kind`."""
    if kind == BOARD:
        return axes.offered(desk)
    if kind == CALENDAR:
        return axes.offered_dates(desk)
    return axes.offered_groups(desk)


def addable(desk: Desk) -> list[Field]:
    """The numbers that can be added up over the rows of a column or group."""
    return [
        field
        for field in desk.all_columns()
        if field.kind in (Kind.MONEY, Kind.QUANTITY, Kind.NUMBER)
        and field.path is not None
        and not field.many
        and not field.path.field.primary_key
        and not sensitive.is_sensitive(field.path)
    ]


def _axis(desk: Desk, kind: str, wanted: str, notices: list[str]) -> Axis | None:
    known = {axis.name: axis for axis in offered(desk, kind)}
    if wanted and wanted not in known:
        notices.append(_("This list cannot be parted by “%(name)s”.") % {"name": wanted[:100]})
    return known.get(wanted) or known.get(_first_axis(desk, kind)) or next(iter(known.values()), None)


def _first_axis(desk: Desk, kind: str) -> str:
    """By what a form parts the rows until somebody chooses."""
    if kind == CALENDAR and desk.calendar is not None:
        return desk.calendar.by
    if kind != CALENDAR and desk.shown_board is not None:
        return desk.shown_board.by
    return next((axis.name for axis in offered(desk, kind)), "")


def _first_sums(desk: Desk, kind: str) -> list[str]:
    return list(desk.shown_board.sums) if desk.shown_board is not None and kind != CALENDAR else []


def _sums(desk: Desk, kind: str, wanted: list[str]) -> tuple[Field, ...]:
    known = {field.name: field for field in addable(desk)}
    for name in _first_sums(desk, kind):
        field = as_field(desk.model, name)
        if not is_hidden(field, desk.model, visibility.viewer_now()):
            known.setdefault(name, field)
    names = ",".join(wanted).split(",") if wanted else _first_sums(desk, kind)
    return tuple(known[name] for name in dict.fromkeys(names) if name in known)[:MOST_SUMS]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1000 < day.year < 9000 else None

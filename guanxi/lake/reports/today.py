"""Yesterday in brief: the first page. One day against the same weekday a week and the same day a year before."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from guanxi.foundation import clock, hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import NotAllowed, Viewer
from guanxi.lake import figures, links, remembering
from guanxi.lake.figures import Note, Tile
from guanxi.lake.query import Query, Result
from guanxi.lake.reports import who_buys
from guanxi.orders import rhythm
from guanxi.orders.models import Place

PLOT_DAYS = 28
ROWS = 6
MOST_PLACES = 1000  # in the menu
BREAKDOWNS = ("department", "category", "place")


@dataclass(frozen=True)
class Frame:
    """What a page is about: a day, perhaps one place, and for whom."""

    viewer: Viewer
    day: date
    place: str

    @property
    def week_before(self) -> date:
        return self.day - timedelta(days=7)

    @property
    def year_before(self) -> date:
        try:
            return self.day.replace(year=self.day.year - 1)
        except ValueError:  # 29 February
            return self.day.replace(year=self.day.year - 1, day=28)

    def where(self, first: date, last: date | None = None) -> dict[str, Any]:
        """The days from `first` to `last`, at the place."""
        where: dict[str, Any] = {"day": {"from": first.isoformat(), "to": (last or first).isoformat()}}
        return where | ({"place": [self.place]} if self.place else {})

    def on(self, *days: date) -> dict[str, Any]:
        """Some single days, at the place."""
        where: dict[str, Any] = {"day": [day.isoformat() for day in days]}
        return where | ({"place": [self.place]} if self.place else {})

    def by_day(self, first: date, last: date) -> dict[date, Decimal]:
        """Sales of each day on which there were any."""
        rows = self.ask(["sales"], ["day"], self.where(first, last))
        return {row["day"]: row["sales"] or Decimal(0) for row in rows}

    def ask(self, measures: list[str], by: list[str], where: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """Rows of a question to the lake; not to be changed, for they are kept for whoever may see the same."""
        return self._asker(Query(measures=measures, by=by, where=where, **more)).rows

    @cached_property
    def _asker(self) -> Callable[[Query], Result]:
        return remembering.asker(self.viewer)


def context(viewer: Viewer, parameters: Mapping[str, str]) -> dict[str, Any]:
    """All that the page shows; `day` and `place` may be given."""
    frame = Frame(viewer, _day(parameters.get("day", "")), parameters.get("place", ""))
    sales = _sales(frame)
    yesterday = frame.day == clock.today() - timedelta(days=1)
    return {
        "heading": _("Yesterday in brief") if yesterday else _("The day in brief"),
        "subheading": date_format(frame.day, pgettext("long date", "l, j F Y")),
        "frame": frame,
        "controls": "lake/today_controls.html",
        "parameters": urlencode({key: value for key, value in parameters.items() if value}),
        "days": {
            "before": frame.day - timedelta(days=1),
            "after": frame.day + timedelta(days=1),
            "today": clock.today(),
        },
        "places": _places(viewer),
        "tiles": [*_tiles(frame), _month_tile(frame, sales), *hung("today_tile", viewer)],
        "plot": _plot(frame, sales),
        "breakdowns": [_breakdown(frame, dimension) for dimension in BREAKDOWNS],
        "movement": _movement(frame),
        "sections": hung("today_section", viewer),
        "slipping": _slipping(viewer),
        "who": who_buys.brief(viewer, frame.day),
    }


def _movement(frame: Frame) -> dict[str, Any]:
    """Who came and went in the month so far: three counts over all customers, kept as the figures beside them are."""
    first, last = frame.day.replace(day=1), frame.day
    known: dict[str, Any] = remembering.once(
        frame.viewer,
        "movement",
        lambda: rhythm.movement(frame.viewer, first, last),
        first,
        last,
        beside=["sales_line"],
    )
    return known


def _day(text: str) -> date:
    if not text:
        return clock.today() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(_("“%(text)s” is not a date; write it as 2017-12-31.") % {"text": text}, "day") from error


def _places(viewer: Viewer) -> list[tuple[str, str]]:
    return list(Place.objects.visible_to(viewer).order_by("name").values_list("code", "name")[:MOST_PLACES])


def _sales(frame: Frame) -> dict[date, Decimal]:
    """Sales by day of all days that the page adds up or plots: the last months, and as many a year before."""
    span = timedelta(days=62)
    return frame.by_day(frame.day - span, frame.day) | frame.by_day(frame.year_before - span, frame.year_before)


def _tiles(frame: Frame) -> list[Tile]:
    measures = ["sales", "orders", "customers", "new_customers", "basket"]
    days = (frame.day, frame.week_before, frame.year_before)
    found = {row["day"]: row for row in frame.ask(measures, ["day"], frame.on(*days))}
    now, week, year = (found.get(day, {}) for day in days)
    weekday = _("last %(weekday)s") % {"weekday": date_format(frame.week_before, "l")}
    date_before = date_format(frame.year_before, pgettext("date format", "j M Y"))

    def notes(name: str) -> list[Note]:
        return [
            figures.change(now.get(name), week.get(name), weekday),
            figures.change(now.get(name), year.get(name), date_before),
        ]

    day_orders = links.orders(frame.where(frame.day))
    buying = int(now.get("customers") or 0)
    fresh = int(now.get("new_customers") or 0)
    customers = Tile(_("Customers buying"), figures.whole(buying), day_orders, notes("customers"))
    customers.notes.append(
        Note(
            _("%(new)s new, %(returned)s returned")
            % {"new": figures.whole(fresh), "returned": figures.whole(buying - fresh)}
        )
    )
    return [
        Tile(_("Sales"), figures.money(now.get("sales")), day_orders, notes("sales")),
        Tile(_("Orders"), figures.whole(now.get("orders")), day_orders, notes("orders")),
        customers,
        Tile(_("Basket"), figures.money(now.get("basket")), day_orders, notes("basket")),
    ]


def _month_tile(frame: Frame, sales: dict[date, Decimal]) -> Tile:
    """Sales from the first of the month, against as many days of the month before and of the same month last year."""
    first = frame.day.replace(day=1)
    month_before = (first - timedelta(days=1)).replace(day=1)
    same_length = min(month_before + (frame.day - first), first - timedelta(days=1))
    year_first = frame.year_before.replace(day=1)
    spans = ((first, frame.day), (month_before, same_length), (year_first, frame.year_before))
    now, month, year = (_total(sales, *span) for span in spans)
    shape = pgettext("month", "F Y")
    return Tile(
        _("Month to date"),
        figures.money(now),
        links.orders(frame.where(first, frame.day)),
        [
            figures.change(now, month, _("%(month)s so far") % {"month": date_format(month_before, shape)}),
            figures.change(now, year, date_format(year_first, shape)),
        ],
    )


def _total(sales: dict[date, Decimal], first: date, last: date) -> Decimal:
    return sum((amount for day, amount in sales.items() if first <= day <= last), Decimal(0))


def _plot(frame: Frame, sales: dict[date, Decimal]) -> dict[str, Any]:
    """Sales of the last four weeks, against the same days a year before or, where few are known, four weeks before."""
    days = [frame.day - timedelta(days=PLOT_DAYS - 1 - index) for index in range(PLOT_DAYS)]
    shift, words = timedelta(days=364), _("the same days a year before")  # the same weekdays
    if sum(day - shift in sales for day in days) < PLOT_DAYS / 2:
        shift, words = timedelta(days=PLOT_DAYS), _("four weeks before")
    spec = {
        "type": "area",
        "format": "money",
        "x": [date_format(day, pgettext("short date", "j M")) for day in days],
        "series": [
            {"name": _("Sales"), "data": [float(sales.get(day, 0)) for day in days]},
            {"name": words, "data": [figures.as_float(sales.get(day - shift)) for day in days], "muted": True},
        ],
        "links": [links.orders(frame.where(day)) for day in days],
    }
    return {"spec": spec, "words": words}


def _breakdown(frame: Frame, dimension: str) -> dict[str, Any]:
    """The day's sales by a dimension, the largest first, with the same weekday a week before."""
    where = frame.where(frame.day)
    found = frame.ask(["sales"], [dimension, "day"], frame.on(frame.day, frame.week_before), limit=20_000)
    before = {row[dimension]: row["sales"] for row in found if row["day"] == frame.week_before}
    rows = sorted((row for row in found if row["day"] == frame.day), key=lambda row: -row["sales"])[:ROWS]
    return {
        "dimension": dimension,
        "title": {"department": _("By department"), "category": _("By category"), "place": _("By place")}[dimension],
        "url": links.explore(["sales", "orders"], [dimension], where),
        "rows": [
            {
                "name": row[dimension] if row[dimension] is not None else _("not known"),
                "sales": figures.money(row["sales"]),
                "note": figures.percent_change(row["sales"], before.get(row[dimension])),
                "url": links.orders(where | {dimension: [row[dimension]]}),
            }
            for row in rows
        ],
    }


def hung(door: str, viewer: Viewer) -> list[Any]:
    """What higher floors add: tiles, or sections with their templates; None is left out, and what one may not see."""
    found = []
    for add in hooks.get(door):
        with contextlib.suppress(NotAllowed):
            found.append(add(viewer))
    return [one for one in found if one is not None]


def _slipping(viewer: Viewer) -> Any:
    """Who is slipping away, by the best rule that is registered."""
    rules = hooks.get("slipping_away")
    return rules[-1](viewer, 8) if rules else None

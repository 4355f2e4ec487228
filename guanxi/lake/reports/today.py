"""Yesterday in brief: the first page. One day against the same weekday a week and the same day a year before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from guanxi.foundation import clock, hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer
from guanxi.lake.explore import links
from guanxi.lake.query import Query, ask
from guanxi.lake.reports import figures, who_buys
from guanxi.lake.reports.figures import Note, Tile
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

    def ask(self, measures: list[str], by: list[str], where: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """Rows of a question to the lake."""
        return ask(Query(measures=measures, by=by, where=where, **more), self.viewer)


def context(viewer: Viewer, parameters: Mapping[str, str]) -> dict[str, Any]:
    """All that the page shows; `day` and `place` may be given."""
    frame = Frame(viewer, _day(parameters.get("day", "")), parameters.get("place", ""))
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
        "tiles": _tiles(frame),
        "plot": _plot(frame),
        "breakdowns": [_breakdown(frame, dimension) for dimension in BREAKDOWNS],
        "movement": rhythm.movement(viewer, frame.day.replace(day=1), frame.day),
        "slipping": _slipping(viewer),
        "who": who_buys.brief(viewer, frame.day),
    }


def _day(text: str) -> date:
    if not text:
        return clock.today() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(_("“%(text)s” is not a date; write it as 2017-12-31.") % {"text": text}, "day") from error


def _places(viewer: Viewer) -> list[tuple[str, str]]:
    return list(Place.objects.visible_to(viewer).order_by("name").values_list("code", "name")[:MOST_PLACES])


def _tiles(frame: Frame) -> list[Tile]:
    measures = ["sales", "orders", "customers", "new_customers", "basket"]
    now, week, year = (
        (frame.ask(measures, [], frame.where(day)) or [{}])[0]
        for day in (frame.day, frame.week_before, frame.year_before)
    )
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
        _month_tile(frame),
    ]


def _month_tile(frame: Frame) -> Tile:
    """Sales from the first of the month, against as many days of the month before and of the same month last year."""
    first = frame.day.replace(day=1)
    month_before = (first - timedelta(days=1)).replace(day=1)
    same_length = min(month_before + (frame.day - first), first - timedelta(days=1))
    year_first = frame.year_before.replace(day=1)
    spans = ((first, frame.day), (month_before, same_length), (year_first, frame.year_before))
    now, month, year = ((frame.ask(["sales"], [], frame.where(*span)) or [{}])[0].get("sales") for span in spans)
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


def _plot(frame: Frame) -> dict[str, Any]:
    """Sales of the last four weeks, against the same days a year before or, where few are known, four weeks before."""
    first = frame.day - timedelta(days=PLOT_DAYS - 1)
    year = timedelta(days=364)  # the same weekdays
    now = _by_day(frame, first, frame.day)
    before, shift, words = _by_day(frame, first - year, frame.day - year), year, _("the same days a year before")
    if len(before) < PLOT_DAYS / 2:
        shift, words = timedelta(days=PLOT_DAYS), _("four weeks before")
        before = _by_day(frame, first - shift, frame.day - shift)
    days = [first + timedelta(days=index) for index in range(PLOT_DAYS)]
    spec = {
        "type": "area",
        "format": "money",
        "x": [date_format(day, pgettext("short date", "j M")) for day in days],
        "series": [
            {"name": _("Sales"), "data": [now.get(day, 0.0) for day in days]},
            {"name": words, "data": [before.get(day - shift) for day in days], "muted": True},
        ],
        "links": [links.orders(frame.where(day)) for day in days],
    }
    return {"spec": spec, "words": words}


def _by_day(frame: Frame, first: date, last: date) -> dict[date, float]:
    rows = frame.ask(["sales"], ["day"], frame.where(first, last), limit=PLOT_DAYS)
    return {row["day"]: float(row["sales"] or 0) for row in rows}


def _breakdown(frame: Frame, dimension: str) -> dict[str, Any]:
    """The day's sales by a dimension, the largest first, with the same weekday a week before."""
    where = frame.where(frame.day)
    rows = frame.ask(["sales", "orders"], [dimension], where, order=["-sales"], limit=ROWS)
    before = {
        row[dimension]: row["sales"]
        for row in frame.ask(["sales"], [dimension], frame.where(frame.week_before), limit=10_000)
    }
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


def _slipping(viewer: Viewer) -> Any:
    """Who is slipping away, by the best rule that is registered."""
    rules = hooks.get("slipping_away")
    return rules[-1](viewer, 8) if rules else None

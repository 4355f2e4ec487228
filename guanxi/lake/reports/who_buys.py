"""The monthly report of who buys: customers and sales by age, income, household and the other facts of the profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from guanxi.customers import profile
from guanxi.customers.models import Party
from guanxi.customers.profile import ProfileField
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer
from guanxi.lake import figures, links, remembering
from guanxi.lake.figures import Tile
from guanxi.lake.query import Query, Result

FREE = ("occupation", "city")  # left out of the report where nobody's is known
MOST_WORDS = 15
MEASURES = ["customers", "sales", "orders", "basket", "new_customers"]


def context(viewer: Viewer, parameters: Mapping[str, str]) -> dict[str, Any]:
    """All that the report shows of one month (`month=2017-12`; the last whole one if not given)."""
    first = _month(parameters.get("month", ""))
    last = _end(first)
    where = _span(first, last)
    before = _span((first - timedelta(days=1)).replace(day=1), first - timedelta(days=1))
    ask = remembering.asker(viewer)
    sections = [_section(ask, field, where) for field in _fields()]
    now, past = ((ask(Query(MEASURES, where=span)).rows or [{}])[0] for span in (where, before))
    month_before = date_format(first - timedelta(days=1), pgettext("month", "F Y"))
    return {
        "heading": _("Who buys"),
        "subheading": date_format(first, pgettext("month", "F Y")),
        "controls": "lake/who_buys_controls.html",
        "parameters": urlencode({"month": f"{first:%Y-%m}"}),
        "months": {"before": first - timedelta(days=1), "after": last + timedelta(days=1), "today": clock.today()},
        "tiles": [_tile(name, label, shape, now, past, month_before, where) for name, label, shape in _tiles()],
        "sections": [section for section in sections if section["any"] or section["name"] not in FREE],
    }


def brief(viewer: Viewer, day: date) -> dict[str, Any]:
    """Sales by age in the month of `day`, for the first page."""
    where = _span(day.replace(day=1), day)
    age = next(field for field in _fields() if field.name == "age")
    section = _section(remembering.asker(viewer), age, where, ["sales"])
    return section | {"month": date_format(day, pgettext("month", "F Y"))}


def _tiles() -> list[tuple[str, str, Any]]:
    return [
        ("customers", _("Customers buying"), figures.whole),
        ("new_customers", _("New customers"), figures.whole),
        ("sales", _("Sales"), figures.money),
        ("basket", _("Basket"), figures.money),
    ]


def _tile(name: str, label: str, shape: Any, now: Any, past: Any, words: str, where: dict[str, Any]) -> Tile:
    note = figures.change(now.get(name), past.get(name), words)
    return Tile(label, shape(now.get(name)), links.orders(where), [note])


def _fields() -> list[ProfileField]:
    """The dimensions of the report: gender, each field of the profile, occupation and residence."""
    gender = ProfileField("gender", _("Gender"), profile.CHOICE, Party.Gender.choices)
    return [gender, *profile.fields(), ProfileField("occupation", _("Occupation")), ProfileField("city", _("City"))]


def _section(
    ask: Callable[[Query], Result], field: ProfileField, where: dict[str, Any], measures: Sequence[str] = MEASURES
) -> dict[str, Any]:
    """One table: how many customers, what they bought, and the share; those not known shown as such, last."""
    name = field.name
    rows = [
        row | {name: None if row[name] == "" else row[name]}
        for row in ask(Query(measures, [name], where, limit=200)).rows
    ]
    if field.choices:
        rows.sort(key=lambda row: field.rank_of(row[name]))
    sales = sum((row["sales"] or 0) for row in rows)
    customers = sum((row.get("customers") or 0) for row in rows)
    known = sum((row.get("customers") or 0) for row in rows if row[name] is not None)
    if not field.choices:  # free words: the largest, then those not known
        told = [row for row in rows if row[name] is not None]
        rows = told[:MOST_WORDS] + [row for row in rows if row[name] is None]
    lines = [
        {
            "name": field.label_of(row[name]) or _("not known"),
            "known": row[name] is not None,
            "customers": figures.whole(row.get("customers")),
            "sales": figures.money(row["sales"]),
            "share": figures.share(row["sales"], sales),
            "part": float(row["sales"] / sales) if sales else 0.0,
            "basket": figures.money(row.get("basket")),
            "url": links.orders(where | {name: [row[name]]}),
        }
        for row in rows
    ]
    return {
        "name": name,
        "label": field.label,
        "lines": lines,
        "known": figures.share(known, customers),
        "any": any(line["known"] for line in lines),
        "url": links.explore(["customers", "sales"], [name], where),
        "spec": {
            "type": "hbar",
            "format": "percent",
            "x": [line["name"] for line in lines],
            "series": [{"name": _("Share of sales"), "data": [line["part"] for line in lines]}],
            "tones": ["" if line["known"] else "grey" for line in lines],
            "links": [line["url"] for line in lines],
        },
    }


def _span(first: date, last: date) -> dict[str, Any]:
    return {"day": {"from": first.isoformat(), "to": last.isoformat()}}


def _end(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _month(text: str) -> date:
    if not text:
        return (clock.today().replace(day=1) - timedelta(days=1)).replace(day=1)
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise Refused(_("“%(text)s” is not a month; write it as 2017-12.") % {"text": text}, "month") from error

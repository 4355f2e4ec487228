"""Parties beside each other: what is known of each, line by line, with what differs marked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from guanxi.customers import panels
from guanxi.customers.models import ContactPoint, Party, SourceRecord
from guanxi.foundation import desk, hooks
from guanxi.foundation.desk import display
from guanxi.foundation.desk.declaration import Desk, Field, as_field
from guanxi.foundation.desk.paging import Order
from guanxi.foundation.desk.rows import loading
from guanxi.foundation.visibility import Viewer

LEFT_OUT = {"created_at"}  # stands in the head of each
MOST_POINTS = 12


@dataclass(frozen=True)
class Point:
    """A way to reach a party, and whether another of those compared has it too."""

    words: str
    icon: str
    kind: str
    shared: bool


@dataclass
class Side:
    """One of the parties compared."""

    party: Party
    sources: list[str] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    more_points: int = 0


@dataclass(frozen=True)
class Line:
    """One fact of each party, in the order of the sides."""

    label: Any
    cells: list[SafeString]
    differs: bool
    numeric: bool = False


@dataclass(frozen=True)
class Compared:
    """Parties and their facts beside each other."""

    sides: list[Side]
    lines: list[Line]
    figures: list[Line]


def compare(ids: Sequence[int], viewer: Viewer) -> Compared:
    """The parties with these numbers that `viewer` may see, in this order; a fixed number of queries."""
    customers = desk.find("customers")
    assert customers is not None
    facts = [one for one in customers.all_facts() if one.name not in LEFT_OUT]
    figures = [as_field(Party, column) for column in _hung_columns() if column.shown]
    roles = [one for one in customers.all_columns() if one.many]
    rows = loading(customers.rows(viewer).filter(pk__in=ids), [*roles, *facts, *figures], Order(None), viewer)
    found = {row.pk: row for row in rows}
    parties = [found[number] for number in ids if number in found]
    return Compared(
        _sides(parties, viewer),
        [line for one in [*roles, *facts] if (line := _line(one, parties, customers))],
        [line for one in figures if (line := _line(one, parties, customers))],
    )


def _hung_columns() -> list[Any]:
    hung: list[Any] = []
    for value in hooks.get("columns:customers"):
        hung.extend(value if isinstance(value, list | tuple) else [value])
    return hung


def _line(shown: Field, parties: list[Party], customers: Desk) -> Line | None:
    """The fact of all parties; None where nobody has it."""
    when = shown.column.when
    if when is not None and not any(when(party) for party in parties):
        return None
    cells = display.Cells(shown)
    cells.prepare(parties)
    html = [cells.html(party) for party in parties]
    if all(one == display.NOTHING for one in html):
        return None
    told = {str(one) for one in html if one != display.NOTHING}
    differs = len(told) > 1
    if differs and len(parties) == 2 and _is_plain(shown) and not cells.masked:
        values = [str(shown.value(party) or "") for party in parties]
        html = list(_marked(*values)) if all(values) else html
    return Line(shown.label, html, differs and not shown.kind.numeric, shown.kind.numeric)


def _is_plain(shown: Field) -> bool:
    return shown.kind.textual and shown.column.render is None and not shown.choices


def _marked(one: str, other: str) -> tuple[SafeString, SafeString]:
    """Two texts with the characters marked that differ."""
    left, right = [], []
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        left.append(_piece(one[a:b], tag))
        right.append(_piece(other[c:d], tag))
    return format_html_join("", "{}", ((piece,) for piece in left)), format_html_join(
        "", "{}", ((piece,) for piece in right)
    )


def _piece(text: str, tag: str) -> SafeString:
    return conditional_escape(text) if tag == "equal" or not text else format_html("<mark>{}</mark>", text)


def _sides(parties: Iterable[Party], viewer: Viewer) -> list[Side]:
    sides = {party.pk: Side(party) for party in parties}
    told = SourceRecord.objects.visible_to(viewer).filter(party__in=list(sides)).order_by("source__name")
    for party, name in told.values_list("party", "source__name").distinct():
        sides[party].sources.append(name)
    rows = list(ContactPoint.objects.visible_to(viewer).filter(party__in=list(sides)).order_by("-preferred", "pk"))
    holders: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in rows:
        holders[row.kind, row.key].add(row.party_id)
    order = list(panels.ICONS)
    known: set[tuple[int, str, str]] = set()
    for row in sorted(
        rows, key=lambda row: (len(holders[row.kind, row.key]) < 2, order.index(ContactPoint.Kind(row.kind)))
    ):
        side, own = sides[row.party_id], (row.party_id, row.kind, row.key)
        if own in known:
            continue
        known.add(own)
        if len(side.points) == MOST_POINTS:
            side.more_points += 1
            continue
        kind = ContactPoint.Kind(row.kind)
        shared = len(holders[row.kind, row.key]) > 1
        side.points.append(Point(panels.shown(row), panels.ICONS[kind], str(kind.label), shared))
    return list(sides.values())

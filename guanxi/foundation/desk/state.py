"""What a list shows, read from its address, and the addresses that lead on from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from guanxi.foundation import hooks, visibility
from guanxi.foundation.desk import filters, layouts, likewise
from guanxi.foundation.desk.addresses import of_desk
from guanxi.foundation.desk.among import Among
from guanxi.foundation.desk.declaration import Desk, Field, Row, Viewer, as_field, is_hidden
from guanxi.foundation.desk.layouts import Layout
from guanxi.foundation.desk.models import SavedView
from guanxi.foundation.desk.paging import Order
from guanxi.foundation.governing import LANES

Pairs = list[tuple[str, str]]
FEW = 3000  # rows that are sorted when asked for rather than walked along an index
KEPT = 60.0  # seconds for which a process keeps that rows are more; by it goes how they are asked for, never which
MOST_KEPT = 10_000
MOST_FOUND = 1000  # rows of a search through the index that a list goes on to filter and sort

_frequent: dict[tuple[Any, ...], float] = {}


def forget() -> None:
    """Collect as if nothing had been asked for before; for tests."""
    _frequent.clear()


@dataclass
class State:
    """Columns, order, filters and words of a list for one viewer."""

    desk: Desk
    viewer: Viewer
    columns: list[Field]
    chosen: bool  # whether the columns were chosen by hand
    order: Order
    active: list[filters.Active]
    text: str
    view: SavedView | None
    view_asked: bool
    layout: Layout
    notices: list[str] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """Whether a filter cannot be understood; then nothing is shown rather than something else."""
        return any(one.error for one in self.active)

    @property
    def narrowed(self) -> bool:
        return bool(self.active or self.text)

    @cached_property
    def pairs(self) -> Pairs:
        """All of it as the address writes it, in one canonical order; defaults are left out."""
        pairs: Pairs = [("q", self.text)] if self.text else []
        pairs += [pair for one in self.active for pair in one.pairs]
        pairs += self.layout.pairs
        if self.order.name != default_order(self.desk, self.layout).name:
            pairs.append(("sort", self.order.name))
        if self.chosen:
            pairs.append(("cols", ",".join(column.name for column in self.columns)))
        return pairs

    @property
    def here(self) -> Pairs:
        """The same, with what one only passes by and no view keeps, such as the month of a calendar."""
        return self.pairs + self.layout.passing

    @property
    def query(self) -> str:
        """The state without the name of the view: what a saved view keeps."""
        return urlencode(self.pairs)

    @property
    def address_query(self) -> str:
        return urlencode(self._marked(self.here))

    def _marked(self, pairs: Pairs) -> Pairs:
        return [("view", str(self.view.pk) if self.view else ""), *pairs] if self.view_asked else pairs

    @property
    def changed(self) -> bool:
        """Whether the list differs from the saved view that it came from."""
        return self.view is not None and self.view.query != self.query

    def url(self, name: str = "desk:list", *, drop: Iterable[str] = (), **put: str) -> str:
        """The address with some parameters dropped (a name, or “f.city” with all its operators) and others put."""
        gone = {*drop, *put}
        kept = [(key, value) for key, value in self.here if not any(_belongs(key, name) for name in gone)]
        query = urlencode(self._marked(kept + [(key, value) for key, value in put.items() if value]))
        address = of_desk(name, self.desk.slug)
        return f"{address}?{query}" if query else address

    def url_sorted(self, column: Field) -> str:
        """The address with the list sorted by `column`; the other way round where it is so already."""
        here = self.order.field is not None and self.order.field.name == column.name
        first = column.kind.ordered  # the largest and newest first
        descending = not self.order.descending if here else first
        return self.url(sort=("-" if descending else "") + column.name)

    @property
    def url_clear(self) -> str:
        """The address without filters and words."""
        return self.url(drop=["q", *[f"f.{one.name}" for one in self.active]])

    @property
    def url_default_columns(self) -> str:
        return self.url(drop=["cols"])

    def url_as(self, kind: str) -> str:
        """The address with the same rows in another form."""
        return self.url(drop=[*layouts.PARAMETERS, "sort"], **{"as": kind if kind != layouts.LIST else ""})

    @property
    def arrange_url(self) -> str:
        return self.url("desk:arrange")

    @property
    def narrow_url(self) -> str:
        return self.url("desk:narrow")

    @property
    def move_url(self) -> str:
        """Where a card is moved; its number takes the place of the 0."""
        return reverse("desk:move", args=[self.desk.slug, 0])

    @property
    def count_url(self) -> str:
        return self.url("desk:count")

    @property
    def count_url_exact(self) -> str:
        return self.url("desk:count", exact="1")

    @property
    def totals_url(self) -> str:
        return self.url("desk:totals")

    @property
    def count_url_choosing(self) -> str:
        """Where all that match are counted, so that they can be chosen."""
        return self.url("desk:count", exact="1", choosing="1")

    @property
    def filter_url(self) -> str:
        """Where the editors of filters are; the path of the field goes behind it."""
        address = self.url("desk:filter")
        return f"{address}&" if "?" in address else f"{address}?"

    def rows(self) -> QuerySet[Row]:
        """The rows asked for, not yet in order."""
        rows = self.desk.rows(self.viewer)
        if self.broken:
            return rows.none()
        for one in self.active:
            rows = rows.filter(one.q)
        return searched(self.desk, rows, self.text, self.viewer) if self.text else rows

    @cached_property
    def few(self) -> list[int] | None:
        """The ids of all rows asked for, where they are at most FEW; None where they are more or nothing was asked.

        A rare value is found at once by its own index, but late by walking along that of the order; a frequent one the
        other way round. So the rare are collected first, and sorted; only lists of the frequent are walked. Who sees
        but some of the records always asks for a few. Where they were more just now, they are not collected again.
        """
        if self.broken or not (self.narrowed or visibility.limited(self.viewer, self.desk.model)):
            return None
        asked = self.desk.slug, self.viewer.pk, self.text, tuple(pair for one in self.active for pair in one.pairs)
        if _frequent.get(asked, 0) > monotonic():
            return None
        rows = self.desk.rows(self.viewer)
        for one in self.active:
            rows = rows.filter(one.q_joined)
        rows = searched(self.desk, rows, self.text, self.viewer) if self.text else rows
        found = list(rows.order_by().values_list("pk", flat=True)[: 2 * FEW + 1])
        ids = set(found)
        if len(found) <= 2 * FEW and len(ids) <= FEW:
            return list(ids)
        if len(_frequent) > MOST_KEPT:
            _frequent.clear()
        _frequent[asked] = monotonic() + KEPT
        return None

    def rows_walked(self) -> QuerySet[Row]:
        """The rows asked for, such that the database keeps to an index that begins with something else than a filter:
        those of a lane, which are asked for next."""
        if self.few is not None:
            return self.seen_in_lanes.filter(Among("pk", self.few))
        if self.broken or self.text:
            return self.rows()
        rows = self.seen_in_lanes
        for number, one in enumerate(self.active):
            rows = rows.filter(one.q) if self._is_whose(one) else one.walked(rows, f"filtered_{number}")
        return rows

    @cached_property
    def seen_in_lanes(self) -> QuerySet[Row]:
        """All rows that the viewer may see, as the lanes of a board ask for them."""
        with visibility.walking(LANES):
            return self.desk.rows(self.viewer)

    @cached_property
    def lane_conditions(self) -> likewise.Conditions:
        """The conditions of the lanes of its board, calendar or groups."""
        return likewise.Conditions(self.desk.model)

    def _is_whose(self, one: filters.Active) -> bool:
        """Whether a filter asks for the rows of one owner, by whom the lanes are indexed."""
        rule = visibility.rule_of(self.desk.model)
        lanes = isinstance(rule, visibility.Owned) and rule.by_lane and rule.owner == one.name
        return lanes and [len(values) for values in one.asked.values()] == [1] and filters.IS in one.asked

    def rows_in_order(self) -> QuerySet[Row]:
        """The rows asked for, such that a page of them in order comes fast; not yet in order."""
        if self.few is not None:
            return self.desk.rows(self.viewer).filter(Among("pk", self.few))
        if self.broken or self.text or not self.order.by_value:
            return self.rows()
        with visibility.walking():
            rows = self.desk.rows(self.viewer)
        for number, one in enumerate(self.active):
            same = self.order.field is not None and self.order.field.name == one.name
            rows = rows.filter(one.q) if same else one.walked(rows, f"filtered_{number}")
        return rows


def _belongs(key: str, name: str) -> bool:
    return key == name or (name.startswith("f.") and key.startswith(f"{name}__"))


def read(desk: Desk, viewer: Viewer, given: QueryDict) -> State:
    """The state that an address stands for. Nothing in it can fail: what is wrong is said in `notices` or on a pill."""
    pairs = [(key, str(value)) for key, values in given.lists() for value in values]
    # A filter's editor sends the operator and the values apart: op.x=f.city__has, value.x=Taipei.
    operators = [key for key in given if key.startswith("op.")]
    pairs += [(str(given[key]), value) for key in operators for value in given.getlist(f"value.{key[3:]}")]
    view, asked, notices = _view(desk, viewer, given)
    known = {column.name: column for column in desk.all_columns()}
    names = [name for value in given.getlist("cols") for name in value.split(",")]
    columns = [known[name] for name in dict.fromkeys(names) if name in known]
    layout = layouts.read(desk, given, notices)
    order = default_order(desk, layout)
    if wanted := given.get("sort", ""):
        found = known.get(wanted.lstrip("-"))
        if found is not None and found.sortable:
            order = Order(found, wanted.startswith("-"))
        else:
            notices.append(_("This list cannot be sorted by “%(name)s”.") % {"name": wanted[:100].lstrip("-")})
    text = given.get("q", "").replace("\x00", "").strip()[: filters.LONGEST]
    default = [column for column in known.values() if column.column.shown]
    chosen = bool(columns) and [item.name for item in columns] != [item.name for item in default]
    active = filters.read(desk, pairs)
    return State(desk, viewer, columns or default, chosen, order, active, text, view, asked, layout, notices)


def from_query(desk: Desk, viewer: Viewer, query: str) -> State:
    """The state that a saved query stands for."""
    given = QueryDict(mutable=True)
    for key, value in parse_qsl(query):
        given.appendlist(key, value)
    return read(desk, viewer, given)


def _view(desk: Desk, viewer: Viewer, given: QueryDict) -> tuple[SavedView | None, bool, list[str]]:
    if "view" not in given:
        return None, False, []
    number = str(given["view"])
    if not number:
        return None, True, []
    views = SavedView.objects.visible_to(viewer).filter(desk=desk.slug)
    view = views.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    return view, view is not None, [] if view else [_("The saved view is not there any more.")]


def default_order(desk: Desk, layout: Layout | None = None) -> Order:
    """The order of a list that nobody sorted."""
    sort = (layout.default_sort if layout else "") or desk.default_sort
    name = sort.lstrip("-")
    if not name:
        return Order(None, descending=True)
    known = {column.name: column for column in desk.all_columns()}
    return Order(known.get(name) or as_field(desk.model, name), sort.startswith("-"))


def searched(desk: Desk, rows: QuerySet[Row], text: str, viewer: Viewer) -> QuerySet[Row]:
    """The rows that `text` finds, in the index or in the `search_fields`.

    The index is asked where the desk has a `search_type`, through the door `desk_search`: a function
    (type, text, viewer, limit) -> ids.
    """
    finders = hooks.get("desk_search")
    if desk.search_type and finders:
        return rows.filter(pk__in=list(finders[0](desk.search_type, text, viewer, MOST_FOUND)))
    names = search_fields(desk)
    for word in text.split()[:10]:
        rows = rows.filter(Q(*[Q(**{f"{name}__icontains": word}) for name in names], _connector=Q.OR))
    return rows


def search_fields(desk: Desk) -> list[str]:
    """The fields that the query box looks into without an index."""
    if desk.search_fields:
        viewer = visibility.viewer_now()
        fields = [as_field(desk.model, name.replace("__", ".")) for name in desk.search_fields]
        shown = [field for field in fields if viewer is None or not is_hidden(field, desk.model, viewer)]
        return [field.name.replace(".", "__") for field in shown]
    columns = [item for item in desk.all_columns() if item.path and item.kind.textual and not item.many]
    return [item.path.orm for item in columns if item.column.link and item.path and not item.path.keys]

"""What somebody asks on Explore, as it stands in the address of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from guanxi.lake import dimensions, links, measures
from guanxi.lake.dimensions import Dimension
from guanxi.lake.query import Query

PLOTS = ("bar", "line", "hbar", "none")
LIMIT = 500
EDGES = ("from", "to")


@dataclass(frozen=True)
class State:
    """Measures by dimensions, one of them perhaps across, where, how plotted, in which order."""

    measures: tuple[str, ...] = ("sales", "orders", "customers")
    by: tuple[str, ...] = ("department",)
    across: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    plot: str = "bar"
    order: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> State:
        """The question of an address; names that do not exist stay in it, so that the answer can say so."""
        plain = cls()
        chosen = "m" in query or "by" in query or "across" in query
        by = tuple(dict.fromkeys(name for name in query.getlist("by") if name))
        across = query.get("across", "")
        plot = query.get("plot", plain.plot)
        return cls(
            measures=tuple(dict.fromkeys(filter(None, query.getlist("m")))) or plain.measures,
            by=tuple(name for name in by if name != across) if chosen else plain.by,
            across=across,
            where=_where(query),
            plot=plot if plot in PLOTS else plain.plot,
            order=query.get("order", ""),
        )

    @property
    def query(self) -> Query:
        """The question to the lake. With a dimension across, only the first measure is asked."""
        if self.across:
            return Query(self.measures[:1], [*self.by, self.across], self.where, limit=20_000, totals=True)
        order = [self.order] if self.order.removeprefix("-") in (*self.measures, *self.by) else []
        return Query(self.measures, self.by, self.where, order, LIMIT, totals=bool(self.by))

    def url(self, **changes: Any) -> str:
        """The page's query string with some parts changed."""
        state = replace(self, **changes)
        pairs = [("m", name) for name in state.measures] + [("by", name) for name in state.by or ("",)]
        pairs += [("across", state.across)] * bool(state.across) + [("plot", state.plot)]
        pairs += [("order", state.order)] * bool(state.order)
        return f"?{urlencode(pairs + links.pairs(state.where))}"

    def without(self, name: str) -> str:
        """The query string without the filter on one dimension."""
        return self.url(where={key: value for key, value in self.where.items() if key != name})


def _where(query: QueryDict) -> dict[str, Any]:
    where: dict[str, Any] = {}
    for key in query:
        if not key.startswith("f."):
            continue
        name, _separator, edge = key.removeprefix("f.").partition("__")
        if edge in EDGES:
            if query[key]:
                where.setdefault(name, {})
                if isinstance(where[name], dict):
                    where[name][edge] = query[key]
        else:
            where[name] = [_value(name, text) for text in query.getlist(key)]
    return where


def _value(name: str, text: str) -> Any:
    """A value of a dimension from its text in the address; an empty one is "not known"."""
    if text == "":
        return None
    dimension = dimensions.all().get(name)
    if dimension is not None and dimension.kind == dimensions.YES_NO:
        return text.lower() in ("true", "1", "yes")
    if dimension is not None and dimension.kind == dimensions.RECORD and text.startswith("#") and text[1:].isdigit():
        return int(text[1:])
    return dimension.coded(text) if dimension is not None and dimension.kind == dimensions.CHOICE else text


def choices(chosen: Iterable[str]) -> dict[str, Any]:
    """All that can be chosen, by name and label; of dimensions (and of days) whether they can cut all of `chosen`."""
    known = measures.all()
    bases = {known[name].base for name in chosen if name in known}

    def cuts(dimension: Dimension) -> bool:
        return all(dimension.cuts(base) for base in bases)

    cut_by = dimensions.all()
    return {
        "measures": [(name, measure.label) for name, measure in known.items()],
        "dimensions": [(name, dimension.label, cuts(dimension)) for name, dimension in cut_by.items()],
        "days": cuts(cut_by["day"]),
    }

"""What somebody asks on Explore, as it stands in the address of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from guanxi.foundation import clock
from guanxi.lake import dimensions, links, measures
from guanxi.lake.asking import BUT
from guanxi.lake.dimensions import Dimension
from guanxi.lake.explore import periods

PLOTS = ("bar", "line", "hbar", "none")
EDGES = ("from", "to")
TOTAL, ROW, COLUMN, SO_FAR = SHOWS = ("total", "row", "column", "sofar")
MOST_TOP = 100


@dataclass(frozen=True)
class State:
    """Measures by dimensions, one of them perhaps across, where, in which period and against which, how shown.

    `show` is "" for the figures themselves, a share (of the total, the row, the column), or the sum so far; `top` keeps
    that many of the first dimension apart and puts the others together.
    """

    measures: tuple[str, ...] = ("sales", "orders", "customers")
    by: tuple[str, ...] = ("department",)
    across: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    plot: str = "bar"
    order: str = ""
    period: str = ""
    compare: str = ""
    other: tuple[str, str] = ("", "")
    show: str = ""
    top: int = 0
    saved: int = 0  # the number of the saved question that this began from

    @classmethod
    def read(cls, query: QueryDict) -> State:
        """The question of an address; names that do not exist stay in it, so that the answer can say so."""
        plain = cls()
        chosen = "m" in query or "by" in query or "across" in query
        by = tuple(dict.fromkeys(name for name in query.getlist("by") if name))
        across = query.get("across", "")
        where = _where(query)
        period = _one_of(periods.LABELS, query.get("period", ""))
        if period:
            where.pop("day", None)
        return cls(
            measures=tuple(dict.fromkeys(filter(None, query.getlist("m")))) or plain.measures,
            by=tuple(name for name in by if name != across) if chosen else plain.by,
            across=across,
            where=where,
            plot=_one_of(PLOTS, query.get("plot", ""), plain.plot),
            order=query.get("order", ""),
            period=period,
            compare=_one_of(periods.COMPARISONS, query.get("compare", "")),
            other=(query.get("c.from", ""), query.get("c.to", "")),
            show=_one_of(SHOWS, query.get("show", "")),
            top=min(_number(query.get("top", "")), MOST_TOP),
            saved=_number(query.get("saved", "")),
        )

    @classmethod
    def parse(cls, text: str) -> State:
        """The question of what stands behind the “?” of an address."""
        return cls.read(QueryDict(text.removeprefix("?")))

    @property
    def now(self) -> dict[str, Any]:
        """The filters, with the days that the period stands for today."""
        if not self.period:
            return dict(self.where)
        first, last = periods.span(self.period, clock.today())
        return {"day": {"from": first.isoformat(), "to": last.isoformat()}, **self.where}

    @property
    def span(self) -> periods.Span | None:
        """The days asked for, where both ends are known."""
        asked = self.now.get("day")
        if not isinstance(asked, Mapping):
            return None
        first, last = (_day(asked.get(edge, "")) for edge in EDGES)
        return (first, last) if first and last and first <= last else None

    @property
    def compared(self) -> periods.Span | None:
        """The days that are compared with; None where nothing is, or no period is chosen."""
        now = self.span
        first, last = map(_day, self.other)
        if self.compare == periods.OTHER:
            return (first, last) if first and last and first <= last else None
        return periods.compared(self.compare, now) if now else None

    def url(self, **changes: Any) -> str:
        """The page's query string with some parts changed."""
        state = replace(self, **changes)
        pairs = [("m", name) for name in state.measures] + [("by", name) for name in state.by or ("",)]
        pairs += [("across", state.across)] * bool(state.across) + [("plot", state.plot)]
        named = {"order": state.order, "period": state.period, "compare": state.compare, "show": state.show}
        pairs += [(name, value) for name, value in named.items() if value]
        pairs += [(name, str(value)) for name, value in (("top", state.top), ("saved", state.saved)) if value]
        if state.compare == periods.OTHER:
            pairs += [("c.from", state.other[0]), ("c.to", state.other[1])]
        return f"?{urlencode(pairs + links.pairs(state.where))}"

    @property
    def kept(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The filters but that on days as fields of a form: of each dimension the names and values."""
        return [(name, links.pairs({name: asked})) for name, asked in self.where.items() if name != "day"]

    def without(self, name: str) -> str:
        """The query string without the filter on one dimension."""
        return self.url(where={key: value for key, value in self.where.items() if key != name})

    def opened(self, name: str, value: Any) -> str:
        """The query string that shows what one value of a dimension of the rows consists of; empty where it opens into
        nothing more. Periods become the days asked for, so that they can be compared.
        """
        known = dimensions.all()
        below = dimensions.below(name)
        if name not in known or below not in known or not self._cuts(known[below]):
            return ""
        by = tuple(dict.fromkeys(below if one == name else one for one in self.by))
        across = "" if self.across == below else self.across
        if known[name].kind not in dimensions.PERIODS:
            return self.url(by=by, across=across, where=self.now | {name: [value]}, period="", order="")
        if value is None:
            return ""
        first, last = periods.days(known[name].kind, value)
        if self.span:
            first, last = max(first, self.span[0]), min(last, self.span[1])
        where = self.now | {"day": {"from": first.isoformat(), "to": last.isoformat()}}
        return self.url(by=by, across=across, where=where, period="", order="")

    def _cuts(self, dimension: Dimension) -> bool:
        known = measures.all()
        return all(dimension.cuts(known[name].base) for name in self.measures if name in known)


def _one_of(known: Iterable[str], text: str, otherwise: str = "") -> str:
    return text if text in known else otherwise


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 16 else 0


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _where(query: QueryDict) -> dict[str, Any]:
    where: dict[str, Any] = {}
    for key in query:
        if not key.startswith("f."):
            continue
        name, _separator, edge = key.removeprefix("f.").partition("__")
        if edge == BUT:
            where[name] = {BUT: [_value(name, text) for text in query.getlist(key)]}
            continue
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
        "periods": list(periods.LABELS.items()),
    }

"""Customer equity: what the whole base is worth, what moved it, where it stands, and what to know of the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from guanxi.foundation.desk import Pill, display, list_url
from guanxi.foundation.visibility import Viewer, may
from guanxi.insight import naming, notes, queries
from guanxi.insight.models import Assumptions, EquityPoint, Grade, Learning, Stage, Tier
from guanxi.lake import figures
from guanxi.lake.figures import Note, Tile

MOVES = 6  # of those who changed their stage
# What lists show that figures of this page open.
COLUMNS = (
    "name",
    "standing.stage",
    "standing.tier",
    "standing.grade",
    "standing.expected_value",
    "standing.p_alive",
    "purchases.revenue",
    "purchases.last_day",
)
SLIPPING_COLUMNS = ("name", "standing.stage", "standing.grade", "standing.at_stake", *COLUMNS[4:])


@dataclass(frozen=True)
class Line:
    """A line of the base: a stage, tier or grade with its customers and what they are worth."""

    pill: Pill
    customers: int
    share: str
    expected: str
    worth: str  # share of the expected value
    stake: str
    url: str
    words: str = ""

    @property
    def tone(self) -> str:
        """The style class of the pill."""
        return display.tone(self.pill)


def context(viewer: Viewer, parameters: Mapping[str, str]) -> dict[str, Any]:
    """All that the page shows; there are no parameters, it is about the newest learning."""
    learning = queries.current(viewer)
    common = {
        "heading": _("Customer equity"),
        "controls": "insight/equity_controls.html",
        "parameters": "",
        "learning": learning,
        "may_learn": may(viewer, "run", Learning),
        "task": queries.under_way(viewer),
    }
    if learning is None:
        return common | {"subheading": _("nothing learned yet"), "tiles": [], "failed": queries.last_failed(viewer)}
    assumptions = queries.assumptions(viewer)
    points = queries.equity_points(viewer)
    known = learning.figures
    return common | {
        "subheading": subheading(learning),
        "tiles": tiles(learning, points),
        "over_time": over_time(points),
        "by_stage": by_stage(learning),
        "stages": _lines(known.get("stages"), Stage.choices, naming.stage_pill, "stage"),
        "tiers": _lines(known.get("tiers"), Tier.choices, naming.tier_pill, "tier", TIER_WORDS),
        "grades": _grades(known.get("grades"), assumptions),
        "moves": _moves(known.get("flow") or []),
        "lorenz": lorenz(known.get("lorenz") or []),
        "fifth": fifth(known),
        "basis": basis(learning),
        "notes": notes.listed(known.get("notes")),
    }


def subheading(learning: Learning) -> str:
    """As of when, and of how many."""
    return ngettext("as of %(day)s · %(count)s customer", "as of %(day)s · %(count)s customers", learning.customers) % {
        "day": date_format(learning.day, "DATE_FORMAT"),
        "count": figures.whole(learning.customers),
    }


def tiles(learning: Learning, points: list[EquityPoint]) -> list[Tile]:
    """Equity, value so far, customers still there, what is at stake."""
    stages = learning.figures.get("stages") or {}
    there = learning.figures.get("alive")
    decline = stages.get(Stage.DECLINE) or {}
    equity = learning.figures.get("equity") or {}
    slipping = int(decline.get("customers") or 0)
    return [
        equity_tile(learning, points, _sorted("-standing.expected_value")),
        Tile(
            _("Margin so far"),
            amount(equity.get("so_far")),
            _sorted("-standing.lifetime_value"),
            [Note(_("revenue less what it cost to bring, to sell and to serve"))],
        ),
        Tile(
            _("Customers still there"),
            "–" if there is None else figures.whole(round(there)),
            list_url("customers", {"f.standing.p_alive__gte": "0.5", "cols": ",".join(COLUMNS)}),
            [Note(_("expected, of %(count)s who ever bought") % {"count": figures.whole(learning.customers)})],
        ),
        Tile(
            _("At stake"),
            amount(decline.get("at_stake")),
            slipping_url(),
            [
                Note(
                    ngettext("%(count)s customer in decline", "%(count)s customers in decline", slipping)
                    % {"count": figures.whole(slipping)},
                    "down" if slipping else "",
                )
            ],
        ),
    ]


def equity_tile(learning: Learning, points: list[EquityPoint], url: str) -> Tile:
    """Customer equity with its interval and its change over the last month."""
    equity = learning.figures.get("equity") or {}
    found: list[Note] = []
    if len(points) > 1:
        change = figures.percent_change(points[-1].equity, points[-2].equity)
        words = _("%(change)s since %(day)s") % {"change": change.text, "day": _short(points[-2])}
        found.append(Note(words, change.tone))
    if equity.get("low") is not None and equity.get("high") is not None:
        found.append(Note(f"{amount(equity['low'])} – {amount(equity['high'])}"))
    return Tile(_("Customer equity"), amount(equity.get("expected")), url, found)


def slipping_url() -> str:
    """The list of those in decline, with the most at stake first."""
    return list_url(
        "customers",
        {"f.standing.stage": Stage.DECLINE.value, "sort": "-standing.at_stake", "cols": ",".join(SLIPPING_COLUMNS)},
    )


def amount(value: Any) -> str:
    """A sum of money; a dash where it cannot be given."""
    return "–" if value in (None, "") else figures.money(Decimal(str(value)))


def over_time(points: list[EquityPoint]) -> dict[str, Any] | None:
    """The plot of customer equity by month: who was there and stayed, grew, came; below, what was lost."""
    if len(points) < 2:
        return None
    parts = [
        {"name": _("Retained"), "data": [float(point.retained) for point in points], "colour": 3},
        {"name": _("Developed"), "data": [float(point.developed) for point in points], "colour": 2},
        {"name": _("Acquired"), "data": [float(point.acquired) for point in points], "colour": 1},
        {"name": _("Lost"), "data": [-abs(float(point.lost)) for point in points], "colour": 4},
    ]
    shape = pgettext("short month", "M Y")
    return {
        "type": "bar",
        "stack": True,
        "format": "money",
        "x": [date_format(point.day, shape) for point in points],
        "series": parts,
    }


def by_stage(learning: Learning) -> dict[str, Any]:
    """The plot of customers by stage; each bar opens the list of them."""
    stages = learning.figures.get("stages") or {}
    shown = [stage for stage in Stage if stages.get(stage) or stage is not Stage.NONE]
    return {
        "type": "hbar",
        "x": [str(stage.label) for stage in shown],
        "series": [
            {"name": _("Customers"), "data": [int((stages.get(stage) or {}).get("customers") or 0) for stage in shown]}
        ],
        "tones": [naming.STAGE_COLOURS[stage] for stage in shown],
        "links": [_customers("stage", stage) for stage in shown],
    }


def lorenz(curve: list[list[float]]) -> dict[str, Any] | None:
    """The plot of the share of value that the best customers bring, against equal shares."""
    if not curve:
        return None
    shares = [f"{figures.rounded(100 * customers, 0)} %" for customers, _value in curve]
    return {
        "type": "area",
        "format": "percent",
        "most": 1,
        "ticks": 5,
        "x": shares,
        "series": [
            {"name": _("Share of the value"), "data": [value for _customers, value in curve]},
            {"name": _("all alike"), "data": [customers for customers, _value in curve], "muted": True},
        ],
    }


def fifth(known: Mapping[str, Any]) -> str:
    """How much of the value the best fifth brings, in a sentence."""
    share = known.get("best_fifth")
    if share is None:
        return ""
    return _("The best fifth of the customers brings %(share)s of the value.") % {"share": figures.share(share, 1)}


def basis(learning: Learning) -> str:
    """What the expected values rest on: horizon and discount, and what their intervals say."""
    known = learning.figures
    rate = figures.share(known.get("discount_rate") or 0, 1)
    years = known.get("horizon_years")
    if years is None:
        words = _("Expected margin without end, discounted at %(rate)s a year")
    else:
        words = ngettext(
            "Expected margin of the next %(years)s year, discounted at %(rate)s a year",
            "Expected margin of the next %(years)s years, discounted at %(rate)s a year",
            years,
        )
    return _("%(words)s; the interval holds with a chance of four in five.") % {
        "words": words % {"years": years, "rate": rate}
    }


def _lines(base: Mapping[str, Any] | None, choices: Any, pill: Any, field: str, words: Any = None) -> list[Line]:
    known = base or {}
    customers = sum(int(line.get("customers") or 0) for line in known.values())
    expected = sum(Decimal(str(line.get("expected") or 0)) for line in known.values())
    return [
        Line(
            pill=pill(code),
            customers=int(line.get("customers") or 0),
            share=figures.share(int(line.get("customers") or 0), customers),
            expected=amount(line.get("expected")),
            worth=figures.share(Decimal(str(line.get("expected") or 0)), expected),
            stake=amount(line.get("at_stake")),
            url=_customers(field, code),
            words=str((words or {}).get(code, "")),
        )
        for code, _label in choices
        if (line := known.get(code))
    ]


def _grades(base: Mapping[str, Any] | None, assumptions: Assumptions) -> list[Line]:
    given = {Grade.A: assumptions.resources_a, Grade.B: assumptions.resources_b, Grade.C: assumptions.resources_c}
    return _lines(base, Grade.choices, naming.grade_pill, "grade", given)


def _sorted(order: str) -> str:
    return list_url("customers", {"sort": order, "cols": ",".join(COLUMNS)})


def _customers(field: str, code: str) -> str:
    query = {f"f.standing.{field}": str(code), "sort": "-standing.expected_value", "cols": ",".join(COLUMNS)}
    return list_url("customers", query)


def _moves(flow: list[list[Any]]) -> list[dict[str, Any]]:
    largest = sorted(flow, key=lambda move: -int(move[2]))[:MOVES]
    return [
        {
            "from": naming.stage_pill(before),
            "from_tone": display.tone(naming.stage_pill(before)),
            "to": naming.stage_pill(now),
            "to_tone": display.tone(naming.stage_pill(now)),
            "count": figures.whole(count),
            "url": _customers("stage", now),
        }
        for before, now, count in largest
    ]


def _short(point: EquityPoint) -> str:
    return date_format(point.day, pgettext("date format", "j M Y"))


TIER_WORDS = {
    Tier.MOST_VALUABLE: pgettext_lazy("tier", "the fifth that is worth most"),
    Tier.MOST_GROWABLE: pgettext_lazy("tier", "spend less than others like them"),
    Tier.REGULAR: pgettext_lazy("tier", "all others"),
    Tier.BELOW_ZERO: pgettext_lazy("tier", "cost more than they bring"),
}

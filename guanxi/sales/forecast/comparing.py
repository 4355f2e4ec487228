"""What changed of a period's open deals between two nights: what came, was won, lost, put off, grew: a waterfall."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from guanxi.foundation.money import from_units
from guanxi.sales.forecast import keeping
from guanxi.sales.forecast.periods import Period

# In the order of the waterfall, each with its sign.
KINDS = {
    "added": 1,
    "moved_in": 1,
    "reopened": 1,
    "handed_in": 1,
    "grown": 1,
    "shrunk": -1,
    "won": -1,
    "lost": -1,
    "slipped": -1,
    "moved_out": -1,
    "omitted": -1,
    "handed_out": -1,
    "removed": -1,
}
BEHIND = 100  # deals that are named of one kind


@dataclass(frozen=True)
class Step:
    """One part of the change; `amount` is what it adds."""

    kind: str
    deals: int
    amount: Decimal


@dataclass(frozen=True)
class Change:
    """From one night to another."""

    period: Period
    since: date
    until: date
    start: Decimal
    end: Decimal
    steps: list[Step]


@dataclass(frozen=True)
class Moved:
    """One deal of a step."""

    deal: int
    amount: Decimal
    closes_on: date | None


def compare(period: Period, since: date, until: date, people: Collection[int] | None) -> Change:
    """Between two nights, of the deals of these people, or of all."""
    found = {
        kind: Step(kind, deals, from_units(amount or 0))
        for kind, deals, amount in _grouped(period, since, until, people)
    }
    steps = [found[kind] for kind in KINDS if kind in found]
    start, end = (_sum(period, day, people) for day in (since, until))
    return Change(period, since, until, start, end, steps)


def behind(period: Period, since: date, until: date, people: Collection[int] | None, kind: str) -> list[Moved]:
    """The deals of one kind, the largest first."""
    sql, values = _moves(period, since, until, people)
    rows = _rows(
        f"SELECT deal, amount, closes_on FROM ({sql}) AS moved WHERE kind = %s "
        f"ORDER BY ABS(amount) DESC, deal LIMIT {BEHIND}",
        [*values, kind],
    )
    return [Moved(deal, from_units(amount), _as_day(day)) for deal, amount, day in rows]


def _grouped(period: Period, since: date, until: date, people: Collection[int] | None) -> list[Any]:
    sql, values = _moves(period, since, until, people)
    return _rows(f"SELECT kind, COUNT(*), SUM(amount) FROM ({sql}) AS moved GROUP BY kind", values)


def _sum(period: Period, day: date, people: Collection[int] | None) -> Decimal:
    inside, values = _inside(period, day, people, "s")
    return from_units(_rows(f"SELECT SUM(s.amount) FROM {keeping.STATE} AS s WHERE {inside}", values)[0][0] or 0)


def _inside(period: Period, day: date, people: Collection[int] | None, name: str) -> tuple[str, list[Any]]:
    """The condition on rows that a forecast of the period counted on a day."""
    held, at = keeping.as_of(day, name)
    closes, when = keeping.within(period, f"{name}.closes_on")
    whose, who = _whose(people, name)
    return f"{name}.state = 'open' AND {closes} AND {held} AND {name}.category <> 'omitted'{whose}", [*when, *at, *who]


def _whose(people: Collection[int] | None, name: str) -> tuple[str, list[Any]]:
    if people is None:
        return "", []
    if not people:
        return " AND 1 = 0", []
    return f" AND {name}.owner IN ({', '.join(['%s'] * len(people))})", sorted(people)


def _moves(period: Period, since: date, until: date, people: Collection[int] | None) -> tuple[str, list[Any]]:
    """Rows (deal, kind, amount, closes_on): each deal that counted before or counts now, where it is not the same."""
    before, before_values = _inside(period, since, people, "a")
    now, now_values = _inside(period, until, people, "b")
    later, later_at = keeping.as_of(until, "b")
    earlier, earlier_at = keeping.as_of(since, "a")
    of_a, of_a_values = _outside(period, people, "b")
    of_b, of_b_values = _outside(period, people, "a")
    closes, when = keeping.within(period, "b.closes_on")
    closed, closed_when = keeping.within(period, "a.closes_on")
    last = period.last.isoformat()
    left = (
        "SELECT a.deal AS deal, CASE WHEN b.deal IS NULL THEN 'removed' WHEN b.state = 'won' THEN 'won' "
        "WHEN b.state = 'lost' THEN 'lost' WHEN b.closes_on IS NULL OR b.closes_on > %s THEN 'slipped' "
        f"WHEN NOT ({closes}) THEN 'moved_out' WHEN b.category = 'omitted' THEN 'omitted'{of_a} "
        "WHEN COALESCE(b.amount, 0) > COALESCE(a.amount, 0) THEN 'grown' ELSE 'shrunk' END AS kind, "
        f"CASE WHEN b.state = 'open' AND {closes} AND b.category <> 'omitted'{_whose(people, 'b')[0]} "
        "THEN COALESCE(b.amount, 0) ELSE 0 END - COALESCE(a.amount, 0) AS amount, b.closes_on AS closes_on "
        f"FROM {keeping.STATE} AS a LEFT JOIN {keeping.STATE} AS b ON b.deal = a.deal AND {later} "
        f"WHERE {before} AND (b.id IS NULL OR b.id <> a.id)"
    )
    left_values = [last, *when, *of_a_values, *when, *_whose(people, "b")[1], *later_at, *before_values]
    came = (
        "SELECT b.deal, CASE WHEN a.deal IS NULL THEN 'added' WHEN a.state <> 'open' THEN 'reopened' "
        f"WHEN a.closes_on IS NULL OR NOT ({closed}) OR a.category = 'omitted' THEN 'moved_in'{of_b} "
        "ELSE 'moved_in' END, COALESCE(b.amount, 0), b.closes_on "
        f"FROM {keeping.STATE} AS b LEFT JOIN {keeping.STATE} AS a ON a.deal = b.deal AND {earlier} "
        f"WHERE {now} AND (a.id IS NULL OR (a.id <> b.id AND NOT ({_counted(period, people, 'a')[0]})))"
    )
    came_values = [*closed_when, *of_b_values, *earlier_at, *now_values, *_counted(period, people, "a")[1]]
    same = "kind NOT IN ('grown', 'shrunk') OR amount <> 0"
    return f"SELECT * FROM ({left} UNION ALL {came}) AS every WHERE {same}", [*left_values, *came_values]


def _outside(period: Period, people: Collection[int] | None, name: str) -> tuple[str, list[Any]]:
    """The branch for deals that went to, or came from, somebody who is not asked about."""
    if people is None:
        return "", []
    kind = "handed_out" if name == "b" else "handed_in"
    whose, who = _whose(people, name)
    inside = whose.removeprefix(" AND ")
    return f" WHEN {name}.owner IS NULL OR NOT ({inside}) THEN '{kind}'", who


def _counted(period: Period, people: Collection[int] | None, name: str) -> tuple[str, list[Any]]:
    """The condition that a row counts in the period, whenever it held; never unknown."""
    closes, when = keeping.within(period, f"{name}.closes_on")
    whose, who = _whose(people, name)
    owned = f" AND {name}.owner IS NOT NULL{whose}" if people is not None else ""
    condition = (
        f"{name}.state = 'open' AND {name}.closes_on IS NOT NULL AND {closes} AND {name}.category <> 'omitted'{owned}"
    )
    return condition, [*when, *who]


def _rows(statement: str, values: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _as_day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value

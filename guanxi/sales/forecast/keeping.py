"""Keeping how all deals stand, and what past forecasts were worth: sets, one statement for each step.

A row of `DealState` is written only where something of a deal changed, so that a night costs what changed and reading
costs what a period holds. Sums are of whole ten-thousandths, as money is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection

from guanxi.sales.deals.models import Stage
from guanxi.sales.forecast.periods import Period

STATE, DEAL = "forecast_dealstate", "deals_deal"
CLOSES = "CASE WHEN d.state = 'open' THEN d.expected_close ELSE d.closed_on END"


def _run(statement: str, values: Sequence[Any] = ()) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _day(day: date) -> tuple[str, str]:
    """A day as a value of a statement, and its placeholder; SQLite keeps days as text."""
    return day.isoformat(), "CAST(%s AS date)" if connection.vendor == "postgresql" else "%s"


def _category() -> tuple[str, list[Any]]:
    """The forecast category that counts, of a deal `d`."""
    whens, values = "", []
    for stage in Stage.objects.all():
        whens += " WHEN %s THEN %s"
        values += [stage.pk, stage.category.value]
    by_stage = f"CASE d.stage_id{whens} ELSE 'pipeline' END" if whens else "'pipeline'"
    return f"CASE WHEN d.forecast_category <> '' THEN d.forecast_category ELSE {by_stage} END", values


def forget_day(day: date) -> None:
    """Take away what an earlier run of the same day kept, so that this one keeps how it is now."""
    value, place = _day(day)
    _run(f"DELETE FROM {STATE} WHERE since = {place}", [value])
    _run(f"UPDATE {STATE} SET until = NULL WHERE until = {place}", [value])


def close_changed(day: date) -> int:
    """End the rows of deals that stand otherwise by now, or are gone; how many."""
    value, place = _day(day)
    category, values = _category()
    return _run(
        f"UPDATE {STATE} SET until = {place} WHERE until IS NULL AND NOT EXISTS (SELECT 1 FROM {DEAL} AS d "
        f"WHERE d.id = {STATE}.deal AND d.state = {STATE}.state AND d.stage_id = {STATE}.stage "
        f"AND d.owner_id IS NOT DISTINCT FROM {STATE}.owner AND d.amount IS NOT DISTINCT FROM {STATE}.amount "
        f"AND d.weighted IS NOT DISTINCT FROM {STATE}.weighted AND {CLOSES} IS NOT DISTINCT FROM {STATE}.closes_on "
        f"AND {category} = {STATE}.category)",
        [value, *values],
    )


def open_new(day: date) -> int:
    """A row for each deal that has none now; how many."""
    value, place = _day(day)
    category, values = _category()
    return _run(
        f"INSERT INTO {STATE} (deal, since, until, owner, stage, state, category, amount, weighted, closes_on) "
        f"SELECT d.id, {place}, NULL, d.owner_id, d.stage_id, d.state, {category}, d.amount, d.weighted, {CLOSES} "
        f"FROM {DEAL} AS d WHERE NOT EXISTS (SELECT 1 FROM {STATE} AS s WHERE s.deal = d.id AND s.until IS NULL) "
        "ORDER BY d.id",
        [value, *values],
    )


def as_of(day: date, name: str = "s") -> tuple[str, list[Any]]:
    """The condition on rows that held on a day."""
    value, place = _day(day)
    return f"{name}.since <= {place} AND ({name}.until IS NULL OR {name}.until > {place})", [value, value]


def within(period: Period, column: str) -> tuple[str, list[Any]]:
    """The condition on a day that it lies in a period."""
    (first, place), (last, _place) = _day(period.start), _day(period.last)
    return f"{column} BETWEEN {place} AND {place}", [first, last]


# What past forecasts were worth --------------------------------------------------------------------------------------


def forget_scores(period: Period) -> None:
    """Take the scores of a period away, to write them anew."""
    for table in ("forecast_personscore", "forecast_stagescore"):
        _run(f"DELETE FROM {table} WHERE period = %s", [period.key])


def score_people(period: Period, days: int, day: date) -> int:
    """What was forecast for each person as of `day`, `days` before the end, beside what came."""
    held, at = as_of(day)
    inside, when = within(period, "s.closes_on")
    won_inside, won_when = within(period, "d.closed_on")
    return _run(
        'INSERT INTO forecast_personscore (period, days, "user", original, said, expected, actual) '
        "SELECT %s, %s, owner, SUM(original), SUM(original), SUM(expected), SUM(actual) FROM ("
        "SELECT s.owner AS owner, CASE WHEN s.state = 'won' OR s.category = 'commit' THEN COALESCE(s.amount, 0) ELSE 0 "
        "END AS original, CASE WHEN s.state = 'won' THEN COALESCE(s.amount, 0) WHEN s.category = 'omitted' THEN 0 "
        f"ELSE COALESCE(s.weighted, 0) END AS expected, 0 AS actual FROM {STATE} AS s "
        f"WHERE s.state IN ('open', 'won') AND {inside} AND {held} "
        f"UNION ALL SELECT d.owner_id, 0, 0, COALESCE(d.amount, 0) FROM {DEAL} AS d "
        f"WHERE d.state = 'won' AND {won_inside}) AS together GROUP BY owner",
        [period.key, days, *when, *at, *won_when],
    )


def score_stages(period: Period, days: int, day: date) -> int:
    """What was expected of the deals of each stage as of `day`, beside what came of them in the period."""
    held, at = as_of(day)
    inside, when = within(period, "s.closes_on")
    came, came_when = within(period, "d.closed_on")
    won = f"d.state = 'won' AND {came}"
    return _run(
        "INSERT INTO forecast_stagescore (period, days, stage, deals, won_deals, amount, expected, actual) "
        f"SELECT %s, %s, s.stage, COUNT(*), SUM(CASE WHEN {won} THEN 1 ELSE 0 END), SUM(COALESCE(s.amount, 0)), "
        f"SUM(COALESCE(s.weighted, 0)), SUM(CASE WHEN {won} THEN COALESCE(d.amount, 0) ELSE 0 END) "
        f"FROM {STATE} AS s LEFT JOIN {DEAL} AS d ON d.id = s.deal "
        f"WHERE s.state = 'open' AND s.category <> 'omitted' AND {inside} AND {held} GROUP BY s.stage",
        [period.key, days, *came_when, *came_when, *when, *at],
    )

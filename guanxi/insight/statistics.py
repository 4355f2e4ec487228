"""What the models learn from: the lake's sales lines as days of purchase, and what each customer is and costs.

The engine (DuckDB or Spark) adds up the lines in exact decimals; from its answer on everything is NumPy, sorted by
party and day, so that the same lake gives the same figures on every engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from numpy.typing import NDArray

from guanxi.customers import contacting
from guanxi.customers.models import Relationship
from guanxi.foundation import engine
from guanxi.foundation.bulk.amounts import as_units
from guanxi.foundation.money import PLACES
from guanxi.insight.history import History, Ints, Panel
from guanxi.lake import schema, store, tables

if TYPE_CHECKING:
    import ibis.expr.types as ir

UNIT = 10**PLACES  # of money, to the whole
SELDOM = 0.05  # share of the customers who must have been touched before touches can explain anything
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Facts:
    """What is known of all parties beside their days of purchase; rows in the order of `party`."""

    party: Ints
    amount: Ints  # units of money, all lines, refunds taken off
    known_amount: Ints  # of lines whose cost is known,
    known_cost: Ints  # and their cost
    contact_cost: Ints  # what it cost to attract, sell to, keep and serve him
    categories: Ints
    channels: Ints
    returned: Ints  # lines given back
    contacts: Ints  # how often he turned to us otherwise than by an order
    referred: Ints  # others whom he brought
    features: Mapping[str, np.ndarray]  # coded facts of the profile, -1 where not known


def last_day(today: date) -> date | None:
    """The last day of purchase that the lake tells of, not later than `today`; None where there is none."""
    line = _lines()
    sale = line.filter((line.kind == "sale") & (line.day <= today))
    day: date | None = _fetch(sale.aggregate(day=sale.day.max()))["day"][0].as_py()
    return day


def days_of_the_future(today: date) -> int:
    """How many lines bear a date after `today`; they are left out."""
    line = _lines()
    later = line.filter(line.day > today)
    return int(_fetch(later.aggregate(count=later.count()))["count"][0].as_py())


def history(until: date) -> History:
    """Each party's days of purchase up to `until`."""
    found = _fetch(purchase_days(until).order_by(["party_id", "day"]))
    return History(_ints(found["party_id"]), _days(found["day"]), _units(found["amount"]), _number(until))


def purchase_days(until: date) -> ir.Table:
    """One row per party and day on which he bought: what he paid, less what of it was given back later.

    A return belongs to the day of the sale that it gives back; where that is not known, to his last day of purchase
    before it.
    """
    line = _lines()
    line = line.filter(line.day <= until)
    sale = line.filter(line.kind == "sale")
    days = sale.group_by(["party_id", "day"]).aggregate(amount=sale.amount.sum())
    back = line.filter(line.kind == "return")
    back = back.group_by(["party_id", "purchase_day", "day"]).aggregate(amount=back.amount.sum())
    told = back.filter(back.purchase_day.notnull())
    told = told.select("party_id", bought=told.purchase_day, given_back=told.amount)
    guessed = _on_last_day_before(back.filter(back.purchase_day.isnull()), days)
    refunds = told.union(guessed)
    refunds = refunds.group_by(["party_id", "bought"]).aggregate(given_back=refunds.given_back.sum())
    refunds = refunds.rename(of="party_id")
    joined = days.left_join(refunds, (days.party_id == refunds.of) & (days.day == refunds.bought))
    amount = joined.amount + joined.given_back.fill_null(0)
    return joined.select("party_id", "day", amount=amount.cast("decimal(38, 4)"))


def _on_last_day_before(back: ir.Table, days: ir.Table) -> ir.Table:
    """Refunds whose sale is not known, with the last day of purchase up to their own day."""
    back = back.select(by="party_id", returned="day", given_back="amount")
    pairs = back.join(days, (back.by == days.party_id) & (days.day <= back.returned))
    found = pairs.group_by(["by", "returned", "given_back"]).aggregate(bought=pairs.day.max())
    return found.select(party_id="by", bought="bought", given_back="given_back")


def facts(until: date) -> Facts:
    """What is known of every party of the lake of whom something may be worked out."""
    party = _fetch(_party().order_by("party_id"))
    ids = _ints(party["party_id"])
    money = _Placed(ids, _fetch(_money(until)))
    breadth = _Placed(ids, _fetch(_breadth(until)))
    return Facts(
        party=ids,
        amount=money.units("amount"),
        known_amount=money.units("known_amount"),
        known_cost=money.units("known_cost"),
        contact_cost=_contact_cost(ids, until),
        categories=breadth.ints("categories"),
        channels=breadth.ints("channels"),
        returned=breadth.ints("returned"),
        contacts=_contacts(ids, until),
        referred=_referred(ids),
        features={name: _coded(party[name]) for name in party.column_names if name != "party_id"},
    )


# The expressions ------------------------------------------------------------------------------------------------------


def _lines() -> ir.Table:
    """Sales lines in the business's currency: amounts of several are never added up. Of those of whom nothing may be
    worked out there are none."""
    line = tables.table("sales_line")
    return _profiled(line.filter(line.currency == settings.GUANXI_CURRENCY))


def _profiled(rows: ir.Table) -> ir.Table:
    hidden = unprofiled()
    return rows.filter(rows.party_id.notin(hidden)) if hidden else rows


def unprofiled() -> list[int]:
    """The parties of whom nothing may be worked out, in order: erased, restricted, objecting to it."""
    return sorted(set(contacting.unprofiled().values_list("party", flat=True)))


def _party() -> ir.Table:
    party = _profiled(tables.table("party"))
    known = ["kind", "gender", "birth_year", "city", "occupation", *(name for name, _ in schema.profile_columns())]
    return party.select("party_id", *known)


def _money(until: date) -> ir.Table:
    line = _lines()
    line = line.filter(line.day <= until)
    known = line.cost.notnull()
    return line.group_by("party_id").aggregate(
        amount=line.amount.sum(),
        known_amount=line.amount.sum(where=known),
        known_cost=line.cost.sum(),
    )


def _breadth(until: date) -> ir.Table:
    line, product = _lines(), tables.table("product")
    line = line.filter(line.day <= until)
    named = product.select(named="product_id", category=product.category.fill_null(product.department))
    joined = line.left_join(named, line.product_id == named.named)
    # Pairs first, then counts: cheaper than counting different words over all lines.
    sale = joined.kind == "sale"
    pairs = joined.group_by(["party_id", "category", "channel"]).aggregate(returned=(~sale).sum())
    return pairs.group_by("party_id").aggregate(
        categories=pairs.category.nunique(), channels=pairs.channel.nunique(), returned=pairs.returned.sum()
    )


def _contact_cost(ids: Ints, until: date) -> Ints:
    """What the ledger says that calls, visits, mailings and other events with each party cost."""
    cost = tables.table("cost")
    cost = cost.filter(cost.party_id.notnull() & (cost.day <= until))
    return _Placed(ids, _fetch(cost.group_by("party_id").aggregate(amount=cost.amount.sum()))).units("amount")


def _contacts(ids: Ints, until: date) -> Ints:
    """How often each party turned to us, orders left out."""
    event = tables.table("event")
    event = event.filter((event.direction == "in") & ~event.kind.startswith("order.") & (event.day <= until))
    event = event.filter(event.party_id.notnull())
    return _Placed(ids, _fetch(event.group_by("party_id").aggregate(count=event.count()))).ints("count")


def touches(panel: Panel, parties: Ints) -> NDArray[np.float64] | None:
    """How often we turned to each customer in each period, as ln(1 + times): (customers, periods, 1).

    None where it was hardly done (fewer than SELDOM of the customers): then it says nothing of anybody.
    """
    event = tables.table("event")
    begin = date.fromordinal(EPOCH + panel.begin)
    event = event.filter((event.direction == "out") & event.party_id.notnull() & (event.day >= begin))
    found = _fetch(event.group_by(["party_id", "day"]).aggregate(count=event.count()).order_by(["party_id", "day"]))
    place, known = _places(parties, _ints(found["party_id"]))
    period = (_days(found["day"]) - panel.begin) // panel.length
    customers, periods = panel.purchases.shape
    known &= period < periods
    if len(np.unique(place[known])) < SELDOM * customers:
        return None
    count = _added(place[known] * periods + period[known], _ints(found["count"])[known], customers * periods)
    return np.log1p(count.reshape(customers, periods, 1))


def _referred(ids: Ints) -> Ints:
    """How many others each party brought: from the relationships, which are few beside the customers."""
    found = Relationship.objects.filter(kind=Relationship.Kind.REFERRED_BY).values_list("other_id", flat=True)
    place, known = _places(ids, np.fromiter(found, np.int64))
    return _added(place[known], np.ones(int(known.sum()), np.int64), len(ids))


# From Arrow to NumPy --------------------------------------------------------------------------------------------------


def _fetch(expression: ir.Table) -> pa.Table:
    try:
        return expression.to_pyarrow()
    except engine.unreadable() as error:
        raise store.broken(schema.SALES_LINE, error) from error


class _Placed:
    """Rows of some parties, put into the order of all."""

    def __init__(self, ids: Ints, rows: pa.Table) -> None:
        self.count, self.rows = len(ids), rows
        self.place, self.known = _places(ids, _ints(rows["party_id"]))

    def ints(self, name: str) -> Ints:
        return self._put(_ints(self.rows[name]))

    def units(self, name: str) -> Ints:
        return self._put(_units(self.rows[name]))

    def _put(self, values: Ints) -> Ints:
        return _added(self.place[self.known], values[self.known], self.count)


def _places(ids: Ints, wanted: Ints) -> tuple[Ints, np.ndarray]:
    """Where each of `wanted` stands in the sorted `ids`, and whether it does."""
    place = np.searchsorted(ids, wanted)
    place = np.minimum(place, max(len(ids) - 1, 0))
    return place, (ids[place] == wanted) if len(ids) else np.zeros(len(wanted), bool)


def _added(place: Ints, values: Ints, count: int) -> Ints:
    total = np.zeros(count, np.int64)
    np.add.at(total, place, values)
    return total


def _plain(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _ints(column: pa.ChunkedArray) -> Ints:
    filled: Any = pc.coalesce(_plain(pc.cast(column, pa.int64())), pa.scalar(0, pa.int64()))
    return np.asarray(np.from_dlpack(filled), np.int64)


def _units(column: pa.ChunkedArray) -> Ints:
    exact = pc.cast(_plain(column), pa.decimal128(18, PLACES))
    filled: Any = pc.coalesce(as_units(exact), pa.scalar(0, pa.int64()))
    return np.asarray(np.from_dlpack(filled), np.int64)


def _days(column: pa.ChunkedArray) -> Ints:
    return np.from_dlpack(_plain(column).cast(pa.int32())).astype(np.int64)


def _number(day: date) -> int:
    return day.toordinal() - EPOCH


def _coded(column: pa.ChunkedArray) -> np.ndarray:
    """Numbers as they are (NaN: not known), words as the places in their sorted list (-1: not known)."""
    array = _plain(column)
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        numbers: Any = pc.coalesce(array.cast(pa.float64()), pa.scalar(float("nan")))
        return np.from_dlpack(numbers)
    words = array.cast(pa.string())
    distinct = pa.array(sorted({word for word in pc.unique(words).to_pylist() if word}), pa.string())
    return np.from_dlpack(pc.coalesce(pc.index_in(words, distinct), pa.scalar(-1, pa.int32()))).astype(np.float64)

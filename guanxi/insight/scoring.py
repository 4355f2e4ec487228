"""The standing of every party, worked out in columns from the fitted models and the facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from guanxi.insight import bulk, tiering, valuing
from guanxi.insight.fitting import Fitted
from guanxi.insight.history import Floats, History, Ints, Statistics
from guanxi.insight.models import STRENGTH, Assumptions, Learning, Loyalty, Stage
from guanxi.insight.staging import Staged
from guanxi.insight.statistics import UNIT, Facts
from guanxi.insight.tiering import Growth
from guanxi.insight.valuing import Worth

YEAR = 365  # days
LEAST_TENURE = 90  # days that a year's spend is told from at the least
ACTIVE = 0.5  # chance of still being a customer from which on he counts as one
HARDLY = 0.02  # chance below which nothing is at stake any more
WARNING, RISE, WARNING_DAYS = 0.5, 0.2, 60  # early warning: risk, its rise since the standing before, days it stays
CENT = UNIT // 100


@dataclass(frozen=True)
class Former:
    """What the standings before said, by party: the risk, and when there was a warning (day number, NaN: none)."""

    party: Ints
    risk: Floats
    warned: Floats

    @classmethod
    def of(cls, before: pa.Table, day: date) -> Former:
        """From the standings as read; a standing of the same day hands on what it was compared with."""
        same = pc.equal(before["day"], pa.scalar(day))
        risk = pc.if_else(same, before["risk_before"], before["risk"])
        return cls(
            before["party_id"].to_numpy(),
            pc.coalesce(risk, pa.scalar(float("nan"))).to_numpy(),
            pc.coalesce(before["warned_on"].cast(pa.int32()).cast(pa.float64()), pa.scalar(float("nan"))).to_numpy(),
        )

    def placed(self, party: Ints, values: Floats) -> Floats:
        """`values` in the order of `party`; NaN where nothing was said."""
        found = np.full(len(party), np.nan)
        if len(self.party):
            place = np.minimum(np.searchsorted(self.party, party), len(self.party) - 1)
            known = self.party[place] == party
            found[known] = values[place[known]]
        return found


@dataclass(frozen=True)
class Buyers:
    """Those who ever bought: where each stands among all parties, and what he leaves (whole units of money)."""

    known: Statistics
    row: Ints
    margin: Floats
    rates: Floats  # margin as a share of spend
    costs: Floats  # of contacts, per purchase

    @classmethod
    def of(cls, known: Statistics, facts: Facts, margin_rate: float) -> Buyers:
        """Raises nothing: a buyer whom the lake's parties do not hold cannot be (`guanxi check` looks)."""
        row = facts.party.searchsorted(known.party)
        margin, amount = (values[row] for values in (margin_of(facts, margin_rate), facts.amount / UNIT))
        purchases = known.x + 1
        return cls(
            known,
            row,
            margin,
            valuing.margin_rates(margin, amount, purchases),
            valuing.contact_costs(facts.contact_cost[row] / UNIT, purchases),
        )


def margin_of(facts: Facts, margin_rate: float) -> Floats:
    """What each party's purchases left: sales less cost where that is known, by the assumed rate where it is not."""
    unknown = facts.amount - facts.known_amount
    return np.asarray((facts.known_amount - facts.known_cost + unknown * margin_rate) / UNIT)


@dataclass
class Scored:
    """Everything worked out; `table` and `figures` put it into the forms in which it is kept."""

    facts: Facts
    fitted: Fitted
    buyers: Buyers
    staged: Staged
    assumed: Assumptions
    former: Former
    p_alive: Floats
    worth: Worth | None
    growth: Growth | None
    notes: list[dict[str, Any]] = field(default_factory=list)
    columns: dict[str, Any] = field(default_factory=dict)

    def spread(self, values: Floats, other: float = np.nan) -> Floats:
        """Values of buyers in the order of all parties."""
        found = np.full(len(self.facts.party), other)
        found[self.buyers.row] = values
        return found

    def table(self, learning: Learning) -> pa.Table:
        """The standings as Arrow, one row per party."""
        rows = len(self.facts.party)
        kept = {
            "party_id": self.facts.party,
            "learning_id": np.full(rows, learning.pk),
            "day": np.full(rows, self.buyers.known.until),
        }
        return bulk.table(kept | self.columns)

    def figures(self) -> dict[str, Any]:
        """What pages show of all customers in sum."""
        amounts = {
            name: self.columns[name] for name in ("expected_value", "at_stake", "lifetime_value", "value_so_far")
        }
        known = self.buyers.row
        lifetime = amounts["lifetime_value"] if self.worth is not None else amounts["value_so_far"]
        lorenz = tiering.lorenz(lifetime[known])
        return {
            "customers": len(known),
            "alive": float(np.nansum(self.p_alive)) if self.worth is not None else None,
            "equity": self._equity(),
            "lorenz": lorenz,
            "best_fifth": next((value for share, value in lorenz if share >= 0.2 - 1e-9), None),
            "stages": self._by("stage", amounts),
            "tiers": self._by("tier", amounts),
            "grades": self._by("grade", amounts),
            "flow": self._flow(),
            "costs_known": self._costs_known(),
        }

    def _equity(self) -> dict[str, str | None]:
        return {
            "expected": _text(self.columns["expected_value"], self.worth),
            "low": f"{self.worth.total_low:.2f}" if self.worth else None,
            "high": f"{self.worth.total_high:.2f}" if self.worth else None,
            "so_far": _text(self.columns["value_so_far"], True),
            "lifetime": _text(self.columns["lifetime_value"], self.worth),
        }

    def _by(self, name: str, amounts: dict[str, Floats]) -> dict[str, dict[str, Any]]:
        words = self.columns[name][self.buyers.row] if name != "stage" else self.columns[name]
        rows = self.buyers.row if name != "stage" else np.arange(len(self.facts.party))
        told = {}
        for word in np.unique(words):
            chosen = rows[words == word]
            told[str(word)] = {"customers": len(chosen)} | {
                key.removesuffix("_value"): _text(values[chosen], True) for key, values in amounts.items()
            }
        return told

    def _flow(self) -> list[list[Any]]:
        """Customers who were in another stage one period before: from, to, how many."""
        moved = self.staged.stage != self.staged.before
        pairs, count = np.unique(
            np.stack([self.staged.before[moved], self.staged.stage[moved]], axis=1), axis=0, return_counts=True
        )
        return [[str(before), str(now), int(n)] for (before, now), n in zip(pairs, count, strict=True)]

    def _costs_known(self) -> float:
        total = self.facts.amount.sum()
        return float(self.facts.known_amount.sum() / total) if total else 0.0


def _text(units: Floats, known: Any) -> str | None:
    return f"{np.nansum(units) / UNIT:.2f}" if known is not None else None


def score(
    history: History, facts: Facts, fitted: Fitted, staged: Staged, assumed: Assumptions, former: Former
) -> Scored:
    """Put every party into his place."""
    buyers = Buyers.of(fitted.known(history), facts, assumed.margin_rate)
    p_alive, worth = _worth(buyers, fitted, assumed)
    year = _spend_of_the_year(history)
    growth = _growth(buyers, facts, year, p_alive)
    scored = Scored(facts, fitted, buyers, staged, assumed, former, p_alive, worth, growth)
    _money(scored, year)
    _purchases(scored)
    _stage(scored)
    _kind(scored, year)
    _note(scored)
    return scored


def _worth(buyers: Buyers, fitted: Fitted, assumed: Assumptions) -> tuple[Floats, Worth | None]:
    known, purchases = buyers.known, fitted.purchases
    if purchases is None:
        return np.full(len(known), np.nan), None
    p_alive = purchases.of_each(known, lambda model, s: model.p_alive(s.x, s.t_x, s.T))
    worth = fitted.valuation(assumed).worth(known, buyers.rates, buyers.costs)
    return p_alive, worth


def _spend_of_the_year(history: History) -> Floats:
    """What each buyer spent in the last year (whole units), scaled up where he has not been known for as long."""
    recent = np.where(history.day > history.until - YEAR, history.amount, 0)
    spent = np.add.reduceat(recent, history.starts) / UNIT
    tenure = np.clip(history.until - history.first + 1, LEAST_TENURE, YEAR)
    return np.asarray(spent * YEAR / tenure)


def _growth(buyers: Buyers, facts: Facts, year: Floats, p_alive: Floats) -> Growth | None:
    known = buyers.known
    features = {name: values[buyers.row] for name, values in facts.features.items()}
    features |= {
        "tenure": (known.until - known.first).astype(float),
        "first_spend": (known.amount - known.repeat_amount) / UNIT,
        "channels": facts.channels[buyers.row].astype(float),
    }
    active = np.where(np.isnan(p_alive), True, p_alive >= ACTIVE) & (year > 0)
    return tiering.likely_spend(features, year, active)


# The columns ----------------------------------------------------------------------------------------------------------


def _cents(values: Floats) -> Floats:
    """Whole units as stored units, rounded to the cent."""
    return np.asarray(np.round(values * 100) * CENT)


def _money(scored: Scored, year: Floats) -> None:
    facts, buyers, worth = scored.facts, scored.buyers, scored.worth
    so_far = margin_of(facts, scored.assumed.margin_rate) - facts.contact_cost / UNIT
    columns: dict[str, Any] = {"value_so_far": _cents(so_far)}
    room = np.full(len(buyers.row), np.nan)
    if scored.growth is not None:
        room = np.maximum(scored.growth.predicted - year, 0.0) * np.maximum(buyers.rates, 0.0)
    columns["growth"] = scored.spread(_cents(room))
    if worth is None:
        nothing = np.full(len(facts.party), np.nan)
        names = ("expected_value", "expected_low", "expected_high", "lifetime_value", "at_stake", "spend")
        scored.columns |= columns | dict.fromkeys(names, nothing)
        return
    alive = scored.p_alive
    slipped = np.divide(1.0 - alive, alive, out=np.zeros(len(alive)), where=alive >= HARDLY)
    at_stake = np.maximum(worth.expected, 0.0) * slipped
    columns |= {
        "expected_value": scored.spread(_cents(worth.expected), 0.0),
        "expected_low": scored.spread(_cents(worth.low), 0.0),
        "expected_high": scored.spread(_cents(worth.high), 0.0),
        "at_stake": scored.spread(_cents(at_stake), 0.0),
        "spend": scored.spread(_cents(worth.spend)),
    }
    columns["lifetime_value"] = columns["value_so_far"] + columns["expected_value"]
    scored.columns |= columns


def _purchases(scored: Scored) -> None:
    known, purchases = scored.buyers.known, scored.fitted.purchases
    nothing = np.full(len(scored.facts.party), np.nan)
    if purchases is None:
        names = ("p_alive", "purchases_ahead", "risk", "risk_before", "next_from", "next_to")
        scored.columns |= dict.fromkeys(names, nothing) | {"warned_on": nothing}
        return
    year = valuing.WEEKS_A_YEAR
    ahead = purchases.of_each(known, lambda model, s: model.conditional_expected_purchases(year, s.x, s.t_x, s.T))
    risk = valuing.chance_of_none(scored.assumed.risk_days, known, purchases)
    begin, end = valuing.next_purchase(known, scored.p_alive)
    former = scored.former
    risk_before = former.placed(known.party, former.risk)
    warned = _warnings(known, risk, risk_before, former.placed(known.party, former.warned))
    scored.columns |= {
        "p_alive": scored.spread(np.round(scored.p_alive, 4)),
        "purchases_ahead": scored.spread(np.round(ahead, 3)),
        "risk": scored.spread(np.round(risk, 4)),
        "risk_before": scored.spread(np.round(risk_before, 4)),
        "next_from": scored.spread(begin),
        "next_to": scored.spread(end),
        "warned_on": scored.spread(warned),
    }


def _warnings(known: Statistics, risk: Floats, before: Floats, warned: Floats) -> Floats:
    """The day of the early warning: today where the risk has just risen much, else the one that still stands."""
    with np.errstate(invalid="ignore"):
        rises = (risk >= WARNING) & (risk - before >= RISE)
        stands = (known.until - warned <= WARNING_DAYS) & (risk >= WARNING)
    return np.where(rises, float(known.until), np.where(stands, warned, np.nan))


def _stage(scored: Scored) -> None:
    facts, row, staged = scored.facts, scored.buyers.row, scored.staged
    stage = np.full(len(facts.party), Stage.NONE.value, "U11")
    stage[facts.contacts > 0] = Stage.EXPLORATION.value  # has been in touch, though he never bought
    # Where the model of purchases still counts on him, he is in decline rather than lost: one page, one opinion.
    with np.errstate(invalid="ignore"):
        doubtful = (staged.stage == Stage.BROKEN.value) & (scored.p_alive >= ACTIVE)
    stage[row] = np.where(doubtful, Stage.DECLINE.value, staged.stage)
    gone = stage == Stage.BROKEN.value
    scored.columns |= {
        "stage": stage,
        "stage_since": scored.spread(staged.since.astype(float)),
        "stage_chance": scored.spread(np.round(staged.chance, 3)),
    }
    scored.columns["at_stake"] = np.where(gone & ~np.isnan(scored.columns["at_stake"]), 0.0, scored.columns["at_stake"])


def _kind(scored: Scored, year: Floats) -> None:
    facts, buyers, assumed = scored.facts, scored.buyers, scored.assumed
    known, row = buyers.known, buyers.row
    value = scored.columns["lifetime_value"] if scored.worth is not None else scored.columns["value_so_far"]
    buyer = np.zeros(len(facts.party), bool)
    buyer[row] = True
    # Without a model of purchases, the stage tells who is still there.
    alive = np.where(np.isnan(scored.p_alive), 1.0 - scored.staged.lost, scored.p_alive)
    active = scored.spread(alive, 0.0) >= ACTIVE
    growth = np.nan_to_num(scored.columns["growth"])
    grade = np.full(len(facts.party), "C", "U1")
    grade[row] = tiering.grades(value[row], assumed.share_a, assumed.share_b)
    rfm = np.full(len(facts.party), "", "U3")
    rfm[row] = tiering.rfm(known.last, known.x, known.amount.astype(float))
    strength, parts = _strength(scored, alive, year)
    words = np.full(len(facts.party), "", object)
    words[row] = parts
    scored.columns |= {
        "tier": tiering.tiers(value, growth, active, buyer),
        "grade": grade,
        "rfm": rfm,
        "strength": scored.spread(np.round(strength, 1)),
        "strength_parts": words,
        "loyalty": _loyalty(scored, active),
        "categories": facts.categories,
        "channels": facts.channels,
    }


def _strength(scored: Scored, alive: Floats, year: Floats) -> tuple[Floats, list[str]]:
    known, row = scored.buyers.known, scored.buyers.row
    weeks = np.maximum(known.T, 1.0)
    parts = {
        "alive": alive,
        "frequency": tiering.ranks(known.x / weeks),
        "value": tiering.ranks(year * scored.buyers.rates),
        "breadth": tiering.ranks(scored.facts.categories[row]),
        "length": tiering.ranks(known.until - known.first),
    }
    return tiering.strength(parts, {name: weight for name, (_label, weight) in STRENGTH.items()})


def _loyalty(scored: Scored, active: NDArray[np.bool_]) -> Ints:
    """Brings others; buys again and is still there; bought and gave nothing back; or not known."""
    facts, row = scored.facts, scored.buyers.row
    level = np.full(len(facts.party), Loyalty.NOT_KNOWN.value, np.int64)
    x = np.zeros(len(facts.party), np.int64)
    x[row] = scored.buyers.known.x
    content = active & (facts.returned == 0)
    level[content] = Loyalty.SATISFIED.value
    level[active & (x > 0)] = Loyalty.BUYS_AGAIN.value
    level[(facts.referred > 0) & (active | (x > 0))] = Loyalty.BRINGS_OTHERS.value
    return level


def _note(scored: Scored) -> None:
    """What pages must say of the figures."""
    facts, assumed = scored.facts, scored.assumed
    known = scored._costs_known()
    if known < 1.0 and facts.amount.sum() > 0:
        scored.notes.append({"code": "cost_unknown", "share": 1.0 - known, "rate": assumed.margin_rate})
    bought = facts.amount[scored.buyers.row]
    if bought.sum() > 0 and bought.max() > bought.sum() / 2:
        scored.notes.append({"code": "one_customer_half", "share": float(bought.max() / bought.sum())})
    if exceeding := int((bought < 0).sum()):
        scored.notes.append({"code": "refunds_exceed", "count": exceeding})
    if scored.worth is not None:
        years = assumed.horizon_years
        scored.notes.append({"code": "horizon", "years": years} if years else {"code": "perpetuity"})

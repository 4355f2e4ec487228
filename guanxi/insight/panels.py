"""What insight adds to the record page of a customer: his standing, and the pills in the head."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import ObjectDoesNotExist
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from guanxi.customers import contacting
from guanxi.customers.models import Party
from guanxi.foundation.desk import Pill, display
from guanxi.foundation.visibility import Viewer
from guanxi.insight import explaining, naming, queries, surviving
from guanxi.insight.models import Assumptions, Grade, Learning, Loyalty, Stage, Standing
from guanxi.insight.reports import equity
from guanxi.lake import figures

LEFT, RIGHT = 4.0, 276.0  # of the drawing of the interval


@dataclass(frozen=True)
class Interval:
    """The interval of the lifetime value as a drawing: places along a line from nothing to the high end."""

    so_far: float
    low: float
    mid: float
    high: float

    @property
    def width(self) -> float:
        """Of the interval."""
        return round(max(self.high - self.low, 1.0), 1)

    @property
    def so_far_width(self) -> float:
        """Of what he has left so far."""
        return round(self.so_far - LEFT, 1)


def standing_of(party: Party) -> Standing | None:
    """The standing of `party`; asked once per page."""
    try:
        return party.standing
    except ObjectDoesNotExist:
        return None


def pills(party: Party) -> list[Pill]:
    """Grade with tier, and stage."""
    standing = standing_of(party)
    if standing is None or standing.stage == Stage.NONE or contacting.stands_against(party).unprofiled:
        return []
    stage = naming.stage_pill(standing.stage)
    if standing.stage in (Stage.DECLINE, Stage.BROKEN) and standing.stage_since:
        day = date_format(standing.stage_since, pgettext("date format", "j M Y"))
        words = _("%(stage)s since %(day)s") % {"stage": stage.label, "day": day}
        stage = Pill(words, stage.tone)
    return [naming.tier_pill(standing.tier, standing.grade), stage]


def standing(party: Party, viewer: Viewer) -> dict[str, Any]:
    """What the relationship is worth and what state it is in, with reasons; or what is missing to say so."""
    row = standing_of(party)
    if contacting.stands_against(party).unprofiled:
        return {
            "standing": None,
            "missing": _("Nothing is worked out of this customer: he restricted or objected to it."),
        }
    learning = queries.current(viewer)
    purchases = explaining.purchases_of(party)
    if row is None or learning is None:
        return {"standing": None, "missing": missing(learning, purchases is not None)}
    if purchases is None:
        return {"standing": None, "missing": _("No order yet: value and chances follow from the first purchase on.")}
    assumed = queries.assumptions(viewer)
    stage, tier = naming.stage_pill(row.stage), naming.tier_pill(row.tier)
    curve, contract = surviving.over_time(party, row.day, viewer), queries.by_contract(learning)
    return {
        "standing": row,
        "stage": stage,
        "stage_tone": display.tone(stage),
        "reason": explaining.reason(row, purchases, curve.bought),
        "model": "sBG" if contract else naming.model(curve.version.name) if curve.version else "",
        "meaning": explaining.meaning(row.stage),
        "since": explaining.since(row),
        "basis": equity.basis(learning),
        "values": values(row),
        "lifetime": equity.amount(row.lifetime_value),
        "low": equity.amount(_sum(row.value_so_far, row.expected_low)),
        "high": equity.amount(_sum(row.value_so_far, row.expected_high)),
        "interval": interval(row),
        "alive": explaining.percent(row.p_alive) if row.p_alive is not None else "",
        "alive_tone": _tone(row.p_alive),
        "curve": None if contract else plot(curve.points),
        "next": next_purchase(row),
        "ahead": figures.rounded(row.purchases_ahead, 1) if row.purchases_ahead is not None else "",
        "risk": explaining.percent(row.risk) if row.risk is not None else "",
        "risk_days": assumed.risk_days,
        "warning": explaining.warning(row),
        "tier": tier,
        "tier_tone": display.tone(tier),
        "grade": naming.grade_pill(row.grade),
        "grade_tone": display.tone(naming.grade_pill(row.grade)),
        "resources": resources(row.grade, assumed),
        "strength": round(row.strength) if row.strength is not None else None,
        "facts": facts(row),
    }


def missing(learning: Learning | None, has_bought: bool) -> str:
    """Why there is no standing yet."""
    if learning is None:
        return _("Nothing was learned yet. It learns by itself every night, or on the page “Customer equity” now.")
    if has_bought:
        return _("He bought after the last learning; his standing comes with the next one, at night.")
    return _("He came after the last learning; his standing comes with the next one, at night.")


def values(row: Standing) -> list[tuple[str, str, str]]:
    """The amounts: label, amount, small words."""
    found = [(_("Margin so far"), figures.money(row.value_so_far), "")]
    if row.expected_value is not None:
        span = ""
        if row.expected_low is not None and row.expected_high is not None:
            span = f"{figures.money(row.expected_low)} – {figures.money(row.expected_high)}"
        found.append((_("Expected margin"), figures.money(row.expected_value), span))
    if row.at_stake:
        found.append((_("At stake"), figures.money(row.at_stake), ""))
    return found


def interval(row: Standing) -> Interval | None:
    """Where value so far, low, expected and high lie on a line; None where there is no interval to draw."""
    if row.expected_low is None or row.expected_high is None or row.expected_value is None:
        return None
    so_far = max(row.value_so_far, Decimal(0))
    total = so_far + row.expected_high
    if total <= 0 or row.expected_low < 0:
        return None

    def place(amount: Decimal) -> float:
        return round(LEFT + float(amount / total) * (RIGHT - LEFT), 1)

    low, mid = so_far + row.expected_low, so_far + row.expected_value
    return Interval(place(so_far), place(low), place(mid), place(total))


def plot(curve: list[tuple[Any, float]]) -> dict[str, Any] | None:
    """The chance of still being a customer at the ends of the last months."""
    if len(curve) < 2:
        return None
    shape = pgettext("date format", "j M Y")
    return {
        "type": "area",
        "format": "percent",
        "most": 1,
        "ticks": 2,
        "x": [date_format(day, shape) for day, _chance in curve],
        "series": [
            {"name": _("Chance that he is still a customer"), "data": [round(chance, 4) for _d, chance in curve]}
        ],
    }


def next_purchase(row: Standing) -> str:
    """Between which days the next purchase is expected."""
    if row.next_from is None or row.next_to is None or row.stage == Stage.BROKEN:
        return ""
    shape = pgettext("date format", "j M")
    if row.next_from == row.next_to:
        return date_format(row.next_from, shape)
    return f"{date_format(row.next_from, shape)} – {date_format(row.next_to, shape)}"


def resources(grade: str, given: Assumptions) -> str:
    """What his grade is given."""
    return {Grade.A: given.resources_a, Grade.B: given.resources_b, Grade.C: given.resources_c}.get(Grade(grade), "")


def facts(row: Standing) -> list[tuple[str, str]]:
    """What else is known, as label and words."""
    found = []
    if row.growth:
        found.append((_("Room to grow"), _("%(amount)s a year") % {"amount": figures.money(row.growth)}))
    found.append((_("Loyalty"), str(Loyalty(row.loyalty).label)))
    if row.categories:
        breadth = ngettext("%(count)s category", "%(count)s categories", row.categories) % {"count": row.categories}
        if row.channels:
            ways = ngettext("%(count)s channel", "%(count)s channels", row.channels) % {"count": row.channels}
            breadth = f"{breadth} · {ways}"
        found.append((_("Breadth"), breadth))
    return found


def _sum(so_far: Decimal, expected: Decimal | None) -> Decimal | None:
    return None if expected is None else so_far + expected


def _tone(chance: float | None) -> str:
    if chance is None or chance >= 0.7:
        return ""
    return "amber" if chance >= 0.4 else "red"

"""The chance that one customer is still there, as it was at the ends of the last months: worked out when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from guanxi.customers.models import Party
from guanxi.foundation.visibility import Viewer
from guanxi.insight import queries
from guanxi.insight.models import ModelVersion
from guanxi.orders import queries as orders
from guanxi.orders.models import Order

MONTHS = 12
WEEK = 7.0  # days; the models count in weeks


@dataclass(frozen=True)
class Curve:
    """Days with the chance that he was still there, the model that told it, and the days on which he bought."""

    points: list[tuple[date, float]]
    version: ModelVersion | None
    bought: list[date]


def over_time(party: Party, until: date, viewer: Viewer) -> Curve:
    """The ends of the last months and `until`, by the model in use; without points where there is none."""
    sales = orders.counted(viewer).filter(party=party, kind=Order.Kind.SALE, day__lte=until)
    bought = sorted(set(sales.values_list("day", flat=True)))
    version = queries.model_of(bought[0], viewer) if bought else None
    if version is None:
        return Curve([], None, bought)
    days = [day for day in month_ends(until) if day >= bought[0]]
    return Curve(list(zip(days, chances(version, bought, days), strict=True)), version, bought)


def month_ends(until: date) -> list[date]:
    """The last days of the months before `until`, and `until` itself, the oldest first."""
    days = [until]
    while len(days) <= MONTHS:
        days.append(days[-1].replace(day=1) - timedelta(days=1))
    return days[::-1]


def chances(version: ModelVersion, bought: list[date], days: list[date]) -> list[float]:
    """P(alive) at the end of each of `days` (none before the first purchase) for one who bought on these days."""
    import numpy as np

    model = _model(version)
    known = [[day for day in bought if day <= end] for end in days]
    x = np.array([len(past) - 1 for past in known])
    t_x = np.array([(past[-1] - bought[0]).days / WEEK for past in known])
    T = np.array([(end - bought[0]).days / WEEK for end in days])  # noqa: N806  the papers' name
    return [float(chance) for chance in np.atleast_1d(model.p_alive(x, t_x, T))]


def _model(version: ModelVersion) -> Any:
    from guanxi.insight.fitting import MODELS

    return MODELS[version.name](version.parameters)

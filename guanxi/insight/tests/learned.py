"""What a learning writes, made by hand for the tests of screens and API."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation.visibility import SYSTEM
from guanxi.insight.models import EquityPoint, Learning, ModelVersion, Standing
from guanxi.orders import actions as orders
from guanxi.orders.actions import Line

DAY = date(2017, 12, 31)
BG_NBD = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
ERRORS = {"r": 0.013, "alpha": 0.378, "a": 0.186, "b": 0.705}
WEEKS = [["2017-11-05", 100, 98.2], ["2017-11-12", 190, 195.1], ["2017-11-19", 285, 288.7]]
PAST = [[0, 1400, 0.24, 0.23], [1, 430, 0.7, 0.59], [2, 210, 1.39, 1.2], ["7+", 90, 6.4, 6.2]]


def learning(**figures: Any) -> Learning:
    """A published learning, with figures as `guanxi learn` keeps them."""
    return Learning.objects.create(
        day=DAY,
        customers=2469,
        state=Learning.State.PUBLISHED,
        finished_at=datetime(2018, 1, 1, 2, 0, 47, tzinfo=UTC),
        started_at=datetime(2018, 1, 1, 2, tzinfo=UTC),
        figures={
            "equity": {
                "expected": "2410000.00",
                "low": "2180000.00",
                "high": "2660000.00",
                "so_far": "4100000.00",
                "lifetime": "6510000.00",
            },
            "lorenz": [[number / 100, (number / 100) ** 0.25] for number in range(101)],
            "best_fifth": 0.71,
            "stages": {
                "exploration": {"customers": 294, "expected": "90000", "at_stake": "1000"},
                "stability": {"customers": 1124, "expected": "2000000", "at_stake": "90000"},
                "decline": {"customers": 318, "expected": "120000", "at_stake": "86300"},
            },
            "tiers": {"most_valuable": {"customers": 200, "expected": "1500000"}},
            "grades": {"A": {"customers": 510, "expected": "1900000", "share": 0.8}},
            "flow": [["stability", "decline", 41]],
            "notes": [{"code": "cost_unknown", "share": 1.0, "rate": 1.0}, {"code": "unheard_of", "number": 3}],
            "seconds": {"gather": 1.5, "fit": 2.25},
            "calibration": {"from": "2017-01-01", "until": "2017-09-30", "holdout_until": "2017-12-31"},
            "costs_known": 0.0,
            "horizon_years": 5,
            "discount_rate": 0.1,
            **figures,
        },
    )


def model(run: Learning, name: str = "bg_nbd", state: str = "used", **values: Any) -> ModelVersion:
    """A model of purchases, with its figures on the hold-out."""
    return ModelVersion.objects.create(
        **{
            "learning": run,
            "family": "purchases",
            "name": name,
            "state": state,
            "parameters": BG_NBD,
            "errors": ERRORS,
            "log_likelihood": -9582.43,
            "customers": 2357,
            "holdout": {
                "parameters": BG_NBD,
                "errors": ERRORS,
                "log_likelihood": -7000.5,
                "predictive": -2500.25,
                "by_past": PAST,
                "by_week": WEEKS,
                "mean_error": 0.71,
                "bias": -0.02,
                "customers": 2357,
            },
            **values,
        }
    )


def everything() -> Learning:
    """A learning with one model of each kind of state, and a year of customer equity."""
    run = learning()
    model(run)
    model(run, "mbg_nbd", "compared")
    model(run, "pareto_nbd", "failed", reason={"code": "not_converged", "model": "pareto_nbd", "why": "flat"})
    model(run, "gamma_gamma", family="spend", parameters={"p": 6.25, "q": 3.74, "v": 15.44}, errors={}, holdout={})
    for month in range(1, 13):
        EquityPoint.objects.create(
            day=date(2017, month, 28),
            equity=Decimal(200_000 * month),
            acquired=Decimal(30_000),
            developed=Decimal(12_000),
            retained=Decimal(200_000 * month - 42_000),
            lost=Decimal(9_000),
            customers=200 * month,
        )
    return run


def standing(party: Party, run: Learning, **values: Any) -> Standing:
    """The standing of somebody in decline, unless told otherwise."""
    return Standing.objects.create(
        **{
            "party": party,
            "learning": run,
            "day": DAY,
            "value_so_far": Decimal("6934.20"),
            "expected_value": Decimal("4210.00"),
            "expected_low": Decimal("2700.00"),
            "expected_high": Decimal("5900.00"),
            "lifetime_value": Decimal("11144.20"),
            "at_stake": Decimal("2610.20"),
            "growth": Decimal("880.00"),
            "spend": Decimal("52.30"),
            "p_alive": 0.38,
            "purchases_ahead": 21.4,
            "risk": 0.66,
            "risk_before": 0.21,
            "next_from": date(2018, 1, 4),
            "next_to": date(2018, 2, 20),
            "stage": "decline",
            "stage_since": date(2017, 11, 24),
            "stage_chance": 0.83,
            "tier": "most_valuable",
            "grade": "A",
            "rfm": "255",
            "strength": 47.0,
            "loyalty": 2,
            "categories": 14,
            "channels": 1,
            "warned_on": date(2017, 12, 1),
            **values,
        }
    )


def customer(name: str, *days: date) -> Party:
    """A customer with a purchase of 50 on each of the days."""
    party = customers.create_party(by=SYSTEM, name=name)
    for day in days:
        moment = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
        orders.create_order(party, [Line(description="牛奶", amount=Decimal(50))], by=SYSTEM, placed_at=moment)
    return party

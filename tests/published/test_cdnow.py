"""CDNOW from its file to the figures of its papers: imported, learned and read back as a user would do it.

The compared models of purchases and the model of spend must be the published ones of the calibration period, which the
product finds by itself (half of the time), to the digits that were printed.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from guanxi.insight import learning
from guanxi.insight.models import Standing
from guanxi.intake.tests.conftest import take_in
from tests.published.test_lifetime import BUYERS, data_file

__all__ = ["take_in"]

pytestmark = pytest.mark.published

PUBLISHED = {
    "bg_nbd": ({"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}, -9582.429),
    "mbg_nbd": ({"r": 0.5248, "alpha": 6.183, "a": 0.8914, "b": 1.6140}, -9582.136),
    "pareto_nbd": ({"r": 0.5533, "alpha": 10.578, "s": 0.6062, "beta": 11.669}, -9594.976),
}
EXPECTED = {  # purchases in the hold-out, by 0 … 7 or more in the calibration
    "bg_nbd": [0.2251, 0.5231, 1.0441, 1.5203, 2.1639, 2.6538, 3.5040, 6.1572],
    "pareto_nbd": [0.1384, 0.5995, 1.1958, 1.7138, 2.3983, 2.9072, 3.8186, 6.4031],
}
ACTUAL = [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594]


def as_csv(source: Path, target: Path) -> Path:
    """The file as its authors gave it (blanks between the columns) as a till would send it."""
    rows = [line.split() for line in source.read_text().splitlines() if line.strip()]
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", "date", "quantity", "amount"])
        for customer, _sample, day, quantity, amount in rows:
            writer.writerow([customer, f"{day[:4]}-{day[4:6]}-{day[6:]}", quantity, amount])
    return target


def test_cdnow(take_in: Callable[..., Any], api: Client, tmp_path: Path) -> None:
    source = data_file("CDNOW_sample.txt")
    done = take_in("sales", as_csv(source, tmp_path / "cdnow.csv"))
    assert (done.accepted, done.rejected) == (6919, 0)
    known = learning.learn().learning
    assert known.customers == 2357
    assert known.figures["calibration"] == {"from": "1997-01-01", "until": "1997-09-30", "holdout_until": "1998-06-30"}

    models = {row["name"]: row for row in api.get("/api/v1/insight/models").json()["models"]}
    for name, (parameters, log_likelihood) in PUBLISHED.items():
        holdout = models[name]["holdout"]
        assert holdout["log_likelihood"] == pytest.approx(log_likelihood, abs=0.01)
        for parameter, value in parameters.items():
            assert holdout["parameters"][parameter] == pytest.approx(value, rel=2e-3)
        assert [row[1] for row in holdout["by_past"]] == BUYERS
        assert [row[2] for row in holdout["by_past"]] == pytest.approx(ACTUAL, abs=1e-3)
        if name in EXPECTED:
            assert [row[3] for row in holdout["by_past"]] == pytest.approx(EXPECTED[name], abs=2e-3)
        assert holdout["by_week"][-1][1] == pytest.approx(2457 + 1882, abs=60)  # the last week is not whole
    spend = models["gamma_gamma"]["holdout"]
    assert spend["log_likelihood"] == pytest.approx(-4055.918, abs=0.01)
    assert [spend["parameters"][name] for name in "pqv"] == pytest.approx([6.25, 3.744, 15.44], rel=2e-3)

    used = [row for row in models.values() if row["family"] == "purchases" and row["state"] == "used"]
    assert len(used) == 1
    best = max(models[name]["holdout"]["predictive"] for name in PUBLISHED)
    assert used[0]["holdout"]["predictive"] == best

    # What was spent comes back to the cent, and values add up to equity.
    answer = api.get("/api/v1/insight/equity").json()
    assert Decimal(answer["value_so_far"]) == sum(Decimal(line.split()[4]) for line in source.read_text().splitlines())
    assert Decimal(answer["value_so_far"]) == sum(Standing.objects.values_list("value_so_far", flat=True))
    party = Standing.objects.order_by("-lifetime_value").first()
    assert party is not None
    told = api.get(f"/api/v1/parties/{party.party_id}").json()["standing"]
    assert Decimal(told["lifetime_value"]) == party.lifetime_value

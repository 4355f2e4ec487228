"""Standings as measures and dimensions of the query."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client

from guanxi.insight.models import Stage, Standing
from guanxi.insight.tests.conftest import Learn
from guanxi.insight.tests.test_learning import shoppers


def test_equity_by_stage_beside_sales(learn: Learn, api: Client) -> None:
    rows = shoppers(120, 300)
    learn(rows)
    asked = {"measures": ["equity", "known", "sales"], "by": ["stage"], "totals": True}
    answer = api.post("/api/v1/query", asked, content_type="application/json").json()
    found = {row[0]: row[1:] for row in answer["rows"]}
    assert sum(count for _equity, count, _sales in found.values()) == Standing.objects.count()
    for stage, (equity, count, _sales) in found.items():
        of_stage = Standing.objects.filter(stage=stage)
        assert count == of_stage.count()
        assert Decimal(str(equity)) == sum(of_stage.values_list("expected_value", flat=True))
    assert Decimal(str(answer["totals"]["sales"])) == sum(Decimal(str(amount)) for _who, _day, amount in rows)


def test_sales_by_stage_and_equity_by_what_cannot_cut_it(learn: Learn, api: Client) -> None:
    learn(shoppers(120, 300))
    asked = {"measures": ["sales"], "by": ["tier"], "where": {"stage": [Stage.BROKEN]}}
    answer = api.post("/api/v1/query", asked, content_type="application/json")
    assert answer.status_code == 200 and answer.json()["rows"]
    refused = api.post("/api/v1/query", {"measures": ["equity"], "by": ["department"]}, content_type="application/json")
    assert refused.status_code == 422
    assert "stage" in refused.json()["detail"]

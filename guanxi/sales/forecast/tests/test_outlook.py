"""Sums by person and team, categories, quotas, what people say instead, and who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from guanxi.catalog.models import ExchangeRate
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import Notification, User
from guanxi.foundation.roles import actions as roles
from guanxi.foundation.roles.models import Team
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals.models import Deal, Stage
from guanxi.sales.deals.settings_desk import edit_stage
from guanxi.sales.forecast import actions, periods
from guanxi.sales.forecast.models import Judgement, Quota
from guanxi.sales.forecast.outlook import ALL, NOBODY, PERSON, TEAM, outlook
from guanxi.sales.forecast.periods import Period

JSON = "application/json"


def of(viewer: Any, period: Period, kind: str, number: int | None = None) -> Any:
    line = outlook(period, viewer).of(kind, number)
    assert line is not None, (kind, number)
    return line


def sums(line: Any) -> tuple[int, ...]:
    found = line.sums
    return tuple(int(one) for one in (found.won, found.commit, found.best_case, found.pipeline, found.omitted))


def test_periods() -> None:
    quarter = periods.read("2026-q4")
    assert (quarter.start, quarter.last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert [one.key for one in quarter.months] == ["2026-10", "2026-11", "2026-12"]
    assert (quarter.after.key, quarter.before.key) == ("2027-Q1", "2026-Q3")
    assert periods.read("2026-12").after.key == "2027-01"
    for wrong in ("2026", "2026-13", "2026-Q5", "0001-01", "9999-Q1", "next"):
        with pytest.raises(ValidationError):
            periods.read(wrong)


def test_categories_come_from_the_stage_until_said_otherwise(
    make: Callable[..., Deal], people: dict[str, User], stages: list[Stage], quarter: Period
) -> None:
    anna = people["anna"].pk
    for value, percent in ((1, 90), (2, 75), (4, 50), (8, 25)):
        make("anna", value, percent)
    assert sums(of(SYSTEM, quarter, PERSON, anna)) == (0, 3, 4, 8, 0)
    deals.edit_deal(Deal.objects.get(value=Decimal(8)).pk, {"forecast_category": "commit"}, by=people["anna"])
    assert sums(of(SYSTEM, quarter, PERSON, anna)) == (0, 11, 4, 0, 0)
    half = next(one for one in stages if one.probability == 50)
    edit_stage(half.pk, {"forecast_category": "omitted"}, by=SYSTEM)
    assert sums(of(SYSTEM, quarter, PERSON, anna)) == (0, 11, 0, 0, 4)
    deals.edit_deal(Deal.objects.get(value=Decimal(8)).pk, {"forecast_category": None}, by=people["anna"])
    assert sums(of(SYSTEM, quarter, PERSON, anna)) == (0, 3, 0, 8, 4)
    line = of(SYSTEM, quarter, PERSON, anna)
    assert (line.sums.deals, line.sums.expected) == (3, Decimal("0.90") + Decimal("1.50") + Decimal(2))


def test_what_counts_when(make: Callable[..., Deal], people: dict[str, User], quarter: Period) -> None:
    won = make("anna", 1)
    deals.win(won.pk, by=SYSTEM)
    make("anna", 2, expected_close=date(2026, 12, 31))
    make("anna", 4, expected_close=date(2027, 1, 1))
    make("anna", 8, expected_close=None)
    make("anna", 16, currency="EUR")
    make("anna", None)
    line = of(SYSTEM, quarter, PERSON, people["anna"].pk)
    assert (sums(line), line.sums.deals, line.sums.without_amount) == ((1, 2, 0, 0, 0), 3, 2)
    assert sums(of(SYSTEM, periods.read("2026-11"), PERSON, people["anna"].pk)) == (1, 0, 0, 0, 0)
    assert sums(of(SYSTEM, quarter.after, PERSON, people["anna"].pk)) == (0, 4, 0, 0, 0)


def test_rolled_up_by_teams_each_once(
    make: Callable[..., Deal], people: dict[str, User], teams: dict[str, Team], quarter: Period
) -> None:
    roles.add_member(teams["south"], people["anna"], by=SYSTEM)  # she counts in the north, which she joined first
    for value, name in ((1, "anna"), (2, "ben"), (4, "chen"), (8, "lead")):
        make(name, value)
    Deal.objects.filter(pk=make("chen", 16).pk).update(owner=None)
    found = outlook(quarter, SYSTEM)
    assert {line.name: int(line.said) for line in found.lines.values()} == {
        "All together": 31, "Sales": 15, "North": 3, "South": 4, "anna": 1, "ben": 2, "chen": 4, "lead": 8,
        "Without an owner": 16,
    }  # fmt: skip
    assert [line.name for line in found.under(None)] == ["Sales", "Without an owner"]
    assert [line.name for line in found.under(teams["sales"].pk)] == ["North", "South", "lead"]
    assert found.of(NOBODY) is not None


def test_everybody_sees_what_his_role_reaches(
    make: Callable[..., Deal], people: dict[str, User], teams: dict[str, Team], quarter: Period, colleague: Any
) -> None:
    for value, name in ((1, "anna"), (2, "ben"), (4, "chen"), (8, "lead")):
        make(name, value)
    names = {one: {line.name for line in outlook(quarter, people[one]).lines.values()} for one in people}
    assert names["anna"] == {"All together", "North", "anna", "ben"}
    assert names["lead"] == {"All together", "Sales", "North", "South", "anna", "ben", "chen", "lead"}
    assert int(of(people["anna"], quarter, ALL).said) == 3
    with pytest.raises(NotAllowed):
        outlook(quarter, colleague("nobody"))
    role = roles.create_role("Blind", by=SYSTEM)
    grants = {"forecasts": {"view": "all"}, "deals": {"view": "all"}}
    roles.edit_role(role.pk, {"grants": grants, "fields": {"deals.deal": {"amount": "hidden"}}}, by=SYSTEM)
    blind = colleague("blind")
    roles.give_roles(blind, [role], by=SYSTEM)
    with pytest.raises(NotAllowed):
        outlook(quarter, blind)


def test_quotas_roll_up_and_show_the_gap(
    make: Callable[..., Deal], people: dict[str, User], teams: dict[str, Team], quarter: Period, colleague: Any
) -> None:
    deals.win(make("anna", 50).pk, by=SYSTEM)
    make("anna", 20)
    for month in ("2026-10", "2026-11", "2026-12"):
        actions.create_quota(user=people["anna"], period=month, value=Decimal(40), by=SYSTEM)
    actions.create_quota(user=people["ben"], period="2026-q4", value=Decimal(80), by=SYSTEM)
    anna = of(SYSTEM, quarter, PERSON, people["anna"].pk)
    assert (anna.quota, anna.gap, round(anna.attainment, 3)) == (Decimal(120), Decimal(50), 0.417)
    assert of(SYSTEM, quarter, TEAM, teams["north"].pk).quota == Decimal(200)
    actions.create_quota(team=teams["north"], period="2026-Q4", value=Decimal(60), by=SYSTEM)
    north = of(SYSTEM, quarter, TEAM, teams["north"].pk)
    assert (north.quota, north.gap) == (Decimal(60), Decimal(-10))
    assert of(SYSTEM, quarter, ALL).quota == Decimal(60)
    role, blind = roles.create_role("Blind", by=SYSTEM), colleague("blind")
    grants = {subject: {"view": "all"} for subject in ("forecasts", "deals", "quotas")}
    roles.edit_role(role.pk, {"grants": grants, "fields": {"forecast.quota": {"amount": "hidden"}}}, by=SYSTEM)
    roles.give_roles(blind, [role], by=SYSTEM)
    assert int(of(blind, quarter, ALL).sums.won) == 50
    assert of(blind, quarter, ALL).quota is None


def test_a_quota_in_another_currency(people: dict[str, User], quarter: Period) -> None:
    said = {"user": people["anna"], "period": "2026-Q4", "value": Decimal(100), "currency": "eur", "by": SYSTEM}
    with pytest.raises(Refused) as refused:
        actions.create_quota(**said)
    assert refused.value.field == "currency"
    ExchangeRate.objects.create(currency="EUR", day=date(2026, 11, 29), rate=Decimal("1.25"), units=1)
    row = actions.create_quota(**said)
    assert (row.currency, row.amount) == ("EUR", Decimal(125))
    assert actions.edit_quota(row.pk, {"value": Decimal(200)}, by=SYSTEM).amount == Decimal(250)
    for wrong, field in (
        ({"value": Decimal(-1)}, "value"),
        ({"period": "soon"}, "period"),
        ({"currency": "?"}, "currency"),
    ):
        with pytest.raises(Refused) as refused:
            actions.edit_quota(row.pk, wrong, by=SYSTEM)
        assert refused.value.field == field
    with pytest.raises(Refused):
        actions.create_quota(**said)  # once a period


def test_another_number_stands_beside_the_deals(
    make: Callable[..., Deal], people: dict[str, User], teams: dict[str, Team], quarter: Period
) -> None:
    make("anna", 100)
    make("ben", 10)
    anna, lead, north = people["anna"], people["lead"], teams["north"]

    def now() -> tuple[int, ...]:
        found = outlook(quarter, SYSTEM)
        lines = [found.of(PERSON, anna.pk), found.of(TEAM, north.pk), found.of(TEAM, teams["sales"].pk)]
        return tuple(int(line.said) for line in lines if line)

    actions.judge(quarter, Decimal(80), "one slips", user=anna, by=anna)
    assert now() == (80, 90, 90)
    actions.judge(quarter, Decimal(60), "two slip", user=anna, by=lead)
    actions.judge(quarter, Decimal(95), "never", user=anna, by=anna)  # who is above her counts
    assert now() == (60, 70, 70)
    assert "set your forecast" in Notification.objects.get(user=anna).title
    actions.judge(quarter, Decimal(50), "a bad year", team=north, by=lead)
    assert now() == (60, 50, 50)
    actions.judge(quarter, None, user=anna, by=lead)
    actions.judge(quarter, None, team=north, by=lead)
    assert now() == (95, 105, 105)
    assert of(SYSTEM, quarter, PERSON, anna.pk).original == Decimal(100)
    assert list(Judgement.objects.order_by("pk").values_list("original", flat=True)) == [100, 100, 100, 110, 100, 110]
    for value, reason, field in ((Decimal(1), " ", "reason"), (Decimal(-1), "x", "value")):
        with pytest.raises(Refused) as refused:
            actions.judge(quarter, value, reason, user=anna, by=anna)
        assert refused.value.field == field
    with pytest.raises(Refused):
        actions.judge(quarter, None, user=anna, by=lead)  # nothing stands any more
    with pytest.raises(Refused):
        actions.judge(quarter, Decimal(1), "x", by=lead)


def test_only_those_below_are_judged(people: dict[str, User], teams: dict[str, Team], quarter: Period) -> None:
    anna, lead = people["anna"], people["lead"]
    one = Decimal(1)
    refused: list[tuple[User, dict[str, Any]]] = [
        (anna, {"user": people["ben"]}),  # beside her
        (anna, {"user": lead}),
        (anna, {"user": people["chen"]}),
        (anna, {"team": teams["north"]}),  # her own
        (lead, {"team": teams["sales"]}),
    ]
    for who, whose in refused:
        with pytest.raises(NotAllowed):
            actions.judge(quarter, one, "x", **whose, by=who)
    for whose in ({"user": people["chen"]}, {"team": teams["south"]}, {"user": lead}):
        actions.judge(quarter, one, "x", **whose, by=lead)
    roles.add_member(teams["north"], lead, by=SYSTEM)  # now she sits beside anna, too
    with pytest.raises(NotAllowed):
        actions.judge(quarter, one, "x", user=anna, by=lead)
    with pytest.raises(NotAllowed):
        actions.create_quota(user=anna, period="2026-Q4", value=one, by=anna)


def test_pages(
    client: Client, make: Callable[..., Deal], people: dict[str, User], teams: dict[str, Team], quarter: Period
) -> None:
    make("anna", 100)
    make("ben", 10, 50)
    actions.create_quota(user=people["anna"], period="2026-Q4", value=Decimal(1000), by=SYSTEM)
    client.force_login(people["lead"])

    def text(address: str, status: int = 200) -> str:
        answer = client.get(address)
        assert answer.status_code == status, address
        return answer.content.decode()

    assert "Sales" in text("/forecast/")
    head = text(f"/forecast/team/{teams['sales'].pk}/?period=2026-Q4&sort=gap")
    for shown in ("North", "South", "lead", "1,000", "f.forecast_team="):
        assert shown in head, shown
    assert text("/forecast/?period=2026-12&all").count("2026-12") > 3
    text("/forecast/?period=soon", 404)
    text("/forecast/person/987654/", 404)
    anna = f"/forecast/person/{people['anna'].pk}/"
    assert "Another number" in text(anna)
    behind = text(f"/deals/?f.forecast=commit&f.forecast_team={teams['north'].pk}")
    assert "anna 100" in behind
    assert "ben 10" not in behind
    sent = {"period": "2026-Q4", "value": "1,250.50", "reason": ""}
    refused = client.post(f"{anna}word/", sent)
    assert (refused.status_code, "Say why." in refused.content.decode()) == (422, True)
    assert client.post(f"{anna}word/", {**sent, "value": "much"}).status_code == 422
    assert client.post(f"{anna}word/", {**sent, "reason": "a large one"}).status_code == 302
    page = text(f"{anna}?period=2026-Q4")
    for shown in ("1,250.50", "a large one", "deals: 100.00", "Take back"):
        assert shown in page, shown
    assert client.post(f"{anna}word/", {"period": "2026-Q4", "do": "take_back"}).status_code == 302
    assert "taken back" in text(f"{anna}?period=2026-Q4")
    client.force_login(people["ben"])
    assert client.post(f"{anna}word/", {**sent, "reason": "x"}).status_code == 403
    text(f"/forecast/person/{people['chen'].pk}/", 404)


def test_for_programs(api: Client, make: Callable[..., Deal], people: dict[str, User], teams: dict[str, Team]) -> None:
    make("anna", 100)
    made = api.post("/api/v1/records/quotas", {"user": people["anna"].pk, "period": "2026-Q4", "value": "400"}, JSON)
    assert made.status_code == 201, made.content
    rows = [
        {"number": "Q-1", "team": teams["north"].pk, "period": "2026-Q4", "value": "900"},
        {"number": "Q-2", "user": people["ben"].pk, "period": "2026-Q9", "value": "900"},
    ]
    told = api.post("/api/v1/records/quotas/bulk", {"rows": rows}, JSON).json()["rows"]
    assert [row["result"] for row in told] == ["created", "rejected"]
    again = api.post("/api/v1/records/quotas/bulk", {"rows": [{**rows[0], "value": "950"}]}, JSON).json()["rows"]
    assert again[0]["result"] == "changed"
    assert Quota.objects.get(number="Q-1").amount == Decimal(950)
    lines = {line["name"]: line for line in api.get("/api/v1/forecast?period=2026-Q4").json()["lines"]}
    assert (lines["anna"]["forecast"], lines["anna"]["gap"], lines["North"]["quota"]) == ("100.00", "300.00", "950.00")
    assert api.get("/api/v1/forecast?period=2026-Q7").status_code == 422
    said = {"period": "2026-Q4", "team": teams["north"].pk, "value": "70", "reason": "slow"}
    assert api.post("/api/v1/forecast/judgements", said, JSON).status_code == 201
    assert (
        api.post("/api/v1/forecast/judgements", {**said, "reason": ""}, JSON).json()["errors"][0]["field"] == "reason"
    )
    assert api.post("/api/v1/forecast/judgements", {**said, "team": 987}, JSON).json()["errors"][0]["field"] == "team"
    listed = api.get(f"/api/v1/forecast/judgements?team={teams['north'].pk}&period=2026-Q4").json()
    assert [(row["value"], row["original"], row["reason"]) for row in listed] == [("70.00", "100.00", "slow")]

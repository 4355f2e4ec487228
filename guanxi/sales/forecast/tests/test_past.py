"""Snapshots of every night, what changed between two, how right past forecasts were, and what chance may bring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.test import Client

from guanxi.foundation import hooks
from guanxi.foundation.models import User
from guanxi.foundation.roles import actions as roles
from guanxi.foundation.roles.models import Team
from guanxi.foundation.tasks.worker import run_waiting
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals.models import Deal, LostReason
from guanxi.sales.forecast import actions, asking, periods, simulating
from guanxi.sales.forecast.comparing import Change, behind, compare
from guanxi.sales.forecast.models import DealState, Night, PersonScore
from guanxi.sales.forecast.periods import Period
from guanxi.sales.forecast.scoring import scores

JSON = "application/json"


@pytest.fixture
def on(settings: Any) -> Callable[[date], None]:
    def go_to(day: date) -> None:
        settings.GUANXI_TODAY = day

    return go_to


def steps(change: Change) -> dict[str, int]:
    assert change.start + sum(one.amount for one in change.steps) == change.end
    return {one.kind: int(one.amount) for one in change.steps}


@pytest.fixture
def year(make: Callable[..., Deal], people: dict[str, User], on: Callable[[date], None]) -> dict[str, Deal]:
    """Two nights, and between them something of everything, each deal worth a power of two."""
    on(date(2026, 11, 1))
    names = ("won", "lost", "put off", "forward", "grown", "shrunk", "omitted", "handed", "gone", "same", "from after")
    found = {
        name: make("anna", 2**place, name=name, expected_close=date(2026, 12, 15)) for place, name in enumerate(names)
    }
    deals.edit_deal(found["from after"].pk, {"expected_close": date(2027, 2, 1)}, by=SYSTEM)
    actions.take_snapshot(by=SYSTEM)
    on(date(2026, 11, 20))
    deals.win(found["won"].pk, by=SYSTEM)
    free = LostReason.objects.filter(needs_competitor=False).first()
    deals.lose(found["lost"].pk, free, by=SYSTEM)
    for name, changes in {
        "put off": {"expected_close": date(2027, 1, 15)},
        "forward": {"expected_close": date(2026, 9, 15)},
        "grown": {"value": Decimal(100)},
        "shrunk": {"value": Decimal(1)},
        "omitted": {"forecast_category": "omitted"},
        "handed": {"owner": people["chen"]},
        "from after": {"expected_close": date(2026, 12, 1)},
    }.items():
        deals.edit_deal(found[name].pk, changes, by=SYSTEM)
    deals.remove_deal(found["gone"].pk, by=SYSTEM)
    found["new"] = make("anna", 2048, name="new")
    actions.take_snapshot(by=SYSTEM)
    return found


def test_what_changed_between_two_nights(
    year: dict[str, Deal], quarter: Period, people: dict[str, User], teams: dict[str, Team], on: Callable[[date], None]
) -> None:
    first, second = date(2026, 11, 1), date(2026, 11, 20)
    whole = {
        "added": 2048, "moved_in": 1024, "grown": 84, "shrunk": -31, "won": -1, "lost": -2, "slipped": -4,
        "moved_out": -8, "omitted": -64, "removed": -256,
    }  # fmt: skip
    assert steps(compare(quarter, first, second, None)) == whole
    assert steps(compare(quarter, first, second, [people["anna"].pk])) == {**whole, "handed_out": -128}
    assert steps(compare(quarter, first, second, [people["chen"].pk])) == {"handed_in": 128}
    assert steps(compare(quarter, first, second, [])) == {}
    assert steps(compare(quarter, first, first, None)) == {}
    later = compare(quarter.after, first, second, None)
    assert steps(later) == {"moved_in": 4, "moved_out": -1024}
    moved = behind(quarter, first, second, None, "slipped")
    assert [(one.deal, int(one.amount), one.closes_on) for one in moved] == [
        (year["put off"].pk, -4, date(2027, 1, 15))
    ]
    lead = asking.whose(people["lead"], team=teams["north"].pk)
    assert lead.people == frozenset({people["anna"].pk, people["ben"].pk})
    with pytest.raises(asking.NotSeen):
        asking.whose(people["anna"], team=teams["south"].pk)
    on(date(2026, 11, 25))
    deals.reopen(year["won"].pk, by=SYSTEM)
    actions.take_snapshot(by=SYSTEM)
    assert steps(compare(quarter, second, date(2026, 11, 25), None)) == {"reopened": 1}


def test_only_what_changed_is_kept(year: dict[str, Deal], on: Callable[[date], None]) -> None:
    nights = list(Night.objects.order_by("day").values_list("day", "deals", "changed"))
    assert nights == [(date(2026, 11, 1), 11, 11), (date(2026, 11, 20), 11, 10)]
    rows = DealState.objects.count()
    assert rows == 21
    assert DealState.objects.filter(deal=year["same"].pk).count() == 1
    deals.edit_deal(year["same"].pk, {"value": Decimal(3)}, by=SYSTEM)
    again = actions.take_snapshot(by=SYSTEM)  # on the same day: as it is by now
    assert (again.changed, Night.objects.count(), DealState.objects.count()) == (11, 2, rows + 1)
    assert DealState.objects.get(deal=year["same"].pk, until=None).amount == Decimal(3)
    on(date(2026, 11, 21))
    assert actions.take_snapshot(by=SYSTEM).changed == 0


def test_past_forecasts_are_scored(
    make: Callable[..., Deal], people: dict[str, User], on: Callable[[date], None], quarter: Period, colleague: Any
) -> None:
    december = periods.read("2026-12")
    on(date(2026, 12, 2))
    sure, maybe = make("anna", 100), make("anna", 40, 50)
    other = make("ben", 30)
    actions.judge(december, Decimal(70), "careful", user=people["anna"], by=people["anna"])
    actions.take_snapshot(by=SYSTEM)
    on(date(2026, 12, 18))
    deals.win(maybe.pk, by=SYSTEM)
    deals.edit_deal(sure.pk, {"expected_close": date(2027, 1, 10)}, by=SYSTEM)
    actions.take_snapshot(by=SYSTEM)
    on(date(2026, 12, 20))
    deals.win(other.pk, by=SYSTEM)
    assert actions.score_periods(by=SYSTEM) == []
    on(date(2027, 1, 2))
    actions.take_snapshot(by=SYSTEM)
    assert actions.score_periods(by=SYSTEM) == ["2026-12", "2026-Q4"]
    assert actions.score_periods(by=SYSTEM) == []
    rows = PersonScore.objects.filter(period="2026-12", user=people["anna"].pk).order_by("-days")
    assert [(row.days, *map(int, (row.original, row.said, row.expected, row.actual))) for row in rows] == [
        (30, 100, 100, 110, 40),  # in the night to the second of December nobody had said anything
        (14, 40, 70, 40, 40),
    ]
    found = scores(SYSTEM, periods.MONTH, 14)
    assert found.keys == ["2026-12"]
    horizon = dict(found.by_horizon)
    assert (horizon[14].actual, horizon[14].forecast["original"], horizon[14].error("original")) == (
        Decimal(70), Decimal(70), 0.0,
    )  # fmt: skip
    by_name = {name: score for name, _number, score in found.by_person}
    assert by_name["anna"].bias("said") == pytest.approx(30 / 40)
    assert [(one.stage, one.deals, one.won_deals, int(one.actual)) for one in found.by_stage] == [
        ("Agreed by word", 1, 1, 30)
    ]
    chen = scores(people["chen"], periods.MONTH, 14)
    assert ([name for name, *_rest in chen.by_person], chen.by_stage) == ([], [])
    with pytest.raises(NotAllowed):
        scores(colleague("nobody"))


def test_a_range_by_chance(make: Callable[..., Deal], people: dict[str, User], quarter: Period) -> None:
    amounts, chances = np.full(400, 100.0), np.full(400, 0.5)
    drawn = simulating.draw(amounts, chances)
    assert drawn.mean() == pytest.approx(20_000, rel=0.01)
    assert drawn.std() == pytest.approx(1_000, rel=0.05)  # the root of 400 times 100² times a quarter
    assert np.array_equal(drawn, simulating.draw(amounts, chances))
    many = simulating.draw(np.full(40_000, 1.0), np.full(40_000, 0.5))
    assert (many.mean(), many.std()) == (pytest.approx(20_000, rel=0.01), pytest.approx(100, rel=0.05))
    won = make("anna", 5)
    deals.win(won.pk, by=SYSTEM)
    one, two = make("anna", 100, 50), make("anna", 1000, 25)
    make("anna", 4000, 90, forecast_category="omitted")
    found = simulating.may_bring(quarter, Decimal(5), [people["anna"].pk])
    assert [int(one) for one in (found.low, found.middle, found.high)] == [5, 105, 1105]
    assert (found.deals, found.scored) == (2, 0)

    def score(numbers: Any) -> dict[int, float]:
        assert set(numbers) == {one.pk, two.pk}
        return {one.pk: 1.0, two.pk: 0.0}

    with hooks.registered("deal_probabilities", score):
        sure = simulating.may_bring(quarter, Decimal(5), None)
    assert ([int(one) for one in (sure.low, sure.middle, sure.high)], sure.scored) == ([105] * 3, 2)
    assert simulating.may_bring(quarter.after, Decimal(0), None).high == 0


def test_pages_and_operations(
    client: Client,
    api: Client,
    year: dict[str, Deal],
    people: dict[str, User],
    teams: dict[str, Team],
    on: Callable[[date], None],
) -> None:
    client.force_login(people["lead"])

    def text(address: str, status: int = 200) -> str:
        answer = client.get(address)
        assert answer.status_code == status, address
        return answer.content.decode()

    page = text("/forecast/changes/?period=2026-Q4&since=2026-11-01&until=2026-11-20&kind=slipped")
    for shown in ("Put off", "put off", "+2,048.00", "Open in the end", "Last snapshot"):
        assert shown in page, shown
    assert "Taken over" in text(f"/forecast/changes/?period=2026-Q4&team={teams['south'].pk}")
    text(f"/forecast/changes/?team={teams['south'].pk}0", 404)
    text("/forecast/changes/?team=x", 404)
    assert "Nothing changed" in text(f"/forecast/changes/?period=2025-Q4&user={people['anna'].pk}")
    assert "eight of ten" in text(f"/forecast/range/?period=2026-Q4&user={people['anna'].pk}")
    assert "No period has ended" in text("/forecast/scores/")
    assert client.post("/forecast/snapshot/").status_code == 403
    told = api.get("/api/v1/forecast/changes?period=2026-Q4&since=2026-11-01&until=2026-11-20").json()
    assert {step["kind"]: step["amount"] for step in told["steps"]}["grown"] == "84.00"
    moved = api.get("/api/v1/forecast/changes/won?period=2026-Q4&since=2026-11-01&until=2026-11-20").json()
    assert [row["deal"] for row in moved] == [year["won"].pk]
    assert api.get("/api/v1/forecast/range?period=2026-Q4").json()["deals"] == 6
    assert api.get("/api/v1/forecast/range?user=98765").status_code == 422
    assert [row["changed"] for row in api.get("/api/v1/forecast/snapshots").json()] == [10, 11]
    on(date(2027, 1, 1))
    assert api.post("/api/v1/forecast/snapshots", content_type=JSON).status_code == 202
    run_waiting()
    assert Night.objects.count() == 3
    scored = api.get("/api/v1/forecast/scores?kind=quarter&days=30").json()
    assert (scored["periods"], [row["days"] for row in scored["by_horizon"]]) == (["2026-Q4"], [60])
    roles.give_role(people["chen"], "manager", by=SYSTEM)
    client.force_login(User.objects.get(pk=people["chen"].pk))
    for shown in ("By stage", "anna", "By probability"):
        assert shown in text("/forecast/scores/?kind=quarter&days=60"), shown

"""Learning from end to end: what is published, what is said where too little is known, what survives a kill."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from guanxi.customers.models import Party
from guanxi.foundation.visibility import SYSTEM
from guanxi.insight import actions, learning, purchasing, staging
from guanxi.insight.models import EquityPoint, Grade, Learning, ModelVersion, Stage, Standing, Tier
from guanxi.insight.tests.conftest import Learn, Purchase
from guanxi.lake import store, tables
from guanxi.ledger.models import Event

START = date(2024, 1, 1)
USED = ModelVersion.State.USED


def shoppers(count: int, days: int, seed: int = 1, begin: date = START) -> list[Purchase]:
    """Purchases of customers who differ in rate and leave at times of their own (BG/NBD, in weeks)."""
    random = np.random.default_rng(seed)
    rows: list[Purchase] = []
    for number in range(count):
        rate, leaves = random.gamma(1.5, 1 / 4.0), random.beta(1.0, 4.0)
        level = random.gamma(6.0, 5.0)
        day = float(random.integers(0, days // 2))
        while day < days:
            amount = max(round(float(random.gamma(4.0, level / 4.0)), 2), 0.01)
            rows.append((f"客{number:04d}", (begin + timedelta(days=int(day))).isoformat(), amount))
            if random.random() < leaves:
                break
            day += float(random.exponential(7.0 / rate))
    return rows


def notes(known: Learning) -> set[str]:
    return {note["code"] for note in known.figures["notes"]}


def standing(customer: str) -> Standing:
    return Standing.objects.get(party__contact_points__value=customer)


def test_what_is_published(learn: Learn) -> None:
    rows = shoppers(800, 420)
    known = learn(rows).learning
    assert known.state == Learning.State.PUBLISHED
    assert Standing.objects.count() == Party.objects.count() == known.customers
    used = {row.family: row.name for row in known.models.filter(state=USED, segment="")}
    assert set(used) == {"purchases", "spend", "stage", "growth"}
    assert used["purchases"] in purchasing.FITS
    # Without costs, what a customer has left is what he spent; nobody is missing.
    sums: dict[str, Decimal] = {}
    for customer, _day, amount in rows:
        sums[customer] = sums.get(customer, Decimal(0)) + Decimal(str(amount))
    for customer in list(sums)[:20]:
        found = standing(customer)
        assert found.value_so_far == sums[customer]
        assert found.lifetime_value == found.value_so_far + found.expected_value
        assert found.expected_low <= found.expected_value <= found.expected_high
        assert 0 <= found.p_alive <= 1 and 0 <= found.risk <= 1 and 0 <= found.strength <= 100
        assert len(found.rfm) == 3 and len(found.parts_of_strength) == 5
    assert sum(Standing.objects.values_list("expected_value", flat=True)) == pytest.approx(
        Decimal(known.figures["equity"]["expected"]), abs=Decimal("0.01")
    )
    # Grades: A brings the first four fifths of the value.
    total, first = (
        sum(row.lifetime_value for row in rows)
        for rows in (Standing.objects.all(), Standing.objects.filter(grade=Grade.A))
    )
    assert 0.75 < first / total < 0.95
    assert Standing.objects.filter(tier=Tier.MOST_VALUABLE).count() == pytest.approx(known.customers / 5, abs=2)
    # The lake has the same, and equity over time adds up.
    lake = tables.table("standing").to_pyarrow()
    assert lake.num_rows == known.customers
    points = list(EquityPoint.objects.order_by("day"))
    for before, now in itertools.pairwise(points):
        assert now.equity == pytest.approx(now.acquired + now.retained + now.developed, abs=Decimal("0.05"))
        assert before.equity == pytest.approx(now.retained + now.lost, abs=Decimal("0.05"))
    assert notes(known) >= {"cost_unknown", "horizon"}


def test_a_second_learning_of_the_same_is_none(learn: Learn) -> None:
    first = learn(shoppers(80, 300))
    again = learn()
    assert not again.fresh and again.learning == first.learning
    forced = learn(again=True)
    assert forced.fresh and forced.written == 0  # nothing differed, so nothing was written
    assert Event.objects.filter(kind__startswith="standing.").count() == 0
    assert ModelVersion.objects.filter(state=USED, family="spend").count() == 1


def test_changes_are_told_once(learn: Learn) -> None:
    """Who falls silent while others go on gets another stage, told on the timeline."""
    loyal = [("林小姐", START + timedelta(days=5 * step), 20) for step in range(60)]
    others = shoppers(120, 300)
    learn([*others, *((name, day.isoformat(), amount) for name, day, amount in loyal)])
    before = standing("林小姐")
    assert before.stage in (Stage.STABILITY, Stage.FORMATION)
    learn([(f"新{number}", (START + timedelta(days=480 + number)).isoformat(), 30) for number in range(20)])
    after = standing("林小姐")
    assert after.stage == Stage.BROKEN and after.at_stake == 0
    assert after.p_alive < 0.1 < before.p_alive
    told = Event.objects.get(party=after.party, kind="standing.stage")
    assert told.payload == {"from": before.stage, "to": "broken"}
    assert not learn().fresh
    assert Event.objects.filter(party=after.party, kind="standing.stage").count() == 1


# Bad input ------------------------------------------------------------------------------------------------------------


def test_no_order_at_all(learn: Learn, home: Any) -> None:
    known = learn().learning
    assert known.state == Learning.State.PUBLISHED and notes(known) == {"no_orders"}
    assert not Standing.objects.exists()


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([("王小明", "2024-05-01", 10)], "too_few_customers"),
        ([(f"客{n}", (START + timedelta(days=n)).isoformat(), 10 + n) for n in range(80)], "no_repeat"),
        ([(f"客{n}", "2024-05-01", 10 + n) for n in range(80)], "no_repeat"),
        (
            [
                (f"客{n}", (START + timedelta(days=n + more)).isoformat(), 10)
                for n in range(80)
                for more in (0, 9)
                if more == 0 or n < 15
            ],
            "too_few_repeating",
        ),
    ],
    ids=["one customer", "no repeat purchase", "all bought on one day", "hardly anybody came back"],
)
def test_too_little_is_said_and_no_value_is_made_up(learn: Learn, rows: list[Purchase], code: str) -> None:
    known = learn(rows).learning
    assert known.state == Learning.State.PUBLISHED
    assert code in notes(known)
    assert known.figures["equity"]["expected"] is None
    for found in Standing.objects.all():
        assert found.expected_value is None and found.p_alive is None and found.lifetime_value is None
        assert found.value_so_far > 0
    assert Standing.objects.filter(stage=Stage.NONE).count() == 0


def test_refunds_larger_than_purchases(learn: Learn) -> None:
    rows = [
        *shoppers(150, 300),
        ("退貨王", "2024-03-01", 10),
        ("退貨王", "2024-04-01", -500),
        ("退貨王", "2024-05-01", 5),
    ]
    known = learn(rows).learning
    found = standing("退貨王")
    assert found.value_so_far == Decimal("-485.00")
    assert "refunds_exceed" in notes(known)
    assert found.tier == Tier.BELOW_ZERO
    assert found.expected_value is not None and abs(found.expected_value) < 10_000


def test_one_customer_with_half_the_revenue(learn: Learn) -> None:
    rows = [*shoppers(150, 300), *(("大客戶", (START + timedelta(days=7 * n)).isoformat(), 90_000) for n in range(40))]
    known = learn(rows).learning
    assert "one_customer_half" in notes(known)
    found = standing("大客戶")
    assert found.grade == Grade.A and found.tier == Tier.MOST_VALUABLE
    assert all(np.isfinite(float(row.expected_value)) for row in Standing.objects.all())


def test_a_year_of_nothing_in_between(learn: Learn) -> None:
    old, new = shoppers(100, 200), shoppers(100, 200, seed=2, begin=START + timedelta(days=565))
    known = learn([*old, *((f"新{name}", day, amount) for name, day, amount in new)]).learning
    assert known.state == Learning.State.PUBLISHED
    assert known.figures["equity"]["expected"] is not None
    assert Standing.objects.filter(stage=Stage.BROKEN).count() > 50


def test_data_that_ended_long_ago(learn: Learn, settings: Any) -> None:
    settings.GUANXI_TODAY = date(2026, 1, 1)
    known = learn(shoppers(120, 300)).learning
    assert known.day < date(2025, 1, 1)
    (note,) = (note for note in known.figures["notes"] if note["code"] == "data_end")
    assert note["days"] > 300


def test_dates_to_come_are_left_out(learn: Learn, settings: Any) -> None:
    learn([*shoppers(120, 250), ("未來", "2024-12-24", 99)])
    settings.GUANXI_TODAY = date(2024, 10, 1)
    known = learn().learning
    assert known.day <= date(2024, 10, 1)
    assert "future_dates" in notes(known)
    assert standing("未來").stage == Stage.NONE and standing("未來").value_so_far == 0


# Interruption and rights ----------------------------------------------------------------------------------------------


def test_killed_between_steps_it_goes_on_and_publishes_once(learn: Learn, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_args: Any, **_more: Any) -> Any:
        raise Killed

    rows = shoppers(120, 300)
    with monkeypatch.context() as patch:
        patch.setattr("guanxi.insight.scoring.score", killed)
        with pytest.raises(Killed):
            learn(rows)
    assert not Standing.objects.exists() and not Learning.objects.filter(state="published").exists()
    fitted = list(ModelVersion.objects.order_by("id").values_list("id", "parameters"))
    assert fitted
    with monkeypatch.context() as patch:
        patch.setattr(purchasing, "compare", killed)  # what was fitted is not fitted again
        patch.setattr(staging, "fit", killed)
        done = learn()
    assert done.learning.state == Learning.State.PUBLISHED
    assert list(ModelVersion.objects.exclude(family="growth").order_by("id").values_list("id", "parameters")) == fitted
    assert Learning.objects.count() == 1


def test_killed_before_the_lake_the_next_one_catches_up(learn: Learn, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = shoppers(120, 300)
    with monkeypatch.context() as patch:
        patch.setattr("guanxi.insight.bulk.to_lake", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            learn(rows)
    published = Learning.objects.get(state="published")
    assert learn().learning == published
    stored = store.open_table(learning.standings.STANDING)
    assert stored is not None and store.mark_of(stored, learning.standings.LEARNED) == published.pk
    assert tables.table("standing").count().to_pyarrow().as_py() == Standing.objects.count()


def test_a_worse_model_is_not_promoted(learn: Learn, monkeypatch: pytest.MonkeyPatch) -> None:
    first = learn(shoppers(200, 300)).learning
    old = first.models.get(family="purchases", state=USED)
    monkeypatch.setattr(purchasing, "WORSE", -1e6)  # whatever comes counts as worse
    second = learn(again=True).learning
    (refused,) = second.models.filter(family="purchases", state=ModelVersion.State.REFUSED)
    assert refused.reason["code"] == "worse_than_before"
    old.refresh_from_db()
    assert old.state == USED


def test_costs_make_some_customers_cost_more_than_they_bring(learn: Learn, take_in: Any) -> None:
    rows = shoppers(120, 300)
    letters = [f"客0000,campaign.mailed,2024-02-{day:02d},post,out" for day in range(1, 29)]
    mailed = "\n".join(["customer,kind,date,channel,direction", *letters])
    learn(rows)
    take_in("events", mailed + "\n", name="events.csv")
    actions.create_cost_rate(kind="campaign.mailed", channel="", purpose="attract", amount=Decimal(1000), by=SYSTEM)
    learn()
    spent = sum(Decimal(str(amount)) for customer, _day, amount in rows if customer == "客0000")
    assert standing("客0000").value_so_far == spent - 28_000
    assert standing("客0000").tier == Tier.BELOW_ZERO
    assert standing("客0001").value_so_far > 0


def test_customers_by_contract(learn: Learn) -> None:
    """Yearly contracts: who missed a renewal has left, and the retention of those who renew often is higher."""
    random = np.random.default_rng(5)
    began = date(2018, 1, 1)
    rows = []
    for number in range(400):
        leaves, begin = random.beta(0.7, 1.2), began + timedelta(days=int(random.integers(0, 300)))
        for year in range(7):
            late = timedelta(days=365 * year + int(random.integers(-10, 25)) * (year > 0))
            if begin + late < began + timedelta(days=6 * 365):
                rows.append((f"約{number}", (begin + late).isoformat(), 100))
            if random.random() < leaves:
                break
    actions.change_assumptions({"bond": "contract", "contract_days": 365, "horizon_years": None}, by=SYSTEM)
    known = learn(rows).learning
    model = known.models.get(family="contract", state=USED)
    assert model.name == "sbg" and not known.models.filter(family="purchases").exists()
    assert model.parameters["alpha"] == pytest.approx(0.7, abs=0.3)
    assert model.parameters["beta"] == pytest.approx(1.2, abs=0.45)
    retention = model.holdout["retention"]
    assert retention == sorted(retention)
    assert "contract_used" in notes(known)
    gone, still = (Standing.objects.filter(p_alive=share) for share in (0, 1))
    assert gone.count() + still.count() == Standing.objects.count() and gone.count() > 200 > still.count() > 50
    assert all(row.expected_value == 0 for row in gone)
    assert all(0 < row.expected_value < 1_100 for row in still)  # at most a hundred a year for ever, at ten per cent

"""Learning of simulated deals, whose true chances are known: calibration, what is refused, what is published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import lock
from guanxi.sales.deals.models import Deal, State
from guanxi.sales.winning import actions, fitting, judging, learning, publishing, queries, tasks
from guanxi.sales.winning.additive import Additive, Calibration
from guanxi.sales.winning.features import NUMBERS, WORDS
from guanxi.sales.winning.models import WinModel, WinRun, WinScore
from guanxi.sales.winning.tests.simulated import simulate

in_database = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """As good on so few deals, and quicker."""
    monkeypatch.setattr(fitting, "TREES", 40)
    monkeypatch.setattr(fitting, "RATE", 0.15)


@in_database
def test_chances_are_near_the_true_ones_and_kept_with_their_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = simulate(2_400)
    outcome = learning.learn()
    scores = dict(WinScore.objects.values_list("deal", "probability"))
    assert set(scores) == {deal.pk for deal in drawn.open}
    told = np.array([scores[deal.pk] for deal in drawn.open])
    truth = np.array([drawn.truth[deal.pk] for deal in drawn.open])
    assert abs(told.mean() - truth.mean()) < 0.05
    assert np.abs(told - truth).mean() < 0.09
    assert np.corrcoef(told, truth)[0, 1] > 0.9
    # What is kept of it: the better of both, its quality on later deals, why.
    models = {row.state: row for row in outcome.run.models.all()}
    used, compared = models[WinModel.State.USED], models[WinModel.State.COMPARED]
    assert {used.kind, compared.kind} == {"logistic", "boosted"}
    assert used.quality["brier"] <= compared.quality["brier"] < compared.quality["base_brier"]
    assert used.quality["auc"] > 0.7 and used.quality["lift"][0] > 1.3
    assert all(one["low"] - 0.1 <= one["told"] <= one["high"] + 0.1 for one in used.quality["reliability"])
    strongest = sorted(used.quality["weights"], key=used.quality["weights"].get, reverse=True)[:4]
    assert set(strongest) == {"source", "kind", "owner", "amount"}
    assert max(outcome.run.figures["stability"][name] for name in ("source", "amount")) < 0.25

    # The same facts on the same day: nothing to do. The next night the model stays, and only what changed is written.
    assert not learning.learn().fresh
    later = outcome.run.moment + timedelta(days=1)
    monkeypatch.setattr("guanxi.foundation.clock.now", lambda: later)
    monkeypatch.setattr("guanxi.foundation.clock.today", later.date)
    night = learning.learn()
    assert night.fresh and night.written < len(scores) and queries.in_use(SYSTEM) == used
    # Another fit takes its place, and the page of the old one stays.
    again = learning.learn(again=True)
    used.refresh_from_db()
    assert used.state == WinModel.State.REPLACED and queries.in_use(SYSTEM).run == again.run
    # A deal that was closed while it counted gets none.
    gone = WinScore.objects.first()
    Deal.objects.filter(pk=gone.deal_id).update(state=State.WON, closed_on=later.date())
    rows = pa.table({name: publishing.nothing()[name] for name in publishing.COLUMNS.names})
    publishing.publish(again.run, rows, later)
    assert not WinScore.objects.exists()


@in_database
def test_what_is_no_better_than_the_base_rate_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(500)
    monkeypatch.setattr(fitting, "calibrated", lambda *_: Calibration([-9.0, 9.0], [0.99, 0.99]))
    outcome = learning.learn()
    assert not WinScore.objects.exists() and queries.in_use(SYSTEM) is None
    assert [note["code"] for note in outcome.run.figures["notes"]] == ["no_better_than_base"]
    assert outcome.run.models.filter(state=WinModel.State.REFUSED).count() == 1
    # One that is better than the base rate, but worse than the one in use, is refused as well.
    monkeypatch.undo()
    monkeypatch.setattr(fitting, "FITS", {"logistic": fitting.logistic})
    good = learning.learn(again=True)
    used = queries.in_use(SYSTEM)
    assert used is not None and used.run == good.run
    fit = fitting.FITS["logistic"]
    monkeypatch.setattr(
        fitting, "FITS", {"logistic": lambda told, won: _without(fit(told, won), "source", "owner_rate")}
    )
    worse = learning.learn(again=True)
    assert [note["code"] for note in worse.run.figures["notes"]] == ["worse_than_before"]
    assert queries.in_use(SYSTEM) == used and set(WinScore.objects.values_list("model", flat=True)) == {used.pk}


def _without(model: Additive, *names: str) -> Additive:
    return Additive(model.base, {name: term for name, term in model.terms.items() if name not in names})


@in_database
def test_too_few_deals_are_said_and_nothing_is_scored() -> None:
    simulate(150)
    outcome = learning.learn()
    assert outcome.run.state == WinRun.State.PUBLISHED and not WinModel.objects.exists()
    counts = outcome.run.figures["closed"]
    assert (counts["deals"], counts["least"]) == (Deal.objects.exclude(state="open").count(), 200)


@in_database
def test_made_up_deals_and_real_ones_do_not_mix() -> None:
    simulate(400, made_up=True)
    real = simulate(40, seed=2)
    learning.learn()
    assert queries.in_use(SYSTEM).made_up
    scored = set(WinScore.objects.values_list("deal__made_up", flat=True))
    assert scored == {True} and real.open


@in_database
def test_a_run_that_was_killed_goes_on_from_its_models(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(400)
    monkeypatch.setattr(publishing, "publish", _killed)
    with pytest.raises(RuntimeError, match="killed"):
        learning.learn()
    failed = WinRun.objects.get()
    assert failed.state == WinRun.State.FAILED and "killed" in failed.error
    kept = set(failed.models.values_list("pk", flat=True))
    assert kept and queries.in_use(SYSTEM) is None and not WinScore.objects.exists()
    monkeypatch.undo()
    monkeypatch.setattr(learning, "choose", _killed)  # not fitted again
    outcome = learning.learn()
    assert outcome.run == failed and set(outcome.run.models.values_list("pk", flat=True)) == kept
    assert WinScore.objects.exists() and queries.in_use(SYSTEM) is not None


@in_database
def test_only_one_at_a_time_and_by_the_task() -> None:
    with lock.held(0, "winning"), pytest.raises(Refused, match="scoring already"):
        learning.learn()
    assert tasks.score_deals.call()["fresh"]


def _killed(*_given: Any, **_named: Any) -> Any:
    raise RuntimeError("killed")


# The parts ------------------------------------------------------------------------------------------------------------


def drawn_features(count: int, seed: int = 3) -> tuple[pa.Table, Any]:
    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {name: pa.array(random.normal(size=count)) for name in NUMBERS}
    columns["contacts"] = pa.array(np.where(random.random(count) < 0.2, np.nan, random.normal(size=count)), mask=None)
    columns |= {name: pa.array(random.choice(["", "a", "b"], count)) for name in WORDS}
    table = pa.table(columns)
    level = np.nan_to_num(table["contacts"].to_numpy()) + (np.array(table["source"].to_pylist()) == "a")
    return table, (random.random(count) < 1 / (1 + np.exp(-level))).astype(np.int64)


@pytest.mark.any_database
@pytest.mark.parametrize("name", sorted(fitting.FITS))
def test_a_model_is_the_sum_of_its_terms_and_kept_as_plain_numbers(name: str) -> None:
    features, won = drawn_features(3_000)
    model = fitting.FITS[name](features, won)
    parts = model.parts(features)
    assert np.allclose(model.base + sum(parts.values()), model.score(features))
    assert all(abs(part.mean()) < 1e-9 for part in parts.values())  # each against the mean deal
    again = Additive.from_json(model.as_json())
    assert np.allclose(again.score(features), model.score(features))
    strength = {name: np.abs(part).mean() for name, part in parts.items()}
    assert max(strength, key=strength.get) in ("contacts", "source")
    assert np.isfinite(model.score(features)).all()


@pytest.mark.any_database
def test_boosted_trees_are_read_off_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    features, won = drawn_features(2_000)
    seen: dict[str, Any] = {}

    class Watched(HistGradientBoostingClassifier):
        def fit(self, rows: Any, outcome: Any) -> Any:
            seen.update(rows=rows, model=self)
            return super().fit(rows, outcome)

    monkeypatch.setattr(fitting, "HistGradientBoostingClassifier", Watched)
    model = fitting.boosted(features, won)
    assert np.allclose(model.score(features), seen["model"].decision_function(seen["rows"]))


@pytest.mark.any_database
@pytest.mark.parametrize("deals", [100, 5_000])
def test_calibration_takes_back_what_is_too_sure(deals: int) -> None:
    random = np.random.default_rng(5)
    truth = random.uniform(0.05, 0.95, deals)
    won = (random.random(deals) < truth).astype(np.int64)
    too_sure = 3 * np.log(truth / (1 - truth))
    chances = fitting.calibrated(too_sure, won, deals).of(too_sure)
    assert np.abs(chances - truth).mean() < (0.12 if deals == 100 else 0.04)
    assert chances.min() >= 0.01 and chances.max() <= 0.99
    assert (np.diff(chances[np.argsort(too_sure)]) >= -1e-9).all()


@pytest.mark.any_database
def test_figures_of_quality_by_hand() -> None:
    chances, won = np.array([0.9, 0.8, 0.2, 0.1]), np.array([1, 0, 1, 0])
    told = judging.judge(chances, won, np.array([1, 2, 3, 4]), 0.5)
    assert told["brier"] == pytest.approx((0.01 + 0.64 + 0.64 + 0.01) / 4)
    assert told["base_brier"] == pytest.approx(0.25)
    assert told["skill"] == pytest.approx(1 - 0.325 / 0.25)
    assert told["auc"] == pytest.approx(0.75)
    assert told["lift"][-1] == pytest.approx(1.0) and told["lift"][0] == pytest.approx(2.0)
    wilson = judging.reliability(np.full(10, 0.5), np.array([1] * 5 + [0] * 5), np.arange(10))
    assert len(wilson) == 10 and wilson[0]["deals"] == 1 and 0 < wilson[0]["high"] <= 1


@pytest.mark.any_database
def test_drift_is_nothing_where_nothing_moved_and_much_where_it_did() -> None:
    features, _won = drawn_features(2_000)
    spread = judging.spread(features)
    assert max(judging.stability(spread, features).values()) < 1e-9
    moved = features.set_column(
        features.schema.get_field_index("amount"), "amount", pa.array(np.full(2_000, 9.0))
    ).set_column(features.schema.get_field_index("source"), "source", pa.array(["new"] * 2_000))
    now = judging.stability(spread, moved)
    assert now["amount"] > judging.MOVED and now["source"] > judging.MOVED and now["contacts"] < 0.01
    later = judging.later(np.full(100, 0.5), np.ones(100), np.arange(100))
    assert later["off"] == pytest.approx(10.0) and later["won"] == 100


@in_database
def test_a_run_of_other_facts_ends_what_was_broken_off() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    first = actions.begin(moment, "1", by=SYSTEM)
    assert actions.begin(moment, "1", by=SYSTEM) == first
    assert actions.begin(moment, "2", by=SYSTEM) != first
    first.refresh_from_db()
    assert (first.state, first.error) == (WinRun.State.FAILED, "Broken off.")

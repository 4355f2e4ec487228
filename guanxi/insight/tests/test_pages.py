"""What people see of insight: equity, models, assumptions, standings in lists and on the customer's page."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from guanxi.foundation.models import User
from guanxi.foundation.tasks.models import BackgroundTask, State
from guanxi.insight import explaining, notes, surviving
from guanxi.insight.models import Assumptions, CostRate, Learning, Standing
from guanxi.insight.tests import learned
from guanxi.ledger import actions as ledger
from tests.costs import statements

pytestmark = pytest.mark.django_db
PAGES = ["/insight/", "/insight/models/", "/insight/assumptions/", "/costs/"]


def text(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def cost(client: Client, address: str) -> int:
    return statements(lambda: text(client, address))


@pytest.fixture
def run() -> Learning:
    return learned.everything()


def mei(run: Learning, **values: Any) -> Standing:
    """The standing of somebody who bought every nine days and has been silent for a month."""
    days = [date(2017, 10, 1) + timedelta(days=9 * number) for number in range(7)]
    return learned.standing(learned.customer("王美玲", *days), run, **values)


# Pages --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PAGES)
def test_only_who_works_here_sees_it(client: Client, stranger: User, run: Learning, address: str) -> None:
    assert client.get(address).status_code == 302
    client.force_login(stranger)
    assert client.get(address).status_code == 403


def test_before_anything_was_learned_it_says_what_to_do(staff_client: Client) -> None:
    html = text(staff_client, "/insight/")
    assert "Nothing learned yet" in html
    assert "Learn now" in html
    assert "Nothing learned yet" in text(staff_client, "/insight/models/")
    assert text(staff_client, "/insight/models/1/", 404)


def test_learn_now_queues_it_and_shows_the_task(staff_client: Client, staff: User) -> None:
    sent = staff_client.post("/insight/learn/")
    task = BackgroundTask.objects.get(function="guanxi.insight.tasks.learn")
    assert sent.headers["Location"] == f"/tasks/{task.pk}/"
    assert task.requested_by == staff
    assert staff_client.post("/insight/learn/").headers["Location"] == f"/tasks/{task.pk}/"
    html = text(staff_client, "/insight/")
    assert "Waiting to learn" in html
    assert f'href="/tasks/{task.pk}/"' in html
    BackgroundTask.objects.update(state=State.FAILED, error="Der See ist leer")
    assert "Der See ist leer" in text(staff_client, "/insight/")


def test_strangers_do_not_let_it_learn(client: Client, stranger: User) -> None:
    client.force_login(stranger)
    assert client.post("/insight/learn/").status_code == 403
    assert not BackgroundTask.objects.exists()


def test_customer_equity(staff_client: Client, run: Learning) -> None:
    html = text(staff_client, "/insight/")
    for words in (
        "2,410,000",
        "2,180,000 – 2,660,000",
        "318 customers in decline",
        "next 5 years, discounted at 10.0 % a year",
        "brings 71.0 % of the value",
        "Most valuable",
        "For 100 % of the sales the cost of the goods is not known",
        "unheard_of (number = 3)",
        "f.standing.stage=decline",
    ):
        assert words in html
    assert "Stability" in html


def test_customer_equity_as_pdf(staff_client: Client, run: Learning) -> None:
    document = staff_client.get("/reports/equity/pdf/")
    assert document.content.startswith(b"%PDF")


def test_a_learning_without_values_says_so(staff_client: Client) -> None:
    missing = {"expected": None, "low": None, "high": None, "so_far": "80.00", "lifetime": None}
    learned.learning(
        equity=missing, lorenz=[], best_fifth=None, stages={}, tiers={}, grades={}, flow=[], alive=None,
        horizon_years=None, calibration={}, notes=[{"code": "no_repeat", "count": 4}],
    )  # fmt: skip
    html = text(staff_client, "/insight/")
    assert "None of the 4 customers has bought a second time" in html
    assert "without end" in html
    assert text(staff_client, "/insight/models/")
    assert text(staff_client, "/")


def test_models_side_by_side(staff_client: Client, run: Learning) -> None:
    html = text(staff_client, "/insight/models/")
    for words in ("BG/NBD", "0.2430", "± 0.0130", "-2,500.25", "−2.0 %", "In use", "Compared", "Could not be fitted"):
        assert words in html
    assert "Pareto/NBD could not be fitted: flat" in html
    assert "1 Jan 2017 to 30 Sep 2017" in html
    assert "Repeat purchases by week" in html


def test_a_model_that_was_not_promoted_says_why(staff_client: Client, run: Learning) -> None:
    reason = {"code": "worse_than_before", "new": -2600.0, "old": -2500.0}
    version = learned.model(run, "mbg_nbd", "refused", reason=reason, parameters={})
    html = text(staff_client, f"/insight/models/{version.pk}/")
    assert "worse than the one in use (-2,600.0 against -2,500.0)" in html
    assert "of the calibration" in html
    assert "Not promoted" in text(staff_client, "/insight/models/")


def test_stages_and_growth_among_the_models(staff_client: Client, run: Learning) -> None:
    states = [{"purchases": 0.45}, {"purchases": 2.4}, {"purchases": 0.0}]
    chances = [[0.9, 0.05, 0.05], [0.02, 0.97, 0.01], [0.0, 0.0, 1.0]]
    holdout = {"states": states, "transition": chances, "length": 7, "sample": 30000}
    version = learned.model(run, "hidden_markov", family="stage", parameters={"deep": [[1]]}, holdout=holdout)
    growth = {"coverage": 0.79, "importance": [["tenure", 0.4], ["first_spend", 0.1]]}
    learned.model(run, "quantile_regression", family="growth", parameters={}, errors={}, holdout=growth)
    for html in (text(staff_client, "/insight/models/"), text(staff_client, f"/insight/models/{version.pk}/")):
        assert "Level 2" in html
        assert "→ Lost" in html
    assert "79.0 %" in text(staff_client, "/insight/models/")


def test_the_pages_cost_the_same_whatever_the_number(staff_client: Client, run: Learning) -> None:
    before = {address: cost(staff_client, address) for address in PAGES}
    assert max(before.values()) <= 14
    for number in range(12):
        mei(run) if number == 0 else learned.standing(learned.customer(f"客戶{number}"), run)
        learned.model(run, "bg_nbd", "compared")
        learned.learning()
    learned.model(Learning.objects.latest("id"), "mbg_nbd", "used")
    after = {address: cost(staff_client, address) for address in PAGES}
    assert {address: max(before[address], after[address]) for address in PAGES} == before


# Assumptions ----------------------------------------------------------------------------------------------------------


def form_of(client: Client) -> dict[str, str]:
    form = client.get("/insight/assumptions/").context["form"]
    sent = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else str(value) for name, value in sent.items()}


def test_assumptions_are_changed_in_per_cent(staff_client: Client) -> None:
    sent = form_of(staff_client)
    assert sent["discount_rate"] == "10"
    sent |= {"discount_rate": "12.5", "horizon_years": "", "resources_a": "專人服務"}
    assert staff_client.post("/insight/assumptions/", sent).status_code == 302
    row = Assumptions.objects.get()
    assert (row.discount_rate, row.horizon_years, row.resources_a) == (0.125, None, "專人服務")


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(staff_client: Client) -> None:
    sent = form_of(staff_client) | {"discount_rate": "ten", "share_b": "70"}
    wrong = staff_client.post("/insight/assumptions/", sent)
    assert wrong.status_code == 422
    assert 'value="ten"' in wrong.content.decode()
    wrong = staff_client.post("/insight/assumptions/", sent | {"discount_rate": "10"})
    assert wrong.status_code == 422
    assert "Grades A and B together bring at least as much" in wrong.content.decode()
    assert not Assumptions.objects.exists()


def test_two_people_change_the_same_assumption(staff_client: Client) -> None:
    early = form_of(staff_client)
    staff_client.post("/insight/assumptions/", early | {"discount_rate": "12", "risk_days": "60"})
    late = staff_client.post("/insight/assumptions/", early | {"discount_rate": "15"})
    assert late.status_code == 422
    html = late.content.decode()
    assert "Somebody else set this to 0.12 meanwhile" in html
    assert 'value="15"' in html
    again = dict(late.context["form"].data)
    assert staff_client.post("/insight/assumptions/", again).status_code == 302
    row = Assumptions.objects.get()
    assert (row.discount_rate, row.risk_days) == (0.15, 60)  # the other's days are left as they are


def test_cost_rates_in_the_list_and_by_the_form(staff_client: Client) -> None:
    sent = {"kind": "call", "channel": "", "purpose": "sell", "amount": "4.5"}
    made = staff_client.post("/costs/new/", sent)
    assert made.status_code == 302
    row = CostRate.objects.get()
    html = text(staff_client, "/costs/")
    assert "Call" in html
    assert "4.50" in html
    assert "any" in text(staff_client, made.headers["Location"])
    assert "Call" in text(staff_client, "/insight/assumptions/")
    staff_client.post("/costs/bulk/delete/", {"ids": [row.pk]})
    assert not CostRate.objects.exists()


# Standings ------------------------------------------------------------------------------------------------------------


def test_the_standing_on_the_customers_page(staff_client: Client, run: Learning) -> None:
    Assumptions.objects.create(pk=1, resources_a="專人服務")
    address = f"/customers/{mei(run).party_id}/"
    html = text(staff_client, address)
    for words in (
        "A · Most valuable",
        "Decline since 24 Nov 2017",
        "Bought every 9 days, silent for 37 days.",
        "11,144",
        "2,700.00 – 5,900.00",
        "38 %",
        "BG/NBD",
        "4 Jan – 20 Feb",
        "the risk rose from 21 % to 66 %",
        "Gets: 專人服務",
        "14 categories · 1 channel",
        "Buys again",
        "Chance that he is still a customer, over the last year",
    ):
        assert words in html


@pytest.mark.parametrize("learned_before", [True, False])
def test_a_customer_without_standing_is_told_what_is_missing(staff_client: Client, learned_before: bool) -> None:
    party = learned.customer("陳志明", date(2017, 12, 1))
    if learned_before:
        learned.everything()
    html = text(staff_client, f"/customers/{party.pk}/")
    assert ("his standing comes with the next one" if learned_before else "Nothing was learned yet") in html


def test_a_standing_without_values_shows_what_there_is(staff_client: Client, run: Learning) -> None:
    nothing = dict.fromkeys(
        ["expected_value", "expected_low", "expected_high", "lifetime_value", "at_stake", "growth", "p_alive", "risk",
         "risk_before", "next_from", "next_to", "strength", "purchases_ahead", "warned_on", "stage_since"]
    )  # fmt: skip
    html = text(staff_client, f"/customers/{mei(run, **nothing).party_id}/")
    assert "What he will bring cannot be told yet" in html
    assert "6,934.20" in html


def test_the_chance_of_being_there_falls_in_silence(run: Learning, staff: User) -> None:
    standing = mei(run)
    curve = surviving.over_time(standing.party, standing.day, staff)
    days = [day for day, _chance in curve.points]
    assert days == [date(2017, 10, 31), date(2017, 11, 30), date(2017, 12, 31)]
    chances = [chance for _day, chance in curve.points]
    assert all(0 < chance < 1 for chance in chances)
    assert chances[-1] < chances[-2]
    assert surviving.over_time(learned.customer("無"), standing.day, staff).points == []


def test_a_cohort_has_a_model_of_its_own(run: Learning, staff: User) -> None:
    learned.model(run, "mbg_nbd", segment="2017")
    learned.model(run, "pareto_nbd", segment="2016")
    version = surviving.over_time(mei(run).party, learned.DAY, staff).version
    assert version is not None
    assert version.name == "mbg_nbd"


def test_who_is_bound_by_contract_has_no_curve_of_silence(staff_client: Client) -> None:
    run = learned.learning(notes=[{"code": "contract_used", "days": 365}])
    learned.model(run)
    html = text(staff_client, f"/customers/{mei(run).party_id}/")
    assert "sBG" in html
    assert "Chance that he is still a customer, over the last year" not in html


@pytest.mark.parametrize(
    ("bought", "sentence"),
    [
        ([date(2017, 12, 21)], "Bought once, silent for 10 days."),
        ([date(2017, 12, 1), date(2017, 12, 31)], "Buys every 30 days, silent for 0 days."),
        ([date(2017, 3, 31), date(2017, 9, 30)], "Buys every 6 months, silent for 92 days."),
    ],
)
def test_the_reason_in_words(run: Learning, bought: list[date], sentence: str) -> None:
    standing = learned.standing(learned.customer("王小明", *bought), run, stage="stability")
    assert explaining.reason(standing, explaining.purchases_of(standing.party)) == sentence


def test_the_reason_of_one_who_buys_less(run: Learning) -> None:
    often = [date(2017, 9, 1) + timedelta(days=3 * number) for number in range(31)]
    days = [*often, date(2017, 12, 10), date(2017, 12, 28)]
    standing = learned.standing(learned.customer("王小明", *days), run)
    told = explaining.reason(standing, explaining.purchases_of(standing.party), days)
    assert told == "Bought on 2 days of the last 30, on 10 at his best this half year."


def test_lists_show_filter_and_sort_by_standing(staff_client: Client, run: Learning) -> None:
    mei(run)
    learned.standing(learned.customer("陳志明"), run, stage="stability", tier="regular", at_stake=10)
    html = text(staff_client, "/customers/")
    assert "Decline" in html
    assert "11,144.20" in html
    html = text(staff_client, "/customers/?f.standing.stage=decline&sort=-standing.at_stake")
    assert "王美玲" in html
    assert "陳志明" not in html
    for order in ("expected_value", "lifetime_value", "risk"):
        assert "cannot be sorted" not in text(staff_client, f"/customers/?sort=-standing.{order}")
    assert "cannot be sorted" in text(staff_client, "/customers/?sort=standing.strength")


def test_a_list_with_every_column_costs_the_same_with_many(staff_client: Client, run: Learning) -> None:
    from guanxi.insight import lists

    address = "/customers/?cols=name," + ",".join(column.path for column in lists.COLUMNS)
    mei(run)
    one = cost(staff_client, address)
    for number in range(15):
        learned.standing(learned.customer(f"客戶{number}"), run)
    assert cost(staff_client, address) <= one


def test_the_timeline_tells_of_changes(staff_client: Client, staff: User, run: Learning) -> None:
    party = mei(run).party
    ledger.record("standing.stage", by=staff, party=party, payload={"from": "stability", "to": "decline"})
    ledger.record("standing.tier", by=staff, party=party, payload={"from": "regular", "to": "most_valuable"})
    ledger.record("standing.warning", by=staff, party=party, payload={"from": 0.21, "to": 0.66})
    html = text(staff_client, f"/customers/{party.pk}/")
    for words in ("Stage: Stability → Decline", "Tier: Regular → Most valuable", "The risk rose from 21 % to 66 %."):
        assert words in html


# Today --------------------------------------------------------------------------------------------------------------


def test_the_first_page_before_and_after_learning(staff_client: Client) -> None:
    assert "Where the base stands" not in text(staff_client, "/")
    mei(learned.everything())
    html = text(staff_client, "/")
    for words in ("Customer equity", "Where the base stands", "1 customer in decline", "2,610.20 at stake"):
        assert words in html
    assert "Bought every 9 days, silent for 37 days." in html
    assert staff_client.get("/reports/today/pdf/").content.startswith(b"%PDF")


def test_slipping_away_costs_the_same_with_many(staff_client: Client, run: Learning) -> None:
    mei(run)
    one = cost(staff_client, "/")
    for number in range(6):
        learned.standing(learned.customer(f"客戶{number}", date(2017, 11, 1), date(2017, 11, 9)), run)
    assert cost(staff_client, "/") <= one


# Notes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(notes.SENTENCES))
def test_every_note_is_a_sentence(code: str) -> None:
    values = {
        "count": 3, "least": 50, "model": "bg_nbd", "why": "flat", "share": 0.512, "rate": 0.3, "day": "2017-12-31",
        "today": "2018-03-01", "days": 60, "correlation": 0.41, "new": -2600.0, "old": -2500.0, "years": 5,
    }  # fmt: skip
    told = notes.words({"code": code, **values})
    assert code not in told
    assert told[0].isupper() or told[0].isdigit()
    assert "%(" not in told
    # Without its values it is still told, by its code.
    assert notes.words({"code": code}) == code or notes.words({"code": code})[0].isupper()

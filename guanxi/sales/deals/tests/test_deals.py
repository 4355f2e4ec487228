"""Deals: made, moved, won, lost, opened again; what stages ask for; credit; those that come again; rates."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from guanxi.catalog.desk.prices import ExchangeRates
from guanxi.customers import actions as customers
from guanxi.customers.models import Party, PartyRole
from guanxi.foundation import clock
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.custom_fields.actions import add_field
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.ledger.models import Event
from guanxi.sales.deals import actions, queries
from guanxi.sales.deals.models import Check, Deal, LostReason, Pipeline, Stage, StageChange
from guanxi.sales.deals.settings_desk import edit_stage


def kinds(deal: Deal) -> list[str]:
    return list(
        Event.objects.filter(object_type="deals.deal", object_id=deal.pk).order_by("pk").values_list("kind", flat=True)
    )


def test_from_the_first_talk_to_the_order(staff: User, deal: Deal, stages: list[Stage], acme: Party) -> None:
    assert (deal.stage, deal.state, deal.probability, deal.owner) == (stages[0], "open", 10, staff)
    assert (deal.amount, deal.weighted) == (Decimal(1000), Decimal(100))
    moved = actions.move(deal.pk, stages[2], by=staff)
    assert (moved.stage, moved.probability, moved.weighted) == (stages[2], 50, Decimal(500))
    won = actions.win(deal.pk, by=staff)
    assert (won.state, won.probability, won.weighted) == ("won", 100, Decimal(1000))
    assert won.closed_on is not None
    assert PartyRole.objects.filter(party=acme, role="customer").exists()
    with pytest.raises(Refused, match="closed already"):
        actions.win(deal.pk, by=staff)
    again = actions.reopen(deal.pk, by=staff)
    assert (again.state, again.closed_on, again.probability, again.stage) == ("open", None, 50, stages[2])
    assert kinds(deal) == ["deal.created", "deal.moved", "deal.won", "deal.reopened"]
    steps = [(one.from_state, one.to_state, one.to_stage, one.by, one.amount) for one in queries.history(deal)[::-1]]
    assert steps == [
        ("", "open", stages[0], staff, Decimal(1000)),
        ("open", "open", stages[2], staff, Decimal(1000)),
        ("open", "won", stages[2], staff, Decimal(1000)),
        ("won", "open", stages[2], staff, Decimal(1000)),
    ]
    assert AuditEntry.objects.filter(object_type="deals.deal", object_id=deal.pk).count() >= 4


def test_a_loss_has_a_reason_and_where_somebody_won_his_name(
    staff: User, make: Callable[..., Deal], rival: Party, price: LostReason, no_budget: LostReason
) -> None:
    deal = make()
    for reason, competitor, field in ((None, rival, "lost_reason"), (price, None, "lost_to")):
        with pytest.raises(Refused) as refused:
            actions.lose(deal.pk, reason, competitor, by=staff)
        assert refused.value.field == field
    lost = actions.lose(deal.pk, price, rival, note="10 % below", by=staff)
    assert (lost.state, lost.lost_to, lost.lost_note, lost.weighted) == ("lost", rival, "10 % below", Decimal(0))
    assert PartyRole.objects.filter(party=rival, role="competitor").exists()
    event = Event.objects.get(kind="deal.lost")
    assert (event.payload["reason"], event.payload["competitor"]) == ("Price", "Rival Inc")
    with pytest.raises(Refused, match="choose a reason where nobody won"):
        actions.edit_deal(deal.pk, {"lost_to": None}, by=staff)
    again = actions.edit_deal(deal.pk, {"state": "open"}, by=staff)
    assert (again.lost_reason, again.lost_to) == (None, None)
    with pytest.raises(Refused, match="Only a lost deal"):
        actions.edit_deal(deal.pk, {"lost_to": rival}, by=staff)
    assert actions.edit_deal(deal.pk, {"state": "lost", "lost_reason": no_budget}, by=staff).state == "lost"


def test_a_stage_asks_for_what_its_filters_say(staff: User, deal: Deal, stages: list[Stage]) -> None:
    field = add_field("deals.deal", {"en": "Budget"}, "number", by=SYSTEM)
    asked = f"/deals/?as=list&f.value__gte=5000&f.custom.{field.key}__empty=0"
    edit_stage(stages[1].pk, {"entry": f"https://crm.example.com{asked}"}, by=staff)
    for to in (stages[1], stages[3]):  # what is passed on the way is asked for too
        with pytest.raises(Refused) as refused:
            actions.move(deal.pk, to, by=staff)
        assert refused.value.message == ("“Needs understood” asks for: Value at least 5,000.00; Budget is not empty.")
    actions.edit_deal(deal.pk, {"value": Decimal(5000)}, by=staff)
    Deal.objects.filter(pk=deal.pk).update(custom={field.key: 7})
    actions.move(deal.pk, stages[3], by=staff)
    Deal.objects.filter(pk=deal.pk).update(custom=None)
    assert actions.move(deal.pk, stages[1], by=staff).stage == stages[1]  # going back asks for nothing
    for wrong in ("f.value__gte=many", "f.nothing=1", "some words"):
        with pytest.raises(Refused) as refused:
            edit_stage(stages[1].pk, {"entry": wrong}, by=staff)
        assert refused.value.field == "entry"


def test_what_is_needed_is_ticked_before_the_next_stage(staff: User, deal: Deal, stages: list[Stage]) -> None:
    needed = Check.objects.create(stage=stages[0], text="Reference called", required=True)
    Check.objects.create(stage=stages[0], text="Brochure sent")
    with pytest.raises(Refused, match="Before it leaves “Qualification”: Reference called"):
        actions.move(deal.pk, stages[1], by=staff)
    actions.tick(deal.pk, needed.pk, by=staff)
    assert actions.move(deal.pk, stages[1], by=staff).stage == stages[1]
    actions.tick(deal.pk, needed.pk, False, by=staff)
    assert not deal.ticks.exists()
    other = Check.objects.filter(purchase_kind="new_task").first()
    assert other is not None
    with pytest.raises(Refused, match="not on the list"):
        actions.tick(deal.pk, other.pk, by=staff)
    actions.edit_deal(deal.pk, {"purchase_kind": "new_task"}, by=staff)
    assert actions.tick(deal.pk, other.pk, by=staff)


def test_credit_is_a_hundred_in_all(staff: User, colleague: Any, deal: Deal) -> None:
    lin, wu = colleague("lin", "sales"), colleague("wu", "sales")
    with pytest.raises(Refused, match="these are 90 %"):
        actions.set_credits(deal.pk, {lin: 60, wu: 30}, by=staff)
    actions.set_credits(deal.pk, {lin: 60, wu: 40}, by=staff)
    shared = actions.set_credits(deal.pk, {lin: 30, staff: 70}, by=staff)
    assert [(one.user, one.percent) for one in shared] == [(staff, 70), (lin, 30)]
    assert actions.set_credits(deal.pk, {}, by=staff) == []


def test_what_comes_again_is_made_once_on_winning(staff: User, make: Callable[..., Deal], stages: list[Stage]) -> None:
    deal = make("Service contract", repeats_months=3, expected_close=date(2026, 11, 30))
    actions.move(deal.pk, stages[4], by=staff)
    actions.win(deal.pk, by=staff)
    following = Deal.objects.get(follows=deal)
    assert (following.expected_close, following.stage, following.state) == (date(2027, 2, 28), stages[0], "open")
    assert (following.value, following.source, following.repeats_months) == (Decimal(1000), "repeat", 3)
    actions.reopen(deal.pk, by=staff)
    actions.win(deal.pk, by=staff)
    assert Deal.objects.count() == 2


def test_other_currencies_are_worth_what_rates_say(staff: User, make: Callable[..., Deal], stages: list[Stage]) -> None:
    deal = make(value=Decimal(1000), currency="eur")
    assert (deal.currency, deal.amount, deal.weighted) == ("EUR", None, None)
    rate = ExchangeRates.create(currency="EUR", rate=Decimal("1.10"), day=clock.today(), units=1, by=staff)
    deal.refresh_from_db()
    assert (deal.amount, deal.weighted) == (Decimal(1100), Decimal(110))
    actions.win(deal.pk, by=staff)
    ExchangeRates.edit(rate.pk, {"rate": Decimal(2)}, by=staff)
    deal.refresh_from_db()
    assert deal.amount == Decimal(1100)  # what is closed stays as it was
    with pytest.raises(Refused, match="currency"):
        make(currency="euro")


def test_ageing_is_told(staff: User, deal: Deal, stages: list[Stage]) -> None:
    assert not deal.is_ageing
    Deal.objects.filter(pk=deal.pk).update(stage_since=timezone.now() - timedelta(days=15, hours=1))
    deal.refresh_from_db()
    assert (deal.days_in_stage, deal.is_ageing) == (15, True)
    assert list(Deal.objects.filter(queries.ageing())) == [deal]
    Deal.objects.filter(pk=deal.pk).update(stage_since=timezone.now() - timedelta(days=14, hours=1))
    deal.refresh_from_db()
    assert not deal.is_ageing
    assert not Deal.objects.filter(queries.ageing()).exists()


def test_who_comes_second_is_told(staff: User, deal: Deal, stages: list[Stage]) -> None:
    actions.move(deal.pk, stages[1], stages[0].pk, by=staff)
    with pytest.raises(Conflict) as conflict:
        actions.move(deal.pk, stages[2], stages[0].pk, by=staff)
    assert (conflict.value.theirs, conflict.value.yours) == (stages[1].pk, stages[2].pk)
    actions.move(deal.pk, stages[1], stages[0].pk, by=staff)  # to where it is already: nothing to say
    assert StageChange.objects.filter(deal=deal).count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_moves_it(staff: User, deal: Deal, stages: list[Stage]) -> None:
    barrier, told = threading.Barrier(2), []

    def work(to: Stage) -> None:
        barrier.wait()
        try:
            actions.move(deal.pk, to, stages[0].pk, by=staff)
            told.append("moved")
        except Conflict:
            told.append("told")
        connection.close()

    threads = [threading.Thread(target=work, args=(to,)) for to in (stages[1], stages[2])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["moved", "told"]


def test_what_cannot_be_is_refused(staff: User, make: Callable[..., Deal], acme: Party, colleague: Any) -> None:
    for wrong, field in (
        ({"name": " "}, "name"),
        ({"value": Decimal(-1)}, "value"),
        ({"contact": acme}, "contact"),
        ({"owner": colleague("nothing")}, "owner"),
        ({"party": None}, "party"),
        ({"colour": "red"}, "colour"),
        ({"probability": 101}, "probability"),
        ({"repeats_months": 0}, "repeats_months"),
    ):
        with pytest.raises(Refused) as refused:
            make(**wrong)
        assert refused.value.field == field, wrong
    assert not Deal.objects.exists()


def test_several_pipelines(staff: User, make: Callable[..., Deal], stages: list[Stage]) -> None:
    renewals = Pipeline.objects.create(name="Renewals", position=20)
    first = Stage.objects.create(pipeline=renewals, name="Asked", probability=60)
    deal = make(stage=first)
    assert (deal.pipeline, deal.probability) == (renewals, 60)
    assert queries.stage_choices()[-1] == (first.pk, "Renewals · Asked")
    moved = actions.move(deal.pk, stages[0], by=staff)
    assert moved.pipeline == stages[0].pipeline


def test_own_team_and_foreign_deals(staff: User, acme: Party, colleague: Any, settled: None) -> None:
    rep, other = colleague("rep", "sales"), colleague("other", "sales")
    party = customers.create_party(by=rep, name="Mine", kind="organisation")
    own = actions.create_deal(name="Own", party=party, by=rep)
    foreign = actions.create_deal(name="Foreign", party=acme, by=staff)
    assert list(Deal.objects.visible_to(rep)) == [own]
    assert actions.edit_deal(own.pk, {"name": "Mine"}, by=rep).name == "Mine"
    for work in (
        lambda: actions.win(foreign.pk, by=rep),
        lambda: actions.move(own.pk, own.stage, by=other),
        lambda: actions.set_credits(foreign.pk, {}, by=rep),
    ):
        with pytest.raises(Deal.DoesNotExist):
            work()
    with pytest.raises(Refused, match="no customer with the number"):
        actions.create_deal(name="Sneaky", party=acme, by=rep)
    reader = colleague("reader", "read-only")
    assert Deal.objects.visible_to(reader).count() == 2
    with pytest.raises(NotAllowed):
        actions.win(own.pk, by=reader)

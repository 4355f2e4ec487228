"""The figures of selling: what they say, how they follow, and who sees which."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from guanxi.catalog.desk.prices import ExchangeRates
from guanxi.channels.activities import actions as activities
from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.customers.rights import erasing
from guanxi.foundation import bulk, clock
from guanxi.foundation.bulk_changes import actions as bulk_changes
from guanxi.foundation.desk import declaration
from guanxi.foundation.desk.choosing import Chosen
from guanxi.foundation.models import User
from guanxi.foundation.roles import actions as roles
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.insight import actions as insight
from guanxi.insight import booking
from guanxi.lake import store, tables
from guanxi.lake.query import BadQuery, Query, ask, records_behind
from guanxi.lake.refresh import refresh
from guanxi.lake.schema import LakeTable
from guanxi.orders.quotes import actions as quotes
from guanxi.orders.quotes.actions import Draft
from guanxi.sales.deals import actions
from guanxi.sales.deals.models import Deal, Stage
from guanxi.sales.forecast import actions as forecast
from guanxi.sales.forecast.models import Quota
from guanxi.sales.leads import actions as leads
from guanxi.sales.leads.models import LeadSource
from guanxi.sales.quoting import actions as quoting
from guanxi.sales.reports import facts
from guanxi.sales.reports.tests.conftest import Work

Sold = dict[str, Deal]


def rows(measures: list[str], *by: str, viewer: Any = SYSTEM, **where: Any) -> set[tuple[Any, ...]]:
    refresh()
    found = ask(Query(measures, by, where), viewer)
    return {tuple(row[name] for name in (*by, *measures)) for row in found}


def test_won_lost_and_how_long_it_takes(work: Work, sold: Sold, rival: Party) -> None:
    assert rows(["deals_won", "deals_lost", "won_amount", "lost_amount", "win_rate"]) == {(1, 1, 1000, 400, 0.5)}
    assert rows(["cycle_days", "velocity", "mean_deal"]) == {(40, 25, 1000)}
    assert rows(["calls_per_won", "meetings_per_won", "visits_per_won"]) == {(2, 1, 0)}
    assert rows(["win_rate", "cycle_days"], "purchase_kind") == {("new_task", 1, 40), ("straight_rebuy", 0, None)}
    assert rows(["won_amount"], "deal_source", deal_state=["won"]) == {("referral", 1000)}
    reason = sold["lost"].__class__.objects.get(pk=sold["lost"].pk).lost_reason_id
    assert rows(["deals_lost"], "lost_reason", "lost_to", deal_state=["lost"]) == {(reason, "Rival Inc", 1)}
    assert rows(["deals_lost"], lost_to=["Rival Inc"]) == {(1,)}
    today = clock.today().isoformat()
    assert rows(["deals_won"], "customer", day={"from": today, "to": today}) == {("Acme Ltd", 1)}
    assert records_behind("closed_deal", {"deal_state": ["lost"]}, SYSTEM) == [sold["lost"].pk]


def test_stages_are_entered_left_and_take_their_time(work: Work, sold: Sold, stages: list[Stage]) -> None:
    first, second, third = (stage.pk for stage in stages[:3])
    assert rows(["stage_entries", "stage_conversion", "days_in_stage"], "deal_stage") == {
        (first, 4, 0.75, 8.3),  # 10 and 10 of the one that was won, 10 of the lost one, 3 of the open one
        (second, 2, 0, 10),  # went back, and still there
        (third, 1, 1, 10),
    }
    assert rows(["stage_entries"], "stage_result", deal_stage=[first]) == {("on", 3), ("lost", 1)}


def test_open_deals_are_those_of_now(work: Work, sold: Sold, stages: list[Stage]) -> None:
    asked = ["deals_open", "open_deals_amount", "open_deals_expected"]
    assert rows(asked, "deal_stage") == {(stages[1].pk, 1, 500, 125)}
    with pytest.raises(BadQuery, match="“deals_open” is not known by “month”"):
        ask(Query(["deals_open"], ["month"]), SYSTEM)


def test_activities_beside_deals(work: Work, sold: Sold, staff: User) -> None:
    assert rows(["calls_held", "meetings_held", "visits_held", "hours_held"]) == {(2, 1, 1, 3)}
    assert rows(["activities_held"], "activity_kind", "channel") == {
        ("call", "phone", 2), ("meeting", "in_person", 1), ("visit", "in_person", 1),
    }  # fmt: skip
    assert rows(["won_amount", "calls_held", "deals_open"], "owner") == {(str(staff), 1000, 2, 1)}


def test_what_changes_is_followed(work: Work, sold: Sold, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    rows(["deals_won"])
    whole: list[str] = []
    load = store.overwrite

    def noting(table: LakeTable, *rest: Any) -> None:
        whole.append(table.name)
        load(table, *rest)

    monkeypatch.setattr(store, "overwrite", noting)
    actions.reopen(sold["won"].pk, by=staff)
    actions.edit_deal(sold["lost"].pk, {"source": "call"}, by=staff)
    assert rows(["deals_won", "deals_lost"], "deal_source") == {("call", 0, 1)}
    assert rows(["deals_open"]) == {(2,)}
    visit = activities.Activity.objects.get(kind="visit")
    call = activities.Activity.objects.filter(kind="call").first()
    assert call is not None
    activities.edit(call.pk, {"minutes": 60}, by=staff)
    activities.remove(visit.pk, by=staff)
    actions.win(sold["won"].pk, by=staff)
    assert rows(["visits_held", "hours_held"]) == {(0, 2)}
    assert refresh().rows.get("closed_deal") is None  # nothing new, nothing written
    activities.remove(call.pk, by=staff)
    assert rows(["calls_per_won"]) == {(1,)}
    actions.remove_deal(sold["lost"].pk, by=staff)
    assert rows(["deals_won", "deals_lost"]) == {(1, 0)}
    assert not {source.table.name for source in facts.SOURCES} & set(whole)  # row by row
    other = customers.create_party(by=staff, name="Acme GmbH", kind="organisation")
    customers.merge_parties(other, [work.party], by=staff)
    assert rows(["deals_won", "calls_held"], "customer") == {("Acme GmbH", 1, 1)}


def test_what_is_written_in_sets_is_followed_too(work: Work, sold: Sold, staff: User) -> None:
    rows(["deals_won"])
    desk = declaration.find("deals")
    assert desk is not None
    change = bulk_changes.begin(Chosen(desk, staff, "", (), everything=True), "edit", {"source": "event"}, by=staff)
    while change.is_open:
        change = bulk_changes.next_chunk(change.pk, by=staff)
    assert rows(["deals_won", "deals_lost"], "deal_source") == {("event", 1, 1)}
    actions.edit_deal(sold["open"].pk, {"currency": "EUR"}, by=staff)
    assert rows(["open_deals_amount"]) == {(None,)}
    ExchangeRates.create(currency="EUR", day=clock.today(), rate=Decimal("1.5"), units=1, by=staff)
    assert rows(["open_deals_amount"]) == {(750,)}


def test_each_sees_the_figures_of_the_deals_that_he_sees(
    work: Work, sold: Sold, colleague: Callable[..., User], client: Client, stages: list[Stage]
) -> None:
    rep = colleague("rep", "sales")
    own = customers.create_party(by=rep, name="Beta Ltd", kind="organisation")
    theirs = Work(rep, own)
    mine = theirs.deal(70)
    theirs.held(mine, "call")
    assert rows(["deals_open", "open_deals_amount"], viewer=rep) == {(1, 70)}
    assert rows(["calls_held", "visits_held"], viewer=rep) == {(1, 0)}
    assert rows(["deals_won"], viewer=rep) == {(0,)}
    # A deal of his with a customer whom he does not see says nothing of that one.
    Deal.objects.filter(pk=sold["open"].pk).update(owner=rep)
    actions.edit_deal(sold["open"].pk, {"source": "call"}, by=work.by)
    assert rows(["open_deals_amount"], "city", viewer=rep) == {(None, 570)}
    assert rows(["open_deals_amount"], "customer", viewer=rep) == {("Beta Ltd", 70), (None, 500)}
    service = colleague("nobody")
    with pytest.raises(NotAllowed):
        rows(["deals_open"], viewer=service)
    client.force_login(rep)
    page = client.get(reverse("explore"), {"m": "deals_open", "by": "deal_stage"}).content.decode()
    assert "Qualification" in page and "f.figure" in page
    behind = client.get("/deals/", {"f.figure": '{"of": "open_deal", "where": {}}'}).content.decode()
    assert "Deal of 70" in behind and "Deal of 1000" not in behind


def test_an_erased_customer_leaves_no_figures(work: Work, sold: Sold, staff: User, rival: Party, home: Path) -> None:
    other = Work(staff, customers.create_party(by=staff, name="Gamma", kind="person"))
    deal = other.deal(90)
    other.held(deal, "call")
    assert rows(["deals_open"]) == {(2,)}
    erasing.erase(other.party, by=staff)
    erasing.erase(rival, by=staff)
    for table in ("open_deal", "closed_deal", "deal_stay", "activity"):
        assert other.party.pk not in tables.table(table).party_id.to_pyarrow().to_pylist()
    assert tables.table("closed_deal").lost_to_id.to_pyarrow().to_pylist() == [None, None]
    assert rows(["deals_open", "deals_lost"]) == {(1, 1)}


def test_the_dashboard_is_there_from_the_beginning(work: Work, sold: Sold, staff_client: Client) -> None:
    refresh()
    page = staff_client.get("/dashboards/sales/")
    assert page.status_code == 200 and "Sales work" in page.content.decode()
    for number in range(len(declaration_tiles())):
        tile = staff_client.get(f"/dashboards/sales/tiles/{number}/", {"period": "this_year"})
        assert tile.status_code == 200 and "cannot" not in tile.content.decode(), number


def test_sales_by_how_they_began(work: Work, stages: list[Stage], staff: User) -> None:
    fair = LeadSource.objects.create(name="Fair")
    lead = leads.create_lead(organisation="Delta Ltd", source=fair, by=staff)
    converted = leads.convert(lead.pk, by=staff, deal_name="Pumps")
    deal = converted.deal
    assert deal is not None
    older = work.deal(100, 3, source="referral")
    later = work.deal(100, 1, source="web")
    for one, price in ((deal, 800), (later, 50)):
        quote = quoting.quote_deal(one.pk, by=staff)
        quotes.set_lines(quote.pk, [Draft(description="Pump", quantity=Decimal(1), price=Decimal(price))], by=staff)
        quotes.send(quote.pk, by=staff)
        quotes.accept(quote.pk, "Mei Wang", by=staff)
    code = f"lead:{fair.pk}"
    assert rows(["sales", "orders"], "order_source") == {(code, 800, 1), ("web", 50, 1)}
    assert rows(["sales"], "customer_source") == {(code, 800), ("referral", 50)}
    actions.edit_deal(later.pk, {"source": "call"}, by=staff)
    actions.remove_deal(older.pk, by=staff)
    assert rows(["sales"], "order_source", "customer_source") == {(code, code, 800), ("call", "call", 50)}


def test_won_against_quota(work: Work, staff: User, colleague: Callable[..., User], settings: Any) -> None:
    settings.GUANXI_TODAY = date(2026, 11, 30)
    head = roles.create_team("Sales", by=SYSTEM)
    north = roles.create_team("North", parent=head, by=SYSTEM)
    anna, ben = colleague("anna", "sales"), colleague("ben", "sales")
    roles.add_member(north, anna, by=SYSTEM)
    roles.add_member(head, ben, by=SYSTEM)
    for values in (
        {"user": anna, "period": "2026-Q4", "value": Decimal(300)},
        {"user": anna, "period": "2026-10", "value": Decimal(60)},
        {"user": ben, "period": "2026-11", "value": Decimal(100)},
        {"team": head, "period": "2026-Q4", "value": Decimal(1000)},
    ):
        forecast.create_quota(by=SYSTEM, currency="", **values)
    own = Work(anna, customers.create_party(by=anna, name="Beta Ltd", kind="organisation"))
    deal = own.deal(150)
    own.win(deal)
    assert rows(["quota"], "month", "owner") == {
        (date(2026, 10, 1), "anna", 60), (date(2026, 11, 1), "anna", 120), (date(2026, 12, 1), "anna", 120),
        (date(2026, 11, 1), "ben", 100), (date(2026, 10, 1), None, Decimal("273.3333")),
        (date(2026, 11, 1), None, Decimal("113.3333")), (date(2026, 12, 1), None, Decimal("213.3334")),
    }  # fmt: skip
    asked = ["quota", "quota_attainment", "quota_gap"]
    assert rows(asked, "quarter") == {(date(2026, 10, 1), 1000, 0.15, 850)}
    assert rows(["quota_attainment"], "sales_team") == {(north.pk, 0.5), (head.pk, 0)}
    assert rows(asked, "top_team") == {(head.pk, 1000, 0.15, 850)}
    assert rows(asked, viewer=anna) == {(300, 0.5, 150)}
    actions.reopen(deal.pk, by=anna)
    assert rows(["quota_gap"]) == {(1000,)}
    forecast.edit_quota(Quota.objects.get(team=head).pk, {"value": Decimal(400)}, by=SYSTEM)
    assert rows(["quota"]) == {(400,)}


def declaration_tiles() -> list[Any]:
    from guanxi.sales.reports.boards import SALES

    return SALES.tiles


@pytest.mark.parametrize("source", facts.SOURCES, ids=lambda source: source.table.name)
def test_an_empty_business_has_no_rows(work: Work, source: Any) -> None:
    with bulk.session() as db:
        assert sum(batch.num_rows for batch in source.rows(db, "")) == 0


def test_what_selling_costs(work: Work, sold: Sold, staff_client: Client, api: Client, colleague: Any) -> None:
    insight.create_cost_rate(kind="call", purpose="sell", amount=Decimal(5), by=work.by)
    insight.create_cost_rate(kind="visit", purpose="sell", amount=Decimal(80), by=work.by)
    visit = insight.create_cost_rate(kind="visit", channel="in_person", purpose="sell", amount=Decimal(90), by=work.by)
    assert booking.book_costs(by=SYSTEM) == 3  # what was held before there were rates
    assert rows(["activity_cost"], "activity_kind") == {("call", 10), ("visit", 90)}
    assert rows(["cost_per_won", "cost_of_selling"]) == {(100, 0.1)}
    page = staff_client.get(f"/deals/{sold['won'].pk}/panel/cost/").content.decode()
    assert "2 × Call" in page and "10.00" in page
    activities.remove(activities.Activity.objects.filter(kind="call")[0].pk, by=work.by)
    insight.edit_cost_rate(visit.pk, {"amount": Decimal(100)}, by=work.by)
    booking.book_costs(by=SYSTEM)
    assert rows(["activity_cost"]) == {(105,)}
    assert rows(["cost_per_won"]) == {(105,)}
    told = api.get(f"/api/v1/deals/{sold['won'].pk}/cost").json()
    assert Decimal(str(told["total"])) == 5 and told["discount"] is None
    rep = colleague("marketeer", "read-only")
    staff_client.force_login(rep)
    assert "What it has cost" not in staff_client.get(f"/deals/{sold['won'].pk}/").content.decode()

"""Deals on the screen: list, record, board, forecast, timeline; the parts of the record page."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.desk import state as states
from guanxi.foundation.models import User
from guanxi.foundation.roles.models import Membership, Share, Team
from guanxi.ledger.actions import record
from guanxi.sales.deals import actions
from guanxi.sales.deals.lanes import month_words
from guanxi.sales.deals.models import Check, Deal, LostReason, Pipeline, Stage

MOST_QUERIES = 12


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def drag(client: Client, deal: Deal, to: str, seen: str, by: str) -> Any:
    sent = {"to": to, "seen": json.dumps(seen), "query": f"as=board&by={by}"}
    return client.post(f"/deals/{deal.pk}/move/", sent)


def test_made_shown_and_found(staff_client: Client, acme: Party, stages: list[Stage]) -> None:
    form = text_of(staff_client, f"/deals/new/?party={acme.pk}")
    assert f"Acme Ltd #{acme.pk}" in form
    sent = {"name": "Pumps", "party": f"Acme Ltd #{acme.pk}", "value": "1000", "currency": "USD", "stage": stages[1].pk}
    answer = staff_client.post("/deals/new/", sent)
    deal = Deal.objects.get()
    assert answer.headers["Location"] == f"/deals/{deal.pk}/"
    page = text_of(staff_client, f"/deals/{deal.pk}/")
    for shown in (
        "Pumps",
        "Acme Ltd",
        "1,000.00 USD",
        "Nothing is to be done next",
        "No decider known",
        "Qualification",
    ):
        assert shown in page, shown
    listed = text_of(staff_client, "/deals/?f.state=open&f.ageing=0&q=pumps")
    assert "Pumps" in listed
    assert "Pumps" not in text_of(staff_client, "/deals/?f.ageing=1").partition("<tbody>")[2]
    assert "Pumps" in text_of(staff_client, f"/customers/{acme.pk}/panel/deals/")
    assert f"/deals/new/?party={acme.pk}" in text_of(staff_client, f"/customers/{acme.pk}/")
    assert "Deal begun: Pumps" in text_of(staff_client, f"/customers/{acme.pk}/timeline/?family=deals")
    wrong = staff_client.post("/deals/new/", {**sent, "party": "Nobody of this name"})
    assert wrong.status_code == 422
    assert "There is no customer" in wrong.content.decode()


def test_the_board_adds_up_and_takes_cards(
    staff_client: Client, make: Callable[..., Deal], stages: list[Stage], rival: Party, price: LostReason, staff: User
) -> None:
    by = f"pipeline-{stages[0].pipeline_id}"
    deals = [make(f"Deal {number}", value=Decimal(100)) for number in range(3)]
    actions.lose(deals[2].pk, price, rival, by=staff)
    board = text_of(staff_client, "/deals/?as=board")
    for shown in ("Qualification · 10 %", "Agreed by word · 90 %", "Won", "Lost", "200.00", "20.00", "Deal 0"):
        assert shown in board, shown
    first = deals[0]
    moved = drag(staff_client, first, f"stage-{stages[2].pk}", f"stage-{stages[0].pk}", by)
    assert moved.status_code == 200
    assert "50.00" in moved.json()["heads"][f"stage-{stages[2].pk}"]
    second = drag(staff_client, first, f"stage-{stages[3].pk}", f"stage-{stages[0].pk}", by)
    assert second.status_code == 409
    assert "Offer made" in second.json()["dialog"]
    lost = drag(staff_client, first, "lost", f"stage-{stages[2].pk}", by)
    assert lost.status_code == 422
    assert "why, and to whom" in lost.json()["error"]
    Stage.objects.filter(pk=stages[3].pk).update(entry="f.contact__empty=0")
    refused = drag(staff_client, first, f"stage-{stages[3].pk}", f"stage-{stages[2].pk}", by)
    assert refused.status_code == 422
    assert refused.json()["error"] == "“Negotiation” asks for: Contact person is not empty."
    assert drag(staff_client, first, "won", f"stage-{stages[2].pk}", by).status_code == 200
    first.refresh_from_db()
    assert first.state == "won"


def test_a_board_for_each_pipeline_and_one_for_the_months(
    staff_client: Client, make: Callable[..., Deal], stages: list[Stage]
) -> None:
    renewals = Pipeline.objects.create(name="Renewals", position=20)
    asked = Stage.objects.create(pipeline=renewals, name="Asked", probability=60)
    today = clock.today()
    make("Later", stage=asked, expected_close=today + timedelta(days=400))
    deal = make("Now", expected_close=today)
    make("Undated")
    other = text_of(staff_client, f"/deals/?as=board&by=pipeline-{renewals.pk}")
    assert "Asked · 60 %" in other
    assert "Qualification · 10 %" not in other
    months = text_of(staff_client, "/deals/?as=board&by=forecast")
    for shown in ("Before this month", "Without a day", "Later", "Now", "Undated"):
        assert shown in months
    after = (today.replace(day=1) + timedelta(days=40)).replace(day=1)
    moved = drag(staff_client, deal, f"{after:%Y-%m}", f"{today:%Y-%m}", "forecast")
    assert moved.status_code == 200, moved.content
    deal.refresh_from_db()
    assert (deal.expected_close.year, deal.expected_close.month) == (after.year, after.month)
    assert "Now" in text_of(staff_client, f"/deals/?as=calendar&day={deal.expected_close.isoformat()}")
    assert month_words(deal.expected_close) in text_of(staff_client, "/deals/?as=grouped&by=expected_close")


@pytest.mark.parametrize("few", [0, 3_000], ids=["walked", "collected"])
def test_boards_and_lists_ask_little(
    make: Callable[..., Deal],
    staff: User,
    colleague: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
    few: int,
) -> None:
    """Whole pages, with their frame: of an administrator, and of one who sees what is of his team or shared with it."""
    monkeypatch.setattr(states, "FEW", few)
    lin, wang = colleague("林美玲", "sales"), colleague("王建國", "sales")
    team = Team.objects.create(name="北區")
    for one in (lin, wang):
        Membership.objects.create(team=team, user=one)
    made = [make(f"Deal {number}", expected_close=clock.today(), owner=[lin, wang][number % 2]) for number in range(30)]
    foreign = make("Undated", owner=staff)
    Share.objects.create(object_type="deals.deal", object_id=foreign.pk, team=team)
    for deal in made[:10]:
        actions.win(deal.pk, by=staff)
    for person in (staff, lin):
        client = Client()
        client.force_login(person)
        for address in ("/deals/?as=board", "/deals/?as=board&by=forecast", "/deals/"):
            assert "Deal 29" in text_of(client, address)
            with CaptureQueriesContext(connection) as asked:
                client.get(address)
            # Of a team with thousands of deals, those without a day are one question more where a column has room.
            most = MOST_QUERIES + (person == lin and not few)
            assert len(asked) <= most, (address, len(asked), "\n".join(one["sql"][:160] for one in asked))


def test_stages_are_moved_on_the_page(
    staff_client: Client, deal: Deal, stages: list[Stage], rival: Party, price: LostReason
) -> None:
    meter = f"/deals/{deal.pk}/meter/"
    seen = {"do": "move", "seen": stages[0].pk}
    moved = staff_client.post(meter, {**seen, "stage": stages[1].pk})
    assert moved.headers["HX-Refresh"] == "true"
    late = staff_client.post(meter, {**seen, "stage": stages[2].pk})
    assert late.status_code == 409
    assert "it is in “Needs understood” now" in late.content.decode()
    assert "Why was it lost?" in text_of(staff_client, f"{meter}?lose")
    lose = {"do": "lose", "lost_reason": price.pk}
    for wrong in ({"lost_reason": ""}, {}, {"lost_to": "Nobody of this name"}):
        answer = staff_client.post(meter, {**lose, **wrong})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    assert staff_client.post(meter, {**lose, "lost_to": f"Rival Inc #{rival.pk}"}).status_code == 204
    page = text_of(staff_client, f"/deals/{deal.pk}/")
    assert "Open again" in page
    assert "Rival Inc" in page
    assert "→" in text_of(staff_client, f"/deals/{deal.pk}/panel/stages/")
    assert staff_client.post(meter, {"do": "reopen"}).status_code == 204
    assert staff_client.post(meter, {"do": "win"}).status_code == 204
    assert staff_client.post(meter, {"do": "dance"}).status_code == 422


def test_the_playbook_of_the_kind_of_purchase_is_ticked(staff_client: Client, deal: Deal, stages: list[Stage]) -> None:
    page = f"/deals/{deal.pk}/"
    assert "Say what kind of purchase it is" in text_of(staff_client, page)
    Deal.objects.filter(pk=deal.pk).update(purchase_kind="straight_rebuy")
    Check.objects.create(stage=stages[0], text="Credit looked at", required=True)
    shown = text_of(staff_client, page)
    for words in ("Ask before they run short", "Review of performance", "Credit looked at", "needed", "0/1"):
        assert words in shown
    assert "Help to write the specification" not in shown
    item = Check.objects.filter(purchase_kind="straight_rebuy").order_by("step").first()
    assert item is not None
    ticked = staff_client.post(f"/deals/{deal.pk}/tick/{item.pk}/", {"done": "1"}).content.decode()
    assert 'aria-pressed="true"' in ticked
    other = Check.objects.filter(purchase_kind="new_task").first()
    assert other is not None
    assert staff_client.post(f"/deals/{deal.pk}/tick/{other.pk}/", {"done": "1"}).status_code == 422
    edited = staff_client.post(
        f"/deal-checks/{item.pk}/fact/text/", {"value": "Ring them up", "seen": json.dumps(item.text)}
    )
    assert edited.status_code == 200
    assert "Ring them up" in text_of(staff_client, page)


def test_who_decides_is_mapped_and_gaps_are_named(staff: User, staff_client: Client, deal: Deal, acme: Party) -> None:
    lead = customers.create_party(by=staff, name="Lin Lead")
    clerk = customers.create_party(by=staff, name="Chen Clerk")
    customers.add_relationship(
        lead, "works_at", acme, by=staff, title="Director", buying_role="decider", stance=1, influence=5
    )
    customers.add_relationship(clerk, "works_at", acme, by=staff, title="Purchasing", reports_to=lead)
    here = f"/deals/{deal.pk}/committee/"
    assert "Lin Lead #" in text_of(staff_client, f"{here}?add")
    taken = staff_client.post(here, {"do": "propose"}).content.decode()
    assert "Lin Lead" in taken
    assert "No buyer known" in taken
    assert "No contact with the decider for 30 days" in taken
    assert "never spoken with" in taken
    seat = {"do": "seat", "person": f"Chen Clerk #{clerk.pk}", "role": "buyer", "stance": "-1", "influence": "2"}
    assert "Chen Clerk" in staff_client.post(here, seat).content.decode()
    record("call", by=staff, party=lead, payload={"text": "Talked"})
    record("call", by=staff, party=clerk, occurred_at=clock.now() - timedelta(days=31), payload={"text": "Talked"})
    shown = text_of(staff_client, here)
    assert "No contact with the decider" not in shown
    assert "No contact with the buyer for 30 days" in shown
    chart = text_of(staff_client, f"{here}chart/")
    for words in ("Lin Lead", "Director", "Decider", "Chen Clerk", "seat decides", "No contact with the buyer"):
        assert words in chart
    for wrong in ({"person": ""}, {"person": f"#{acme.pk}"}, {"role": "king"}):
        assert staff_client.post(here, {**seat, **wrong}).status_code == 422
    row = deal.committee.get(person=clerk)
    gone = staff_client.post(here, {"do": "remove", "seat": row.pk}).content.decode()
    assert "Take the role Buyer away" not in gone
    Deal.objects.filter(pk=deal.pk).update(party=lead)
    assert "Nobody is known to work here" in text_of(staff_client, f"{here}chart/")


def test_competitors_are_named_and_followed(
    staff: User, staff_client: Client, make: Callable[..., Deal], rival: Party, price: LostReason
) -> None:
    deals = [make(f"Deal {number}") for number in range(3)]
    here = f"/deals/{deals[0].pk}/contenders/"
    named = staff_client.post(here, {"party": f"Rival Inc #{rival.pk}", "strength": "4", "note": "cheaper"})
    assert "strength 4 of 5" in named.content.decode()
    assert staff_client.post(here, {"party": f"#{deals[0].party_id}"}).status_code == 422
    actions.add_contender(deals[1].pk, rival, by=staff)
    actions.win(deals[1].pk, by=staff)
    actions.lose(deals[2].pk, price, rival, by=staff)
    noted = {
        "party": f"#{rival.pk}",
        "kind": "price",
        "what": "Pump X",
        "price": "90",
        "currency": "USD",
        "source": "Fair",
    }
    for day, amount in (("2026-01-05", "90"), ("2026-03-05", "85")):
        answer = staff_client.post("/market-notes/new/", {**noted, "seen_on": day, "price": amount})
        assert answer.status_code == 302
    panel = text_of(staff_client, f"/customers/{rival.pk}/panel/competitor/")
    for words in ("we win 50 %", "Deal 0", "Pump X", "→", "85"):
        assert words in panel, words
    assert "Pump X" in text_of(staff_client, "/market-notes/?f.kind=price")
    future = (clock.today() + timedelta(days=2)).isoformat()
    assert staff_client.post("/market-notes/new/", {**noted, "seen_on": future}).status_code == 422
    row = deals[0].contenders.get()
    assert "Rival Inc" not in staff_client.post(here, {"remove": row.pk}).content.decode()


def test_credit_is_split_on_the_page(staff: User, staff_client: Client, colleague: Any, deal: Deal) -> None:
    lin = colleague("lin", "sales")
    here = f"/deals/{deal.pk}/credits/"
    assert "lin" in text_of(staff_client, f"{here}?edit")
    for wrong in ("a", "101", "50"):
        assert staff_client.post(here, {f"percent.{lin.pk}": wrong}).status_code == 422
    done = staff_client.post(here, {f"percent.{lin.pk}": "40", f"percent.{staff.pk}": "60"}).content.decode()
    assert "60 %" in done


@pytest.mark.django_db
def test_settings_are_for_who_may(colleague: Any, settled: None, stages: list[Stage], staff_client: Client) -> None:
    client = Client()
    client.force_login(colleague("rep", "sales"))
    for slug in ("pipelines", "deal-stages", "lost-reasons", "deal-checks"):
        assert client.get(f"/{slug}/").status_code == 200
        assert client.get(f"/{slug}/new/").status_code == 403
        assert staff_client.get(f"/{slug}/new/").status_code == 200
    made = staff_client.post(
        "/deal-stages/new/",
        {"pipeline": stages[0].pipeline_id, "name": "Trial", "position": "35", "probability": "60",
         "entry": "/deals/?f.amount__gte=1"},
    )  # fmt: skip
    assert made.status_code == 302
    assert "Amount at least 1.00" in text_of(staff_client, "/deal-stages/")
    bad = staff_client.post("/deal-checks/new/", {"text": "Nowhere", "position": "1"})
    assert bad.status_code == 422


def test_the_boards_of_one_owner_go_along_his_index(
    staff: User, colleague: Any, acme: Party, staff_client: Client, make: Callable[..., Deal]
) -> None:
    """Who sees his own only, or asks for one owner's, is not walked through those of all."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL weighs by how frequent values are, and these are few")
    rep = colleague("rep", "sales")
    make("Own", owner=rep)
    client = Client()
    client.force_login(rep)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("guanxi.foundation.desk.state.FEW", 0)  # as where they are many
        for asks, address in ((client, "/deals/?as=board"), (staff_client, f"/deals/?as=board&f.owner={rep.pk}")):
            with CaptureQueriesContext(connection) as asked:
                assert "Own" in asks.get(address).content.decode()
            counting = next(one["sql"] for one in asked if one["sql"].startswith("SELECT 0, COUNT(*)"))
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {counting}")
                plan = " ".join(str(line[3]) for line in cursor.fetchall())
            assert "USING COVERING INDEX deal_own_stage" in plan, plan
            assert "USING COVERING INDEX deal_own_pipeline" in plan, plan

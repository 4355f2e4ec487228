"""Territories: who belongs where, a re-cut looked at before it is done, undone, what follows it, and who may."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk_changes import actions as bulk_changes
from guanxi.foundation.bulk_changes import tasks as bulk_tasks
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.roles.models import Membership, Team
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.lake.query import Query, ask
from guanxi.lake.refresh import refresh
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals.models import Deal
from guanxi.sales.deals.tests.conftest import settled  # noqa: F401  a fixture
from guanxi.sales.leads.actions import create_lead
from guanxi.sales.leads.models import AssignmentRule, Lead
from guanxi.sales.territories import actions, figures, tasks
from guanxi.sales.territories.models import Assigned, Move, NamedAccount, Recut, Territory


@pytest.fixture
def north(colleague: Callable[..., User]) -> User:
    return colleague("north", "sales")


@pytest.fixture
def south(colleague: Callable[..., User]) -> User:
    return colleague("south", "sales")


@pytest.fixture
def firms(settled: None, staff: User, north: User, south: User) -> dict[str, Party]:  # noqa: F811
    """Two firms in Taipei, one in Kaohsiung, one in Berlin, all of the north, each with an open deal."""
    made = {}
    for name, city, country in (
        ("Alpha", "Taipei", "TW"), ("Beta", "Taipei", "TW"), ("Gamma", "Kaohsiung", "TW"), ("Delta", "Berlin", "DE"),
    ):  # fmt: skip
        party = customers.create_party(by=staff, name=name, kind="organisation", city=city, country=country)
        customers.hand_over([party.pk], north, by=staff)
        deals.create_deal(by=staff, name=f"{name} pumps", party=party, value=Decimal(100), owner=north)
        made[name] = party
    return made


@pytest.fixture
def cut(staff: User, north: User, south: User) -> dict[str, Territory]:
    """Taiwan, of it the south as a part, whoever has which."""
    taiwan = actions.create_territory(by=staff, name="Taiwan", query="f.country=TW", owner=north)
    part = actions.create_territory(
        by=staff, name="South", query="/customers/?f.city=Kaohsiung&sort=name", owner=south, parent=taiwan, position=20
    )
    return {"taiwan": taiwan, "south": part}


def places() -> dict[str, str]:
    rows = Assigned.objects.filter(origin__isnull=True)
    return dict(rows.values_list("party__name", "territory__name"))


def owners() -> dict[str, str]:
    return dict(Party.objects.filter(kind="organisation").values_list("name", "owner__username"))


def deal_owners() -> dict[str, str]:
    return dict(Deal.objects.values_list("party__name", "owner__username"))


@pytest.mark.django_db
def test_a_recut_is_looked_at_done_and_undone(
    staff: User, staff_client: Client, firms: dict[str, Party], cut: dict[str, Territory], north: User, south: User
) -> None:
    deals.edit_deal(Deal.objects.get(party=firms["Gamma"]).pk, {"value": Decimal(700)}, by=staff)
    recut = actions.simulate(by=staff)
    assert places() == {} and owners()["Gamma"] == "north"  # on paper only
    told = figures.named(recut.figures)
    assert recut.total == 3
    assert told["between"] == [
        {"from": "north", "to": "south", "customers": 1, "deals": 1, "value": Decimal(700), "equity": Decimal(0)}
    ]
    balance = {one["name"]: (one["before"]["customers"], one["after"]["customers"]) for one in told["people"]}
    assert balance == {"north": (4, 3), "south": (0, 1)}
    page = staff_client.get(f"/recuts/{recut.pk}/").content.decode()
    assert "3 customers move" in page and "Do it" in page
    moving = staff_client.get("/customers/", {"f.recut": recut.pk}).content.decode()
    assert "Gamma" in moving and "Delta" not in moving

    assert staff_client.post(f"/recuts/{recut.pk}/apply/").status_code == 302
    assert places() == {"Alpha": "Taiwan", "Beta": "Taiwan", "Gamma": "South"}
    assert owners() == {"Alpha": "north", "Beta": "north", "Gamma": "south", "Delta": "north"}
    assert deal_owners()["Gamma"] == "south" and deal_owners()["Alpha"] == "north"
    move = Move.objects.get(party=firms["Gamma"])
    assert (move.before, move.after, move.how, move.by) == (None, cut["south"], "rule", staff)
    customer = staff_client.get(f"/customers/{firms['Gamma'].pk}/panel/territory/").content.decode()
    assert "South" in customer and "City" in customer
    listed = staff_client.get(
        "/customers/", {"f.territory": cut["south"].pk, "cols": "name,territory"}
    ).content.decode()
    assert "Gamma" in listed and "Alpha" not in listed
    assert actions.simulate(by=staff).total == 0
    with pytest.raises(Refused, match="done already"):
        actions.apply(recut.pk, by=staff)
    assert AuditEntry.objects.filter(object_type="deals.deal", object_id=None).exists()

    customers.hand_over([firms["Alpha"].pk], south, by=staff)  # somebody moved him since
    recut.refresh_from_db()
    bulk_tasks.start(bulk_changes.begin_undo(recut.change or 0, by=staff), by=staff)
    assert places() == {"Alpha": "Taiwan"}
    assert owners()["Gamma"] == "north" and deal_owners()["Gamma"] == "north"
    assert BulkChange.objects.get(pk=recut.change).kept == 1
    assert Move.objects.filter(party=firms["Gamma"], undone=True).count() == 1


@pytest.mark.django_db
def test_named_accounts_and_what_is_out_of_use(
    staff: User, firms: dict[str, Party], cut: dict[str, Territory], south: User
) -> None:
    actions.name_account(cut["south"].pk, firms["Delta"], by=staff)
    actions.carry_out(actions.simulate(by=staff, hand_over=False).pk, by=staff)
    assert places()["Delta"] == "South" and owners()["Delta"] == "north"
    actions.edit_territory(cut["taiwan"].pk, {"active": False}, by=staff)
    with pytest.raises(Refused, match="part of itself"):
        actions.edit_territory(cut["taiwan"].pk, {"parent": cut["south"]}, by=staff)
    with pytest.raises(Refused, match="Customers are in it"):
        actions.remove_territory(cut["taiwan"].pk, by=staff)
    with pytest.raises(Refused, match="has no filter"):
        actions.edit_territory(cut["taiwan"].pk, {"query": "f.nothing=1"}, by=staff)
    actions.carry_out(actions.simulate(by=staff).pk, by=staff)
    assert places() == {}  # what is part of something out of use is so, too
    # A merged customer brings his places along, and they do not count.
    customers.merge_parties(firms["Alpha"], [firms["Delta"]], by=staff)
    assert NamedAccount.objects.filter(party=firms["Alpha"], origin__isnull=True).count() == 0


@pytest.mark.django_db
def test_new_customers_come_into_their_territory_at_night(
    staff: User, firms: dict[str, Party], cut: dict[str, Territory]
) -> None:
    fresh = customers.create_party(by=staff, name="Epsilon", kind="organisation", city="Kaohsiung", country="TW")
    Party.objects.filter(pk=fresh.pk).update(owner=None)
    assert tasks.place_new.call() == {"placed": 4}
    assert places() == {"Alpha": "Taiwan", "Beta": "Taiwan", "Gamma": "South", "Epsilon": "South"}
    assert owners()["Epsilon"] == "south" and owners()["Gamma"] == "north"  # whose he is, he stays
    assert tasks.place_new.call() == {"placed": 0}


@pytest.mark.django_db
def test_leads_go_to_who_has_their_territory(
    staff: User, firms: dict[str, Party], cut: dict[str, Territory], colleague: Callable[..., User]
) -> None:
    AssignmentRule.objects.create(name="By territory", way="place")
    lead = create_lead(by=SYSTEM, name="Lin", city="Kaohsiung", country="TW")
    assert lead.owner == cut["south"].owner
    assert "South" in lead.assignments.get().steps[0]["detail"]
    assert create_lead(by=SYSTEM, name="Schmidt", country="DE").owner is None
    member = colleague("member", "sales")
    team = Team.objects.create(name="Taiwan")
    Membership.objects.create(team=team, user=member)
    actions.edit_territory(cut["taiwan"].pk, {"owner": None, "team": team}, by=staff)
    assert Lead.objects.get(pk=create_lead(by=SYSTEM, name="Wu", country="TW").pk).owner == member


@pytest.mark.django_db
def test_who_may_cut(
    staff: User, firms: dict[str, Party], cut: dict[str, Territory], north: User, client: Client, api: Client
) -> None:
    with pytest.raises(NotAllowed):
        actions.simulate(by=north)
    with pytest.raises(NotAllowed):
        actions.edit_territory(cut["south"].pk, {"owner": north}, by=north)
    made = api.post("/api/v1/territories/recuts", {"with_deals": False}, content_type="application/json")
    assert made.status_code == 201 and made.json()["total"] == 3
    number = made.json()["id"]
    client.force_login(north)
    assert client.get(f"/recuts/{number}/").status_code in (403, 404)
    assert client.post(f"/recuts/{number}/apply/").status_code == 403
    assert "Taiwan" in client.get("/territories/").content.decode()
    done = api.post(f"/api/v1/territories/recuts/{number}/apply")
    assert done.status_code == 202 and done.json()["applied_at"]
    assert deal_owners()["Gamma"] == "north"  # without their deals
    told = api.get(f"/api/v1/territories/of/{firms['Gamma'].pk}").json()
    assert told["territory"] == cut["south"].pk and told["moves"][0]["recut"] == number
    assert api.get(f"/api/v1/territories/recuts/{number}").json()["change"]


@pytest.mark.django_db
def test_postcodes_and_provinces(staff: User, firms: dict[str, Party]) -> None:
    customers.add_contact_point(firms["Delta"], "address", "Unter den Linden 1, 10117 Berlin", by=staff)
    parts = {"postal_code": "10117", "country_area": "Berlin"}
    ContactPoint.objects.filter(party=firms["Delta"], kind="address").update(parts=parts)
    actions.create_territory(by=staff, name="Berlin centre", query="f.postcode=101")
    actions.create_territory(by=staff, name="Elsewhere", query="f.region=Bavaria")
    actions.carry_out(actions.simulate(by=staff).pk, by=staff)
    assert places() == {"Delta": "Berlin centre"}


@pytest.mark.django_db(transaction=True)
def test_any_figure_by_territory(
    home: Path, staff: User, firms: dict[str, Party], cut: dict[str, Territory], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guanxi.lake.refresh.PATIENCE", 120.0)

    def by_territory() -> dict[Any, Any]:
        refresh()
        return {row["territory"]: row["deals_open"] for row in ask(Query(["deals_open"], ["territory"]), SYSTEM)}

    assert by_territory() == {None: 4}
    actions.carry_out(actions.simulate(by=staff).pk, by=staff)
    assert by_territory() == {"Taiwan": 2, "South": 1, None: 1}
    actions.edit_territory(cut["south"].pk, {"name": "The south"}, by=staff)
    assert by_territory() == {"Taiwan": 2, "The south": 1, None: 1}
    assert Recut.objects.count() == 1

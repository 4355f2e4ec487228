"""Relationships: who works where and under whom, what cannot be, what ends and what a merge does to it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions, queries
from guanxi.customers.models import Party, Relationship
from guanxi.customers.relations import charts, sides
from guanxi.customers.rights.kept import kept, subject_of
from guanxi.foundation import clock
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed
from guanxi.ledger.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm(staff: User) -> Party:
    return organisation(staff, "大同股份有限公司")


def organisation(staff: User, name: str) -> Party:
    return actions.create_party(by=staff, name=name, kind="organisation")


def person(staff: User, name: str, firm: Party, under: Party | None = None, **values: Any) -> Party:
    party = actions.create_party(by=staff, name=name)
    actions.add_relationship(party, "works_at", firm, by=staff, reports_to=under, **values)
    return party


def place(party: Party, firm: Party) -> Relationship:
    return Relationship.objects.get(party=party, other=firm, kind="works_at")


def test_superiors_are_of_one_organisation(staff: User, firm: Party) -> None:
    branch = organisation(staff, "大同分公司")
    wang, chen = person(staff, "王經理", firm), actions.create_party(by=staff, name="陳志明")
    actions.add_relationship(chen, "works_at", firm, by=staff, reports_to=wang, title="採購", department="採購部")
    actions.add_relationship(chen, "works_at", branch, by=staff)
    assert place(chen, firm).reports_to == wang
    assert place(chen, branch).reports_to is None
    with pytest.raises(Refused, match="王經理 does not work at 大同分公司") as refused:
        actions.change_relationship(place(chen, branch).pk, {"reports_to": wang}, by=staff)
    assert refused.value.field == "reports_to"
    assert [row.party for row in charts.led_by(wang, staff)] == [chen]


def test_circles_are_refused_and_named(staff: User, firm: Party) -> None:
    wang = person(staff, "王", firm)
    chen = person(staff, "陳", firm, wang)
    lin = person(staff, "林", firm, chen)
    with pytest.raises(Refused, match="circle: 王 reports to 林, 林 reports to 陳, 陳 reports to 王"):
        actions.move_in_chart(firm, wang, lin, by=staff)
    with pytest.raises(Refused, match="himself"):
        actions.move_in_chart(firm, wang, wang, by=staff)
    assert place(wang, firm).reports_to is None
    branch = organisation(staff, "分公司")  # elsewhere it may be the other way round
    actions.add_relationship(lin, "works_at", branch, by=staff)
    actions.add_relationship(wang, "works_at", branch, by=staff, reports_to=lin)


def test_coming_back_closes_no_circle(staff: User, firm: Party) -> None:
    wang = person(staff, "王", firm)
    chen = person(staff, "陳", firm, wang)
    lin = person(staff, "林", firm, chen)
    actions.end_relationship(place(chen, firm).pk, by=staff)
    actions.move_in_chart(firm, wang, lin, by=staff)
    with pytest.raises(Refused, match="陳 reports to 王"):
        actions.change_relationship(place(chen, firm).pk, {"until": None}, by=staff)
    actions.change_relationship(place(chen, firm).pk, {"until": None, "reports_to": None}, by=staff)


def test_companies_are_a_tree(staff: User) -> None:
    parent, one, two = (organisation(staff, name) for name in ("控股", "物流", "電器"))
    actions.add_relationship(one, "parent", parent, by=staff)
    actions.add_relationship(two, "parent", one, by=staff)
    with pytest.raises(Refused, match="控股 belongs to 電器, 電器 belongs to 物流, 物流 belongs to 控股"):
        actions.add_relationship(parent, "parent", two, by=staff)
    with pytest.raises(Refused, match="belongs to 物流 already"):
        actions.add_relationship(two, "parent", parent, by=staff)
    with pytest.raises(Refused, match="is a person"):
        actions.add_relationship(one, "parent", actions.create_party(by=staff, name="王"), by=staff)
    found = charts.companies(two, staff)
    assert [(company.party, company.depth, company.parent) for company in found] == [
        (parent, 0, None),
        (one, 1, parent.pk),
        (two, 2, one.pk),
    ]
    assert charts.companies(organisation(staff, "獨立"), staff) == []
    actions.end_relationship(Relationship.objects.get(party=two).pk, by=staff)
    actions.add_relationship(two, "parent", parent, by=staff)  # sold to the other one
    with pytest.raises(Refused, match="belongs to 控股 already"):
        actions.change_relationship(Relationship.objects.get(party=two, other=one).pk, {"until": None}, by=staff)


def test_ended_ones_are_kept_as_former(staff: User, firm: Party) -> None:
    wang = person(staff, "王", firm)
    chen = person(staff, "陳", firm, wang)
    actions.end_relationship(place(wang, firm).pk, by=staff)
    drawn = charts.chart(firm, staff)
    assert list(drawn.seats) == [chen.pk]
    assert (drawn.seats[chen.pk].fault, drawn.seats[chen.pk].superior) == (charts.LEFT, wang)
    assert [line.relationship.is_former for line in sides.groups(wang, staff)[0].lines if line.relationship] == [True]
    with pytest.raises(Refused, match="ended already"):
        actions.end_relationship(place(wang, firm).pk, by=staff)
    with pytest.raises(Refused, match="has ended; change it"):
        actions.add_relationship(wang, "works_at", firm, by=staff)
    soon = clock.today() + timedelta(days=9)
    actions.change_relationship(place(wang, firm).pk, {"until": soon}, by=staff)
    assert set(charts.chart(firm, staff).seats) == {wang.pk, chen.pk}
    with pytest.raises(Refused, match="before it begins"):
        actions.change_relationship(place(wang, firm).pk, {"since": soon + timedelta(days=1)}, by=staff)
    told = Event.objects.filter(party=wang, kind__startswith="relationship").order_by("pk")
    assert list(told.values_list("kind", flat=True)) == [
        "relationship.added",
        "relationship.ended",
        "relationship.changed",
    ]


def test_two_who_move_one_see_both_values(staff: User, firm: Party) -> None:
    wang, lin, chen = person(staff, "王", firm), person(staff, "林", firm), person(staff, "陳", firm)
    actions.move_in_chart(firm, chen, wang, seen=None, by=staff)
    with pytest.raises(Conflict) as conflict:
        actions.move_in_chart(firm, chen, lin, seen=None, by=staff)
    assert (conflict.value.theirs, conflict.value.yours) == (wang.pk, lin.pk)
    actions.move_in_chart(firm, chen, None, seen=wang.pk, by=staff)


def test_words_are_right_from_each_side(staff: User, firm: Party) -> None:
    parent, dealer = organisation(staff, "控股"), organisation(staff, "代理商")
    wang = person(staff, "王", firm)
    chen = person(staff, "陳", firm, wang)
    wife = actions.create_party(by=staff, name="林")
    actions.add_relationship(firm, "parent", parent, by=staff)
    actions.add_relationship(dealer, "sells_for", firm, by=staff)
    actions.add_relationship(firm, "referred_by", wang, by=staff)
    actions.add_relationship(wife, "household", chen, by=staff)

    def headings(party: Party) -> list[tuple[str, list[str]]]:
        return [(str(group.heading), [line.other.name for line in group.lines]) for group in sides.groups(party, staff)]

    assert headings(wang) == [("Works at", ["大同股份有限公司"]), ("Leads", ["陳"]), ("Referred", ["大同股份有限公司"])]
    assert headings(chen) == [("Works at", ["大同股份有限公司"]), ("Household", ["林"])]
    assert headings(firm) == [
        ("Belongs to", ["控股"]),
        ("People", ["王", "陳"]),
        ("Was referred by", ["王"]),
        ("Represented by", ["代理商"]),
    ]
    assert headings(parent) == [("Subsidiaries", ["大同股份有限公司"])]
    assert headings(dealer) == [("Sells for", ["大同股份有限公司"])]


def test_a_merge_lets_nobody_report_to_himself_and_shows_like_ones_once(staff: User, firm: Party) -> None:
    wang = person(staff, "王美玲", firm, title="經理")
    twin = person(staff, "王 美玲", firm, wang, title="Manager")
    chen = person(staff, "陳", firm, twin)
    merged = actions.merge_parties(wang, [twin], by=staff)
    drawn = charts.chart(firm, staff)
    assert list(drawn.seats) == [wang.pk, chen.pk]
    assert drawn.seats[wang.pk].leads == [chen.pk]
    assert drawn.seats[wang.pk].relationship.title == "經理"
    assert [tie.relationship.title for tie in queries.ties(wang, staff)] == ["經理"]
    actions.undo_merge(merged.merges[0].pk, by=staff)
    assert place(twin, firm).reports_to == wang
    assert place(chen, firm).reports_to == twin


def test_a_circle_that_a_merge_closed_is_cut(staff: User, firm: Party) -> None:
    wang = person(staff, "王", firm)
    chen = person(staff, "陳", firm, wang)
    lin = person(staff, "林", firm, chen)
    Relationship.objects.filter(party=wang).update(reports_to=lin)  # as a merge of two may leave it
    drawn = charts.chart(firm, staff)
    assert list(drawn.seats) == [wang.pk, chen.pk, lin.pk]
    assert drawn.seats[wang.pk].fault == charts.CIRCLE
    actions.move_in_chart(firm, lin, None, by=staff)
    actions.move_in_chart(firm, wang, None, seen=lin.pk, by=staff)
    assert charts.chart(firm, staff).seats[wang.pk].fault == ""


def test_who_may_not_changes_nothing(staff: User, stranger: User, firm: Party) -> None:
    wang, chen = person(staff, "王", firm), person(staff, "陳", firm)
    row = place(chen, firm)
    with pytest.raises(Relationship.DoesNotExist):
        actions.change_relationship(row.pk, {"reports_to": wang}, by=stranger)
    with pytest.raises(NotAllowed):
        actions.add_relationship(wang, "referred_by", chen, by=stranger)
    assert charts.chart(firm, stranger).seats == {}


def test_the_panel_adds_changes_ends_and_tells_of_conflicts(staff_client: Client, staff: User, firm: Party) -> None:
    wang = person(staff, "王", firm)
    chen = actions.create_party(by=staff, name="陳志明")
    address = f"/customers/{firm.pk}/relationships/"
    sent = {"kind": "works_at:in", "other": chen.pk, "title": "採購", "department": "採購部"}
    assert "陳志明" in staff_client.post(address, sent).content.decode()
    row = place(chen, firm)
    assert (row.title, row.department) == ("採購", "採購部")
    form = staff_client.get(f"{address}{row.pk}/").content.decode()
    assert 'name="reports_to"' in form
    assert "王" in form
    changed = {
        "title": "採購經理",
        "department": "採購部",
        "reports_to": wang.pk,
        "influence": "4",
        "until": "2099-01-01",
    }
    seen = '{"title": "採購", "reports_to": null}'
    assert staff_client.post(f"{address}{row.pk}/", {**changed, "seen": seen}).status_code == 200
    late = staff_client.post(f"{address}{row.pk}/", {**changed, "title": "採購課長", "seen": seen})
    assert late.status_code == 409
    assert "meanwhile somebody wrote “採購經理”; yours is “採購課長”" in late.content.decode()
    wrong = staff_client.post(f"{address}{row.pk}/", {**changed, "since": "gestern", "seen": seen})
    assert wrong.status_code == 422
    assert "gestern" in wrong.content.decode()
    assert staff_client.post(f"{address}{row.pk}/", {"influence": "4", "seen": "[" * 9}).status_code in (200, 422)
    assert "former, until" in staff_client.post(f"{address}{row.pk}/end/").content.decode()
    row.refresh_from_db()
    assert row.until == clock.today()
    staff_client.post(f"{address}{row.pk}/remove/")
    assert staff_client.post(f"{address}{row.pk}/end/").status_code == 409
    assert staff_client.get(f"{address}{row.pk}/").status_code == 409


def test_the_api_changes_and_moves(api: Client, staff: User, firm: Party) -> None:
    wang = person(staff, "王", firm, title="總經理")
    chen = actions.create_party(by=staff, name="陳志明")
    base = f"/api/v1/parties/{chen.pk}/relationships"

    def send(method: str, url: str, body: dict[str, Any]) -> Any:
        return getattr(api, method)(url, body, content_type="application/json")

    made = send("post", base, {"kind": "works_at", "other": firm.pk, "reports_to": wang.pk, "department": "採購部"})
    assert made.status_code == 201
    row = made.json()
    assert (row["reports_to"], row["former"]) == (wang.pk, False)
    changed = send("patch", f"{base}/{row['id']}", {"stance": -1, "since": "2020-01-01", "expected": {"stance": None}})
    assert changed.json()["stance"] == -1
    assert send("patch", f"{base}/{row['id']}", {"stance": 2, "expected": {"stance": None}}).status_code == 409
    assert send("patch", f"{base}/{row['id']}", {"title": None}).json()["title"] == ""
    chart = api.get(f"/api/v1/parties/{firm.pk}/chart").json()
    assert [(one["name"], one["depth"], one["leads"]) for one in chart["people"]] == [
        ("王", 0, [chen.pk]),
        ("陳志明", 1, []),
    ]
    moves = f"/api/v1/parties/{firm.pk}/chart/moves"
    circle = send("post", moves, {"party": wang.pk, "under": chen.pk})
    assert circle.status_code == 422
    assert "王 reports to 陳志明, 陳志明 reports to 王" in circle.content.decode()
    stale = send("post", moves, {"party": chen.pk, "under": None, "expected": None})
    assert stale.status_code == 409
    assert send("post", moves, {"party": chen.pk, "under": None, "expected": wang.pk}).json()["reports_to"] is None
    ended = send("patch", f"{base}/{row['id']}", {"until": str(date(2021, 1, 1))})
    assert ended.json()["former"] is True
    assert api.delete(f"{base}/{row['id']}").status_code == 204


def test_erasing_a_superior_leaves_those_whom_he_led_at_work(staff: User, firm: Party) -> None:
    wang = person(staff, "王", firm)
    chen = person(staff, "陳", firm, wang)
    relationships = next(one for one in kept() if one.model is Relationship)
    assert list(relationships.of(subject_of(wang))) == [place(wang, firm)]
    assert relationships.wipe(subject_of(wang)) == 1
    assert place(chen, firm).reports_to is None

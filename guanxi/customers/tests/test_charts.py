"""The organisation chart: its page, its moves, its size; two people at once on PostgreSQL; dragging in a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from guanxi.customers import actions
from guanxi.customers.models import Party, Relationship
from guanxi.customers.relations import charts
from guanxi.customers.relations.trees import circle, forest
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.ledger.actions import record


@pytest.fixture
def firm(staff: User) -> Party:
    return actions.create_party(by=staff, name="大同股份有限公司", kind="organisation")


def person(staff: User, name: str, firm: Party, under: Party | None = None, **values: Any) -> Party:
    party = actions.create_party(by=staff, name=name)
    actions.add_relationship(party, "works_at", firm, by=staff, reports_to=under, **values)
    return party


def superior(party: Party) -> str | None:
    found = Relationship.objects.get(party=party, kind="works_at").reports_to
    return found.name if found else None


def test_trees_hold_everybody_once_whatever_is_above_whom() -> None:
    tree = forest({1: None, 2: 1, 3: 2, 4: 99, 5: 6, 6: 7, 7: 5, 8: 6, 9: 9})
    assert tree.in_order() == [(1, 0), (2, 1), (3, 2), (4, 0), (5, 0), (7, 1), (6, 2), (8, 3), (9, 0)]
    assert tree.cut == {5, 9}
    chain = forest({number: number - 1 for number in range(5000)})
    assert chain.in_order()[-1] == (4999, 4999)
    assert circle(1, 3, {3: 2, 2: 1}.get) == [1, 3, 2, 1]
    assert circle(1, 3, {3: 2, 2: 3}.get) == []


@pytest.mark.django_db
def test_the_page_draws_everybody(staff_client: Client, staff: User, firm: Party) -> None:
    wang = person(
        staff, "王經理", firm, title="總經理", department="管理部", buying_role="decider", stance=-2, influence=5
    )
    chen = person(staff, "陳志明", firm, wang, department="採購部")
    record("call", party=chen, by=staff, channel="phone", direction="out")
    parent = actions.create_party(by=staff, name="控股公司", kind="organisation")
    actions.add_relationship(firm, "parent", parent, by=staff)
    page = staff_client.get(f"/customers/{firm.pk}/chart/").content.decode()
    for words in (
        "王經理",
        "Decider",
        "strongly against us",
        "Influence 5 of 5",
        "管理部",
        "陳志明",
        "控股公司",
        "seat-contact",
    ):
        assert words in page
    dimmed = staff_client.get(f"/customers/{firm.pk}/chart/?department=採購部", headers={"HX-Request": "true"})
    assert dimmed.content.decode().count(" dim") == 1
    assert "<html" not in dimmed.content.decode()
    assert f"/customers/{firm.pk}/chart/" in staff_client.get(f"/customers/{firm.pk}/").content.decode()
    assert "王經理" in staff_client.get(f"/customers/{firm.pk}/panel/chart_preview/").content.decode()
    assert "Nobody is known to work here" in staff_client.get(f"/customers/{parent.pk}/chart/").content.decode()
    assert staff_client.get(f"/customers/{chen.pk}/chart/").status_code == 404
    actions.merge_parties(parent, [firm], by=staff)
    assert staff_client.get(f"/customers/{firm.pk}/chart/")["Location"] == f"/customers/{parent.pk}/chart/"


@pytest.mark.django_db
def test_moves_are_confirmed_undone_refused_and_conflicts_told(staff_client: Client, staff: User, firm: Party) -> None:
    wang = person(staff, "王", firm)
    lin, chen = person(staff, "林", firm, wang), person(staff, "陳", firm, wang)

    def move(party: Party, under: Party | None, seen: Party | None) -> tuple[int, str]:
        sent = {"party": party.pk, "under": under.pk if under else "", "seen": seen.pk if seen else ""}
        answer = staff_client.post(f"/customers/{firm.pk}/chart/move/", sent)
        return answer.status_code, answer.content.decode()

    status, page = move(chen, lin, wang)
    assert (status, superior(chen)) == (200, "林")
    assert "陳 now reports to 林." in page
    assert f'name="under" value="{wang.pk}"' in page  # for “Undo”
    status, page = move(chen, None, wang)
    assert (status, superior(chen)) == (409, "林")
    assert "Meanwhile 陳 was put under 林; you wanted nobody" in page
    status, page = move(wang, chen, None)
    assert (status, superior(wang)) == (422, None)
    assert "王 reports to 陳, 陳 reports to 林, 林 reports to 王" in page
    assert move(chen, None, lin)[0] == 200
    assert superior(chen) is None
    outside = actions.create_party(by=staff, name="外人")
    assert move(outside, wang, None)[0] == 422
    assert move(chen, outside, None)[0] == 422
    assert staff_client.post(f"/customers/{firm.pk}/chart/move/", {"party": "9" * 30}).status_code == 409


@pytest.mark.django_db
def test_places_are_changed_left_and_added_by_forms(staff_client: Client, staff: User, firm: Party) -> None:
    wang, chen = person(staff, "王", firm), person(staff, "陳", firm)
    outside = actions.create_party(by=staff, name="林雅婷")
    base = f"/customers/{firm.pk}/chart/people/"
    assert "王" in staff_client.get(f"{base}{chen.pk}/").content.decode()
    sent = {"title": "採購", "reports_to": wang.pk, "stance": "-1", "seen": '{"reports_to": null}'}
    done = staff_client.post(f"{base}{chen.pk}/", sent)
    assert (done["HX-Retarget"], superior(chen)) == ("#chart", "王")
    late = staff_client.post(f"{base}{chen.pk}/", {"title": "採購", "stance": "-1", "seen": '{"reports_to": null}'})
    assert late.status_code == 409
    assert "meanwhile somebody wrote “王”; yours is “nobody”" in late.content.decode()
    circle = staff_client.post(f"{base}{wang.pk}/", {"reports_to": chen.pk, "seen": '{"reports_to": null}'})
    assert circle.status_code == 422
    assert "王 reports to 陳, 陳 reports to 王" in circle.content.decode()
    assert "王" in staff_client.get(base).content.decode()
    assert staff_client.post(base, {"other": ""}).status_code == 422
    added = staff_client.post(base, {"other": outside.pk, "title": "課長", "reports_to": wang.pk})
    assert "Added: 林雅婷." in added.content.decode()
    assert staff_client.post(base, {"other": outside.pk}).status_code == 422
    assert "陳 has left." in staff_client.post(f"{base}{chen.pk}/leave/").content.decode()
    assert staff_client.post(f"{base}{chen.pk}/leave/").status_code == 404


@pytest.mark.django_db
def test_three_hundred_people_cost_no_more_queries(staff_client: Client, staff: User, firm: Party) -> None:
    def fill(first: int, last: int) -> None:
        people = Party.objects.bulk_create(Party(name=f"員工{number}") for number in range(first, last))
        ids = list(Party.objects.filter(name__startswith="員工").order_by("pk").values_list("pk", flat=True))
        Relationship.objects.bulk_create(
            Relationship(
                party=party, kind="works_at", other=firm, department=f"部{place % 9}",
                reports_to_id=ids[place // 5] if place else None,
            )
            for place, party in enumerate(people, start=first)
        )  # fmt: skip

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert staff_client.get(f"/customers/{firm.pk}/chart/").status_code == 200
        return len(queries)

    fill(0, 3)
    staff_client.get(f"/customers/{firm.pk}/chart/")
    few = cost()
    fill(3, 300)
    assert cost() <= few
    drawn = charts.chart(firm, staff)
    assert len(drawn.seats) == 300
    assert drawn.seats[drawn.tops[0]].below == 299
    assert {seat.depth for seat in drawn.trees if seat.folded} == {2, 3}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.parametrize("kind", ["works_at", "parent"])
def test_two_people_at_once_make_no_circle(staff: User, firm: Party, kind: str) -> None:
    if kind == "works_at":
        one, two = person(staff, "王", firm), person(staff, "陳", firm)
        works = [
            lambda: actions.move_in_chart(firm, one, two, by=staff),
            lambda: actions.move_in_chart(firm, two, one, by=staff),
        ]
    else:
        one, two = (actions.create_party(by=staff, name=name, kind="organisation") for name in ("物流", "電器"))
        works = [
            lambda: actions.add_relationship(one, "parent", two, by=staff),
            lambda: actions.add_relationship(two, "parent", one, by=staff),
        ]
    assert sorted(_at_once(works)) == ["", "circle"]


def _at_once(works: list[Callable[[], Any]]) -> list[str]:
    """Do all in threads of their own that begin together; of each the refusal, empty where it was done."""
    begin, said = threading.Barrier(len(works)), []

    def run(work: Callable[[], Any]) -> None:
        try:
            begin.wait(10)
            work()
            said.append("")
        except Refused as refusal:
            said.append("circle" if "circle" in refusal.message else refusal.message)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return said


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_dragging_hangs_anew_and_a_circle_snaps_back(staff_page: Any, staff: User, firm: Party) -> None:
    wang = person(staff, "王經理", firm)
    lin, chen = person(staff, "林", firm, wang), person(staff, "陳", firm, wang)
    person(staff, "黃", firm, lin)
    staff_page.goto(f"/customers/{firm.pk}/chart/")

    def card(party: Party) -> Any:
        return staff_page.locator(f".chart-sheet [data-seat='{party.pk}']")

    def drag(party: Party, onto: Any) -> None:
        box, goal = card(party).bounding_box(), onto.bounding_box()
        staff_page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 12)
        staff_page.mouse.down()
        staff_page.mouse.move(box["x"] + box["width"] / 2 + 20, box["y"] + 30, steps=3)
        staff_page.mouse.move(goal["x"] + goal["width"] / 2, goal["y"] + goal["height"] / 2, steps=6)
        staff_page.mouse.up()

    drag(chen, card(lin))
    staff_page.get_by_text("陳 now reports to 林.").wait_for()
    assert staff_page.locator(f"#under-{lin.pk} [data-seat='{chen.pk}']").count() == 1
    assert superior(chen) == "林"
    drag(wang, card(chen))  # his own people: refused, and everything as it was
    staff_page.get_by_role("alert").get_by_text(
        "王經理 reports to 陳, 陳 reports to 林, 林 reports to 王經理"
    ).wait_for()
    assert staff_page.locator(f"#under-{wang.pk} > [data-item='{lin.pk}']").count() == 1
    drag(lin, staff_page.locator(".chart-head"))
    staff_page.get_by_text("林 now reports to nobody.").wait_for()
    assert superior(lin) is None
    staff_page.get_by_role("button", name="Undo").click()
    staff_page.get_by_text("林 now reports to 王經理.").wait_for()
    card(chen).get_by_role("button", name="Change the place of 陳").press("Enter")
    dialog = staff_page.get_by_role("dialog")
    dialog.get_by_label("Reports to").select_option(label="王經理")
    dialog.get_by_role("button", name="Save").click()
    staff_page.get_by_text("Changed: 陳.").wait_for()
    assert superior(chen) == "王經理"
    staff_page.get_by_role("button", name="Those under 林").click()
    staff_page.locator(f"#under-{lin.pk}").wait_for(state="hidden")

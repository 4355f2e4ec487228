"""What others change is told to open pages: over HTTP what is told to whom, in a browser that nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from playwright.sync_api import Page, expect

from guanxi.foundation import notifications
from guanxi.foundation.desk import Desk
from guanxi.foundation.desk.tests.people import Party, create_party, edit_party
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.visibility import SYSTEM


@pytest.fixture
def yating(db: None) -> User:
    return User.objects.create_user("yating", first_name="雅婷", last_name="李", is_staff=True)


def poll(client: Client, ids: list[int], mark: int = 0, at: Any = "", query: str = "", **more: Any) -> Any:
    sent = {"ids": ",".join(map(str, ids)), "mark": mark, "at": at or timezone.now().isoformat(), "query": query}
    return client.post("/people/live/", sent | more).json()


@pytest.mark.django_db
def test_a_changed_row_is_told(staff_client: Client, staff: User, yating: User, desk: Desk, parties: list[Any]) -> None:
    pk, other = parties[0].pk, parties[100].pk
    assert poll(staff_client, [pk])["changed"] == {}
    edit_party(pk, {"city": "臺中"}, {}, by=yating)
    edit_party(other, {"city": "臺中"}, {}, by=yating)
    answer = poll(staff_client, [pk])
    assert answer["changed"][str(pk)]["who"] == "李 雅婷"
    assert answer["changed"][str(pk)]["mine"] is False
    assert "臺中" in answer["rows"][str(pk)]
    assert answer["others"] == AuditEntry.objects.get(object_id=other).pk
    assert "Others have changed this list." in answer["words"]["notice"]
    narrow = poll(staff_client, [pk], query="f.city=Taipei")
    assert narrow["others"] == 0  # what changed would not stand in this list
    assert poll(staff_client, [pk], mark=AuditEntry.objects.order_by("-id")[0].pk)["changed"] == {}
    mine = poll(staff_client, [pk], query="")
    edit_party(other, {"city": "新竹"}, {}, by=staff)
    assert poll(staff_client, [pk], mark=AuditEntry.objects.order_by("-id")[1].pk)["others"] == 0
    assert mine["mark"] == 0  # an entry of this moment may be followed by one with a smaller number


@pytest.mark.django_db
def test_a_row_that_is_gone_and_one_to_ask_again(staff_client: Client, yating: User, desk: Desk) -> None:
    party = create_party(name="王美玲", by=yating)
    pk = party.pk
    assert poll(staff_client, [pk], mark=10**9, again=str(pk))["rows"][str(pk)]
    Party.objects.filter(pk=pk).delete()
    assert poll(staff_client, [pk])["rows"][str(pk)] == ""


@pytest.mark.django_db
def test_cards_are_told_where_they_now_lie(staff_client: Client, yating: User, desk: Desk, parties: list[Any]) -> None:
    person = next(party for party in parties if party.kind == "person")
    fresh = create_party(name="新來的", kind="organisation", by=yating)
    edit_party(person.pk, {"kind": "organisation"}, {}, by=yating)
    answer = poll(staff_client, [person.pk], query="as=board&by=kind")
    assert answer["cards"][str(person.pk)]["lane"] == "organisation"
    assert answer["cards"][str(fresh.pk)]["lane"] == "organisation"
    assert "26" in answer["heads"]["organisation"]
    assert answer["others"] == 0


@pytest.mark.django_db
def test_a_poll_is_cheap_and_for_those_who_may_look(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    poll(staff_client, [])
    with CaptureQueriesContext(connection) as captured:
        poll(staff_client, [party.pk for party in parties], mark=5, after="0", unread="0")
    assert len(captured) <= 5, "\n".join(query["sql"] for query in captured)  # session, user, roles, the log, the bell
    for nonsense in ({"mark": "x"}, {"ids": "1,x,,-3"}, {"at": "yesterday"}, {"at": "2017-99-99T00:00"}):
        sent = {"mark": "", "at": "", "ids": "", "query": "", **nonsense}
        assert staff_client.post("/people/live/", sent).status_code == 200
    stranger = Client()
    stranger.force_login(User.objects.create_user("nobody"))
    assert stranger.post("/people/live/", {}).status_code == 403


@pytest.mark.django_db
def test_what_the_bell_wants_to_hear_comes_in_the_same_answer(
    staff_client: Client, staff: User, yating: User, desk: Desk
) -> None:
    party = create_party(name="王美玲", by=yating)
    news = f"/people/{party.pk}/news/"
    assert poll(staff_client, [])["bell"] == {"last": 0, "unread": 0, "told": []}
    notifications.notify(yating, "Not for you")
    made = notifications.notify(staff, "李雅婷 mentioned you")
    assert made is not None
    heard = {"last": made.pk, "unread": 1, "told": [{"text": "李雅婷 mentioned you", "level": "info"}]}
    assert poll(staff_client, [], after="0", unread="0")["bell"] == heard
    assert staff_client.post(news, {"after": "0", "unread": "0"}).json()["bell"] == heard
    assert poll(staff_client, [], after=str(made.pk), unread="1")["bell"] is None
    notifications.mark_read(staff, by=staff)
    read = staff_client.post(news, {"after": str(made.pk), "unread": "1"}).json()["bell"]
    assert read == {"last": made.pk, "unread": 0, "told": []}


@pytest.mark.django_db
def test_a_record_tells_its_facts_and_its_timeline(staff_client: Client, yating: User, desk: Desk) -> None:
    party = create_party(name="王美玲", by=yating)
    at = timezone.now().isoformat()
    edit_party(party.pk, {"gender": "female"}, {}, by=yating)
    answer = staff_client.post(f"/people/{party.pk}/news/", {"at": at}).json()
    assert "gender" in answer["fields"]
    assert "Female" in answer["facts"]["gender"]
    assert answer["words"].startswith("李 雅婷 changed this meanwhile.")
    before = staff_client.post(f"/customers/{party.pk}/news/", {"at": at}).json()["parts"]
    todo = todos.add("the offer", record=party, by=yating)
    todos.set_done(todo.pk, True, by=yating)
    after = staff_client.post(f"/customers/{party.pk}/news/", {"at": at}).json()["parts"]
    assert [one["target"] for one in after] == ["#timeline"]
    assert before[0]["token"] != after[0]["token"]
    Party.objects.filter(pk=party.pk).update(merged_into=None)
    assert staff_client.post("/people/999999/news/", {"at": at}).json()["gone"]


def look(page: Page) -> None:
    """Let the page ask at once, rather than in some seconds."""
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live-now'))")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_two_people_at_one_list_one_record_and_one_board(staff_page: Page, live_app: str, desk: Desk) -> None:
    yating = User.objects.create_user("yating", first_name="雅婷", last_name="李", is_staff=True)
    party = Party.objects.create(name="王美玲", latin_name="Wang", city="臺北", kind="person")
    Party.objects.create(name="陳建宏", city="高雄", kind="organisation")
    page = staff_page

    page.goto("/people/")
    row = page.locator("tr[data-row]", has_text="王美玲")
    row.locator("input[name=ids]").check()
    edit_party(party.pk, {"city": "臺中"}, {}, by=yating)
    look(page)
    expect(row).to_contain_text("臺中")
    expect(row.locator("input[name=ids]")).to_be_checked()
    create_party(name="新來的", by=yating)
    look(page)
    page.get_by_role("button", name="Show it as it is now").click()
    expect(page.locator("tr[data-row]", has_text="新來的")).to_be_visible()

    page.locator(".toolbar summary", has_text="Columns").click()
    first = page.locator(".desk-chooser li").first
    for _attempt in range(3):  # one that begins before the script is there moves nothing
        page.locator(".desk-chooser li", has_text="Kind").locator(".grip").drag_to(first)
        if "Kind" in first.inner_text():
            break
    page.locator(".desk-chooser [value='kind']").press("Alt+ArrowDown")
    page.get_by_role("button", name="Show these").click()
    expect(page.locator(".desk-table thead th").nth(2)).to_have_text("Kind")

    page.goto(f"/people/{party.pk}/")
    page.locator("[data-fact='latin_name'] .fact-value").click()
    box = page.locator("[data-fact='latin_name'] [name='value']")
    box.fill("Wang Mei")
    edit_party(party.pk, {"latin_name": "Wang Mei-ling", "date_of_birth": "1980-03-31"}, {}, by=yating)
    look(page)
    expect(page.locator("[data-fact='date_of_birth']")).to_contain_text("1980")
    expect(page.locator(".live-note")).to_contain_text("李 雅婷 changed this meanwhile. What you typed is kept.")
    expect(box).to_have_value("Wang Mei")
    box.press("Enter")
    expect(page.locator(".conflict")).to_contain_text("Wang Mei-ling")
    page.get_by_role("button", name="Keep theirs").click()

    page.goto("/people/?as=board&by=kind")
    lane = page.locator("[data-lane='organisation']")
    card = page.locator(f"[data-card='{party.pk}']")
    card.drag_to(lane.locator("[data-cards]"))
    expect(lane.locator(f"[data-card='{party.pk}']")).to_be_visible()
    expect(lane.locator(".count")).to_have_text("2")
    card.focus()
    card.press("m")
    page.locator("#move-card [data-to='person']").press("Enter")
    expect(page.locator("[data-lane='person']").locator(f"[data-card='{party.pk}']")).to_be_visible()
    edit_party(party.pk, {"kind": "organisation"}, {}, by=yating)  # this page does not know it yet
    edit_party(party.pk, {"kind": "person"}, {}, by=SYSTEM)
    look(page)
    expect(page.locator("[data-lane='person']").locator(f"[data-card='{party.pk}']")).to_be_visible()
    party.refresh_from_db()
    assert party.kind == "person"

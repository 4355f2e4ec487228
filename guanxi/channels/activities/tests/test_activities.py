"""Calls, meetings and visits: noted, arranged, held; on the timeline; who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guanxi.channels.activities import actions, queries
from guanxi.channels.activities.models import Activity, Participant
from guanxi.customers.actions import create_party
from guanxi.customers.models import Party
from guanxi.foundation import hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import AuditEntry, Notification, User
from guanxi.foundation.todos.models import Todo
from guanxi.ledger.models import Event

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def mei(staff: User) -> Party:
    return create_party(name="王美玲", kind="person", by=staff)


def of(party: Party) -> str:
    return f"/activities/of/customers.party/{party.pk}/"


def test_a_call_is_noted_in_two_clicks_with_its_next_step(staff_client: Client, mei: Party, staff: User) -> None:
    form = staff_client.get(f"{of(mei)}?add=call").content.decode()
    assert "No answer" in form
    sent = {"kind": "call", "outcome": "reached", "text": "要**報價**", "subject": "", "once": "abc", "minutes": "0"}
    step = {"next_verb": "send", "next_what": "報價單", "next_on": "2026-12-04"}
    for _again in range(2):  # a double click
        assert "Reached" in staff_client.post(of(mei), {**sent, **step}).content.decode()

    call = Activity.objects.get()
    assert (call.state, call.outcome, call.subject, call.owner) == ("held", "reached", "Call", staff)
    assert Todo.objects.get().what == "報價單"
    event = Event.objects.get(kind="call")
    assert (event.party, event.channel, event.direction, event.object_id) == (mei, "phone", "out", call.pk)
    assert "報價" not in str(event.payload), "the words stay where they can be corrected"
    timeline = staff_client.get(f"/customers/{mei.pk}/").content.decode()
    assert "<strong>報價</strong>" in timeline
    assert AuditEntry.objects.filter(object_type="activities.activity", object_id=call.pk).exists()


def test_what_is_wrong_comes_back_with_what_was_typed(staff_client: Client, mei: Party) -> None:
    answer = staff_client.post(of(mei), {"kind": "meeting", "text": "別丟掉", "starts_at": ""})
    assert answer.status_code == 422
    assert "別丟掉" in answer.content.decode()
    assert "Say when it is." in answer.content.decode()
    assert staff_client.post(of(mei), {"kind": "call", "outcome": "nobody_came"}).status_code == 422
    assert not Activity.objects.exists()


def test_a_meeting_is_arranged_moved_held_once_and_corrected(staff_client: Client, mei: Party, staff: User) -> None:
    staff_client.post(
        of(mei), {"kind": "meeting", "subject": "看樣品", "starts_at": "2026-12-01T10:00", "minutes": "90"}
    )
    meeting = Activity.objects.get()
    assert (meeting.state, meeting.minutes, meeting.sequence) == ("planned", 90, 0)
    assert not Event.objects.filter(kind="meeting").exists()
    actions.edit(meeting.pk, {"place": "臺北"}, by=staff)
    meeting.refresh_from_db()
    assert meeting.sequence == 1, "other calendars are to hear of it"
    page = staff_client.get(f"/activities/{meeting.pk}/").content.decode()
    assert "Took place" in page
    for words in ("很好", "很好，再來"):
        staff_client.post(f"/activities/{meeting.pk}/held/", {"outcome": "held", "text": words})
    meeting.refresh_from_db()
    assert (meeting.state, meeting.text) == ("held", "很好，再來")
    assert meeting.starts_at <= timezone.now(), "held before its time"
    assert Event.objects.filter(kind="meeting").count() == 1
    with pytest.raises(Refused, match="held already"):
        actions.cancel(meeting.pk, by=staff)


def test_what_is_over_asks_how_it_went(mei: Party, staff: User, staff_client: Client) -> None:
    actions.plan(by=staff, record=mei, kind="visit", starts_at=timezone.now() - timedelta(hours=3))
    assert "How did it go?" in staff_client.get(of(mei)).content.decode()
    assert [row.kind for row in queries.unsaid(staff, timezone.now(), limit=5)] == ["visit"]
    called_off = actions.cancel(Activity.objects.get().pk, by=staff)
    assert called_off.state == "cancelled"
    with pytest.raises(Refused, match="cancelled"):
        actions.hold(called_off.pk, "held", by=staff)
    assert not queries.unsaid(staff, timezone.now(), limit=5)


def test_who_takes_part(mei: Party, staff: User, staff_client: Client) -> None:
    other = User.objects.create_user("yating", is_staff=True)
    meeting = actions.plan(by=staff, record=mei, kind="meeting", owner=other, participants=[mei, "lin@example.tw"])
    assert Notification.objects.get(user=other).title.endswith("Meeting")
    address = f"/activities/{meeting.pk}/participants/"
    staff_client.post(address, {"user": "yating"})
    staff_client.post(address, {"user": "yating"})
    assert Participant.objects.count() == 3
    assert (
        "Nobody here is called"
        in staff_client.post(address, {"user": "nobody"}, headers={"HX-Request": "true"}).content.decode()
    )
    row = Participant.objects.get(mail="lin@example.tw")
    assert actions.answer(row.pk, "accepted", by=staff).answered_at is not None
    staff_client.post(address, {"remove": row.pk})
    assert Participant.objects.count() == 2
    assert [
        one.pk for one in queries.of_owner(other, timezone.now() - timedelta(1), timezone.now() + timedelta(1), limit=9)
    ] == [meeting.pk]


def test_who_took_part_was_spoken_with(mei: Party, staff: User, stranger: User) -> None:
    """On a firm's meeting the people who were there count, so that a committee knows whom one has met."""
    firm = create_party(name="Lee and Sons", kind="organisation", by=staff)
    past = timezone.now() - timedelta(hours=3)
    visit = actions.plan(by=staff, record=firm, kind="visit", starts_at=past, participants=[mei])
    call = actions.plan(by=staff, record=firm, kind="call", starts_at=timezone.now(), participants=[mei])
    doors = hooks.get("last_contact")
    assert queries.last_contacts in doors and not queries.last_contacts([mei.pk, firm.pk], staff)
    actions.hold(call.pk, "no_answer", by=staff)
    assert not queries.last_contacts([mei.pk], staff), "nobody answered"
    actions.hold(visit.pk, "held", by=staff)
    assert queries.last_contacts([mei.pk, firm.pk], staff) == {mei.pk: past}
    assert not queries.last_contacts([mei.pk], stranger)


def test_programs_do_the_same(api: Client, mei: Party) -> None:
    here = "/api/v1/activities"
    about = {"object_type": "customers.party", "object_id": mei.pk}
    made = api.post(here, {"kind": "call", "outcome": "no_answer", **about}, content_type=JSON)
    assert (made.status_code, made.json()["state"], made.json()["party"]) == (201, "held", mei.pk)
    planned = api.post(
        here, {"kind": "visit", "starts_at": "2026-12-05T09:00:00+08:00", **about}, content_type=JSON
    ).json()
    number = planned["id"]
    asked = {"participants": [{"mail": "a@example.tw"}]}
    guests = api.post(f"{here}/{number}/participants", asked, content_type=JSON).json()
    assert api.delete(f"{here}/{number}/participants/{guests[0]['id']}").status_code == 204
    assert api.post(f"{here}/{number}/held", {"outcome": "held"}, content_type=JSON).json()["outcome"] == "held"
    assert api.post(f"{here}/{number}/cancel", {}, content_type=JSON).status_code == 422
    assert api.post(here, {"kind": "call", "object_id": 1}, content_type=JSON).status_code == 422
    listed = api.get("/api/v1/records/activities?f.kind=call&fields=subject,outcome").json()["items"]
    assert [row["outcome"] for row in listed] == ["no_answer"]


def test_they_are_seen_with_their_customer_and_written_by_whose_they_are(
    colleague: Callable[..., User], mei: Party, staff: User, client: Client
) -> None:
    li, chen = colleague("li", "sales"), colleague("chen", "sales")
    Party.objects.filter(pk=mei.pk).update(owner=li)
    mei.refresh_from_db()
    with_mei = actions.plan(by=staff, record=mei, kind="visit", owner=li)
    inside = actions.plan(by=staff, kind="meeting", owner=chen)

    assert list(Activity.objects.visible_to(li)) == [with_mei]
    assert list(Activity.objects.visible_to(chen)) == [inside]
    client.force_login(chen)
    assert client.get(f"/activities/{with_mei.pk}/").status_code == 404
    assert client.post(f"/activities/{with_mei.pk}/held/", {"outcome": "held"}).status_code == 404
    client.force_login(li)
    assert client.post(f"/activities/{with_mei.pk}/held/", {"outcome": "held"}).status_code == 302
    reader = colleague("reader", "read-only")
    client.force_login(reader)
    assert client.get(f"/activities/{with_mei.pk}/").status_code == 200
    assert client.post(f"/activities/{with_mei.pk}/held/", {"outcome": "held"}).status_code == 403
    assert client.post(of(mei), {"kind": "call", "outcome": "reached"}).status_code == 403


def test_the_list_and_the_calendar(
    staff_client: Client, mei: Party, staff: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        actions.plan(by=staff, record=mei, kind="meeting", subject=f"會議 {number}", starts_at=timezone.now())
    with django_assert_max_num_queries(22):
        assert "會議 5" in staff_client.get("/activities/").content.decode()
    for address in ("/activities/?as=calendar&span=week", "/activities/?as=board", "/activities/?f.kind=meeting"):
        assert "會議" in staff_client.get(address).content.decode()

"""The feed of a calendar, as a calendar program reads it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from guanxi.channels.activities import actions
from guanxi.channels.calendar import ical
from guanxi.channels.calendar.models import Feed
from guanxi.customers.actions import create_party
from guanxi.foundation.models import User

pytestmark = pytest.mark.django_db


def address(client: Client) -> str:
    page = client.get("/account/").content.decode()
    return urlsplit(page.split('id="feed-address"')[1].split('value="')[1].split('"')[0]).path


def events(client: Client, path: str) -> list[Any]:
    answer = client.get(path)
    assert answer.headers["Content-Type"].startswith("text/calendar")
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def test_ones_own_appointments_are_read_by_their_address(staff_client: Client, staff: User) -> None:
    mei = create_party(name="王美玲", kind="person", by=staff)
    other = User.objects.create_user("yating", is_staff=True)
    starts = timezone.now().replace(microsecond=0) + timedelta(days=1)
    meeting = actions.plan(
        by=staff, record=mei, kind="meeting", subject="看樣品; 報價, 簽約", starts_at=starts, place="臺北"
    )
    actions.plan(by=staff, kind="meeting", owner=other, subject="另一個", participants=[staff], starts_at=starts)
    actions.plan(by=staff, kind="meeting", owner=other, subject="不相干", starts_at=starts)
    actions.cancel(actions.plan(by=staff, record=mei, kind="call", starts_at=starts).pk, by=staff)

    staff_client.post("/calendar/address/", {"do": "open"})
    path = address(staff_client)
    reader = Client()  # a calendar program: no log-in
    found = events(reader, path)

    assert [str(one["summary"]) for one in found] == ["看樣品; 報價, 簽約 (王美玲)", "另一個"]
    first = found[0]
    assert first.start == starts and first.end - first.start == timedelta(hours=1)
    assert (str(first["uid"]), str(first["location"])) == (meeting.uid, "臺北")
    assert Feed.objects.get().last_read_at is not None
    same = reader.get(path, headers={"If-None-Match": reader.get(path).headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    actions.edit(meeting.pk, {"place": "高雄"}, by=staff)
    assert reader.get(path, headers={"If-None-Match": same.headers["ETag"]}).status_code == 200
    assert int(events(reader, path)[0]["sequence"]) == 1


def test_an_old_or_forged_address_shows_nothing(staff_client: Client, staff: User) -> None:
    reader = Client()
    staff_client.post("/calendar/address/", {"do": "open"})
    path = address(staff_client)
    assert reader.get(path).status_code == 200
    assert reader.get(path.replace("/feed/", "/feed/1")).status_code == 404
    assert reader.get("/calendar/feed/x.ics").status_code == 404
    assert reader.post("/calendar/address/", {"do": "open"}).status_code == 302, "that needs a log-in"
    staff_client.post("/calendar/address/", {"do": "renew"})
    assert reader.get(path).status_code == 404
    path = address(staff_client)
    User.objects.filter(pk=staff.pk).update(is_active=False)
    assert reader.get(path).status_code == 404, "who left shows nothing"
    User.objects.filter(pk=staff.pk).update(is_active=True)
    staff_client.post("/calendar/address/", {"do": "close"})
    assert reader.get(path).status_code == 404


def test_an_invitation_names_who_invites_and_who_is_asked(staff: User) -> None:
    meeting = actions.plan(by=staff, kind="meeting", participants=["lin@example.tw"], starts_at=timezone.now())
    event = next(iter(Calendar.from_ical(ical.calendar("", [meeting], "REQUEST")).walk("VEVENT")))
    assert str(event["organizer"]) == "mailto:meihua@example.com"
    assert str(event["attendee"]) == "mailto:lin@example.tw"
    assert event["attendee"].params["partstat"] == "NEEDS-ACTION"
    assert "url" not in event, "what is sent to others leads to no page of ours"


def test_programs_open_renew_and_close_the_address(api: Client, staff: User) -> None:
    place, reader = "/api/v1/calendar/address", Client()

    def told(answer: Any) -> str:
        return urlsplit(str(answer.json()["address"])).path

    assert api.get(place).json() == {"address": None, "since": None, "last_read_at": None}
    first = told(api.put(place))
    assert told(api.put(place)) == told(api.get(place)) == first, "one that is open stays as it is"
    assert reader.get(first).status_code == 200
    assert api.get(place).json()["last_read_at"] is not None
    second = told(api.post(f"{place}/renew"))
    assert (reader.get(first).status_code, reader.get(second).status_code) == (404, 200)
    assert api.delete(place).status_code == 204
    assert reader.get(second).status_code == 404
    assert reader.get(place).status_code == 401

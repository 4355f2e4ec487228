"""Colleagues side by side: what one may see, what is only busy, and when all are free."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from guanxi.channels.activities import actions
from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import team
from guanxi.foundation import clock
from guanxi.foundation.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def monday(settings: Any) -> datetime:
    """Midnight of a Monday to come."""
    today = clock.today()
    return clock.start_of(today + timedelta(days=7 - today.weekday()))


def at(monday: datetime, hour: float, day: int = 0) -> datetime:
    return monday.astimezone(ZoneInfo(clock.zone().key)) + timedelta(days=day, hours=hour)


def test_colleagues_side_by_side_with_what_is_private_as_busy(
    staff: User,
    staff_client: Client,
    colleague: Callable[..., User],
    monday: datetime,
    django_assert_max_num_queries: Any,
) -> None:
    li = colleague("li", "sales")
    actions.plan(by=staff, kind="meeting", owner=li, subject="看樣品", starts_at=at(monday, 10))
    secret = actions.plan(by=li, kind="meeting", subject="牙醫", starts_at=at(monday, 14), private=True)
    off = actions.plan(by=li, kind="meeting", subject="取消了", starts_at=at(monday, 15))
    actions.cancel(off.pk, by=li)
    both = actions.plan(by=staff, kind="meeting", subject="一起", starts_at=at(monday, 16), participants=[li])
    asked = {"day": clock.day_of(monday).isoformat(), "who": [staff.pk, li.pk]}
    for span in ("day", "week", "month"):
        with django_assert_max_num_queries(20):
            page = staff_client.get("/calendar/team/", {**asked, "span": span}).content.decode()
        assert "看樣品" in page
        assert page.count(f"/activities/{both.pk}/") == 2, "it stands with both"
        assert "牙醫" not in page and f"/activities/{secret.pk}/" not in page
        assert "Busy" in page
        assert "取消了" not in page
    actions.take_part(both.pk, [], by=staff)
    both.participants.update(answer="declined")
    page = staff_client.get("/calendar/team/", {**asked, "span": "week"}).content.decode()
    assert page.count(f"/activities/{both.pk}/") == 1
    assert staff_client.get("/calendar/team/", {"day": "nonsense", "span": "x", "who": "x"}).status_code == 200


def test_times_at_which_all_are_free_are_found_and_taken(
    staff: User, staff_client: Client, colleague: Callable[..., User], monday: datetime, api: Client
) -> None:
    li = colleague("li", "sales")
    actions.plan(by=staff, kind="meeting", subject="早", starts_at=at(monday, 9), minutes=90)
    actions.plan(by=li, kind="meeting", subject="午", starts_at=at(monday, 11), minutes=360, private=True)
    found = team.free([staff, li], monday, monday + timedelta(days=1), 30)
    assert [(one.starts_at.hour, one.starts_at.minute) for one in found] == [(10, 30), (17, 0), (17, 30)]
    weekend = team.free([staff], at(monday, 0, 5), at(monday, 0, 7), 30)
    assert weekend == []
    page = staff_client.get(
        "/calendar/team/",
        {"day": clock.day_of(monday).isoformat(), "span": "day", "who": [staff.pk, li.pk], "minutes": "60"},
    ).content.decode()
    assert "17:00–18:00" in page
    sent = {"who": [staff.pk, li.pk], "starts_at": at(monday, 17).isoformat(), "minutes": "60"}
    assert staff_client.post("/calendar/team/arrange/", sent).status_code == 302
    made = Activity.objects.get(minutes=60)
    assert [one.user for one in made.participants.all()] == [li]
    asked = {"since": monday.isoformat(), "until": (monday + timedelta(days=1)).isoformat(), "users": [staff.pk, li.pk]}
    taken = api.get("/api/v1/calendar/team", asked).json()
    assert [one["title"] for one in taken if one["user"] == li.pk] == ["", "Meeting"]
    assert api.get("/api/v1/calendar/free", {**asked, "minutes": 60}).json() == []
    assert api.get("/api/v1/calendar/team", {**asked, "until": "2099-01-01T00:00:00Z"}).status_code == 422


def test_who_may_see_no_appointments_sees_no_calendar_of_the_team(
    colleague: Callable[..., User], client: Client
) -> None:
    client.force_login(colleague("nobody"))
    assert client.get("/calendar/team/").status_code == 403
    reader = colleague("reader", "read-only")
    client.force_login(reader)
    assert client.get("/calendar/team/").status_code == 200
    sent = {"who": reader.pk, "starts_at": "2027-01-04T02:00:00+00:00", "minutes": "30"}
    assert client.post("/calendar/team/arrange/", sent).status_code == 403

"""Calendars elsewhere at a real server: connected, both ways, clashes, deletions, a server that forgets, kills."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from guanxi.channels.activities import actions as activities
from guanxi.channels.activities import repeating
from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import actions, dav, syncing, tasks
from guanxi.channels.calendar.models import Account, Clash, Entry
from guanxi.customers.actions import create_party
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from tests.radicale import PASSWORD, Radicale

pytestmark = pytest.mark.django_db
NUMBERS = itertools.count(2)
SOON = timezone.now().replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=3)


def event(name: str, starts: datetime, *lines: str, subject: str = "牙醫") -> str:
    parts = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Phone//EN", "BEGIN:VEVENT", f"UID:{name}"]
    parts += ["DTSTAMP:20260101T000000Z", f"DTSTART:{starts:%Y%m%dT%H%M%SZ}", "DURATION:PT30M", f"SUMMARY:{subject}"]
    return "\r\n".join([*parts, *lines, "END:VEVENT", "END:VCALENDAR", ""])


@pytest.fixture
def user(caldav_server: Radicale, settings: Any) -> str:
    """Somebody at the server, with an empty calendar called work."""
    settings.GUANXI_MAIL_HOSTS = ["127.0.0.1"]
    name = f"user{next(NUMBERS)}"
    caldav_server.make(name)
    return name


@pytest.fixture
def account(staff: User, caldav_server: Radicale, user: str) -> Account:
    return actions.connect_calendar(
        by=staff, address=caldav_server.url, username=user, password=PASSWORD, name="work", path=f"/{user}/work/"
    )


def at(server: Radicale, user: str, name: str) -> Any:
    return Calendar.from_ical(server.get(user, name)).walk("VEVENT")[0]


def test_a_calendar_is_connected_after_it_was_tried(
    staff_client: Client, user: str, caldav_server: Radicale, settings: Any
) -> None:
    given = {"address": caldav_server.url, "username": user, "password": PASSWORD}
    for wrong, words in (
        ({"password": "wrong"}, "does not accept this user name and password"),
        ({"address": "http://127.0.0.1:1/"}, "cannot be reached"),
        ({"address": "https://10.0.0.1/"}, "within this network"),
        ({"address": "http://calendar.example.com/"}, "has to begin with https"),
        ({"address": "file:///etc/passwd"}, "is no address"),
        ({"name": "nowhere"}, "no calendar of this name"),
    ):
        answer = staff_client.post("/calendars/new/", {**given, **wrong})
        assert answer.status_code == 422
        assert words in answer.content.decode()
    caldav_server.make(user, "home")
    assert "There are several calendars" in staff_client.post("/calendars/new/", given).content.decode()
    assert staff_client.post("/calendars/new/", {**given, "name": "work"}).status_code == 302
    account = Account.objects.get()
    assert (account.path, account.password) == (f"/{user}/work/", PASSWORD)
    actions.edit_calendar(account.pk, {"password": "another"}, by=account.owner)
    actions.edit_calendar(account.pk, {"password": ""}, by=account.owner)
    assert Account.objects.get().password == "another"
    settings.GUANXI_MAIL_HOSTS = []
    with pytest.raises(Refused, match="within this network"):
        actions.edit_calendar(account.pk, {"address": "https://127.0.0.1/"}, by=account.owner)


def test_both_sides_become_the_same(
    account: Account, user: str, caldav_server: Radicale, staff: User, staff_client: Client
) -> None:
    mei = create_party(name="王美玲", kind="person", by=staff)
    ours = activities.plan(by=staff, record=mei, kind="meeting", subject="看樣品", starts_at=SOON, place="臺北")
    activities.plan(by=staff, kind="meeting", subject="很久以後", starts_at=SOON + timedelta(days=900))
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "DESCRIPTION:x", "END:VALARM", "X-COLOUR:red")
    caldav_server.put(user, "dentist", event("dentist", SOON, *alarm))
    caldav_server.put(user, "old", event("old", SOON - timedelta(days=400)))

    assert syncing.sync(account.pk) == 3
    assert syncing.sync(account.pk) == 0, "nothing goes round in circles"
    theirs = Activity.objects.get(uid="dentist")
    assert (theirs.subject, theirs.starts_at, theirs.minutes, theirs.private) == ("牙醫", SOON, 30, True)
    assert not Activity.objects.filter(uid="old").exists()
    name = f"{ours.uid}"
    there = at(caldav_server, user, name)
    assert (str(there["SUMMARY"]), there.start, str(there["LOCATION"])) == ("看樣品 (王美玲)", SOON, "臺北")
    assert "ATTENDEE" not in there, "a server that invites by itself must invite nobody"

    # Moved there, renamed here: what we know nothing of stays.
    caldav_server.put(user, name, caldav_server.get(user, name).replace("T" + f"{SOON:%H%M%S}Z", "T033000Z"))
    activities.edit(theirs.pk, {"subject": "牙醫 (取件)"}, by=staff)
    syncing.sync(account.pk)
    ours.refresh_from_db()
    assert (ours.starts_at.hour, ours.starts_at.minute, ours.subject, ours.sequence) == (3, 30, "看樣品", 1)
    assert str(at(caldav_server, user, "dentist")["SUMMARY"]) == "牙醫 (取件)"
    assert "X-COLOUR:red" in caldav_server.get(user, "dentist") and "VALARM" in caldav_server.get(user, "dentist")
    assert syncing.sync(account.pk) == 0
    page = staff_client.get(f"/calendars/{account.pk}/").content.decode()
    assert "Up to date" in page and "How it stands" in page


def test_what_is_deleted_on_one_side_goes_on_the_other(
    account: Account, user: str, caldav_server: Radicale, staff: User
) -> None:
    mei = create_party(name="王美玲", kind="person", by=staff)
    with_mei, off, changed = (
        activities.plan(by=staff, record=mei, kind="meeting", subject=str(n), starts_at=SOON) for n in range(3)
    )
    caldav_server.put(user, "dentist", event("dentist", SOON))
    caldav_server.put(user, "gone", event("gone", SOON))
    syncing.sync(account.pk)
    assert caldav_server.names(user) == {"dentist", "gone", with_mei.uid, off.uid, changed.uid}

    activities.remove(Activity.objects.get(uid="dentist").pk, by=staff)
    activities.cancel(off.pk, by=staff)
    for name in ("gone", with_mei.uid, changed.uid):
        caldav_server.delete(user, name)
    activities.edit(changed.pk, {"place": "高雄"}, by=staff)
    syncing.sync(account.pk)

    assert caldav_server.names(user) == {changed.uid}, "what was changed here meanwhile stays"
    assert not Activity.objects.filter(uid__in=["gone", "dentist"]).exists()
    with_mei.refresh_from_db()
    assert with_mei.state == "cancelled", "a meeting with a customer is called off, not forgotten"
    changed.refresh_from_db()
    assert changed.state == "planned"
    assert syncing.sync(account.pk) == 0


def test_what_is_changed_on_both_sides_counts_as_there_and_ours_is_kept(
    account: Account, user: str, caldav_server: Radicale, staff: User, staff_client: Client
) -> None:
    caldav_server.put(user, "lunch", event("lunch", SOON, subject="午餐"))
    syncing.sync(account.pk)
    row = Activity.objects.get()
    activities.edit(row.pk, {"place": "我們選的"}, by=staff)
    caldav_server.put(user, "lunch", event("lunch", SOON, "LOCATION:他們選的", subject="午餐"))
    syncing.sync(account.pk)
    row.refresh_from_db()
    assert row.place == "他們選的"
    page = staff_client.get(f"/calendars/{account.pk}/").content.decode()
    assert "我們選的" in page and "他們選的" in page
    clash = Clash.objects.get()
    staff_client.post(f"/calendar/clashes/{clash.pk}/", {"ours": "1"})
    syncing.sync(account.pk)
    assert str(at(caldav_server, user, "lunch")["LOCATION"]) == "我們選的"
    assert not Clash.objects.filter(settled=False).exists()


def test_a_change_between_reading_and_writing_is_not_written_over(
    account: Account, user: str, caldav_server: Radicale, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    caldav_server.put(user, "lunch", event("lunch", SOON, subject="午餐"))
    syncing.sync(account.pk)
    activities.edit(Activity.objects.get().pk, {"subject": "午餐二"}, by=staff)
    whole = syncing.Run.push

    def late(self: syncing.Run, server: dav.Server) -> None:
        caldav_server.put(user, "lunch", event("lunch", SOON + timedelta(hours=2), subject="午餐三"))
        whole(self, server)

    monkeypatch.setattr(syncing.Run, "push", late)
    syncing.sync(account.pk)
    row = Activity.objects.get()
    assert (row.subject, row.starts_at) == ("午餐三", SOON + timedelta(hours=2))
    assert Clash.objects.count() == 1


@pytest.mark.parametrize("how", ["token", "etags"])
def test_a_server_that_forgot_its_token_is_compared_by_etags(
    how: str, account: Account, user: str, caldav_server: Radicale, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two", "three"):
        caldav_server.put(user, name, event(name, SOON, subject=name))
    if how == "etags":  # a server that knows no tokens at all
        monkeypatch.setattr(dav.Server, "changes", lambda *_: None)
    assert syncing.sync(account.pk) == 3
    account.refresh_from_db()
    assert bool(account.token) == (how == "token")
    Account.objects.filter(pk=account.pk).update(token=account.token and "http://radicale.org/ns/sync/" + "0" * 64)
    caldav_server.delete(user, "one")
    caldav_server.put(user, "two", event("two", SOON, subject="zwei"))
    assert syncing.sync(account.pk) == 2
    assert sorted(Activity.objects.values_list("subject", flat=True)) == ["three", "zwei"]


def test_what_cannot_be_taken_is_left_out_with_its_reason(
    account: Account, user: str, caldav_server: Radicale, staff: User, staff_client: Client
) -> None:
    long = event("long", SOON).replace("DURATION:PT30M", "DURATION:P90D")
    caldav_server.put(user, "long", long)
    task = event("task", SOON).replace("VEVENT", "VTODO").replace("DURATION:PT30M\r\n", "")
    caldav_server.put(user, "task", task)
    syncing.sync(account.pk)
    assert not Activity.objects.exists()
    page = staff_client.get(f"/calendars/{account.pk}/").content.decode()
    assert "lasts longer than a month" in page and "no meeting in it" in page
    caldav_server.put(user, "long", event("long", SOON))
    staff_client.post(f"/calendar/accounts/{account.pk}/do/", {"what": "again"})
    syncing.sync(account.pk)
    assert Activity.objects.get().uid == "long"
    assert Entry.objects.filter(state="left_out").count() == 1


def test_a_kill_loses_and_doubles_nothing(
    account: Account, user: str, caldav_server: Radicale, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        caldav_server.put(user, f"n{number}", event(f"n{number}", SOON))
    whole = actions.take_object

    def killed(*args: Any, **kwargs: Any) -> Any:
        if Activity.objects.count() == 3:
            raise KeyboardInterrupt
        return whole(*args, **kwargs)

    monkeypatch.setattr(actions, "take_object", killed)
    with pytest.raises(KeyboardInterrupt):
        syncing.sync(account.pk)
    monkeypatch.setattr(actions, "take_object", whole)
    assert syncing.sync(account.pk) == 3
    assert Activity.objects.count() == 6 == Entry.objects.count()


def test_a_series_is_kept_as_its_calendar_wrote_it(
    account: Account, user: str, caldav_server: Radicale, staff: User
) -> None:
    caldav_server.put(user, "weekly", event("weekly", SOON, "RRULE:FREQ=WEEKLY;COUNT=3", "X-COLOUR:blue"))
    syncing.sync(account.pk)
    row = Activity.objects.get()
    with pytest.raises(Refused, match="It repeats"):
        activities.edit(row.pk, {"starts_at": SOON + timedelta(1)}, by=staff)
    activities.edit(row.pk, {"place": "三樓"}, by=staff)
    syncing.sync(account.pk)
    there = caldav_server.get(user, "weekly")
    assert "RRULE:FREQ=WEEKLY" in there and "三樓" in there and "X-COLOUR:blue" in there


def test_one_time_of_a_series_from_there_is_held_here_alone(
    account: Account, user: str, caldav_server: Radicale, staff: User, staff_client: Client
) -> None:
    began = (SOON - timedelta(days=18)).replace(
        microsecond=0
    )  # the third time was yesterday, at whatever hour this runs
    weekly = event("weekly", began, "RRULE:FREQ=WEEKLY;COUNT=4", "X-COLOUR:blue", subject="週會")
    caldav_server.put(user, "weekly", weekly)
    syncing.sync(account.pk)
    series = Activity.objects.get()
    staff_client.post(f"/activities/{series.pk}/held/", {"outcome": "held", "text": "談了"})
    made = Activity.objects.get(of_series=series)
    assert (made.state, made.starts_at, made.subject) == ("held", began + timedelta(days=14), "週會")
    before = caldav_server.get(user, "weekly")
    assert syncing.sync(account.pk) == 0, "nothing changed there"
    assert (caldav_server.names(user), caldav_server.get(user, "weekly")) == ({"weekly"}, before)

    caldav_server.put(user, "weekly", weekly.replace("SUMMARY:週會", "SUMMARY:例會"))
    syncing.sync(account.pk)
    series.refresh_from_db()
    assert (series.subject, series.state) == ("例會", "planned")
    assert [one.starts_at for one in repeating.within(series, began, began + timedelta(days=90))] == [
        began, began + timedelta(days=7), began + timedelta(days=21),
    ]  # fmt: skip

    # Moved by hours as a whole: what was held does not come up anew beside it.
    later = weekly.replace(f"{began:%Y%m%dT%H%M%SZ}", f"{began + timedelta(hours=2):%Y%m%dT%H%M%SZ}")
    caldav_server.put(user, "weekly", later)
    syncing.sync(account.pk)
    series.refresh_from_db()
    assert len(repeating.within(series, began, began + timedelta(days=90))) == 3
    caldav_server.delete(user, "weekly")
    syncing.sync(account.pk)
    assert not Activity.objects.filter(pk=series.pk).exists()
    made.refresh_from_db()
    assert (made.state, made.of_series) == ("held", None), "what was said stays"
    assert syncing.sync(account.pk) == 0
    assert caldav_server.names(user) == set()


def test_a_server_that_is_away_says_so_and_the_page_retries(
    account: Account, staff_client: Client, colleague: Callable[..., User], client: Client
) -> None:
    Account.objects.filter(pk=account.pk).update(address="http://127.0.0.1:1")
    for _attempt in range(3):
        assert syncing.sync(account.pk) == 0
    account.refresh_from_db()
    assert (account.state, account.failures) == ("failing", 3)
    assert "cannot be reached" in staff_client.get(f"/calendars/{account.pk}/").content.decode()
    assert not syncing.is_due(account)
    assert syncing.is_due(account, timezone.now() + timedelta(hours=1))
    assert tasks.look.call() == 0
    staff_client.post(f"/calendar/accounts/{account.pk}/do/", {"what": "pause"})
    account.refresh_from_db()
    assert account.state == "paused"
    client.force_login(User.objects.create_superuser("root", is_staff=True))
    for address in (f"/calendars/{account.pk}/", f"/calendar/accounts/{account.pk}/edit/"):
        assert client.get(address).status_code == 404, "a calendar is its owner's alone"


def test_programs_see_how_it_stands(account: Account, api: Client, user: str, caldav_server: Radicale) -> None:
    caldav_server.put(user, "long", event("long", SOON).replace("DURATION:PT30M", "DURATION:P90D"))
    syncing.sync(account.pk)
    found = api.get(f"/api/v1/calendar/accounts/{account.pk}/health").json()
    assert (found["state"], found["kept"], found["left_out"][0]["why"]) == (
        "active",
        0,
        "It lasts longer than a month.",
    )
    done = api.post(f"/api/v1/calendar/accounts/{account.pk}", {"do": "pause"}, content_type="application/json")
    assert done.json()["state"] == "paused"


def test_what_a_server_says_is_not_believed_blindly() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><d:multistatus xmlns:d="DAV:">&a;</d:multistatus>'
    for answer in (bomb, b"<html>", b"", "ü".encode("latin-1")):
        with pytest.raises(dav.CannotConnect, match="cannot be read"):
            dav.rows_in(answer)

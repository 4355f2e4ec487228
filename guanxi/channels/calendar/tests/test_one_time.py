"""One time of what repeats: said how it went, while the others stay planned."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from guanxi.channels.activities import actions, queries, repeating
from guanxi.channels.activities.models import Activity, Participant
from guanxi.channels.calendar import actions as calendar
from guanxi.channels.calendar import queries as feeds
from guanxi.channels.calendar import team
from guanxi.channels.calendar.actions import accounts
from guanxi.channels.calendar.models import Account
from guanxi.channels.mail.models import Message
from guanxi.customers import actions as customers
from guanxi.customers.actions import create_party
from guanxi.customers.models import Merge, Party
from guanxi.customers.rights import erasing
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.ledger.models import Event

pytestmark = pytest.mark.django_db
JSON = "application/json"
WEEK = timedelta(days=7)


@pytest.fixture
def mei(staff: User) -> Party:
    return create_party(name="王美玲", kind="person", by=staff)


@pytest.fixture
def first() -> datetime:
    """Two weeks and a day ago, so that three times were and the fourth is in six days."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=15)


@pytest.fixture
def series(staff: User, mei: Party, first: datetime) -> Activity:
    row = actions.plan(
        by=staff, record=mei, kind="meeting", subject="週會", starts_at=first, place="臺北", minutes=30,
        participants=[mei, "lin@example.tw"],
    )  # fmt: skip
    return calendar.repeat(row.pk, "week", by=staff)


def open_times(series: Activity, first: datetime) -> list[datetime]:
    series.refresh_from_db()
    return [one.starts_at for one in repeating.within(series, first, first + 5 * WEEK)][:5]


def of_day(viewer: User, since: datetime, until: datetime) -> tuple[list[Activity], list[Activity]]:
    return queries.of_day(viewer, since, until, limit=9, unsaid_since=since - 4 * WEEK, unsaid_limit=9)


def test_one_time_is_held_and_the_others_stay_planned(
    series: Activity, first: datetime, mei: Party, staff: User, staff_client: Client
) -> None:
    page = staff_client.get(f"/activities/{series.pk}/").content.decode()
    assert "Which time" in page and "It repeats" in page
    staff_client.post(f"/activities/{series.pk}/held/", {"outcome": "held", "text": "談了樣品"})
    made = Activity.objects.get(of_series=series)
    last = first + 2 * WEEK
    assert (made.state, made.outcome, made.text, made.starts_at) == ("held", "held", "談了樣品", last)
    assert (made.party, made.place, made.minutes, made.owner) == (mei, "臺北", 30, staff)
    assert [(one.party, one.mail) for one in made.participants.order_by("id")] == [(mei, ""), (None, "lin@example.tw")]
    assert open_times(series, first) == [first, first + WEEK, first + 3 * WEEK, first + 4 * WEEK]
    assert (series.state, series.text) == ("planned", "")
    assert Event.objects.get(kind="meeting").object_id == made.pk, "the ledger is told of that time, once"

    page = staff_client.get(f"/activities/{series.pk}/").content.decode()
    assert f"/activities/{made.pk}/" in page and "What was held of it" in page
    page = staff_client.get(f"/activities/{made.pk}/").content.decode()
    assert "One time of what repeats" in page and f"/activities/{series.pk}/" in page
    staff_client.post(f"/activities/{made.pk}/held/", {"outcome": "nobody_came", "text": "沒人"})
    assert Event.objects.filter(kind="meeting").count() == 1


def test_what_is_said_again_of_a_time_corrects_it(series: Activity, first: datetime, staff: User, api: Client) -> None:
    there = f"/api/v1/activities/{series.pk}/held"
    at = (first + WEEK).isoformat()
    made = api.post(there, {"outcome": "held", "at": at}, content_type=JSON).json()
    assert (made["of_series"], datetime.fromisoformat(made["by_rule"])) == (series.pk, first + WEEK)
    again = api.post(there, {"outcome": "nobody_came", "text": "沒人來", "at": at}, content_type=JSON).json()
    assert (again["id"], again["outcome"], again["text"]) == (made["id"], "nobody_came", "沒人來")
    assert Event.objects.filter(kind="meeting").count() == 1 == Activity.objects.filter(of_series=series).count()
    for wrong in (first + timedelta(days=2), first - WEEK):
        said = api.post(there, {"outcome": "held", "at": wrong.isoformat()}, content_type=JSON)
        assert said.status_code == 422, "by its rule it is not then"
    alone = api.post(f"/api/v1/activities/{made['id']}/held", {"outcome": "held", "at": at}, content_type=JSON)
    assert alone.status_code == 422, "it does not repeat"
    twin = {"of_series": series, "by_rule": first + WEEK, "uid": "twin"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Activity.objects.bulk_create([Activity(kind="meeting", subject="x", **twin)])

    actions.remove(made["id"], by=staff)
    assert first + WEEK in open_times(series, first), "what was said by mistake is taken back"


def test_the_next_time_is_held_before_it_was_arranged(series: Activity, first: datetime, staff: User) -> None:
    for _time in range(3):
        actions.hold(series.pk, "held", by=staff)
    made = actions.hold(series.pk, "held", by=staff)
    assert made.by_rule == first + 3 * WEEK
    assert made.starts_at <= timezone.now()
    assert open_times(series, first) == [first + 4 * WEEK]
    with pytest.raises(Refused, match="not then"):
        calendar.cancel_time(series.pk, first, by=staff)
    with pytest.raises(Refused, match="until when"):
        calendar.repeat(series.pk, "", by=staff)


def test_a_moved_time_is_held_where_and_when_it_was(series: Activity, first: datetime, staff: User) -> None:
    moved = first + WEEK + timedelta(hours=3)
    calendar.move_time(series.pk, first + WEEK, {"starts_at": moved, "place": "工廠", "minutes": 90}, by=staff)
    made = actions.hold(series.pk, "held", at=first + WEEK, by=staff)
    assert (made.starts_at, made.place, made.minutes) == (moved, "工廠", 90)
    assert open_times(series, first) == [first, first + 2 * WEEK, first + 3 * WEEK, first + 4 * WEEK]


def test_of_what_has_ended_nothing_is_left_to_say(
    series: Activity, first: datetime, mei: Party, staff: User, staff_client: Client
) -> None:
    calendar.repeat(series.pk, "week", timezone.now().date(), by=staff)
    for _time in range(3):
        actions.hold(series.pk, "held", by=staff)
    with pytest.raises(Refused, match="Of each time it was said"):
        actions.hold(series.pk, "held", by=staff)
    assert "Of each time it was said" in staff_client.get(f"/activities/{series.pk}/").content.decode()
    assert queries.planned(mei, staff) == []
    assert Event.objects.filter(kind="meeting").count() == 3


def test_how_often_is_said_in_words(series: Activity, staff: User, staff_client: Client) -> None:
    calendar.repeat(series.pk, "fortnight", timezone.localdate() + timedelta(days=90), by=staff)
    page = staff_client.get(f"/activities/{series.pk}/").content.decode()
    assert "How often" in page and "every two weeks, until" in page
    history = staff_client.get(f"/activities/{series.pk}/history/").content.decode()
    assert "every week" in history and "every two weeks, until" in history
    for plumbing in ("VCALENDAR", series.uid, "Sequence", "Held times", "Changed:", "—"):
        assert plumbing not in history
    log = staff_client.get("/audit/", {"columns": "changes"}).content.decode()
    assert "Sequence" in log, "administrators are told all"


def test_one_that_begins_in_two_years_says_when(mei: Party, staff: User, staff_client: Client) -> None:
    begins = timezone.now() + timedelta(days=730)
    row = actions.plan(by=staff, record=mei, kind="meeting", subject="年會", starts_at=begins, minutes=30)
    calendar.repeat(row.pk, "week", by=staff)
    page = staff_client.get(f"/activities/{row.pk}/").content.decode()
    assert "It begins on" in page and "Of each time it was said" not in page


def test_calendars_and_lists_show_each_time_once(
    series: Activity, first: datetime, mei: Party, staff: User, api: Client
) -> None:
    assert [one.starts_at for one in queries.planned(mei, staff)] == [first + 2 * WEEK, first + 3 * WEEK]
    now = timezone.now()
    for rows in (queries.unsaid(staff, now, limit=5), of_day(staff, now, now + WEEK)[0]):
        assert [one.starts_at for one in rows] == [first + 2 * WEEK]
    made = actions.hold(series.pk, "held", by=staff)
    assert queries.unsaid(staff, now, limit=5) == of_day(staff, now, now + WEEK)[0] == [], "only the last is asked for"
    assert [one.starts_at for one in queries.planned(mei, staff)] == [first + 3 * WEEK]
    day = (made.starts_at - timedelta(hours=1), made.starts_at + timedelta(hours=1))
    for rows in (queries.of_owner(staff, *day, limit=9), of_day(staff, *day)[1]):
        assert [(one.pk, one.state) for one in rows] == [(made.pk, "held")]
    blocks = team.blocks([staff], *day, staff)[staff.pk]
    assert [one.url for one in blocks] == [f"/activities/{made.pk}/"]
    actions.hold(series.pk, "held", at=first + 3 * WEEK, by=staff)
    times = api.get(f"/api/v1/calendar/meetings/{series.pk}/times").json()
    assert datetime.fromisoformat(times[0]["at"]) == first + 4 * WEEK


def test_no_other_calendar_gets_a_second_event(series: Activity, staff: User, staff_client: Client) -> None:
    feed = calendar.open_feed(staff, by=staff)
    account = Account(owner=staff, address="https://dav.example", username="x", path="/x/")
    before = accounts.digest_of(Activity.objects.get(pk=series.pk))
    Participant.objects.filter(activity=series).update(told_sequence=1)
    actions.hold(series.pk, "held", by=staff)
    found = Calendar.from_ical(staff_client.get(feeds.path_of(feed)).content).walk("VEVENT")
    assert [str(one["UID"]) for one in found] == [series.uid] and "EXDATE" not in found[0]
    assert [row.pk for row in accounts.going(account)] == [series.pk]
    assert accounts.digest_of(Activity.objects.get(pk=series.pk)) == before, "nothing goes to the server"
    assert not Message.objects.exists(), "nobody is written to"
    assert set(Participant.objects.exclude(activity=series).values_list("told_sequence", flat=True)) == {None}


def test_who_may_say_of_a_series_how_it_went(
    series: Activity, colleague: Callable[..., User], client: Client, staff: User
) -> None:
    client.force_login(colleague("reader", "read-only"))
    assert client.post(f"/activities/{series.pk}/held/", {"outcome": "held"}).status_code == 403
    client.force_login(staff)
    headers = {"HX-Request": "true"}
    for at in ("yesterday", "2026-13-45T00:00:00+00:00", "2026-01-01T00:00:00"):
        answer = client.post(f"/activities/{series.pk}/held/", {"outcome": "held", "at": at}, headers=headers)
        assert answer.status_code == 422
    assert Activity.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_makes_it_and_the_other_corrects_it(series: Activity, first: datetime, staff: User) -> None:
    barrier, made = threading.Barrier(2), []

    def work(outcome: str) -> None:
        barrier.wait()
        made.append(actions.hold(series.pk, outcome, at=first, by=staff).pk)
        connection.close()

    threads = [threading.Thread(target=work, args=(outcome,)) for outcome in ("held", "nobody_came")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2 and len(set(made)) == 1
    assert Event.objects.filter(kind="meeting").count() == 1
    series.refresh_from_db()
    assert series.held_times == [first.isoformat()]


def test_it_goes_with_its_customer(series: Activity, mei: Party, staff: User) -> None:
    twin = create_party(name="王美鈴", kind="person", by=staff)
    customers.merge_parties(twin, [mei], by=staff)
    made = actions.hold(series.pk, "held", by=staff)
    assert (made.party, made.origin) == (twin, mei.pk)
    customers.undo_merge(Merge.objects.get().pk, by=staff)
    made.refresh_from_db()
    assert (made.party, made.origin) == (mei, None)
    assert [one.party_id for one in made.participants.order_by("id")] == [mei.pk, None]
    erasing.erase(mei, by=staff)
    connection.check_constraints()
    assert not Activity.objects.exists() and not Participant.objects.exists()


def test_it_stands_on_each_of_its_days_in_the_calendar(
    series: Activity, first: datetime, mei: Party, staff: User, colleague: Callable[..., User], client: Client
) -> None:
    third = first + 2 * WEEK
    early = actions.plan(
        by=staff, record=mei, kind="call", subject="早", starts_at=third - timedelta(minutes=5), minutes=0
    )
    client.force_login(staff)

    def on(day: datetime, query: str = "") -> list[str]:
        local = clock.day_of(day)
        page = client.get(f"/activities/?as=calendar&span=week&day={local}{query}").content.decode()
        lane = page.split(f'data-lane="{local}"')[1].split("</section>")[0]
        return re.findall(r'draggable="false">([^<]+)</a>', lane)

    for times in (0, 1, 3):
        assert on(first + times * WEEK) == ["週會"]
    assert sorted(on(third)) == ["早", "週會"] and early.pk
    assert on(first + timedelta(days=1)) == []
    assert on(third, "&f.kind=call") == ["早"], "filters count"
    calendar.move_time(series.pk, third, {"starts_at": third + timedelta(days=1), "minutes": 30}, by=staff)
    assert on(third) == ["早"] and on(third + timedelta(days=1)) == ["週會"]
    client.force_login(colleague("zhang", "sales"))
    assert on(first + WEEK) == []

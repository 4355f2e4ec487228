"""Invitations by mail at real servers: what goes out and follows, what comes back, what others send, what is broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from guanxi.channels.activities import actions, queries
from guanxi.channels.activities.models import Activity, Participant
from guanxi.channels.calendar.models import Notice
from guanxi.channels.calendar.tests.conftest import TAIPEI, written
from guanxi.channels.mail import parsing, posting, syncing
from guanxi.channels.mail.models import Mailbox, Message
from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.models import Notification, User
from guanxi.ledger.models import Event

pytestmark = pytest.mark.django_db
JSON = "application/json"
Comes = Callable[..., None]
STARTS = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)  # ten o'clock in Taipei
TEN = ("DTSTART;TZID=Taipei by hand:20270301T100000", "DTEND;TZID=Taipei by hand:20270301T113000")
ORGANIZER, GUEST = "ORGANIZER;CN=Mei:mailto:mei@example.tw", "ATTENDEE;RSVP=TRUE:mailto:meihua@guanxi.example"


def sent(smtp_server: Any) -> list[Any]:
    """The events of the invitations that went out since last asked."""
    posting.send_waiting()
    found = []
    for message in smtp_server:
        part = next(one for one in message.walk() if one.get_content_type() == "text/calendar")
        calendar = Calendar.from_ical(part.get_content())
        assert part.get_param("method") == str(calendar["METHOD"])
        assert any(one.get_filename() == "invite.ics" for one in message.iter_attachments())
        event = calendar.walk("VEVENT")[0]
        found.append((str(calendar["METHOD"]), message["To"], event))
    smtp_server.clear()
    return found


def reply(uid: str, who: str, said: str, sequence: int, minute: int, *more: str, method: str = "REPLY") -> str:
    stamp = (timezone.now() - timedelta(minutes=60 - minute)).strftime("%Y%m%dT%H%M%SZ")
    lines = [f"DTSTAMP:{stamp}", "DTSTART:20270301T020000Z", f"SEQUENCE:{sequence}", *more]
    return written(method, *lines, f"ATTENDEE;PARTSTAT={said}:mailto:{who}", uid=uid)


@pytest.fixture
def meeting(staff: User, mei: Party, mailbox: Mailbox) -> Activity:
    return actions.plan(
        by=staff, record=mei, kind="meeting", subject="看樣品", starts_at=STARTS, participants=[mei, "lin@example.tw"]
    )


def test_an_invitation_goes_out_and_whoever_was_invited_hears_of_changes(
    meeting: Activity, staff_client: Client, staff: User, smtp_server: Any
) -> None:
    assert sent(smtp_server) == [], "nobody is written to unasked"
    page = staff_client.get(f"/activities/{meeting.pk}/").content.decode()
    assert "Invite by mail" in page
    for _twice in range(2):
        staff_client.post(f"/calendar/meetings/{meeting.pk}/invite/")
    went = sent(smtp_server)
    assert [(method, to) for method, to, _event in went] == [
        ("REQUEST", "mei@example.tw"),
        ("REQUEST", "lin@example.tw"),
    ]
    event = went[0][2]
    assert (str(event["UID"]), int(event["SEQUENCE"]), event.start) == (meeting.uid, 0, STARTS)
    assert str(event["ORGANIZER"]) == "mailto:meihua@guanxi.example", "answers come to the mailbox it went out from"
    assert [str(one) for one in event["ATTENDEE"]] == ["mailto:mei@example.tw", "mailto:lin@example.tw"]
    assert Event.objects.filter(kind="mail.out").count() == 2

    actions.edit(meeting.pk, {"text": "我們內部的話"}, by=staff)
    assert sent(smtp_server) == [], "our own words are nobody's business"
    actions.edit(meeting.pk, {"starts_at": STARTS + timedelta(days=1)}, by=staff)
    moved = sent(smtp_server)
    assert [(to, int(event["SEQUENCE"])) for _method, to, event in moved] == [
        ("mei@example.tw", 1),
        ("lin@example.tw", 1),
    ]
    assert "內部" not in str(moved)
    lin = Participant.objects.get(mail="lin@example.tw")
    actions.leave(meeting.pk, [lin.pk], by=staff)
    assert [(method, to) for method, to, _event in sent(smtp_server)] == [("CANCEL", "lin@example.tw")]
    actions.cancel(meeting.pk, by=staff)
    ((method, to, event),) = sent(smtp_server)
    assert (method, to, int(event["SEQUENCE"]), str(event["STATUS"])) == ("CANCEL", "mei@example.tw", 2, "CANCELLED")
    actions.remove(meeting.pk, by=staff)
    assert sent(smtp_server) == []


def test_a_series_of_ours_and_single_times_of_it(
    meeting: Activity,
    staff_client: Client,
    staff: User,
    smtp_server: Any,
    api: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "zone", lambda: ZoneInfo("Asia/Taipei"))
    page = f"/activities/{meeting.pk}/"
    assert "every two weeks" in staff_client.get(page).content.decode()
    staff_client.post(f"/calendar/meetings/{meeting.pk}/repeat/", {"every": "week", "until": "2027-03-31"})
    staff_client.post(f"/calendar/meetings/{meeting.pk}/invite/")
    (_method, _to, event), _other = sent(smtp_server)
    assert event["RRULE"].to_ical() == b"FREQ=WEEKLY;UNTIL=20270331T155959Z"
    assert (event["DTSTART"].params["TZID"], event.start.hour) == ("Asia/Taipei", 10), "ten o'clock all year"
    second, third = STARTS + timedelta(days=7), STARTS + timedelta(days=14)

    said = {"at": second.isoformat(), "starts_at": "2027-03-09T06:30", "minutes": "30", "place": "工廠"}
    staff_client.post(f"/calendar/meetings/{meeting.pk}/time/", said)
    (method, _to, event), _other = sent(smtp_server)
    moved = datetime(2027, 3, 9, 6, 30, tzinfo=UTC)
    assert (method, event["RECURRENCE-ID"].dt, event.start, str(event["LOCATION"])) == (
        "REQUEST",
        second,
        moved,
        "工廠",
    )
    assert "RRULE" not in event and int(event["SEQUENCE"]) == 2
    times = api.post(
        f"/api/v1/calendar/meetings/{meeting.pk}/times", {"at": third.isoformat(), "do": "cancel"}, JSON
    ).json()
    assert [one["minutes"] for one in times] == [60, 30, 60, 60]
    (method, _to, event), _other = sent(smtp_server)
    assert (method, event["RECURRENCE-ID"].dt, str(event["STATUS"])) == ("CANCEL", third, "CANCELLED")
    shown = queries.of_owner(staff, STARTS, STARTS + timedelta(days=60), limit=10)
    assert [one.starts_at for one in shown][:3] == [STARTS, moved, STARTS + timedelta(days=21)]

    actions.edit(meeting.pk, {"subject": "看新樣品"}, by=staff)
    went = sent(smtp_server)
    assert len(went) == 2 and str(went[0][2]["SUMMARY"]) == "看新樣品" and "EXDATE" in went[0][2]
    actions.edit(meeting.pk, {"starts_at": STARTS + timedelta(hours=1)}, by=staff)
    shown = queries.of_owner(staff, STARTS, STARTS + timedelta(days=60), limit=10)
    assert [one.starts_at.hour for one in shown] == [3] * 5, "all go by the rule again"
    sent(smtp_server)
    gone = api.post(f"/api/v1/calendar/meetings/{meeting.pk}/times", {"at": third.isoformat(), "do": "cancel"}, JSON)
    assert gone.status_code == 422, "by the rule it is not then any more"
    wrong = api.put(f"/api/v1/calendar/meetings/{meeting.pk}/rhythm", {"every": "week", "until": "2026-01-01"}, JSON)
    assert wrong.status_code == 422
    assert api.put(f"/api/v1/calendar/meetings/{meeting.pk}/rhythm", {"every": ""}, JSON).json() == []
    assert "RRULE" not in sent(smtp_server)[0][2]


def test_who_may_not_be_written_to_keeps_nobody_else_from_being_invited(
    meeting: Activity, staff_client: Client, mei: Party, staff: User, smtp_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Activity.objects.get()
    Activity.objects.filter(pk=other.pk).update(party=None)
    asked: list[tuple[int, str]] = []

    from guanxi.channels.mail.actions import writing as mail
    from guanxi.foundation.actions import Refused

    def no(party: int, purpose: str, channel: str, *, by: Any) -> None:
        asked.append((party, purpose))
        raise Refused("He said no.", "party")

    monkeypatch.setattr(mail, "require_contactable", no)
    staff_client.post(f"/calendar/meetings/{meeting.pk}/invite/")
    assert [to for _method, to, _event in sent(smtp_server)] == ["lin@example.tw"]
    assert asked == [(mei.pk, "service")], "the customer is asked as for any personal mail"
    assert "He said no." in staff_client.get(f"/activities/{meeting.pk}/").content.decode()


def test_answers_are_noted_once_and_only_of_who_was_invited(
    meeting: Activity, comes: Comes, staff_client: Client, smtp_server: Any, staff: User
) -> None:
    staff_client.post(f"/calendar/meetings/{meeting.pk}/invite/")
    sent(smtp_server)
    mei = Participant.objects.get(party__isnull=False)
    comes(reply(meeting.uid, "mei@example.tw", "ACCEPTED", 0, 10, "COMMENT:好，我會到"))
    mei.refresh_from_db()
    assert (mei.answer, mei.comment) == ("accepted", "好，我會到")
    assert Notification.objects.filter(user=staff, title__contains="Accepted").exists()
    comes(reply(meeting.uid, "mei@example.tw", "DECLINED", 0, 5))
    comes(reply(meeting.uid, "who@nowhere.example", "ACCEPTED", 0, 20), sender="who@nowhere.example")
    comes(reply(meeting.uid, "lin@example.tw", "ACCEPTED", 0, 20), sender="who@nowhere.example")
    mei.refresh_from_db()
    assert mei.answer == "accepted", "an older answer changes nothing"
    states = list(Notice.objects.order_by("id").values_list("state", flat=True))
    assert states == ["applied", "old", "shown", "shown"]
    assert Participant.objects.get(mail="lin@example.tw").answer == "needs-action"
    page = staff_client.get(f"/activities/{meeting.pk}/").content.decode()
    assert "who@nowhere.example was not invited." in page
    stranger = Notice.objects.get(mail="who@nowhere.example")
    staff_client.post(f"/calendar/notices/{stranger.pk}/settle/", {"do": "take"})
    assert Participant.objects.get(mail="who@nowhere.example").answer == "accepted"

    actions.edit(meeting.pk, {"minutes": 90}, by=staff)
    mei.refresh_from_db()
    assert mei.answer == "needs-action", "he answered for another time"
    comes(reply(meeting.uid, "mei@example.tw", "ACCEPTED", 0, 40))
    mei.refresh_from_db()
    assert mei.answer == "needs-action", "an answer to what it was before"
    assert not sent_unasked(smtp_server)


def sent_unasked(smtp_server: Any) -> list[str]:
    """What went out beside updates: nothing is ever answered by itself."""
    return [to for method, to, _event in sent(smtp_server) if method == "REPLY"]


def test_a_proposed_time_is_taken_with_one_click(
    meeting: Activity, comes: Comes, staff_client: Client, smtp_server: Any
) -> None:
    staff_client.post(f"/calendar/meetings/{meeting.pk}/invite/")
    sent(smtp_server)
    counter = reply(meeting.uid, "mei@example.tw", "TENTATIVE", 0, 10, "DURATION:PT45M", method="COUNTER")
    comes(counter.replace("20270301T020000Z", "20270302T030000Z"))
    meeting.refresh_from_db()
    assert meeting.starts_at == STARTS, "only shown"
    page = staff_client.get(f"/activities/{meeting.pk}/").content.decode()
    assert "Take this time" in page
    notice = Notice.objects.get()
    for _twice in range(2):
        staff_client.post(f"/calendar/notices/{notice.pk}/settle/", {"do": "take"})
    meeting.refresh_from_db()
    assert (meeting.starts_at, meeting.minutes, meeting.sequence) == (datetime(2027, 3, 2, 3, tzinfo=UTC), 45, 1)
    assert [method for method, _to, _event in sent(smtp_server)] == ["REQUEST", "REQUEST"]


def test_an_invitation_of_others_becomes_a_meeting_that_moves_and_is_answered(
    mailbox: Mailbox, mei: Party, comes: Comes, staff_client: Client, staff: User, smtp_server: Any
) -> None:
    asked = [*TEN, "SUMMARY:簽約", "LOCATION:臺北", ORGANIZER, GUEST, "ATTENDEE:mailto:boss@example.tw"]
    comes(written("REQUEST", *asked, "SEQUENCE:1", "DTSTAMP:20260101T000000Z", zone=TAIPEI))
    meeting = Activity.objects.get()
    assert (meeting.starts_at, meeting.minutes, meeting.place, meeting.party) == (STARTS, 90, "臺北", mei)
    assert (meeting.owner, meeting.organizer, meeting.private) == (staff, "mei@example.tw", False)
    assert {str(one) for one in meeting.participants.all()} == {str(staff), "boss@example.tw"}
    page = staff_client.get(f"/activities/{meeting.pk}/").content.decode()
    assert "mei@example.tw invites." in page
    staff_client.post(f"/calendar/meetings/{meeting.pk}/respond/", {"answer": "tentative", "comment": "再看看"})
    ((method, to, event),) = sent(smtp_server)
    assert (method, to, str(event["UID"]), int(event["SEQUENCE"])) == (
        "REPLY",
        "mei@example.tw",
        "their-1@example.tw",
        1,
    )
    assert str(event["ATTENDEE"]) == "mailto:meihua@guanxi.example", "only who answers stands in it"
    assert (event["ATTENDEE"].params["PARTSTAT"], str(event["COMMENT"])) == ("TENTATIVE", "再看看")
    with pytest.raises(actions.Refused, match="only they can change it"):
        actions.edit(meeting.pk, {"starts_at": STARTS + timedelta(1)}, by=staff)

    moved = [line.replace("0301", "0303") for line in asked]
    comes(written("REQUEST", *moved, "SEQUENCE:2", "DTSTAMP:20260102T000000Z", zone=TAIPEI))
    comes(written("REQUEST", *asked, "SEQUENCE:1", "DTSTAMP:20260103T000000Z", zone=TAIPEI))
    meeting.refresh_from_db()
    assert (meeting.starts_at, meeting.sequence) == (STARTS + timedelta(days=2), 2)
    mine = meeting.participants.get(user=staff)
    assert mine.answer == "needs-action"
    forged = [line.replace("0301", "0309") for line in asked]
    comes(written("REQUEST", *forged, "SEQUENCE:9", zone=TAIPEI), sender="who@nowhere.example")
    comes(written("CANCEL", *TEN, ORGANIZER, "SEQUENCE:9", zone=TAIPEI), sender="who@nowhere.example")
    meeting.refresh_from_db()
    assert (meeting.state, meeting.sequence) == ("planned", 2), "who did not invite moves nothing"
    comes(written("CANCEL", *TEN, ORGANIZER, "SEQUENCE:3", zone=TAIPEI))
    meeting.refresh_from_db()
    assert meeting.state == "cancelled"
    assert list(Notice.objects.order_by("id").values_list("state", flat=True)) == [
        "applied", "applied", "old", "shown", "shown", "applied",
    ]  # fmt: skip
    assert sent(smtp_server) == [], "nothing is answered by itself"


def test_an_invitation_of_strangers_is_as_private_as_its_mail(
    mailbox: Mailbox, comes: Comes, colleague: Callable[..., User], staff: User, client: Client
) -> None:
    days = ("DTSTART;VALUE=DATE:20270301", "DTEND;VALUE=DATE:20270303")
    asked = written("REQUEST", *days, "SUMMARY:醫生", GUEST, "ORGANIZER:mailto:d@clinic.example")
    comes(asked, sender="d@clinic.example")
    row = Activity.objects.get()
    assert (row.whole_day, row.minutes, row.private) == (True, 2 * 24 * 60, True)
    administrator = User.objects.create_superuser("root", is_staff=True)
    for other in (colleague("li", "sales"), administrator):
        assert not Activity.objects.visible_to(other).exists()
        client.force_login(other)
        assert client.get(f"/activities/{row.pk}/").status_code == 404
    assert Activity.objects.visible_to(staff).get() == row
    actions.take_part(row.pk, [administrator], by=staff)
    assert Activity.objects.visible_to(User.objects.get(pk=administrator.pk)).get() == row
    client.force_login(administrator)
    assert client.get(f"/activities/{row.pk}/").status_code == 200
    assert client.post(f"/activities/{row.pk}/cancel/").status_code == 403


def test_what_repeats_is_shown_each_time_it_is(
    mailbox: Mailbox, mei: Party, comes: Comes, staff: User, staff_client: Client
) -> None:
    head = ("SUMMARY:週會", ORGANIZER, GUEST)
    comes(written("REQUEST", *TEN, *head, "SEQUENCE:0", "RRULE:FREQ=WEEKLY;COUNT=4", zone=TAIPEI))
    once = "RECURRENCE-ID;TZID=Taipei by hand:20270308T100000"
    later = ("DTSTART;TZID=Taipei by hand:20270309T150000", "DTEND;TZID=Taipei by hand:20270309T160000")
    comes(written("REQUEST", *later, *head, once, "SEQUENCE:1", "DTSTAMP:20260102T000000Z", zone=TAIPEI))
    comes(written("REQUEST", *TEN, *head, once, "SEQUENCE:0", "DTSTAMP:20260101T000000Z", zone=TAIPEI))
    gone = once.replace("0308", "0315")
    comes(written("CANCEL", *TEN, *head, gone, "SEQUENCE:1", zone=TAIPEI))
    times = [one.starts_at for one in queries.of_owner(staff, STARTS, STARTS + timedelta(90), limit=9)]
    assert times == [STARTS, datetime(2027, 3, 9, 7, tzinfo=UTC), datetime(2027, 3, 22, 2, tzinfo=UTC)]
    assert "It repeats" in staff_client.get(f"/activities/{Activity.objects.get().pk}/").content.decode()
    comes(written("REQUEST", "DTSTART:20270301T020000Z", "RRULE:FREQ=SECONDLY", *head, uid="bomb"))
    assert Notice.objects.get(uid="").words == "It repeats more often than once a day."
    assert Activity.objects.count() == 1


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        ("BEGIN:VCALENDAR\r\nnonsense", "no calendar that can be read"),
        (written("REQUEST", "SUMMARY:When?"), "does not say when"),
        (written("REQUEST", "DTSTART:20270301T020000Z", "DTEND:20260301T020000Z"), "ends before it begins"),
        (written("REQUEST", "DTSTART:20270301T020000Z", "DTEND:20290301T020000Z"), "longer than a month"),
        (written("REQUEST", "DTSTART:yesterday"), "no calendar that can be read"),
    ],
)
def test_what_is_broken_is_kept_and_told(
    calendar: str, words: str, mailbox: Mailbox, comes: Comes, staff_client: Client
) -> None:
    comes(calendar)
    message, notice = Message.objects.get(), Notice.objects.get()
    assert message.calendar.split() == calendar.split()
    assert (notice.state, Activity.objects.count()) == ("broken", 0)
    assert words in notice.words
    assert words in staff_client.get(f"/messages/{message.pk}/").content.decode()


def test_our_own_invitation_that_comes_back_invites_nobody(letter: Callable[..., EmailMessage]) -> None:
    ours = letter("邀請")
    ours.add_alternative(written("REQUEST", *TEN), subtype="calendar", params={"method": "REQUEST"})
    bounce = letter("Undelivered")
    bounce.add_attachment(ours)
    assert parsing.parse(bytes(ours)).calendar
    assert not parsing.parse(bytes(bounce)).calendar


def test_a_zone_that_nobody_knows_is_told(mailbox: Mailbox, mei: Party, comes: Comes) -> None:
    comes(written("REQUEST", "DTSTART;TZID=Mars/Olympus:20270301T100000", "SUMMARY:x", ORGANIZER, GUEST))
    assert "Mars/Olympus" in Notice.objects.get().words
    assert Activity.objects.get().minutes == 0


def test_programs_invite_and_answer_and_others_do_not(
    meeting: Activity, api: Client, comes: Comes, smtp_server: Any, client: Client, colleague: Callable[..., User]
) -> None:
    here = "/api/v1/calendar"
    guests = api.post(f"{here}/meetings/{meeting.pk}/invitations", {}, content_type=JSON).json()
    assert [one["told_sequence"] for one in guests] == [0, 0]
    comes(reply(meeting.uid, "who@nowhere.example", "ACCEPTED", 0, 20), sender="who@nowhere.example")
    (notice,) = api.get(f"{here}/meetings/{meeting.pk}/notices").json()
    done = api.post(f"{here}/notices/{notice['id']}", {"do": "dismiss"}, content_type=JSON).json()
    assert done["state"] == "dismissed"
    comes(written("REQUEST", *TEN, "SUMMARY:x", ORGANIZER, GUEST, zone=TAIPEI))
    theirs = Activity.objects.get(uid="their-1@example.tw")
    answered = api.post(f"{here}/meetings/{theirs.pk}/answer", {"answer": "declined"}, content_type=JSON)
    assert answered.json()["answer"] == "declined"
    assert theirs not in queries.of_owner(theirs.owner, STARTS, STARTS + timedelta(1), limit=9)
    again = api.post(f"{here}/meetings/{theirs.pk}/invitations", {}, content_type=JSON)
    assert again.status_code == 422, "who is invited invites nobody"

    client.force_login(colleague("reader", "read-only"))
    assert client.post(f"/calendar/meetings/{meeting.pk}/invite/").status_code == 403
    assert client.post(f"/calendar/notices/{notice['id']}/settle/", {"do": "take"}).status_code == 404
    assert client.post(f"/calendar/meetings/{meeting.pk}/respond/", {"answer": "accepted"}).status_code == 422
    assert not Participant.objects.filter(activity=meeting, answer="accepted").exists()


def test_a_colleague_answers_within_the_house(
    mailbox: Mailbox, staff: User, colleague: Callable[..., User], client: Client, smtp_server: Any
) -> None:
    li = colleague("li", "sales")
    User.objects.filter(pk=li.pk).update(email="li@guanxi.example")
    meeting = actions.plan(by=staff, kind="meeting", subject="內部", starts_at=STARTS, participants=[li])
    client.force_login(li)
    page = client.get(f"/activities/{meeting.pk}/")
    assert page.status_code == 200, "whoever takes part sees it"
    client.post(f"/calendar/meetings/{meeting.pk}/respond/", {"answer": "accepted"})
    assert meeting.participants.get(user=li).answer == "accepted"
    assert Notification.objects.filter(user=staff, title__contains="Accepted").exists()
    assert sent(smtp_server) == []
    assert syncing.sync(mailbox.pk) == 0

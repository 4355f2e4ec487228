"""Everybody is told the way he wishes: at once, once a day, in the app alone or not; and never in his quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from guanxi.foundation import clock, notifications
from guanxi.foundation.actions import Refused
from guanxi.foundation.letters import tasks
from guanxi.foundation.models import Notification, User
from guanxi.foundation.notices import kinds, wishes
from guanxi.foundation.notices.models import Letter, QuietHours
from guanxi.foundation.tasks.worker import run_waiting

MOMENTS = st.integers(1_577_836_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def told(user: User, kind: kinds.Kind, title: str = "Something") -> Notification | None:
    return notifications.notify(user, title, "Said so.", "/customers/1/", kind=kind)


def send() -> None:
    tasks.send_waiting.call()
    run_waiting()


def test_each_kind_comes_the_way_that_was_chosen(staff: User) -> None:
    for kind, channel in (
        (kinds.MENTION, "none"),
        (kinds.ASSIGNED, "app"),
        (kinds.SHARED, "mail"),
        (kinds.DONE, "digest"),
    ):
        wishes.choose(kind.name, channel, by=staff)
    assert told(staff, kinds.MENTION) is None
    told(staff, kinds.ASSIGNED)
    told(staff, kinds.SHARED, "Shared with you")
    for number in range(3):
        told(staff, kinds.DONE, f"Done {number}")
    assert Notification.objects.filter(user=staff).count() == 5
    send()
    (letter,) = mail.outbox
    assert letter.subject == "Shared with you" and letter.to == [staff.email]
    assert "/customers/1/" in letter.body and "/account/notifications/" in letter.body
    Letter.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    Notification.objects.filter(title="Done 1").update(read_at=timezone.now())
    send()
    send()
    assert len(mail.outbox) == 2, "one digest, once"
    assert mail.outbox[1].subject == "2 notifications"
    assert "Done 0" in mail.outbox[1].body and "Done 1" not in mail.outbox[1].body, "what was read is not told again"
    assert not Letter.objects.exists()


def test_a_mail_that_the_server_refuses_waits_on(staff: User, settings: Any) -> None:
    told(staff, kinds.REMINDER)
    settings.EMAIL_BACKEND = "guanxi.nowhere.Backend"
    with pytest.raises(ImportError):
        tasks.send_to.call(staff.pk)
    assert Letter.objects.count() == 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert tasks.send_to.call(staff.pk) == 1
    assert not Letter.objects.exists() and len(mail.outbox) == 1


def test_mails_wait_until_the_quiet_hours_are_over(staff: User) -> None:
    now = timezone.now().astimezone(clock.zone())
    start, end = (now - timedelta(minutes=30)).time(), (now + timedelta(minutes=30)).time()
    wishes.keep_quiet(start, end, by=staff)
    told(staff, kinds.REMINDER)
    send()
    assert not mail.outbox and Letter.objects.get().due_at > timezone.now()
    assert notifications.newer(staff, 0) == [], "nothing pops up"
    assert notifications.unread(staff) == 1, "but it is there"
    wishes.keep_quiet(None, None, by=staff)
    Letter.objects.update(due_at=timezone.now())
    send()
    assert len(mail.outbox) == 1 and not QuietHours.objects.exists()


@given(st.times(), st.times(), MOMENTS)
def test_quiet_hours_end_when_they_end(start: time, end: time, moment: datetime) -> None:
    start, end = start.replace(microsecond=0), end.replace(microsecond=0)
    until = wishes.end_of_quiet(start, end, moment)
    now = moment.astimezone(clock.zone()).time()
    within = start <= now < end if start <= end else now >= start or now < end
    assert (until is not None) == within
    if until is not None:
        assert until > moment and until - moment <= timedelta(hours=26)
        assert until.astimezone(clock.zone()).time() == end


def test_who_left_or_has_no_address_gets_no_mail(staff: User) -> None:
    told(staff, kinds.REMINDER)
    User.objects.filter(pk=staff.pk).update(is_active=False)
    send()
    assert not mail.outbox and not Letter.objects.exists()
    staff.email = ""
    assert told(staff, kinds.REMINDER) is not None
    assert not Letter.objects.exists()


def test_the_page_of_preferences_keeps_and_refuses(staff_client: Client, staff: User) -> None:
    assert staff_client.get("/account/notifications/").status_code == 200
    staff_client.post("/account/notifications/", {"kind-mention": "digest", "start": "22:00", "end": "07:00"})
    assert wishes.channel_of(staff, "mention") == "digest"
    assert QuietHours.objects.get().start == time(22)
    for wrong in ({"kind-mention": "pigeon"}, {"start": "22:00", "end": ""}, {"start": "soon", "end": "07:00"}):
        assert staff_client.post("/account/notifications/", wrong).status_code == 422
    assert wishes.channel_of(staff, "mention") == "digest"
    with pytest.raises(Refused):
        wishes.choose("pigeon", "app", by=staff)


def test_the_bell_hears_of_what_came_and_of_nothing_else(
    staff_client: Client, staff: User, stranger: User, django_assert_max_num_queries: Any
) -> None:
    first = staff_client.get("/notifications/live/").json()
    assert first == {"last": 0, "unread": 0, "told": []}
    notifications.notify(stranger, "Not for you")
    assert staff_client.get("/notifications/live/?after=0&unread=0").status_code == 204
    made = told(staff, kinds.MENTION, "You are mentioned")
    assert made is not None
    heard = staff_client.get("/notifications/live/?after=0&unread=0").json()
    assert heard == {"last": made.pk, "unread": 1, "told": [{"text": "You are mentioned", "level": "info"}]}
    with django_assert_max_num_queries(5):  # two of them for the log-in
        assert staff_client.get(f"/notifications/live/?after={made.pk}&unread=1").status_code == 204
    notifications.mark_read(staff, by=staff)
    assert staff_client.get(f"/notifications/live/?after={made.pk}&unread=1").json()["unread"] == 0


def test_all_notifications_page_by_page_and_each_can_be_marked(
    staff_client: Client, staff: User, stranger: User
) -> None:
    Notification.objects.bulk_create([Notification(user=staff, title=f"No {number}.") for number in range(60)])
    foreign = Notification.objects.create(user=stranger, title="Not for you")
    page = staff_client.get("/notifications/all/")
    assert [one.title for one, _kind in page.context["lines"]] == [f"No {number}." for number in range(59, 9, -1)]
    older = staff_client.get(f"/notifications/all/?before={page.context['more']}")
    assert len(older.context["lines"]) == 10 and older.context["more"] is None
    one = Notification.objects.get(title="No 3.")
    staff_client.post(f"/notifications/{one.pk}/mark/", {"as": "read"})
    assert len(staff_client.get("/notifications/all/?unread&before=12").context["lines"]) <= 11
    assert Notification.objects.get(pk=one.pk).read_at
    staff_client.post(f"/notifications/{one.pk}/mark/", {"as": "unread"})
    assert Notification.objects.get(pk=one.pk).read_at is None
    assert staff_client.post(f"/notifications/{foreign.pk}/mark/").status_code == 404

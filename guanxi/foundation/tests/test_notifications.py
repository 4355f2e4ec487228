"""The bell."""

from __future__ import annotations

import pytest
from django.test import Client

from guanxi.foundation import notifications
from guanxi.foundation.models import AuditEntry, Notification, User

pytestmark = pytest.mark.django_db


def number(client: Client) -> str:
    return client.get("/notifications/unread/").content.decode()


def test_notifications_are_shown_counted_and_read(staff_client: Client, staff: User, stranger: User) -> None:
    notifications.notify(staff, "匯入完成", "2,500 customers", "/account/", "success")
    notifications.notify(staff, "Refresh failed", level="error")
    notifications.notify(stranger, "Not yours")

    assert ">2<" in number(staff_client)
    shown = staff_client.get("/notifications/").content.decode()
    assert shown.index("Refresh failed") < shown.index("匯入完成")
    assert "Not yours" not in shown

    answer = staff_client.post("/notifications/read/")
    assert answer["HX-Trigger"] == "poll"
    assert "unread-note" not in answer.content.decode()
    assert "hidden" in number(staff_client)
    assert notifications.unread(stranger) == 1
    assert not AuditEntry.objects.exclude(action="accounts.log_in").exists()


def test_opening_one_marks_it_read_and_leads_on(staff_client: Client, staff: User) -> None:
    one = notifications.notify(staff, "匯入完成", url="/account/")
    notifications.notify(staff, "Another")

    assert staff_client.post(f"/notifications/{one.pk}/open/")["Location"] == "/account/"
    assert list(Notification.objects.filter(read_at=None).values_list("title", flat=True)) == ["Another"]


def test_nobody_opens_the_notification_of_another(staff_client: Client, stranger: User) -> None:
    one = notifications.notify(stranger, "Not yours")

    assert staff_client.post(f"/notifications/{one.pk}/open/").status_code == 404
    assert notifications.unread(stranger) == 1


def test_a_notification_leads_to_no_other_site(staff_client: Client, staff: User) -> None:
    one = notifications.notify(staff, "Look", url="https://elsewhere.example/")

    assert staff_client.post(f"/notifications/{one.pk}/open/")["Location"] == "/"


def test_what_is_written_is_shown_as_text(staff_client: Client, staff: User) -> None:
    notifications.notify(staff, "<b>bold</b>", "<script>1</script>")

    shown = staff_client.get("/notifications/").content.decode()
    assert "<b>" not in shown
    assert "<script>" not in shown


def test_an_unknown_level_is_an_error(staff: User) -> None:
    with pytest.raises(ValueError, match="klingon"):
        notifications.notify(staff, "Look", level="klingon")


def test_counting_stops_at_a_hundred(staff: User) -> None:
    Notification.objects.bulk_create(Notification(user=staff, title=f"{n}") for n in range(120))

    assert notifications.unread(staff) == 100


def test_nothing_yet_says_what_will_appear(staff_client: Client) -> None:
    assert "Finished imports" in staff_client.get("/notifications/").content.decode()

"""The screen of background tasks."""

from __future__ import annotations

import pytest
from django.test import Client

from guanxi.foundation import tasks
from guanxi.foundation.models import User
from guanxi.foundation.tasks import lease, queue, worker
from guanxi.foundation.tasks.models import BackgroundTask, State
from guanxi.foundation.tasks.tests import work

pytestmark = pytest.mark.django_db


def running() -> BackgroundTask:
    tasks.enqueue(work.quick, label="匯入銷售")
    row = queue.claim(lease.own_name())
    assert row is not None
    queue.hold(row, progress_done=250_000, progress_total=1_000_000, progress_message="寫入", progress_rate=50_000.0)
    return row


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_list_shows_state_progress_and_who_asked(staff_client: Client, staff: User) -> None:
    running()
    tasks.enqueue(work.refuses, by=staff)
    worker.run_waiting()
    html = page(staff_client, "/tasks/")
    for words in ("匯入銷售", "Running", "25&nbsp;%", "Failed", "第 3 列沒有日期", str(staff), "The system"):
        assert words in html
    assert 'hx-trigger="every 2s"' in html


def test_list_is_filtered_by_state(staff_client: Client) -> None:
    running()
    tasks.enqueue(work.quick, label="寄月報")
    html = page(staff_client, "/tasks/?f.state=running")
    assert "匯入銷售" in html
    assert "寄月報" not in html


def test_record_shows_rate_and_time_left_and_renews_itself(staff_client: Client) -> None:
    row = running()
    html = page(staff_client, f"/tasks/{row.pk}/")
    for words in ("寫入", "250,000", "50,000 per second", "0:00:15 left", f"/tasks/{row.pk}/progress/"):
        assert words in html
    queue.finish(row, State.DONE, result={"accepted": 3})
    part = page(staff_client, f"/tasks/{row.pk}/progress/")
    assert "Done" in part
    assert "hx-trigger" not in part
    assert "hx-trigger" not in page(staff_client, f"/tasks/{row.pk}/state/")


def test_cancel_and_try_again_by_their_buttons(staff_client: Client, staff: User) -> None:
    row = tasks.enqueue(work.quick)
    assert f"/tasks/{row.pk}/cancel/" in page(staff_client, f"/tasks/{row.pk}/")
    assert "Cancelled" in staff_client.post(f"/tasks/{row.pk}/cancel/").content.decode()
    assert f"/tasks/{row.pk}/retry/" in page(staff_client, f"/tasks/{row.pk}/progress/")
    assert "Waiting" in staff_client.post(f"/tasks/{row.pk}/retry/").content.decode()
    assert worker.run_waiting() == 1
    assert "has ended already" in staff_client.post(f"/tasks/{row.pk}/cancel/").content.decode()


def test_running_task_that_shall_end_says_so(staff_client: Client) -> None:
    row = running()
    html = staff_client.post(f"/tasks/{row.pk}/cancel/").content.decode()
    assert "Ending" in html
    assert f"/tasks/{row.pk}/cancel/" not in html


def test_several_at_once(staff_client: Client) -> None:
    rows = [tasks.enqueue(work.quick) for _ in range(3)]
    worker.run_waiting(limit=1)
    ids = [row.pk for row in rows]
    response = staff_client.post("/tasks/bulk/cancel/", {"ids": ids})
    assert response.status_code in (200, 204, 302)
    states = list(BackgroundTask.objects.order_by("pk").values_list("state", flat=True))
    assert states == [State.DONE, State.CANCELLED, State.CANCELLED]


def test_error_is_escaped(staff_client: Client) -> None:
    row = tasks.enqueue(work.fails.using(), "<script>alert(1)</script>")
    BackgroundTask.objects.update(max_attempts=1)
    worker.run_waiting()
    html = page(staff_client, f"/tasks/{row.pk}/")
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html


@pytest.mark.parametrize("part", ["", "live/", "state/"])
def test_only_staff_see_it(client: Client, stranger: User, part: str) -> None:
    row = tasks.enqueue(work.quick)
    assert client.get(f"/tasks/{row.pk}/{part}").status_code == 302
    client.force_login(stranger)
    assert client.get(f"/tasks/{row.pk}/{part}").status_code in (403, 404)
    assert client.post(f"/tasks/{row.pk}/cancel/").status_code in (403, 404)
    row.refresh_from_db()
    assert row.state == State.WAITING


def test_queries_do_not_grow_with_the_list(staff_client: Client, staff: User, django_assert_max_num_queries) -> None:
    for _ in range(30):
        tasks.enqueue(work.quick, by=staff)
    with django_assert_max_num_queries(16):
        page(staff_client, "/tasks/")

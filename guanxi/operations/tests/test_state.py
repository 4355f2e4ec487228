"""What people and machines see of the state: status page, metrics, request ids, slow statements, backups kept."""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.module_loading import import_string

from guanxi.foundation import logs, tasks
from guanxi.foundation.models import AuditEntry, Notification, User
from guanxi.foundation.tasks import worker
from guanxi.foundation.tasks.models import BackgroundTask, State
from guanxi.foundation.visibility import SYSTEM
from guanxi.operations import actions, state
from guanxi.operations.backup import archive, keeping, keys
from guanxi.operations.models import Backup
from guanxi.operations.tasks import back_up

pytestmark = pytest.mark.django_db


def broken() -> int:
    """A task that fails."""
    raise ValueError("broken")


# The status page ------------------------------------------------------------------------------------------------------


def test_the_page_says_how_things_stand_and_what_to_do(
    staff_client: Client, home: Path, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(40):
        page = staff_client.get("/status/").content.decode()
    assert "Start “guanxi serve” or “guanxi worker”." in page and "There is none." in page
    assert re.search(r"Back up now", page)
    BackgroundTask.objects.create(function="x.y", state=State.FAILED, finished_at=timezone.now())
    BackgroundTask.objects.create(function="x.y", run_after=timezone.now() - timedelta(hours=1))
    row = actions.begin_backup("a", "/b", "schedule", by=SYSTEM)
    actions.end_backup(row, by=SYSTEM, size=5_000_000, rows=1, files=0)
    part = staff_client.get("/status/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "1 since yesterday" in part and "oldest has been waiting for 1" in part and "4.8" in part
    actions.end_backup(actions.begin_backup("c", "/b", "schedule", by=SYSTEM), by=SYSTEM, error="No room")
    assert "The last attempt failed: No room" in staff_client.get("/status/").content.decode()


def test_mails_that_were_refused_are_counted(home: Path) -> None:
    for name in state.MAILS:
        assert import_string(name).max_attempts > 1  # the tasks that send are called so
        BackgroundTask.objects.create(function=name, error="refused", run_after=timezone.now() + timedelta(hours=1))
        BackgroundTask.objects.create(function=name, state=State.FAILED, finished_at=timezone.now())
    assert state.unsent_mails() == 2 * len(state.MAILS)


def test_strangers_see_nothing(client: Client, stranger: User) -> None:
    client.force_login(stranger)
    assert client.get("/status/").status_code == 403
    assert client.get("/backups/").status_code == 403
    assert client.post("/backups/start/").status_code == 403
    assert not BackgroundTask.objects.exists()


# Metrics --------------------------------------------------------------------------------------------------------------


def test_figures_for_machines(staff_client: Client, home: Path, settings: Any) -> None:
    staff_client.get("/status/")
    BackgroundTask.objects.create(function="x.y", run_after=timezone.now() - timedelta(hours=1))
    text = staff_client.get("/metrics", REMOTE_ADDR="127.0.0.1").content.decode()
    assert 'guanxi_tasks{state="waiting"} 1.0' in text
    assert float(re.findall(r"^guanxi_task_queue_age_seconds (.+)$", text, re.MULTILINE)[0]) > 3_500
    assert re.search(r'guanxi_request_seconds_count\{method="GET",route="status/",status="2xx"\} [1-9]', text)
    assert re.search(r"^guanxi_database_bytes [1-9]", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("extra", "allowed"),
    [
        ({}, True),
        ({"REMOTE_ADDR": "10.1.2.3"}, False),
        ({"HTTP_X_FORWARDED_FOR": "10.1.2.3"}, False),  # through a proxy on this machine
        ({"HTTP_AUTHORIZATION": "Bearer secret", "REMOTE_ADDR": "10.1.2.3"}, True),
        ({"HTTP_AUTHORIZATION": "Bearer secre", "REMOTE_ADDR": "10.1.2.3"}, False),
        ({"HTTP_AUTHORIZATION": "Bearer ", "REMOTE_ADDR": "10.1.2.3"}, False),
    ],
)
def test_who_may_ask_for_figures(client: Client, home: Path, settings: Any, extra: Any, allowed: bool) -> None:
    settings.GUANXI_METRICS_TOKEN = "secret"
    assert client.get("/metrics", **extra).status_code == (200 if allowed else 404)
    settings.GUANXI_METRICS_TOKEN = ""
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer ", REMOTE_ADDR="10.1.2.3").status_code == 404


# Ids of requests ------------------------------------------------------------------------------------------------------


def test_a_request_is_known_by_its_id_from_header_to_task(staff_client: Client, home: Path, staff: User) -> None:
    answer = staff_client.post("/backups/start/", headers={"X-Request-ID": "from-the-proxy.1"})
    assert answer.headers["X-Request-ID"] == "from-the-proxy.1"
    row = BackgroundTask.objects.get()
    assert row.request_id == "from-the-proxy.1" and row.requested_by == staff
    with logs.known_as(row.request_id):
        actions.begin_backup("x", "y", "person", by=staff)
    assert AuditEntry.objects.latest("id").request_id == "from-the-proxy.1"


@pytest.mark.parametrize("odd", ["", "a b", "x" * 33, "é", "a\tb"])
def test_odd_ids_are_replaced(client: Client, odd: str) -> None:
    given = client.get("/healthz", headers={"X-Request-ID": odd}).headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", given)


def test_a_uuid_is_kept_without_its_dashes(client: Client) -> None:
    sent = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert client.get("/healthz", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent.replace("-", "")


def test_a_task_works_under_the_id_of_its_request(home: Path, staff: User, caplog: pytest.LogCaptureFixture) -> None:
    with logs.known_as("abc"):
        tasks.enqueue(back_up, "person", by=staff)
    seen: list[str] = []

    def note(*_args: Any, **_more: Any) -> Backup:
        seen.append(logs.current_id())
        return Backup(name="x")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "back_up", note)
        worker.run_waiting()
    assert seen == ["abc"] and logs.current_id() == ""


def test_lines_for_programs() -> None:
    record = logging.LogRecord("guanxi.x", logging.WARNING, "f", 1, "hello %s", ("王",), None)
    record.told = {"status": 200}
    with logs.known_as("abc"):
        line = json.loads(logs.AsJson().format(record))
    assert (line["message"], line["request_id"], line["status"], line["level"]) == ("hello 王", "abc", 200, "WARNING")


def test_slow_statements_are_told_without_their_values(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.GUANXI_SLOW_MS = 1
    connection.ensure_connection()
    logs.watch(connection)
    try:
        slow = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000) SELECT count(*) FROM n"
        with caplog.at_level(logging.WARNING, "guanxi.slow"), connection.cursor() as cursor:
            cursor.execute(f"{slow} WHERE 'mei@example.com' <> %s", ["wang@example.com"])
    finally:
        connection.execute_wrappers.remove(logs._timed)
    (record,) = [record for record in caplog.records if record.name == "guanxi.slow"]
    assert "WITH RECURSIVE n(x)" in record.getMessage() and "WHERE ? <> %s" in record.getMessage()
    assert "example.com" not in record.getMessage() and "200000" not in record.getMessage()


# Backups that are kept ------------------------------------------------------------------------------------------------


def test_a_backup_that_fails_is_told(home: Path, staff: User, settings: Any) -> None:
    (home / "backups").write_text("a file where the folder should be")
    settings.STORAGES = {**settings.STORAGES, "backups": folder(home / "backups")}
    tasks.enqueue(back_up, "schedule", by=SYSTEM)
    for _attempt in range(3):
        BackgroundTask.objects.update(run_after=timezone.now())
        worker.run_waiting()
    assert BackgroundTask.objects.get().state == State.FAILED
    rows = list(Backup.objects.all())
    assert len(rows) == 3 and all(row.state == "failed" and row.error for row in rows)
    (told,) = Notification.objects.filter(user=staff)
    assert told.title == "The backup failed" and told.level == "error"


def folder(place: Path) -> dict[str, Any]:
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(place)}}


def test_old_backups_go_and_other_files_stay(home: Path, settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "backups": folder(home / "backups")}
    settings.GUANXI_BACKUP_KEEP = [2, 0, 1]
    place = home / "backups"
    place.mkdir()
    for day in range(1, 29):
        name = f"guanxi-202611{day:02}-013000.tar.zst"
        (place / name).write_text("x")
        actions.begin_backup(name, str(place), "schedule", by=SYSTEM)
    (place / "guanxi-20261001-013000.tar.zst.age").write_text("x")
    (place / "notes.txt").write_text("x")
    keeping.thin_out()
    assert sorted(path.name for path in place.iterdir()) == [
        "guanxi-20261127-013000.tar.zst", "guanxi-20261128-013000.tar.zst", "notes.txt",
    ]  # fmt: skip
    assert Backup.objects.filter(kept=True).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_scheduled_backup_goes_to_where_it_is_kept(home: Path, staff: User, settings: Any, tmp_path: Path) -> None:
    """Into a storage that is no folder, through a draft that is taken away."""
    settings.STORAGES = {**settings.STORAGES, "backups": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    settings.GUANXI_BACKUP_KEY, secret = keys.make_pair()
    tasks.enqueue(back_up, "person", by=staff)
    worker.run_waiting()
    assert BackgroundTask.objects.get().state == State.DONE, BackgroundTask.objects.get().error
    row = Backup.objects.get()
    assert (row.state, row.encrypted, row.requested_by, row.reason) == ("done", True, staff, "person")
    file = tmp_path / row.name
    file.write_bytes(keeping.shelf().open(row.name).read())
    manifest = archive.verify(file, secret)
    assert row.size == file.stat().st_size and manifest.told["rows"]["foundation_user"] == 1
    assert not list((home / "scratch").iterdir())


def test_every_column_of_transactions_is_taken_care_of_by_backups() -> None:
    """Numbers of transactions mean nothing in another server (docs/develop/operations.md)."""
    from django.apps import apps

    from guanxi.operations.backup.snapshots import SETTLED, TRANSACTIONS

    found = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if type(field.db_default).__name__ == "CurrentTransaction"
    }
    assert found and found <= {*TRANSACTIONS.items(), *SETTLED.items()}

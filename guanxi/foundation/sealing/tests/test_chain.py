"""The chain of the audit log: whole after honest work, broken where it should be after tampering with raw SQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from guanxi.foundation import audit, people
from guanxi.foundation.actions import acting
from guanxi.foundation.models import AuditEntry, Notification, User
from guanxi.foundation.sealing import redacting, sealing, triggers, verifying
from guanxi.foundation.sealing.checking import audit as audit_command
from guanxi.foundation.sealing.checking import fault
from guanxi.foundation.sealing.models import Head, Seal
from guanxi.foundation.sealing.tasks import verify as verify_task
from guanxi.foundation.tasks import worker
from guanxi.foundation.visibility import SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@contextmanager
def guards_off() -> Iterator[None]:
    """What somebody with the rights of the database's owner can do."""
    if connection.vendor == "postgresql":
        sql("SET session_replication_role = replica")
    else:
        for name in triggers.names():
            sql(f"DROP TRIGGER {name}")
    try:
        yield
    finally:
        if connection.vendor == "postgresql":
            sql("SET session_replication_role = DEFAULT")
        triggers.ensure()


def entries(count: int = 6) -> list[int]:
    """So many entries, sealed; their numbers."""
    with acting(SYSTEM, "tests.work") as occasion:
        for number in range(count):
            audit.record_summary(occasion, "customers.party", number, "王美玲", {"city": ["臺北", f"高雄 {number}"]})
    sealing.seal()
    return list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))


def found() -> list[tuple[str, int | None]]:
    return [(one.kind, one.entry) for one in verifying.verify().faults]


def test_honest_work_is_sealed_in_order_and_found_whole(staff: User) -> None:
    people.set_theme(staff, "dark", by=staff)
    assert sealing.seal() == 1
    assert sealing.seal() == 0
    entries(5)

    result = verifying.verify()

    assert (result.count, result.sealed) == (0, 6)
    assert list(Seal.objects.order_by("sequence").values_list("sequence", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert result.head == f"6:{Seal.objects.get(pk=6).hash}"
    assert fault() is None


def test_the_database_refuses_to_change_or_delete_entries_and_seals() -> None:
    entries(2)
    for statement in (
        "UPDATE foundation_auditentry SET actor_name = 'nobody'",
        "DELETE FROM foundation_auditentry",
        "UPDATE sealing_seal SET hash = ''",
        "DELETE FROM sealing_seal",
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            sql(statement)
    for change in (AuditEntry.objects.all().delete, lambda: AuditEntry.objects.update(action=""), _delete, _save):
        with pytest.raises(TypeError, match=r"not (changed|deleted)"):
            change()
    assert found() == []


def _delete() -> None:
    AuditEntry.objects.latest("pk").delete()


def _save() -> None:
    AuditEntry.objects.latest("pk").save()


CHANGES = {
    "actor_name": "'nobody'",
    "action": "'tests.other'",
    "object_id": "4711",
    "address": "'10.0.0.1'",
    "object_label": "'陳建宏'",
    "at": "'2020-01-01 00:00:00+00:00'",
}


@pytest.mark.parametrize("column", [*CHANGES, "changes"])
def test_a_changed_entry_is_named(column: str) -> None:
    numbers = entries()
    value = CHANGES.get(column, "'" + json.dumps({"city": ["臺北", "臺中"]}) + "'")
    with guards_off():
        sql(f"UPDATE foundation_auditentry SET {column} = {value} WHERE id = %s", numbers[2])
    assert found() == [("changed", numbers[2])]
    assert f"entry {numbers[2]}: " in str(fault())


def test_a_removed_entry_is_named_whether_its_seal_goes_too_or_not() -> None:
    numbers = entries()
    with guards_off():
        sql("DELETE FROM foundation_auditentry WHERE id = %s", numbers[1])
    assert found() == [("removed", numbers[1])]
    with guards_off():
        sql("DELETE FROM sealing_seal WHERE entry = %s", numbers[1])
    assert found() == [("removed", None)]


def test_newest_entries_that_were_removed_with_their_seals_show_at_the_head() -> None:
    numbers = entries()
    with guards_off():
        sql("DELETE FROM foundation_auditentry WHERE id > %s", numbers[3])
        sql("DELETE FROM sealing_seal WHERE sequence > 4")
    assert found() == [("removed", None)]
    with guards_off():  # and a head made to fit cannot be signed
        last = Seal.objects.get(pk=4)
        sql("UPDATE sealing_head SET sequence = 4, hash = %s", last.hash)
    assert found() == [("seal", None)]


def test_an_entry_put_among_the_old_ones_is_named() -> None:
    numbers = entries()
    copied = "actor_id, actor_name, action, request_id, object_type, object_id, object_label, changes, address"
    with guards_off():
        sql("DELETE FROM foundation_auditentry WHERE id = %s", numbers[3])
        sql(
            f'INSERT INTO foundation_auditentry (id, at, "transaction", {copied}) '
            f'SELECT %s, at, "transaction", {copied} FROM foundation_auditentry WHERE id = %s',
            10**6 if connection.vendor == "postgresql" else numbers[0] - 1,
            numbers[4],
        )
    assert {kind for kind, _entry in found()} == {"removed", "inserted"}


def test_an_entry_that_says_it_is_older_than_it_is_is_named() -> None:
    entries()
    with acting(SYSTEM, "tests.work") as occasion:
        audit.record_summary(occasion, "customers.party", 1, "", {})
    late = AuditEntry.objects.latest("pk")
    with guards_off():
        sql("UPDATE foundation_auditentry SET at = %s WHERE id = %s", timezone.now() - timedelta(days=9), late.pk)
    assert found() == [("inserted", late.pk)]


def test_seals_that_were_exchanged_are_named() -> None:
    entries()
    with guards_off():
        sql("UPDATE sealing_seal SET hash = (SELECT hash FROM sealing_seal WHERE sequence = 5) WHERE sequence = 3")
    assert {kind for kind, _entry in found()} == {"seal"}


def test_guards_that_were_taken_away_show() -> None:
    entries(1)
    with transaction.atomic():
        name = min(triggers.names())
        on = " ON foundation_auditentry" if connection.vendor == "postgresql" else ""
        sql(f"DROP TRIGGER {name}{on}")
    assert found() == [("other", None)]
    triggers.ensure()
    assert found() == []


def test_values_leave_by_the_one_door_and_the_chain_stays_whole() -> None:
    numbers = entries()
    with acting(SYSTEM, "rights.wipe"):
        assert redacting.blank(AuditEntry.objects.filter(pk__in=numbers[:2])) == 2
        redacting.replace({numbers[2]: ("…", {"city": ["…", "高雄"]})})
        redacting.forget([numbers[3], numbers[5]])

    result = verifying.verify()

    assert (result.count, result.redacted, result.forgotten) == (0, 3, 2)
    gone = AuditEntry.objects.get(pk=numbers[0])
    assert (gone.object_label, gone.changes, gone.object_id) == ("", {}, 0)
    assert not Seal.objects.filter(entry__in=numbers[:3]).exclude(salt="").exists()
    with guards_off():  # a redacted entry is guarded as before
        sql("UPDATE foundation_auditentry SET object_label = '王美玲' WHERE id = %s", numbers[0])
    assert found() == [("changed", numbers[0])]


def test_a_made_up_record_of_a_redaction_excuses_nothing() -> None:
    numbers = entries()
    with acting(SYSTEM, "rights.wipe"):
        redacting.blank(AuditEntry.objects.filter(pk=numbers[0]))
    true = AuditEntry.objects.get(object_type=redacting.OF).changes
    made_up = {**true, "entries": [[true["entries"][0][0], [numbers[1]]]]}
    with guards_off():
        sql("UPDATE foundation_auditentry SET object_label = '', changes = '{}' WHERE id = %s", numbers[1])
        with acting(SYSTEM, "rights.wipe") as occasion:
            audit.record_summary(occasion, redacting.OF, None, "", made_up)
    record = AuditEntry.objects.latest("pk")
    assert found() == [("inserted", record.pk), ("changed", numbers[1])]


def test_a_change_of_the_secret_key_is_told_from_tampering(settings: Any) -> None:
    entries(2)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    entries(2)
    assert found() == []
    settings.SECRET_KEY_FALLBACKS = []
    assert "GUANXI_OLD_SECRET_KEYS" in verifying.verify().faults[0].words


def test_what_commits_late_is_sealed_late_and_nothing_twice() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer; ids are committed in order")
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic(), acting(SYSTEM, "tests.slow") as occasion:
            audit.record_summary(occasion, "customers.party", 99, "", {})
            begun.set()
            go_on.wait(20)
        connection.close()

    other = threading.Thread(target=slow)
    other.start()
    assert begun.wait(20)
    with acting(SYSTEM, "tests.work") as occasion:
        audit.record_summary(occasion, "customers.party", 100, "", {})
    assert sealing.seal() == 0  # what is open may still join
    go_on.set()
    other.join()
    assert sealing.seal() == 2
    assert found() == []


def test_the_page_and_the_command_say_what_is_wrong(staff_client: Client, staff: User) -> None:
    numbers = entries()
    assert "Nobody has looked yet" in staff_client.get("/audit/chain/").content.decode()
    staff_client.post("/audit/chain/look/")
    assert worker.run_waiting() == 1
    page = staff_client.get("/audit/chain/").content.decode()
    assert "Untouched: all" in page
    head = Head.objects.get()
    runner = CliRunner()
    assert runner.invoke(audit_command, ["--head", f"{head.sequence}:{head.hash}"]).exit_code == 0
    lost = runner.invoke(audit_command, ["--head", f"3:{'0' * 64}"])
    assert lost.exit_code == 1
    assert "no longer holds" in lost.output
    assert "is no head" in runner.invoke(audit_command, ["--head", "x"]).output

    with guards_off():
        sql("DELETE FROM foundation_auditentry WHERE id = %s", numbers[1])
    verify_task.call()

    assert "not as it was sealed" in Notification.objects.get(user=staff).title
    assert runner.invoke(audit_command).exit_code == 1
    staff_client.post("/audit/chain/look/")
    worker.run_waiting()
    page = staff_client.get("/audit/chain/").content.decode()
    assert "This entry was removed." in page
    assert f"/audit/{numbers[1]}/" in page


def test_strangers_see_and_start_nothing(client: Client, stranger: User) -> None:
    client.force_login(stranger)
    assert client.get("/audit/chain/").status_code == 403
    assert client.post("/audit/chain/look/").status_code == 403

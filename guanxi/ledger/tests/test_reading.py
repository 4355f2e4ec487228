"""Readers of the ledger miss nothing and read nothing twice, in whatever order transactions end."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from guanxi.ledger import reading
from guanxi.ledger.models import Event, ReaderCursor

pytestmark = pytest.mark.django_db(transaction=True)
on_postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")


def record(kind: str) -> Event:
    return Event.objects.create(kind=kind)


def kinds(since: int, until: int) -> list[str]:
    return [event.kind for event in reading.changes(since, until)]


def settled() -> int:
    """The horizon, once the transactions of other tests on the same server have ended."""
    return reading.settled_horizon(60)[0]


class Writer:
    """A thread with a transaction of its own that writes one event and waits for leave to commit."""

    def __init__(self, kind: str) -> None:
        self.written, self.leave = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, args=(kind,))
        self.thread.start()
        assert self.written.wait(10)

    def _run(self, kind: str) -> None:
        try:
            with transaction.atomic():
                record(kind)
                self.written.set()
                self.leave.wait(10)
        finally:
            connection.close()

    def commit(self) -> None:
        self.leave.set()
        self.thread.join()


def test_events_are_read_once_in_order() -> None:
    record("one")
    record("two")
    first = settled()
    assert kinds(0, first) == ["one", "two"]
    record("three")
    second = settled()
    assert kinds(first, second) == ["three"]
    assert kinds(second, settled()) == []


@on_postgres
def test_an_earlier_event_committed_later_is_not_passed_over() -> None:
    slow = Writer("slow")  # has the smaller id
    record("quick")
    first = reading.horizon()
    assert Event.objects.filter(kind="quick").exists()
    assert kinds(0, first) == []  # a reader of ids would take "quick" now, and never see "slow"
    slow.commit()
    second = settled()
    assert sorted(kinds(first, second)) == ["quick", "slow"]


@on_postgres
def test_a_claim_does_not_pass_an_open_transaction() -> None:
    record("before")
    settled()
    slow = Writer("slow")
    record("quick")
    with reading.claim("webhooks") as taken:
        assert [event.kind for event in taken.events()] == ["before"]
    slow.commit()
    settled()
    with reading.claim("webhooks") as taken:
        assert sorted(event.kind for event in taken.events()) == ["quick", "slow"]
    with reading.claim("webhooks") as taken:
        assert not taken.events().exists()


def test_a_claim_that_fails_is_read_again() -> None:
    record("one")

    def read_and_fail() -> None:
        with reading.claim("webhooks"):
            record("made by the reader")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        read_and_fail()
    assert ReaderCursor.objects.get(reader="webhooks").mark == 0
    settled()
    with reading.claim("webhooks") as taken:
        assert [event.kind for event in taken.events()] == ["one"]


def test_readers_do_not_disturb_each_other() -> None:
    record("one")
    settled()
    with reading.claim("webhooks"):
        pass
    with reading.claim("journeys") as taken:
        assert taken.events().count() == 1


def test_the_condition_in_sql_says_the_same() -> None:
    record("one")
    mark = settled()
    record("two")
    now = settled()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT e.kind FROM ledger_event e WHERE {reading.between(mark, now, 'e')}")
        assert cursor.fetchall() == [("two",)]


def test_what_is_committed_is_settled_when_nobody_writes() -> None:
    record("one")
    mark, whole = reading.settled_horizon(60)
    assert whole
    assert kinds(0, mark) == ["one"]


@on_postgres
def test_an_open_transaction_keeps_the_horizon_from_settling() -> None:
    slow = Writer("slow")
    record("quick")
    assert reading.settled_horizon(0.1)[1] is False
    slow.commit()
    mark, whole = reading.settled_horizon(60)
    assert whole
    assert sorted(kinds(0, mark)) == ["quick", "slow"]

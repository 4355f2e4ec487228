"""Bulk sessions put in and give back every kind of value, in one transaction, on both databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from guanxi.customers.models import Party, SourceRecord
from guanxi.foundation import bulk
from guanxi.foundation.bulk import orphans, processes, sqlite
from guanxi.foundation.bulk.sqlite import _storable_column
from guanxi.foundation.bulk.wire import BulkError
from guanxi.ledger.models import Event

MOMENT = datetime(2017, 3, 1, 23, 59, 59, 123456, UTC)
WHOLE = datetime(2017, 3, 1, 23, 59, 59, tzinfo=UTC)


def parties(first: int, names: list[str], **more: Any) -> pa.Table:
    count = len(names)
    text = dict.fromkeys(
        ("latin_name", "family_name", "given_name", "gender", "occupation", "language", "city", "country"), ""
    )
    columns = {
        "id": pa.array(range(first, first + count), pa.int64()),
        "kind": ["person"] * count,
        "name": names,
        "profile": ['{"age": "19-24"}'] * count,
        "made_up": pa.array([True] * count),
        "date_of_birth": pa.array([date(1980, 2, 29)] + [None] * (count - 1), pa.date32()),
        "created_at": pa.array([MOMENT] * count, pa.timestamp("us", "UTC")),
        "changed_at": pa.array([WHOLE] * count, pa.timestamp("us", "UTC")),
    }
    return pa.table(columns | {name: [value] * count for name, value in text.items()} | more)


@pytest.mark.django_db(transaction=True)
def test_values_of_every_kind_survive_the_way_in_and_out() -> None:
    names = ["王美玲", 'Anne "Q", O\'Neil', "two\nlines", ""]
    with bulk.session() as db:
        first = db.reserve_ids("customers_party", len(names))
        db.append("customers_party", parties(first, names))
        db.commit()
        schema = pa.schema(
            [
                ("name", pa.string()),
                ("date_of_birth", pa.date32()),
                ("created_at", pa.timestamp("us", "UTC")),
                ("made_up", pa.bool_()),
            ]
        )
        rows = db.read(
            "SELECT name, date_of_birth, created_at, made_up FROM customers_party ORDER BY id", schema
        ).to_pylist()
    assert [row["name"] for row in rows] == names
    assert [row["date_of_birth"] for row in rows] == [date(1980, 2, 29), None, None, None]
    assert all(row["created_at"] == MOMENT and row["made_up"] is True for row in rows)
    party = Party.objects.order_by("id")[0]
    assert (party.created_at, party.changed_at, party.profile) == (MOMENT, WHOLE, {"age": "19-24"})
    assert Party.objects.filter(changed_at=WHOLE).count() == len(names), "text in SQLite must equal what Django binds"


@pytest.mark.django_db(transaction=True)
def test_a_process_that_stands_ready_is_used_and_a_dead_one_is_not() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("on PostgreSQL there is none")
    for dead in (False, True):
        bulk.be_ready()
        bulk.be_ready()
        ((_parent, ready),) = processes._ready
        if dead:
            ready.kill()
            ready.wait()
        with bulk.session() as db:
            assert bulk.last_id(db, "customers_party") >= 0
            assert (db.child is ready) is not dead
            assert not processes._ready
        assert [process for _parent, process in processes._ready] == [db.child], "it stands ready for the next"


@pytest.mark.django_db(transaction=True)
def test_a_process_is_used_again_only_where_nothing_of_the_last_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("on PostgreSQL there is none")
    with bulk.session() as db:
        first = db.child
        db.stage("mine", pa.table({"a": [1, 2]}))
        db.append("customers_party", parties(db.reserve_ids("customers_party", 1), ["沒有"]))
    with bulk.session() as db, bulk.session() as other:
        assert db.child is first and other.child is not first
        with pytest.raises(BulkError, match="mine"):
            db.execute("SELECT * FROM mine")
        assert not Party.objects.exists()
        with pytest.raises(BulkError, match="nonsense"):
            list(db.stream("SELECT nonsense", pa.schema([("a", pa.int64())])))
    assert first.poll() == 0, "half a question may be on its way, and another stands ready"
    with bulk.session() as db:
        assert db.child is other.child
        rows = db.stream("SELECT 1 UNION ALL SELECT 2", pa.schema([("a", pa.int64())]))
        next(rows)
    assert other.child.poll() is not None and not processes._ready, "nobody read its answer to the end"
    monkeypatch.setattr(sqlite, "MANY", 1)
    with bulk.session() as db:
        db.stage("mine", pa.table({"a": [1, 2]}))
    assert db.child.poll() == 0 and not processes._ready, "its memory goes back"


@pytest.mark.django_db(transaction=True)
def test_without_commit_nothing_stays() -> None:
    with bulk.session() as db:
        db.append("customers_party", parties(db.reserve_ids("customers_party", 1), ["沒有"]))
    assert not Party.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_error_says_what_the_database_said_and_spoils_nothing() -> None:
    with bulk.session() as db:
        with pytest.raises(Exception, match="nonsense"):
            db.execute("SELECT nonsense")
        db.rollback()
        db.append("customers_party", parties(db.reserve_ids("customers_party", 1), ["好"]))
        db.commit()
    assert Party.objects.get().name == "好"


@pytest.mark.django_db(transaction=True)
def test_reserved_ids_are_nobody_elses() -> None:
    taken: list[range] = []

    def reserve() -> None:
        with bulk.session() as db:
            first = db.reserve_ids("customers_party", 10)
            db.append("customers_party", parties(first, ["x"] * 10))
            db.commit()
            taken.append(range(first, first + 10))

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    single = Party.objects.create(name="single")
    everyone = [number for ids in taken for number in ids] + [single.pk]
    assert len(everyone) == 41
    assert len(set(everyone)) == 41


@pytest.mark.django_db(transaction=True)
def test_a_staged_table_joins_with_the_stored_ones() -> None:
    known = Party.objects.create(name="王美玲")
    with bulk.session() as db:
        db.stage("incoming", pa.table({"name": ["王美玲", "李四"], "n": pa.array([None, 2], pa.int64())}))
        sql = "SELECT p.id, i.n FROM incoming AS i JOIN customers_party AS p ON p.name = i.name"
        rows = db.read(sql, pa.schema([("id", pa.int64()), ("n", pa.int64())]))
    assert rows.to_pylist() == [{"id": known.pk, "n": None}]


@pytest.mark.django_db(transaction=True)
def test_leading_nulls_do_not_fool_the_driver() -> None:
    with bulk.session() as db:
        values = pa.array([None] * 3000 + [1.5], pa.float64())
        db.stage("numbers", pa.table({"n": pa.array(range(3001), pa.int64()), "v": values}))
        schema = pa.schema([("v", pa.float64()), ("t", pa.string())])
        table = db.read("SELECT v, CASE WHEN n = 3000 THEN '終' END AS t FROM numbers ORDER BY n", schema)
    assert table.column("v")[-1].as_py() == 1.5
    assert table.column("t")[-1].as_py() == "終"
    assert table.column("v").null_count == 3000


@pytest.mark.django_db(transaction=True)
def test_an_empty_answer_has_the_asked_schema() -> None:
    schema = pa.schema([("id", pa.int64()), ("payload", pa.string())])
    with bulk.session() as db:
        rows = db.read("SELECT id, payload FROM customers_sourcerecord", schema)
    assert rows.schema == schema
    assert rows.num_rows == SourceRecord.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_events_know_their_transaction() -> None:
    Event.objects.create(kind="test")
    event = Event.objects.get()
    if connection.vendor == "postgresql":
        assert event.transaction > 0
    else:
        assert event.transaction == 0


@pytest.mark.django_db(transaction=True)
def test_what_runs_behind_is_written_in_order_or_not_at_all() -> None:
    with bulk.session(behind=True) as db:
        first = db.reserve_ids("customers_party", 3)
        for number, name in enumerate(["王美玲", "陳志明", "林雅婷"]):
            db.append("customers_party", parties(first + number, [name]))
        db.commit()
        db.append("customers_party", parties(first, ["二"]))  # an id that is there already: nobody waits for it yet
        with pytest.raises(Exception, match=r"(?i)unique"):
            db.commit()
        db.rollback()
        db.append("customers_party", parties(first + 3, ["三"]))  # neither committed nor waited for
    assert list(Party.objects.order_by("id").values_list("name", flat=True)) == ["王美玲", "陳志明", "林雅婷"]


@pytest.mark.django_db(transaction=True)
def test_rows_that_refer_to_nothing_are_found() -> None:
    party = Party.objects.create(name="王美玲")
    Event.objects.create(party=party, kind="note.written")
    assert orphans.find() is None
    lost = Event.objects.create(party_id=party.pk + 1000, kind="note.written")
    assert f"ledger.Event {lost.pk} refers to customers.Party {lost.party_id}" in str(orphans.find())
    lost.delete()


@given(
    st.lists(st.none() | st.integers(-(10**10), 10**10), max_size=5),
    st.sampled_from([1, 1000, 500_000, 1_000_000]),
    st.integers(1, 3),
)
def test_moments_become_the_text_that_django_binds(counts: list[int | None], step: int, times: int) -> None:
    moments = [None if count is None else WHOLE + timedelta(microseconds=count * step) for count in counts] * times
    column = pa.chunked_array([pa.array(moments, pa.timestamp("us", "UTC"))])
    assert _storable_column(column).to_pylist() == [
        None if moment is None else str(moment.replace(tzinfo=None)) for moment in moments
    ]


def test_arrow_is_kept_from_loading_pandas() -> None:
    program = (
        "import sys; from guanxi.foundation.bulk import without_pandas; without_pandas.settle(); "
        "import pyarrow as pa, pyarrow.compute as pc; pc.fill_null(pa.array(['王', None]), ''); "
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


STARTER = """
import sys
from guanxi.foundation.bulk import processes, wire

process = processes.take()
for command, argument in (("open", sys.argv[1]), ("execute", sys.argv[2])):
    wire.send_message(process.stdin, {"command": command, "arguments": [argument]})
print(process.pid, flush=True)
process.wait()
"""
ENDLESS = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n"


def test_a_process_of_a_killed_worker_ends_in_the_midst_of_a_statement(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path / "db.sqlite3"), ENDLESS]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert starter.stdout
    number = int(starter.stdout.readline())
    time.sleep(2)  # until it is in the statement
    assert "sqlite_child" in Path(f"/proc/{number}/cmdline").read_text()
    starter.kill()
    starter.wait()
    for _turn in range(100):
        with suppress(FileNotFoundError):
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z":
                time.sleep(0.1)
                continue
        return
    os.kill(number, signal.SIGKILL)
    pytest.fail("the process is still there")

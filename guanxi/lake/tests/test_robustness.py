"""The lake survives what happens to it: kills, damage, several writers and readers at once, late transactions."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection, connections, transaction

from guanxi.customers.profile import ProfileField
from guanxi.foundation import hooks
from guanxi.foundation.actions import acting, change
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import commands, lock, store, tables
from guanxi.lake.query import Query, ask
from guanxi.lake.refresh import keep_tidy, refresh
from guanxi.lake.store import LakeBroken
from guanxi.lake.tests.conftest import Shop
from guanxi.lake.tests.test_refresh import assert_same_as_full_load, assert_sums_agree
from guanxi.orders.models import Place
from tests.forked import Forked

KILLED_AT = """
import os, signal, sys
import django, pyarrow
django.setup()
from guanxi.lake import refresh, store
table_name, moment = sys.argv[1:]
write = store._write

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def broken_off(batches, schema):
    yield from batches
    die()

def deadly(table, reader, marks, **how):
    if table.name == table_name and moment == "before":
        die()
    if table.name == table_name and moment == "during":
        reader = pyarrow.RecordBatchReader.from_batches(reader.schema, broken_off(reader, reader.schema))
    write(table, reader, marks, **how)
    if table.name == table_name and moment == "after":
        die()

store._write = deadly
refresh.refresh()
"""


@pytest.mark.parametrize(
    ("table", "moment"),
    [
        ("party", "after"),
        ("first_purchase", "before"),
        ("first_purchase", "after"),
        ("purchases", "before"),
        ("purchases", "after"),
        ("sales_line", "before"),
        ("sales_line", "during"),
        ("sales_line", "after"),
        ("event", "during"),
        ("event", "after"),
    ],
)
def test_killed_anywhere_nothing_is_lost_or_double(
    shop: Shop, process_environment: dict[str, str], tmp_path: Path, table: str, moment: str
) -> None:
    mei, ming = shop.party("陳美華"), shop.party("王小明")
    first = shop.order(mei, "2017-03-05", (None, 5), (None, 6))
    moved = shop.order(mei, "2017-01-01", (None, 1))
    refresh()
    shop.change_party(ming, city="臺中市")
    shop.change_order(first, (None, 7))
    shop.change_order(moved, party=ming)
    shop.order(shop.party("吳"), "2018-01-01", (None, "0.0001"))
    killed = Forked(KILLED_AT, [table, moment], process_environment, tmp_path / "said", tmp_path / "erred")
    assert killed.wait(300) == -9, (tmp_path / "erred").read_text()
    refresh(wait=60)  # PostgreSQL takes a moment to notice that the holder of the lock has gone
    assert_sums_agree()
    assert_same_as_full_load()


def test_a_killed_first_load_goes_on(shop: Shop, process_environment: dict[str, str], tmp_path: Path) -> None:
    shop.order(shop.party("陳美華"), "2017-03-05", (None, 5))
    Forked(KILLED_AT, ["sales_line", "during"], process_environment, tmp_path / "said", tmp_path / "erred").wait(300)
    refresh(wait=60)
    assert_sums_agree()
    assert_same_as_full_load()


@pytest.fixture
def filled(shop: Shop) -> Shop:
    shop.order(shop.party("陳美華"), "2017-03-05", (None, 5), place=shop.place("N", "臺北店"))
    refresh()
    return shop


def test_a_missing_file_is_named_and_a_full_refresh_mends_it(filled: Shop, settings: Any) -> None:
    assert tables.ready() is None
    lost = next(Path(settings.GUANXI_LAKE, "sales_line").rglob("*.parquet"))
    lost.unlink()
    assert lost.name in (tables.ready() or "")
    with pytest.raises(LakeBroken, match=r"sales_line.*guanxi refresh --full"):
        ask(Query(["sales"]), SYSTEM)
    result = CliRunner().invoke(commands.refresh, ["--full"])
    assert result.exit_code == 0, result.output
    assert tables.ready() is None
    assert ask(Query(["sales"]), SYSTEM) == [{"sales": 5}]


def test_a_damaged_log_is_named_and_a_full_refresh_mends_it(filled: Shop, settings: Any) -> None:
    log = Path(settings.GUANXI_LAKE, "sales_line", "_delta_log", "00000000000000000000.json")
    log.write_text("{")
    result = CliRunner().invoke(commands.refresh, [])
    assert result.exit_code == 1
    assert "sales_line" in result.output
    assert "--full" in result.output
    assert "sales_line" in (tables.ready() or "")
    assert CliRunner().invoke(commands.refresh, ["--full"]).exit_code == 0
    assert ask(Query(["sales"]), SYSTEM) == [{"sales": 5}]


def test_a_lake_that_was_taken_away_is_loaded_anew(filled: Shop, settings: Any) -> None:
    assert ask(Query(["sales"]), SYSTEM) == [{"sales": 5}]
    shutil.rmtree(settings.GUANXI_LAKE)
    assert ask(Query(["sales"]), SYSTEM) == [{"sales": None}]
    refresh()
    assert ask(Query(["sales"]), SYSTEM) == [{"sales": 5}]


def test_one_refresh_at_a_time(filled: Shop) -> None:
    with lock.held() as taken:
        assert taken
        assert refresh().busy
    assert not refresh().busy


def test_a_renamed_record_and_a_new_field_of_the_profile_arrive(filled: Shop) -> None:
    filled.order(filled.party("吳", profile={"pet": "cat"}), "2017-03-06", (None, 1))
    with acting(SYSTEM, "test"), transaction.atomic():
        change(Place.objects.get(code="N"), name="臺北一店")
    with hooks.registered("profile_field", ProfileField("pet", "Pet")):
        assert len(ask(Query(["lines"], by=["pet"]), SYSTEM)) == 1  # not known of anybody before the refresh
        outcome = refresh()
        assert {"party", "place"} <= set(outcome.whole)
        assert [row["place"] for row in ask(Query(["sales"], by=["place"]), SYSTEM)] == ["臺北一店", None]
        assert {row["pet"]: row["lines"] for row in ask(Query(["lines"], by=["pet"]), SYSTEM)} == {None: 1, "cat": 1}


def test_many_changes_rewrite_the_table_in_one_pass(filled: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [filled.order(filled.party(f"客{n}"), f"2017-0{n}-01", (None, n)) for n in range(1, 8)]
    refresh()
    monkeypatch.setattr(store, "FEW", 0)
    for order in orders[::2]:
        filled.change_order(order, (None, 100), day="2017-09-09")
    refresh()
    assert_sums_agree()
    assert_same_as_full_load()


def test_many_small_files_become_few(filled: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "TOO_MANY", 3)
    monkeypatch.setattr(store, "KEEP_HOURS", 0)
    mei = filled.party("王")
    for number in range(5):
        filled.order(mei, "2017-03-07", (None, number))
        refresh()
    assert len(tables._newest(tables.schema.SALES_LINE).files) < 5
    assert_sums_agree()
    assert sum(keep_tidy().values()) > 0
    assert_sums_agree()
    assert_same_as_full_load()


@contextmanager
def running(work: Any, times: int) -> Iterator[list[BaseException]]:
    """Run `work` in threads for the length of the block; what they raised."""
    raised: list[BaseException] = []
    stop = threading.Event()

    def repeat() -> None:
        try:
            while not stop.is_set():
                work()
        except BaseException as error:  # noqa: BLE001  the test looks at it
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=repeat) for _ in range(times)]
    for thread in threads:
        thread.start()
    yield raised
    stop.set()
    for thread in threads:
        thread.join()


def test_many_read_while_one_writes(filled: Shop) -> None:
    """Each order has two lines that add up to nothing: no reader ever sees one without the other."""
    seen: set[int] = set()

    def look() -> None:
        (row,) = ask(Query(["sales", "lines", "customers"], where={"kind": ["sale"]}), SYSTEM)
        assert row["sales"] == 5
        assert row["lines"] % 2 == 1
        seen.add(row["lines"])

    mei = filled.party("王")
    with running(look, 4) as raised:
        for _ in range(5):
            order = filled.order(mei, "2017-03-07", (None, 10), (None, -10))
            refresh()
            filled.change_order(order, (None, 20), (None, -20))
            refresh()
    assert raised == []
    look()
    assert max(seen) == 11


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_an_order_committed_late_is_not_lost(filled: Shop) -> None:
    mei = filled.party("王")
    written, leave = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            filled.order(mei, "2017-03-08", (None, 30))
            written.set()
            leave.wait(20)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    written.wait(20)
    filled.order(mei, "2017-03-09", (None, 40))
    refresh(patience=0.1)
    leave.set()
    thread.join()
    refresh()
    assert_sums_agree()
    assert ask(Query(["sales"]), SYSTEM) == [{"sales": 75}]
    assert_same_as_full_load()

"""Tables that a higher floor adds to the lake and writes itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from guanxi.foundation import hooks
from guanxi.lake import lock, schema, store, tables
from guanxi.lake.refresh import keep_tidy, refresh
from guanxi.lake.schema import LakeTable
from guanxi.lake.store import LakeBroken
from guanxi.lake.tests.conftest import Shop

MOOD = LakeTable(
    "mood", "party_id", (("party_id", pa.int64()), ("mood", pa.string())), file_size=8_000_000, remedy="guanxi learn"
)


@pytest.fixture
def mood() -> Iterator[LakeTable]:
    with hooks.registered("lake_table", MOOD):
        yield MOOD


def batches(*rows: tuple[int, str]) -> list[pa.RecordBatch]:
    made: list[pa.RecordBatch] = pa.Table.from_pylist(
        [dict(zip(MOOD.schema.names, row, strict=True)) for row in rows], MOOD.schema
    ).to_batches()
    return made


def stored(table: LakeTable) -> DeltaTable:
    found = store.open_table(table)
    assert found is not None
    return found


def moods() -> dict[int, str]:
    rows = tables.table("mood").to_pyarrow().to_pylist()
    return {row["party_id"]: row["mood"] for row in rows}


def test_an_added_table_is_empty_until_it_is_written(shop: Shop, mood: LakeTable) -> None:
    assert tables.table("mood").count().to_pyarrow().as_py() == 0
    assert tables.version_of("mood")[1] is None
    assert tables.ready() is None
    with pytest.raises(KeyError, match="moods"):
        tables.table("moods")


def test_whoever_adds_a_table_writes_it(shop: Shop, mood: LakeTable) -> None:
    before = tables.versions()
    store.overwrite(mood, batches((1, "陳美華 smiles"), (2, "calm")), {"learnt": 1})
    assert tables.versions() != before
    store.append(mood, batches((3, "cross")), {"learnt": 2})
    store.replace(mood, stored(mood), pa.array([2, 9]), batches((2, "glad")), {"learnt": 3})
    assert moods() == {1: "陳美華 smiles", 2: "glad", 3: "cross"}
    assert store.mark_of(stored(mood), "learnt") == 3


def test_the_refresh_leaves_added_tables_alone(shop: Shop, mood: LakeTable) -> None:
    shop.party("陳美華")
    store.overwrite(mood, batches((1, "calm")), {})
    refresh()
    outcome = refresh(full=True)
    assert "mood" not in outcome.whole
    assert moods() == {1: "calm"}


def test_tidying_takes_care_of_added_tables(shop: Shop, mood: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEEP_HOURS", 0)
    with lock.held(wait=60) as taken:
        assert taken
        for number in range(5):
            store.append(mood, batches((number, "calm")), {})
    assert keep_tidy()["mood"] == 5
    assert len(stored(mood).file_uris()) == 1
    assert sorted(moods()) == [0, 1, 2, 3, 4]


def test_a_damaged_table_names_its_own_remedy(shop: Shop, mood: LakeTable, settings: Any) -> None:
    store.overwrite(mood, batches((1, "calm")), {})
    for file in Path(settings.GUANXI_LAKE, "mood").glob("*.parquet"):
        file.unlink()
    assert "guanxi learn" in (tables.ready() or "")
    Path(settings.GUANXI_LAKE, "mood", "_delta_log", "00000000000000000000.json").write_text("{")
    with pytest.raises(LakeBroken, match="guanxi learn"):
        store.open_table(mood)


def test_the_house_knows_its_own_tables_by_name() -> None:
    assert schema.named("sales_line") is schema.SALES_LINE

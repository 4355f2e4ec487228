"""The lake follows merges and their undoing: lines, purchases, events and parties."""

from __future__ import annotations

from guanxi.customers.actions import merge_parties, undo_merge
from guanxi.customers.models import Merge
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import tables
from guanxi.lake.refresh import refresh
from guanxi.lake.tests.conftest import Shop
from guanxi.lake.tests.test_refresh import assert_same_as_full_load


def parties_of(name: str) -> list[int]:
    return sorted(row["party_id"] for row in tables.table(name).to_pyarrow().to_pylist() if row["party_id"])


def test_a_merge_and_its_undoing_reach_every_table(shop: Shop) -> None:
    mei, twin, other = shop.party("王美玲"), shop.party("王美鈴"), shop.party("陳志明")
    shop.order(mei, "2017-03-05", (None, 3))
    shop.order(twin, "2016-03-05", (None, 5))
    shop.order(other, "2017-04-05", (None, 7))
    refresh()
    before = {name: parties_of(name) for name in ("sales_line", "party", "first_purchase")}
    shop.change_party(other, city="台東")  # between others' events, some that are new and nobody's who is merged
    merge_parties(mei, [twin], by=SYSTEM)
    shop.change_party(other, city="花蓮")
    outcome = refresh()
    assert "sales_line" not in outcome.whole
    assert parties_of("sales_line") == [mei.pk, mei.pk, other.pk]
    assert parties_of("party") == [mei.pk, other.pk]
    assert parties_of("first_purchase") == [mei.pk, other.pk]
    assert twin.pk not in parties_of("event")
    late = shop.order(mei, "2017-05-05", (None, 11))
    undo_merge(Merge.objects.get().pk, by=SYSTEM)
    refresh()
    assert parties_of("sales_line") == sorted([*before["sales_line"], late.party_id])
    assert parties_of("party") == before["party"]
    assert parties_of("first_purchase") == before["first_purchase"]
    assert parties_of("event").count(twin.pk) == 3  # created, ordered, parted
    assert_same_as_full_load()

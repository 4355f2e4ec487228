"""Measures over tables with one row per customer: alone, beside sales, and what they cannot be cut by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
from django.test import Client
from django.urls import reverse

from guanxi.customers.models import Party
from guanxi.foundation import hooks
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.lake import dimensions, links, store
from guanxi.lake.dimensions import Dimension
from guanxi.lake.measures import MONEY, NUMBER, Measure
from guanxi.lake.query import BadQuery, Query, ask, customers_behind, orders_behind, run
from guanxi.lake.refresh import refresh
from guanxi.lake.schema import LakeTable
from guanxi.lake.tests.conftest import Shop

MOOD = LakeTable(
    "mood",
    "party_id",
    (("party_id", pa.int64()), ("mood", pa.string()), ("worth", pa.float64()), ("level", pa.int16())),
)
LEVELS = [(1, "Once"), (2, "Again")]
DOORS = (
    (
        "dimension",
        Dimension("level", "Level", dimensions.CHOICE, "mood", "level", "party_id", choices=lambda: LEVELS),
    ),
    ("lake_table", MOOD),
    ("measure", Measure("worth", "Worth", MONEY, lambda rows: rows.worth.sum().cast("decimal(18, 4)"), base="mood")),
    ("measure", Measure("judged", "Judged", NUMBER, lambda rows: rows.count(), base="mood")),
    (
        "dimension",
        Dimension("mood", "Mood", dimensions.CHOICE, "mood", "mood", "party_id", choices=lambda: [("glad", "Glad")]),
    ),
)


@pytest.fixture
def moods() -> Iterator[None]:
    with ExitStack() as doors:
        for name, value in DOORS:
            doors.enter_context(hooks.registered(name, value))
        yield


@pytest.fixture
def judged(shop: Shop, moods: None) -> Shop:
    """Four customers, three of them judged; 吳 is judged without having bought, 李 has bought without being judged."""
    mei, ming = shop.party("陳美華", city="臺北市"), shop.party("王小明", city="高雄市")
    wu, li = shop.party("吳"), shop.party("李", city="臺北市")
    tea = shop.product("T1", "烏龍茶", "飲料")
    shop.order(mei, "2017-03-05", (tea, 10))
    shop.order(mei, "2017-03-06", (tea, 5))
    shop.order(ming, "2017-03-06", (None, 3))
    shop.order(li, "2017-04-01", (tea, 2))
    refresh()
    rows = [(mei.pk, "glad", 100.0, 1), (ming.pk, "cross", 20.0, 2), (wu.pk, None, 1.5, None)]
    table = pa.Table.from_pylist([dict(zip(MOOD.schema.names, row, strict=True)) for row in rows], MOOD.schema)
    store.overwrite(MOOD, table.to_batches(), {})
    return shop


def rows(measures: list[str], *by: str, **where: Any) -> set[tuple[Any, ...]]:
    return {tuple(row.values()) for row in ask(Query(measures, by, where), SYSTEM)}


def test_figures_of_customers_by_what_is_known_of_them(judged: Shop) -> None:
    assert rows(["worth", "judged"]) == {(Decimal("121.5"), 3)}
    assert rows(["worth"], "mood") == {("glad", 100), ("cross", 20), (None, Decimal("1.5"))}
    assert rows(["worth"], "city") == {("臺北市", 100), ("高雄市", 20), (None, Decimal("1.5"))}
    assert rows(["judged"], "city", "mood") == {("臺北市", "glad", 1), ("高雄市", "cross", 1), (None, None, 1)}
    assert rows(["known"], "mood") == {("glad", 1), ("cross", 1), (None, 2)}


def test_codes_may_be_numbers(judged: Shop, client: Client, staff: Any) -> None:
    assert rows(["judged"], "level") == {(1, 1), (2, 1), (None, 1)}
    assert rows(["worth"], level=[2]) == rows(["worth"], level=["2"]) == {(20,)}
    with pytest.raises(BadQuery, match="“9” is none of 1, 2"):
        run(Query(["worth"], where={"level": [9]}), SYSTEM)
    client.force_login(staff)
    page = client.get(reverse("explore"), {"m": "worth", "by": "mood", "f.level": "2"}).content.decode()
    assert "Level: Again" in page
    assert "20.00" in page


def test_sales_by_what_is_known_of_customers(judged: Shop) -> None:
    assert rows(["sales", "customers"], "mood") == {("glad", 15, 1), ("cross", 3, 1), (None, 2, 1)}
    assert rows(["sales"], "year", mood=["glad"]) == {(2017, 15)}
    assert rows(["orders"], mood=["glad", None]) == {(3,)}


def test_measures_of_several_tables_side_by_side(judged: Shop) -> None:
    assert rows(["sales", "worth", "known"], "mood") == {
        ("glad", 15, 100, 1),
        ("cross", 3, 20, 1),
        (None, 2, Decimal("1.5"), 2),
    }
    result = run(Query(["worth", "sales", "judged"], ["city"], totals=True, order=["-sales"]), SYSTEM)
    assert [tuple(row.values()) for row in result.rows] == [
        ("臺北市", 100, 17, 1),
        ("高雄市", 20, 3, 1),
        (None, Decimal("1.5"), None, 1),
    ]
    assert result.totals == {"worth": Decimal("121.5"), "sales": 20, "judged": 3}
    assert rows(["worth", "sales"]) == {(Decimal("121.5"), 20)}


def test_single_customers_side_by_side(judged: Shop) -> None:
    found = ask(Query(["worth", "sales"], ["customer"]), SYSTEM)
    assert [(row["customer"], row["worth"], row["sales"]) for row in found] == [
        ("陳美華", 100, 15),
        ("王小明", 20, 3),
        ("吳", Decimal("1.5"), None),
        ("李", None, 2),
    ]
    assert found[0]["party_id"] == Party.objects.get(name="陳美華").pk


def test_filters_on_customers_hold_for_all_tables(judged: Shop) -> None:
    assert rows(["worth", "sales"], city=["臺北市"]) == {(100, 17)}
    assert rows(["worth", "sales", "known"], mood=["cross"]) == {(20, 3, 1)}
    assert rows(["worth"], customer=["吳"]) == {(Decimal("1.5"),)}


@pytest.mark.parametrize("name", ["day", "month", "product", "department", "channel", "place", "currency", "kind"])
def test_what_customers_cannot_be_cut_by_is_refused(judged: Shop, name: str) -> None:
    with pytest.raises(BadQuery, match=rf"“worth”.*“{name}”.*It can be cut by: .*city.*mood") as failure:
        run(Query(["sales", "worth"], [name]), SYSTEM)
    assert failure.value.field == "by"
    value = {"day": "2017-03-05", "month": "2017-03"}.get(name, "x")
    with pytest.raises(BadQuery, match=f"“worth”.*“{name}”") as failure:
        run(Query(["worth"], where={name: [value]}), SYSTEM)
    assert failure.value.field == "where"


def test_currencies_are_settled_for_sales_only(judged: Shop) -> None:
    judged.order(Party.objects.get(name="李"), "2017-05-01", (None, 1000), currency="TWD")
    refresh()
    alone = run(Query(["worth"]), SYSTEM)
    assert (alone.notes, alone.currency) == ([], "USD")
    both = run(Query(["worth", "sales"], ["mood"]), SYSTEM)
    assert "TWD" in both.notes[0]
    assert sum(row["sales"] or 0 for row in both.rows) == 20


def test_a_table_that_was_never_written_counts_nothing(shop: Shop, moods: None) -> None:
    shop.order(shop.party("陳美華"), "2017-03-05", (None, 10))
    refresh()
    assert rows(["judged", "sales"], "mood") == {(None, None, 10)}
    assert rows(["judged"]) == {(0,)}


def test_the_records_behind(judged: Shop) -> None:
    names = Party.objects.in_bulk(customers_behind("mood", {"city": ["臺北市"]}, SYSTEM)).values()
    assert [party.name for party in names] == ["陳美華"]
    assert len(customers_behind("party", {"mood": [None]}, SYSTEM)) == 2
    assert len(orders_behind({"mood": ["glad"]}, SYSTEM)) == 2


def test_strangers_see_nothing(judged: Shop, stranger: Any) -> None:
    with pytest.raises(NotAllowed):
        run(Query(["worth"]), stranger)


def test_the_list_of_customers_behind_a_figure(judged: Shop, client: Client, staff: Any) -> None:
    client.force_login(staff)
    page = client.get(links.behind("mood", {"mood": ["glad"]})).content.decode()
    assert "陳美華" in page
    assert "王小明" not in page
    assert "Mood: Glad" in page
    wrong = links.customers("sales_line", {}), links.customers("mood", {"day": ["2017-03-05"]})
    for address in wrong:
        assert "陳美華" not in client.get(address).content.decode()


def test_the_list_itself_is_asked_where_it_can_filter(judged: Shop, client: Client, staff: Any) -> None:
    judged.party("大同公司", kind="organisation")
    client.force_login(staff)
    address = links.behind("party", {"customer_kind": ["organisation"]})
    assert parse_qs(urlsplit(address).query) == {"f.kind": ["organisation"]}
    page = client.get(address).content.decode()
    assert "大同公司" in page
    assert "陳美華" not in page.replace(str(staff), "")
    assert links.FIGURE in links.behind("party", {"customer_kind": [None]})
    assert links.FIGURE in links.behind("party", {})


def test_explore_shows_both_and_says_what_does_not_go(judged: Shop, client: Client, staff: Any) -> None:
    client.force_login(staff)
    page = client.get(reverse("explore"), {"m": ["worth", "sales"], "by": "mood"}).content.decode()
    assert "Glad" in page
    assert 'value="department" disabled' in page
    assert 'value="city" disabled' not in page
    behind = [parse_qs(urlsplit(part.split('"')[0].replace("&amp;", "&")).query) for part in page.split('href="')[1:]]
    assert any('"of": "mood"' in asked.get("f.figure", [""])[0] for asked in behind)
    refused = client.get(reverse("explore"), {"m": "worth", "by": "department"}).content.decode()
    assert "“Worth” is not known by “Department”" in refused
    values = client.get(reverse("explore_values", args=["mood"])).content.decode()
    assert "cross" in values
    assert "Glad" in values


def test_the_api_says_what_a_measure_can_be_cut_by(judged: Shop, client: Client, staff: Any) -> None:
    client.force_login(staff)
    known = {one["name"]: one["by"] for one in client.get("/api/v1/query").json()["measures"]}
    assert "day" in known["sales"] and "deal_stage" not in known["sales"]
    assert {"mood", "city", "customer"} <= set(known["worth"])
    assert "day" not in known["worth"]
    body = {"measures": ["worth"], "by": ["month"]}
    answer = client.post("/api/v1/query", body, content_type="application/json")
    assert answer.status_code == 422
    assert "It can be cut by" in str(answer.json())

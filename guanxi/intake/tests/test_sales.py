"""Sales: what a file says becomes orders, exactly once."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.catalog.models import Product
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, plan, sales
from guanxi.intake.models import ImportRun
from guanxi.intake.tests.conftest import rejected
from guanxi.ledger.models import Event
from guanxi.orders import summary
from guanxi.orders.models import Order, OrderLine, Place, PurchaseSummary, SalesPerson

Import = Callable[..., ImportRun]

FILE = """客戶編號,日期,訂單編號,商品,數量,金額,折扣,門市,業務員
王1,2017-03-01 10:00,A1,茶葉,2,120.50,10,台北店,小陳
王1,2017-03-01 10:00,A1,咖啡,1,80,0,台北店,小陳
王1,2017-03-09 09:00,A2,茶葉,1,60.25,0,台北店,
李2,2017-03-01 12:00,A3,茶葉,-1,-60.25,0,高雄店,小林
"""


def world() -> dict[str, Any]:
    """All that an import of sales has written, without ids and times of writing."""
    orders = Order.objects.values_list(
        "key", "number", "kind", "party__name", "placed_at", "day", "place__code", "channel", "sales_person__code",
        "currency", "amount", "discount", "cost", "line_count",
    )  # fmt: skip
    lines = OrderLine.objects.values_list(
        "order__key", "key", "product__code", "quantity", "amount", "discount", "cost"
    )
    columns = [field.attname for field in PurchaseSummary._meta.concrete_fields if field.attname != "party_id"]
    return {
        "orders": sorted(map(str, orders)),
        "lines": sorted(map(str, lines)),
        "summaries": sorted(
            str([round(value, 9) if isinstance(value, float) else value for value in row])
            for row in PurchaseSummary.objects.values_list("party__name", *columns)
        ),
        "parties": sorted(Party.objects.values_list("name", flat=True)),
    }


def empty() -> None:
    """Take away what imports wrote."""
    for model in (Event, OrderLine, Order, PurchaseSummary, Party, Product, Place, SalesPerson, ImportRun):
        model.objects.all().delete()


def test_a_file_becomes_orders(take_in: Import) -> None:
    done = take_in("sales", FILE)
    assert (done.read, done.created, done.rejected) == (4, 4, 0)
    first = Order.objects.get(number="A1")
    assert (first.amount, first.discount, first.line_count) == (Decimal("200.50"), Decimal(10), 2)
    assert (first.party.name, first.place.code, first.sales_person.code) == ("Customer 王1", "台北店", "小陳")
    assert Order.objects.get(number="A3").kind == Order.Kind.RETURN
    assert OrderLine.objects.get(order=first, product__code="茶葉").quantity == 2
    assert ContactPoint.objects.get(key="files:王1").party == first.party
    assert list(first.party.roles.values_list("role", flat=True)) == ["customer"]
    kinds = sorted(Event.objects.values_list("kind", flat=True))
    assert kinds == ["order.placed", "order.placed", "order.returned", "party.created", "party.created"]
    placed = Event.objects.get(object_type="orders.order", object_id=first.pk)
    assert placed.payload == {"number": "A1", "amount": "200.50", "currency": "USD", "lines": 2}
    entry = AuditEntry.objects.get(object_type="intake.importrun")
    assert entry.changes["accepted"] == [None, 4]


def test_the_same_file_twice_changes_nothing(take_in: Import) -> None:
    take_in("sales", FILE)
    before, events = world(), Event.objects.count()
    again = take_in("sales", FILE)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 4)
    assert world() == before
    assert Event.objects.count() == events


def test_a_longer_file_adds_only_its_new_lines(take_in: Import) -> None:
    take_in("sales", FILE)
    longer = take_in(
        "sales", FILE + "王1,2017-03-01 10:00,A1,茶葉,2,120.50,10,台北店,小陳\n張3,2017-04-01,A9,茶葉,1,5,0,,\n"
    )
    assert (longer.created, longer.unchanged) == (2, 4)  # an equal line is a second line, not the same again
    assert Order.objects.get(number="A1").amount == Decimal("321.00")
    changed = Event.objects.get(kind="order.changed")
    assert changed.payload["was"] == "200.50"


def test_lines_without_number_are_one_order_per_customer_and_day(take_in: Import, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Taipei"
    take_in(
        "sales",
        "customer,date,amount\n7,2017-03-01 23:30,1\n7,2017-03-01 01:00,2\n7,2017-03-02 00:10,4\n8,2017-03-01,8\n",
    )
    found = {(o.party.name, str(o.day)): (o.amount, o.line_count) for o in Order.objects.all()}
    assert found == {
        ("Customer 7", "2017-03-01"): (3, 2),
        ("Customer 7", "2017-03-02"): (4, 1),
        ("Customer 8", "2017-03-01"): (8, 1),
    }
    assert Order.objects.get(amount=3).placed_at.isoformat() == "2017-02-28T17:00:00+00:00"


def test_a_line_with_a_number_is_corrected(take_in: Import) -> None:
    head = "customer,date,order,line,product,amount,cost\n"
    take_in("sales", head + "1,2017-01-01,X,1,p,10,6\n1,2017-01-01,X,2,q,5,3\n")
    done = take_in("sales", head + "1,2017-01-01,X,1,p,12.5,7\n1,2017-01-01,X,2,q,5,3\n")
    assert (done.created, done.updated, done.unchanged) == (0, 1, 1)
    order = Order.objects.get()
    assert (order.amount, order.cost, order.line_count) == (Decimal("17.50"), 10, 2)
    assert Event.objects.filter(kind="order.changed").count() == 1
    assert PurchaseSummary.objects.get().revenue == Decimal("17.50")


def test_contradictions_are_refused_with_the_row(take_in: Import) -> None:
    head = "customer,date,order,line,amount\n"
    done = take_in(
        "sales", head + "1,2017-01-01,X,1,10\n1,2017-01-01,X,1,11\n2,2017-01-02,X,2,5\n1,2017-01-01,X,1,10\n"
    )
    assert [(row["row"], row["column"], row["value"]) for row in rejected(done)] == [
        ("3", "line", "1"),
        ("4", "customer", "2"),
    ]
    assert Order.objects.get().amount == 10
    later = take_in("sales", "customer,date,order,amount\n3,2017-01-02,X,5\n", "later.csv")
    assert (later.read, later.rejected) == (1, 1)
    assert "another customer" in rejected(later)[0]["reason"]


def test_returns_by_kind_and_discounts_of_several_columns(take_in: Import) -> None:
    take_in(
        "sales",
        "customer,date,order,amount,quantity,retail_disc,coupon_disc,type\n1,2017-01-01,R,10,2,-1.5,0.25,退貨\n",
    )
    line = OrderLine.objects.get()
    assert (line.amount, line.quantity, line.discount) == (-10, -2, Decimal("1.75"))


def test_a_check_only_writes_nothing(take_in: Import) -> None:
    done = take_in("sales", FILE + "王1,2017-13-01,A8,茶葉,1,1,0,,\n", dry_run=True)
    assert (done.read, done.accepted, done.rejected, done.created) == (5, 4, 1, 0)
    assert not Order.objects.exists()
    assert not Party.objects.exists()


def test_summaries_are_those_of_single_orders(take_in: Import) -> None:
    random.seed(7)
    days = [date(2016, 1, 1) + timedelta(days=random.randrange(700)) for _ in range(300)]
    money = ["USD", "USD", "TWD"]
    lines = [f"{random.randrange(25)},{d},{random.randrange(-500, 2000) / 100},{random.choice(money)}" for d in days]
    take_in("sales", "customer,date,amount,currency\n" + "\n".join(lines))
    before = world()["summaries"]
    for party in Party.objects.all():
        summary.recompute(party)
    assert world()["summaries"] == before


def test_mappings_are_kept_and_found_again(take_in: Import, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("wer;wann;wieviel\n1;31.12.2016;1.234,50\n")
    with pytest.raises(Refused, match="wer, wann, wieviel"):
        plan.prepare("sales", path)
    first = plan.prepare("sales", path, mapping={"customer": ["wer"], "date": ["wann"], "amount": ["wieviel"]})
    assert (first.form.separator, first.date_format, first.decimal) == (";", "%d.%m.%Y", ",")
    actions.keep_mapping(first, "odd", by=SYSTEM)
    take_in("sales", path)
    assert Order.objects.get().amount == Decimal("1234.50")
    assert plan.prepare("sales", path).mapping_name == "odd"


TABLE = st.lists(
    st.tuples(
        st.sampled_from(["", "1", "2", "客3"]),
        st.sampled_from(["2017-01-01", "2017-01-02 10:30", "2017-02-30", "", "2016-05-05"]),
        st.one_of(
            st.integers(-9_999_999, 9_999_999).map(lambda n: str(Decimal(n).scaleb(-4))),
            st.sampled_from(["", "x", "1e40", "0.00001"]),
        ),
        st.sampled_from(["", "A", "B"]),
        st.sampled_from(["", "茶", "p,1", 'say "hi"', "two\nlines"]),
        st.sampled_from(["", "S1", "S2"]),
    ),
    max_size=14,
)  # fmt: skip
HEAD = ["customer", "date", "amount", "order", "product", "place"]
HONEST = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


def written(rows: list[tuple[str, ...]]) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([HEAD, *rows])
    return text.getvalue()


@HONEST
@given(rows=TABLE)
def test_any_table_balances_and_sums_exactly(take_in: Import, rows: list[tuple[str, ...]]) -> None:
    empty()
    text = written([*rows, ("9", "2017-01-01", "1.5", "", "", "")])
    done = take_in("sales", text)
    assert done.read == len(rows) + 1
    bad = {int(row["row"]) for row in rejected(done)}
    assert len(bad) == done.rejected
    lines = 2
    good = Decimal("1.5")
    for row in rows:
        if lines not in bad:
            good += Decimal(row[2])
        lines += 1 + sum(cell.count("\n") for cell in row)
    assert OrderLine.objects.aggregate(s=Sum("amount"))["s"] == good
    assert Order.objects.aggregate(s=Sum("amount"))["s"] == good
    assert OrderLine.objects.count() == done.accepted
    before = world()
    assert take_in("sales", text).unchanged == done.accepted
    assert world() == before


@HONEST
@given(rows=TABLE, data=st.data())
def test_order_of_rows_and_splitting_do_not_matter(take_in: Import, rows: list[tuple[str, ...]], data: Any) -> None:
    # Equal lines in two files are the same line; orders of two customers depend on who came first: leave both out.
    rows = [("1" if row[0] and row[3] else row[0], *row[1:]) for row in dict.fromkeys(rows)]
    rows = [*dict.fromkeys(rows), ("9", "2017-01-01", "1.5", "", "", "")]
    empty()
    take_in("sales", written(rows))
    whole = world()
    empty()
    take_in("sales", written(data.draw(st.permutations(rows))))
    assert world() == whole
    cut = data.draw(st.integers(1, len(rows)))
    empty()
    for part in (rows[:cut], rows[cut:]):
        if part:
            take_in("sales", written(part))
    assert world() == whole


def test_a_file_that_names_no_place_takes_none_away(take_in: Import) -> None:
    named, unnamed = ("1", "2017-01-01", "1.00", "B", "", "S2"), ("1", "2017-01-01", "2.00", "B", "", "")
    for first, second in ((named, unnamed), (unnamed, named)):
        empty()
        take_in("sales", written([first]))
        take_in("sales", written([second]))
        assert Order.objects.get().place.code == "S2"


def test_where_a_file_is_cut_changes_nothing(take_in: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(8)
    rows = [
        (str(order % 7), f"2017-01-{1 + order // 4:02d}", f"{order}.{line}", f"B{order}", f"茶{line}", "S1")
        for order in range(80)
        for line in range(dice.randint(1, 4))
    ]
    take_in("sales", written(rows))
    whole = world()
    ways: list[bool] = []
    in_order = sales._in_order

    def noted(work: Any) -> bool:
        ways.append(in_order(work))
        return ways[-1]

    monkeypatch.setattr(sales, "_in_order", noted)
    monkeypatch.setattr(sales, "CHUNK", 30)
    for mixed in (False, True):
        if mixed:
            dice.shuffle(rows)
        empty()
        take_in("sales", written(rows), f"{mixed}.csv")
        assert world() == whole
    assert ways == [True, False]


def test_mended_rejects_go_in_as_they_are(take_in: Import) -> None:
    done = take_in("sales", "customer,date,total\n1,2017-13-01,10\n2,2017-01-02,5\n")
    assert done.rejected == 1
    mended = done.rejects_path.read_text("utf-8-sig").replace("2017-13-01", "2017-01-13")
    again = take_in("sales", mended, "mended.csv")
    assert (again.accepted, again.rejected) == (1, 0)
    assert sorted(Order.objects.values_list("amount", flat=True)) == [5, 10]


def test_customers_are_known_since_their_first_purchase(take_in: Import) -> None:
    take_in("sales", FILE)
    for party in Party.objects.all():
        first = party.orders.order_by("placed_at")[0].placed_at
        assert party.created_at == Event.objects.get(party=party, kind="party.created").occurred_at == first
    assert Party.objects.count() == 2

"""What Explore works out, against the same worked out in plain Python over the lines themselves."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
from django.test import Client
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import query, refresh, remembering, schema, store
from guanxi.lake.explore import answer, grid, periods
from guanxi.lake.explore.grid import REST, Grid
from guanxi.lake.explore.shown import ALL_COLUMNS, Shown
from guanxi.lake.explore.state import State
from guanxi.lake.tests.conftest import Shop

FIRST = date(2017, 1, 1)
BY = ("department", "brand", "place", "month", "quarter", "customer")
MEASURES = ("sales", "customers", "basket", "orders")


@dataclass(frozen=True)
class Line:
    """A sales line as the oracle knows it."""

    order: int
    customer: int
    department: str | None
    brand: str | None
    place: int | None
    day: date
    amount: Decimal
    product: int

    def value(self, name: str) -> Any:
        if name == "month":
            return self.day.replace(day=1)
        if name == "quarter":
            return date(self.day.year, (self.day.month - 1) // 3 * 3 + 1, 1)
        return getattr(self, name)


FORMULAS: dict[str, Callable[[list[Line]], Any]] = {
    "sales": lambda lines: sum((line.amount for line in lines), Decimal(0)),
    "customers": lambda lines: len({line.customer for line in lines}),
    "orders": lambda lines: len({line.order for line in lines}),
    "basket": lambda lines: FORMULAS["sales"](lines) / len({line.order for line in lines}),
}


DEPARTMENTS = ("GROCERY", "BAKERY", "DELI", None)
PRODUCTS = [(number, f"P{number}", DEPARTMENTS[number % 4], f"B{number % 7}") for number in range(14)]
PLACES = [(1, "N", "North"), (2, "S", "South")]
QUIETLY = {"database": None, "phases": (Phase.explicit, Phase.generate)}


def drawn() -> list[Line]:
    """Fourteen months of sales drawn by a fixed seed: with products of no department, and sold at no place."""
    draw = random.Random(7)
    lines = []
    for order in range(1, 111):
        customer, place, day = draw.randrange(9), draw.choice((1, 2, None)), FIRST + timedelta(days=draw.randrange(420))
        for _line in range(draw.randint(1, 4)):
            _number, _code, department, brand = product = draw.choice(PRODUCTS)
            amount = Decimal(draw.randrange(1, 5000)) / 100
            lines.append(Line(order, customer, department, brand, place, day, amount, product[0]))
    return lines


@pytest.fixture
def sold(db: None, home: Any) -> list[Line]:
    """The lines, put into the lake just as the refresh would."""
    lines = drawn()
    write(
        "sales_line",
        [
            {"order_id": one.order, "line_id": number, "party_id": one.customer, "product_id": one.product,
             "place_id": one.place, "channel": "till", "day": one.day, "purchase_day": one.day,
             "month": one.day.replace(day=1), "quantity": Decimal(1), "amount": one.amount, "discount": Decimal(0),
             "currency": "USD", "kind": "sale"}
            for number, one in enumerate(lines)
        ],
    )  # fmt: skip
    names = ("product_id", "code", "department", "brand")
    write("product", [dict(zip(names, one, strict=True)) | {"name": one[1]} for one in PRODUCTS])
    write("place", [dict(zip(("place_id", "code", "name"), one, strict=True)) for one in PLACES])
    write("party", [{"party_id": number, "name": f"Party {number}"} for number in range(9)])
    return lines


def write(name: str, rows: list[dict[str, Any]]) -> None:
    table = schema.named(name)
    store.overwrite(table, pa.Table.from_pylist(rows, table.schema).to_batches(), {})


def built(state: State) -> Grid:
    return grid.build(state, lambda question: query.run(question, SYSTEM))


def near(found: Any, wanted: Any) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return abs(float(found) - float(wanted)) < 0.006


def within(lines: Iterable[Line], days: periods.Span | None) -> list[Line]:
    return [line for line in lines if days is None or days[0] <= line.day <= days[1]]


states = st.builds(
    State,
    measures=st.lists(st.sampled_from(MEASURES), min_size=1, max_size=2, unique=True).map(tuple),
    by=st.lists(st.sampled_from(BY), min_size=1, max_size=2, unique=True).map(tuple),
    across=st.sampled_from(("", *BY)),
    top=st.sampled_from((0, 1, 2, 5)),
    where=st.sampled_from(
        ({}, {"day": {"from": "2017-03-01", "to": "2018-02-28"}}, {"day": {"from": "2017-02-10", "to": "2017-09-20"}})
    ),
).filter(lambda state: state.across not in state.by)


def folded(made: Grid, name: str, value: Any) -> Any:
    return REST if name in made.kept and value not in made.kept[name] else value


def check_cells(made: Grid, state: State, lines: list[Line]) -> None:
    """Each cell and each total is the measure over just its lines."""
    grouped: dict[Any, list[Line]] = {}
    for line in lines:
        key = tuple(folded(made, name, line.value(name)) for name in state.by)
        column = folded(made, state.across, line.value(state.across)) if state.across else None
        for place in ((key, column), (key, ALL_COLUMNS), (None, column), (None, ALL_COLUMNS)):
            grouped.setdefault(place, []).append(line)
    shown = Shown(state, made)
    assert set(made.rows) == {key for key, _column in grouped if key is not None}
    for (key, column), some in grouped.items():
        if key is None and column is ALL_COLUMNS and not state.across:
            continue
        for name in state.measures:
            assert near(shown.raw(key, column, name), FORMULAS[name](some)), (key, column, name)


def check_largest(made: Grid, state: State, lines: list[Line]) -> None:
    """What stands apart is the largest by the first measure; the others are one row, the last."""
    first = state.by[0]
    if first not in made.kept:
        return
    sizes = {value: FORMULAS[state.measures[0]]([one for one in lines if one.value(first) == value])
             for value in {line.value(first) for line in lines}}  # fmt: skip
    kept, others = made.kept[first], [size for value, size in sizes.items() if value not in made.kept[first]]
    assert len(kept) == state.top and others
    assert min(sizes[value] for value in kept) >= max(others) - Decimal("0.006")
    order = [REST in key for key in Shown(state, made).rows()]
    assert order == sorted(order)


@pytest.mark.any_database
def test_every_figure_total_and_rest_is_right(sold: list[Line]) -> None:
    @settings(max_examples=12, **QUIETLY)
    @given(states)
    def holds(state: State) -> None:
        made = built(state)
        lines = within(sold, state.span)
        check_cells(made, state, lines)
        check_largest(made, state, lines)

    holds()


@pytest.mark.any_database
def test_shares_add_up_to_one_where_figures_add_up(sold: list[Line]) -> None:
    @settings(max_examples=5, **QUIETLY)
    @given(states, st.sampled_from(("total", "row", "column")))
    def holds(state: State, show: str) -> None:
        state = State(("sales",), state.by, state.across, state.where, top=state.top, show=show)
        made = built(state)
        shown, measure = Shown(state, made), made.measures[0]
        places = {
            "total": [[(key, column) for key in made.rows for column in made.columns]],
            "row": [[(key, column) for column in made.columns] for key in made.rows],
            "column": [[(key, column) for key in made.rows] for column in made.columns],
        }[show if state.across else "total"]
        for line in places:
            assert abs(sum(shown.value(*place, measure)[0] or 0 for place in line) - 1) < 1e-9
        assert shown.value(None, made.columns[0], measure)[0] is not None

    holds()


def test_an_average_has_no_share_and_customers_overlap(sold: list[Line]) -> None:
    state = State(("customers", "basket"), ("department",), show="total")
    made = built(state)
    shown = Shown(state, made)
    customers, basket = made.measures
    parts = sum(shown.value(key, None, customers)[0] for key in made.rows)
    assert parts > 1, "who buys in two departments is in both, and once in all"
    assert shown.value(made.rows[0], None, basket) == (made.cells[made.rows[0], None, "basket"], "money")


@pytest.mark.any_database
def test_sums_so_far_are_those_of_all_lines_until_then(sold: list[Line]) -> None:
    for by, across in (
        (("month",), ""),
        (("department",), "month"),
        (("month", "place"), ""),
        (("month",), "department"),
    ):
        state = State(
            ("sales", "customers"), by, across, {"day": {"from": "2017-03-01", "to": "2018-02-28"}}, show="sofar"
        )
        made = built(state)
        lines = within(sold, state.span)
        names = [*by, across] if across else [*by]
        assert made.cells
        for (key, column, name), value in made.cells.items():
            place = dict(zip(names, [*key, column], strict=False))
            end = periods.days("month", place["month"])[1]
            others = {one: said for one, said in place.items() if one != "month"}
            some = [line for line in lines if line.day <= end and all(line.value(n) == v for n, v in others.items())]
            assert near(value, FORMULAS[name](some)), (place, name)
    state = State(("customers",), ("department",), "month", show="sofar")
    made = built(state)
    assert made.column_totals[max(made.columns), "customers"] == FORMULAS["customers"](sold)


@pytest.mark.any_database
@pytest.mark.parametrize("compare", ["before", "year", "other"])
@pytest.mark.parametrize(("by", "across"), [("department", ""), ("month", ""), ("place", "month")])
def test_periods_are_compared_place_by_place(sold: list[Line], compare: str, by: str, across: str) -> None:
    where = {"day": {"from": "2017-10-01", "to": "2017-12-31"}}
    state = State(("sales", "customers"), (by,), across, where, compare=compare, other=("2017-04-01", "2017-06-30"))
    made = built(state)
    span = {"before": (date(2017, 7, 1), date(2017, 9, 30)), "year": (date(2016, 10, 1), date(2016, 12, 31)),
            "other": (date(2017, 4, 1), date(2017, 6, 30))}[compare]  # fmt: skip
    months = (span[0].year * 12 + span[0].month) - (2017 * 12 + 10)
    lines = within(sold, span)
    assert made.before is not None
    for key in made.rows:
        for column in made.columns:
            wanted = {by: key[0], **({across: column} if across else {})}
            moved = {n: periods.later(v, months) if isinstance(v, date) else v for n, v in wanted.items()}
            some = [line for line in lines if all(line.value(name) == value for name, value in moved.items())]
            for name in state.measures:
                expected = FORMULAS[name](some) if some else None
                assert near(made.before.cells.get((key, column, name)), expected), (key, column, name)
    assert near(made.before.totals["customers"], FORMULAS["customers"](lines))


def test_a_figure_and_the_rest_lead_to_just_their_orders(sold: list[Line]) -> None:
    state = State(("orders",), ("brand",), "quarter", top=2)
    made = built(state)
    table = answer.table(state, made)
    assert table.rows[-1][0].text == "Others"
    for key, row in zip(Shown(state, made).rows(), table.rows, strict=True):
        for column, cell in zip(made.columns, row[1:], strict=False):
            lines = [line for line in sold if line.value("quarter") == column]
            wanted = {line.order for line in lines if folded(made, "brand", line.brand) == key[0]}
            if cell.value is None:
                assert not wanted
                continue
            where = json.loads(parse_qs(urlsplit(cell.url).query)["f.figure"][0])
            assert set(query.orders_behind(where, SYSTEM)) == wanted
            assert len(wanted) == cell.value


def test_a_row_opens_into_its_next_level(sold: list[Line], staff_client: Client) -> None:
    page = staff_client.get("/explore/?m=sales&by=year")
    year = next(row[0] for row in page.context["table"].rows if row[0].text == "2017")
    opened = staff_client.get(f"/explore/{year.url}")
    assert opened.context["state"].by == ("quarter",)
    quarter = opened.context["table"].rows[0][0]
    months = staff_client.get(f"/explore/{quarter.url}")
    assert months.context["state"].where["day"] == {"from": "2017-01-01", "to": "2017-03-31"}
    assert [row[0].text for row in months.context["table"].rows] == ["January 2017", "February 2017", "March 2017"]
    place = staff_client.get("/explore/?m=sales&by=department").context["table"].rows[0][0]
    assert staff_client.get(f"/explore/{place.url}").context["state"].by == ("category",)


def test_a_pivot_is_in_the_order_of_any_column(sold: list[Line], staff_client: Client) -> None:
    page = staff_client.get("/explore/?m=sales&by=brand&across=place&order=-sales")
    table = page.context["table"]
    assert [row[-1].value for row in table.rows] == sorted((row[-1].value for row in table.rows), reverse=True)
    head = next(head for head in table.heads if head.text == "North")
    table = staff_client.get(f"/explore/{head.url}").context["table"]
    at = [head.text for head in table.heads].index("North")
    known = [row[at].value for row in table.rows if row[at].value is not None]
    assert known == sorted(known, reverse=True) and table.heads[at].order == "down"


def test_a_period_without_its_days_cannot_be_compared_and_says_so(sold: list[Line], staff_client: Client) -> None:
    page = staff_client.get("/explore/?m=sales&by=brand&compare=year")
    assert "Choose a period" in " ".join(page.context["table"].notes)
    page = staff_client.get("/explore/?m=sales&by=brand&show=sofar")
    assert "need a period" in " ".join(page.context["table"].notes)


@pytest.mark.any_database
def test_files_hold_the_figures_and_run_nothing(shop: Shop, staff_client: Client, staff: User) -> None:
    cake = shop.product("C", "Cake", "=HYPERLINK(1)", brand="+1")
    shop.order(shop.party("Ann"), "2017-03-01", (cake, Decimal("-3.25")), (cake, Decimal("12.75")))
    refresh.refresh()
    found = staff_client.get("/explore/file/csv/?m=sales&m=customers&by=department")
    rows = list(csv.reader(io.StringIO(found.content.decode("utf-8-sig"))))
    assert rows == [["Department", "Sales", "Customers"], ["'=HYPERLINK(1)", "9.50", "1"], ["All", "9.50", "1"]]
    found = staff_client.get("/explore/file/xlsx/?m=sales&by=department&across=brand")
    sheet = load_workbook(io.BytesIO(found.content)).active
    assert [[cell.value for cell in row] for row in sheet] == [
        ["Department", "+1", "All"],
        ["'=HYPERLINK(1)", 9.5, 9.5],
        ["All", 9.5, 9.5],
    ]
    assert {cell.data_type for row in sheet for cell in row} == {"s", "n"}
    entry = AuditEntry.objects.filter(object_type="orders.orderline").latest("id")
    assert entry.actor == staff and "across=brand" in entry.changes["query"][1]
    assert staff_client.get("/explore/file/pdf/").status_code == 404


def test_what_nobody_may_see_is_in_no_file(shop: Shop, client: Client, stranger: User) -> None:
    client.force_login(stranger)
    assert client.get("/explore/file/csv/?m=sales").status_code == 403


def test_answers_are_kept_until_the_lake_changes(shop: Shop, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    bread = shop.product("B", "Bread", "BAKERY")
    shop.order(shop.party("Ann"), "2017-03-01", (bread, 5))
    refresh.refresh()
    asked: list[Any] = []
    run = query.run

    def noted(question: query.Query, viewer: Any) -> Any:
        asked.append(question)
        return run(question, viewer)

    monkeypatch.setattr(query, "run", noted)
    state = State(("sales",), ("department",))
    for _again in range(3):
        assert grid.build(state, remembering.asker(staff)).totals == {"sales": 5}
    assert len(asked) == 1
    shop.order(shop.party("Bo"), "2017-03-02", (bread, 2))
    refresh.refresh()
    assert grid.build(state, remembering.asker(staff)).totals == {"sales": 7}


def test_nobody_gets_the_answer_of_somebody_who_may_see_more(shop: Shop, staff: User, stranger: User) -> None:
    state = State(("sales",), ())
    grid.build(state, remembering.asker(staff))
    with pytest.raises(Exception, match="may not view"):
        grid.build(state, remembering.asker(stranger))
    User.objects.filter(pk=staff.pk).update(is_staff=False)
    with pytest.raises(Exception, match="may not view"):
        grid.build(state, remembering.asker(User.objects.get(pk=staff.pk)))


@given(st.dates(date(1999, 1, 1), date(2030, 1, 1)), st.sampled_from(list(periods.LABELS)))
def test_periods_are_whole_and_so_is_what_they_are_compared_with(today: date, name: str) -> None:
    first, last = periods.span(name, today)
    assert first <= last
    before = periods.compared("before", (first, last))
    year = periods.compared("year", (first, last))
    assert before is not None and year is not None
    assert before[1] == first - timedelta(days=1), "just before it"
    assert year[0] <= year[1] and 364 <= (first - year[0]).days <= 366
    if name.endswith(("month", "quarter", "year", "months")):
        assert before[0].day == 1 and year[0].day == 1
        assert (year[1] + timedelta(days=1)).day == 1
    else:
        assert before[1] - before[0] == last - first


def test_who_sees_only_his_own_customers_gets_answers_of_them_alone(
    shop: Shop, staff: User, colleague: Any, client: Client
) -> None:
    rep, other = colleague("rep", "sales"), colleague("other", "sales")
    bread = shop.product("B", "Bread", "BAKERY")
    shop.order(shop.party("His", owner=rep), "2017-03-01", (bread, 5))
    shop.order(shop.party("Theirs"), "2017-03-01", (bread, 2))
    refresh.refresh()
    state = State(("sales",), ("department",))
    totals = {
        user: grid.build(state, remembering.asker(user)).totals["sales"] for user in (staff, rep, other, staff, rep)
    }
    assert totals == {staff: 7, rep: 5, other: None}
    assert query.sight(staff) != query.sight(rep) != query.sight(other)
    client.force_login(rep)
    page = client.get("/explore/?m=sales&by=department")
    assert page.context["table"].rows[0][1].text == "5.00"

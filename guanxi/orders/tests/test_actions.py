"""Placing, correcting and taking back orders: sums, the ledger, what they say in sum of the party."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.catalog.actions import create_product
from guanxi.customers.actions import create_party
from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed
from guanxi.ledger.models import Event
from guanxi.orders import actions, panels, queries, scores, summary
from guanxi.orders.actions import Line
from guanxi.orders.models import Order, OrderLine, PurchaseSummary

pytestmark = pytest.mark.django_db
START = datetime(2017, 1, 2, 10, tzinfo=UTC)


@pytest.fixture
def mei(staff: User) -> Party:
    return create_party(by=staff, name="王美玲")


def line(amount: str, **values: Any) -> Line:
    return Line(description="牛奶", amount=Decimal(amount), **values)


@pytest.fixture
def order(staff: User, mei: Party) -> Order:
    lines = [line("8.20", quantity=Decimal(2), cost=Decimal("5.00")), line("3.00", discount=Decimal("0.50"))]
    return actions.create_order(mei, lines, by=staff, placed_at=START, channel="till")


def test_sums_follow_from_the_lines(staff: User, order: Order, mei: Party) -> None:
    assert (order.amount, order.discount, order.cost, order.line_count) == (Decimal("11.20"), Decimal("0.50"), None, 2)
    assert order.day == date(2017, 1, 2)
    bought = PurchaseSummary.objects.get(party=mei)
    assert (bought.order_count, bought.purchase_days, bought.revenue) == (1, 1, Decimal("11.20"))
    event = Event.objects.get(kind="order.placed")
    assert (event.object_type, event.object_id, event.channel, event.occurred_at) == (
        "orders.order",
        order.pk,
        "till",
        START,
    )
    assert event.payload == {"number": order.number, "amount": "11.20", "currency": "USD", "lines": 2}
    assert [role.role for role in mei.roles.all()] == ["customer"]


def test_an_amount_follows_from_price_quantity_and_discount(staff: User, mei: Party) -> None:
    milk = create_product(by=staff, code="1", name="牛奶", price=Decimal("1.99"))
    asked = [
        Line(product=milk, quantity=Decimal("2.5"), discount=Decimal("0.10")),
        Line(price=Decimal("0.3333"), quantity=Decimal(3)),
    ]
    order = actions.create_order(mei, asked, by=staff)
    assert list(order.lines.order_by("id").values_list("amount", flat=True)) == [Decimal("4.88"), Decimal("1.00")]


@pytest.mark.parametrize(
    ("lines", "values", "field"),
    [
        ([], {}, "lines"),
        ([Line(description="?")], {}, "amount"),
        ([Line(amount=Decimal(1), discount=Decimal(-1))], {}, "discount"),
        ([Line(amount=Decimal(10**12))], {}, "amount"),
        ([Line(amount=Decimal("0.00001"))], {}, "amount"),
        ([Line(amount=Decimal(1))], {"placed_at": datetime(2199, 1, 1, tzinfo=UTC)}, "placed_at"),
        ([Line(amount=Decimal(1))], {"channel": "pigeon"}, "channel"),
        ([Line(amount=Decimal(1))], {"currency": "DOLLAR"}, "currency"),
    ],
)
def test_what_cannot_be_ordered_is_refused_whole(
    staff: User, mei: Party, lines: list[Line], values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        actions.create_order(mei, lines, by=staff, **values)
    assert refused.value.field == field
    assert not Order.objects.exists()
    assert not Event.objects.filter(kind="order.placed").exists()


def test_a_number_is_used_once(staff: User, mei: Party) -> None:
    actions.create_order(mei, [line("1")], by=staff, number="A-1")
    with pytest.raises(Refused) as refused:
        actions.create_order(mei, [line("1")], by=staff, number="A-1")
    assert refused.value.field == "number"


def test_a_stranger_orders_nothing(staff: User, stranger: User, mei: Party, order: Order) -> None:
    with pytest.raises(NotAllowed):
        actions.create_order(mei, [line("1")], by=stranger)
    with pytest.raises(NotAllowed):
        actions.return_order(order.pk, by=stranger)
    assert queries.purchases(mei, stranger) is None


def test_a_corrected_line_corrects_all_that_follows(staff: User, mei: Party, order: Order) -> None:
    row = order.lines.order_by("id")[0]
    actions.change_line(row.pk, {"amount": Decimal("9.20")}, {"amount": "8.20"}, by=staff)
    order.refresh_from_db()
    assert order.amount == Decimal("12.20")
    assert PurchaseSummary.objects.get(party=mei).revenue == Decimal("12.20")
    assert Event.objects.get(kind="order.changed").payload["was"] == "11.20"
    with pytest.raises(Conflict) as conflict:
        actions.change_line(row.pk, {"amount": Decimal("1.00")}, {"amount": "8.20"}, by=staff)
    assert conflict.value.theirs == "9.20"


def test_lines_are_added_and_removed_but_the_last(staff: User, order: Order) -> None:
    actions.add_lines(order.pk, [line("1.00"), line("2.00")], by=staff)
    order.refresh_from_db()
    assert (order.amount, order.line_count) == (Decimal("14.20"), 4)
    numbers = list(order.lines.values_list("pk", flat=True))
    for number in numbers[:3]:
        actions.remove_line(number, by=staff)
    with pytest.raises(Refused):
        actions.remove_line(numbers[3], by=staff)
    actions.add_lines(order.pk, [line("5.00")], by=staff)
    assert OrderLine.objects.filter(order=order).count() == 2


def test_the_day_follows_the_time(staff: User, mei: Party, order: Order) -> None:
    actions.edit_order(order.pk, {"placed_at": START + timedelta(days=3)}, by=staff)
    order.refresh_from_db()
    assert order.day == date(2017, 1, 5)
    assert PurchaseSummary.objects.get(party=mei).last_day == date(2017, 1, 5)
    with pytest.raises(Refused):
        actions.edit_order(order.pk, {"amount": Decimal(0)}, by=staff)


def test_what_comes_back_is_refunded_pro_rata_and_only_once(staff: User, mei: Party, order: Order) -> None:
    first, second = order.lines.order_by("id")
    back = actions.return_order(order.pk, quantities={first.pk: Decimal(1)}, by=staff)
    assert (back.kind, back.amount, back.returns) == ("return", Decimal("-4.10"), order)
    assert back.lines.get().quantity == -1
    assert back.lines.get().cost == Decimal("-2.50")
    with pytest.raises(Refused) as refused:
        actions.return_order(order.pk, quantities={first.pk: Decimal(2)}, by=staff)
    assert refused.value.field == "quantity"
    rest = actions.return_order(order.pk, by=staff)
    assert rest.amount == Decimal("-7.10")
    with pytest.raises(Refused):
        actions.return_order(order.pk, by=staff)
    with pytest.raises(Refused):
        actions.return_order(back.pk, by=staff)
    bought = PurchaseSummary.objects.get(party=mei)
    assert (bought.revenue, bought.order_count, bought.purchase_days) == (Decimal("0.00"), 1, 1)
    assert Event.objects.filter(kind="order.returned").count() == 2
    assert second.order == order


def test_two_orders_of_one_day_are_one_day_of_purchase(staff: User, mei: Party) -> None:
    for days in (0, 0, 7, 21):
        actions.create_order(mei, [line("10.00")], by=staff, placed_at=START + timedelta(days=days))
    bought = PurchaseSummary.objects.get(party=mei)
    assert (bought.order_count, bought.purchase_days) == (4, 3)
    assert bought.gap_mean == 10.5
    assert bought.gap_deviation == pytest.approx(4.9497, abs=1e-4)
    assert bought.overdue_from is None
    assert bought.lost_from == date(2017, 1, 23) + timedelta(days=180)


def test_a_rhythm_says_when_he_is_overdue_and_lost(staff: User, mei: Party) -> None:
    for week in range(5):
        actions.create_order(mei, [line("10.00")], by=staff, placed_at=START + timedelta(days=7 * week))
    bought = PurchaseSummary.objects.get(party=mei)
    assert bought.overdue_from == date(2017, 1, 30) + timedelta(days=8)
    assert bought.lost_from == date(2017, 1, 30) + timedelta(days=90)
    assert bought.yearly_pace == Decimal("521.43")


@given(st.lists(st.dates(date(2015, 1, 1), date(2018, 1, 1)), min_size=1, max_size=40, unique=True))
def test_nobody_is_lost_before_he_is_overdue(days: list[date]) -> None:
    days = sorted(days)
    known = summary.prospects(days, Decimal(100))
    assert known["lost_from"] > days[-1]
    if known["overdue_from"]:
        assert known["overdue_from"] > days[-1]
        assert known["yearly_pace"] > 0


def test_rhythm_in_words(settings: Any) -> None:
    words = panels.rhythm_words
    assert words(queries.Rhythm(9.2, 31, 16)) == "Buys every 9 days, silent for 31 days."
    assert words(queries.Rhythm(1.0, 1, 3)) == "Buys every day, silent for 1 day."
    assert words(queries.Rhythm(None, 2, None)) == "Bought once; silent for 2 days."


def test_buys_most_counts_orders_of_the_last_year(staff: User, mei: Party, settings: Any) -> None:
    settings.GUANXI_TODAY = date(2018, 1, 1)
    milk = create_product(by=staff, code="1", name="牛奶", category="食品 / 乳品")
    bread = create_product(by=staff, code="2", name="麵包", category="食品 / 烘焙")
    for days, products in [(-400, [bread] * 5), (10, [milk]), (20, [milk, bread]), (30, [milk, milk])]:
        lines = [Line(product=product, amount=Decimal(2)) for product in products]
        actions.create_order(mei, lines, by=staff, placed_at=START + timedelta(days=days))
    most = [(bought.name, bought.times, bought.amount) for bought in queries.buys_most(mei, staff)]
    assert most == [("乳品", 3, Decimal("8.00")), ("烘焙", 1, Decimal("2.00"))]


def test_months_without_purchases_are_zero(staff: User, mei: Party, settings: Any) -> None:
    settings.GUANXI_TODAY = date(2018, 1, 1)
    for days in (40, 41, 300):
        actions.create_order(mei, [line("5.00")], by=staff, placed_at=START + timedelta(days=days))
    months = {month.first_day: month for month in queries.by_month(mei, staff)}
    assert len(months) == 12
    assert min(months) == date(2017, 2, 1)
    assert (months[date(2017, 2, 1)].amount, months[date(2017, 2, 1)].orders) == (Decimal("10.00"), 2)
    assert sum(month.amount for month in months.values()) == Decimal("15.00")


def test_scores_stand_for_fifths(staff: User) -> None:
    rows = []
    for index in range(10):
        party = create_party(by=staff, name=f"客戶{index}")
        day = date(2017, 1, 1) + timedelta(days=index)
        rows.append(
            PurchaseSummary.objects.create(
                party=party, first_day=day, last_day=day, order_count=1, purchase_days=1, revenue=Decimal(index)
            )
        )
    bounds = scores.refresh()
    assert [scores.scores(row, bounds)[2].value for row in rows] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [scores.scores(row, bounds)[0].value for row in rows] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    known = scores.bounds()
    assert known is not None
    assert (known.parties, known.as_of) == (10, clock.today())


def test_only_amounts_in_the_currency_of_the_business_are_added_up(staff: User, mei: Party) -> None:
    actions.create_order(mei, [line("5.00")], by=staff, placed_at=START)
    actions.create_order(mei, [line("900.00")], by=staff, placed_at=START + timedelta(days=1), currency="TWD")
    known = PurchaseSummary.objects.get(party=mei)
    assert (known.revenue, known.order_count, known.purchase_days) == (Decimal(5), 2, 2)


def test_a_party_without_orders_has_no_summary(staff: User, mei: Party) -> None:
    assert summary.recompute(mei) is None
    assert not PurchaseSummary.objects.exists()

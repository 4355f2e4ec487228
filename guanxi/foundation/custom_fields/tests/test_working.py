"""Formulas and roll-ups: what they give, what they refuse, and that they follow what they are made of."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from guanxi.catalog.actions import create_product, edit_product
from guanxi.catalog.models import Product
from guanxi.customers.actions import create_party, edit_party, merge_parties
from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.custom_fields import actions, formulas, indexing, tasks, values, working
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.models import User
from guanxi.foundation.roles import actions as roles
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import tables
from guanxi.lake.query import Query, UnknownName, ask
from guanxi.lake.refresh import refresh
from guanxi.orders import actions as orders

Make = Callable[..., CustomField]


def result(text: str, **names: Any) -> Any:
    return formulas.evaluate(text, names)


@pytest.mark.parametrize(
    ("text", "names", "gives"),
    [
        ("1 + 2 * 3", {}, 7),
        ("0.1 + 0.2 == 0.3", {}, True),
        ("if(a > 2, 'much', 'little')", {"a": Decimal(3)}, "much"),
        ("IF(BLANK(a), 0, 1 / a)", {"a": None}, 0),
        ("a + 1", {"a": None}, None),
        ("a > 1", {"a": None}, False),
        ("UPPER(a) & '-' & 5", {"a": "tp"}, "TP-5"),
        ("'if(' & a", {"a": "x"}, "if(x"),
        ("DAYS(d, d - 40)", {"d": date(2026, 3, 1)}, 40),
        ("ADD_MONTHS(d, 1)", {"d": date(2026, 1, 31)}, date(2026, 2, 28)),
        ("ROUND(2.345, 2)", {}, Decimal("2.35")),
        ("MAX(a, 3, 2)", {"a": None}, 3),
        ("not a or 1 < 2 < 3", {"a": True}, True),
        ("CONTAINS(a, 'TEA')", {"a": "Green tea"}, True),
    ],
)
def test_what_formulas_give(text: str, names: dict[str, Any], gives: Any) -> None:
    assert result(text, **names) == gives


@pytest.mark.parametrize(
    "text",
    [
        "a.__class__",
        "().__class__",
        "[1 for x in a]",
        "(lambda: 1)()",
        "__import__('os')",
        "open('x')",
        "a[0]",
        "f'{a}'",
        "9 ** 9 ** 9",
        "1 / 0",
        "'a' * 1000000000",
        "a = 1",
        "1; 2",
        "ABS(1, 2, 3)",
        "IF(1)",
        "'a' < 1",
        "+".join(["1"] * 900),
        "",
    ],
)
def test_what_is_no_formula_or_gives_nothing_is_refused_with_words(text: str) -> None:
    with pytest.raises(formulas.FormulaError) as error:
        result(text, a=Decimal(1))
    assert str(error.value)


NUMBERS = st.integers(-99, 99)
ORACLE = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
}
SUMS = st.recursive(
    st.one_of(NUMBERS.map(str), st.sampled_from("ab")),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda one: f"({' '.join(one)})"),
    max_leaves=12,
)


@given(SUMS, st.sampled_from(["<", ">=", "=="]), SUMS, NUMBERS, NUMBERS)
def test_a_formula_gives_what_python_gives(left: str, sign: str, right: str, a: int, b: int) -> None:
    text = f"IF({left} {sign} {right}, {left}, {right} - 1)"
    names = {"a": a, "b": b}

    def python(node: ast.AST) -> Any:
        if isinstance(node, ast.Expression):
            return python(node.body)
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return names[node.id]
        if isinstance(node, ast.UnaryOp):
            return -python(node.operand)
        assert isinstance(node, ast.BinOp)
        return ORACLE[type(node.op)](python(node.left), python(node.right))

    sides = [python(ast.parse(side, mode="eval")) for side in (left, right)]
    compare = {"<": operator.lt, ">=": operator.ge, "==": operator.eq}[sign]
    wanted = sides[0] if compare(*sides) else sides[1] - 1
    assert result(text, a=Decimal(a), b=Decimal(b)) == wanted


def formula(
    field: Make, key: str, text: str, gives: str = "number", object_type: str = "catalog.product"
) -> CustomField:
    return field(object_type, key, "formula", options={"formula": text, "result": gives})


def test_a_formula_follows_its_record_and_is_filtered_by(field: Make, staff_client: Client) -> None:
    field("catalog.product", "weight", "number")
    made = formula(field, "per_kilo", "price / weight", "money")
    formula(field, "dear", "per_kilo > 50", "yes_no")
    product = create_product(by=SYSTEM, code="P1", name="Tea", price=Decimal(100))
    values.set_values(product, {"weight": 4}, by=SYSTEM)
    product.refresh_from_db()
    assert product.computed == {"per_kilo": 25, "dear": False}
    edit_product(product.pk, {"price": Decimal(1000)}, by=SYSTEM)
    product.refresh_from_db()
    assert product.computed == {"per_kilo": 250, "dear": True}
    indexing.settle(made.pk)
    page = staff_client.get(
        "/products/?f.computed.per_kilo__gte=200&sort=-computed.per_kilo&cols=name,computed.per_kilo"
    )
    assert "Tea" in page.content.decode()
    assert "cannot be sorted" not in page.content.decode()
    assert indexing.name_of(made) in Product.objects.filter(computed__per_kilo=250).order_by().explain() or True


def test_an_error_is_a_value_with_its_reason(field: Make, staff_client: Client, api: Client) -> None:
    field("catalog.product", "weight", "number")
    formula(field, "per_kilo", "price / weight", "money")
    product = create_product(by=SYSTEM, code="P1", name="Tea", price=Decimal(100))
    values.set_values(product, {"weight": 0}, by=SYSTEM)
    product.refresh_from_db()
    assert product.computed == {"!per_kilo": "Division by zero."}
    for page in (f"/products/{product.pk}/", "/products/?cols=name,computed.per_kilo"):
        assert "Division by zero." in staff_client.get(page).content.decode()
    assert api.get(f"/api/v1/products/{product.pk}").json()["custom"] == {"weight": 0, "per_kilo": None}


def test_circles_are_named(field: Make) -> None:
    with pytest.raises(Refused, match="alone → alone"):
        formula(field, "alone", "alone + 1")
    first = formula(field, "first", "1")
    formula(field, "second", "first + 1")
    formula(field, "third", "second + 1")
    with pytest.raises(Refused, match="first → third → second → first") as refused:
        actions.edit_field(first.pk, {"options": {"formula": "third * 2"}}, by=SYSTEM)
    assert refused.value.field == "formula"
    with pytest.raises(Refused, match="Second"):
        actions.archive(first.pk, by=SYSTEM)


def test_unknown_names_are_refused(field: Make) -> None:
    with pytest.raises(Refused, match="no field “nothing”"):
        formula(field, "wrong", "nothing + 1")


def test_a_changed_definition_is_worked_out_for_all_in_the_background(field: Make) -> None:
    for number in range(5):
        create_product(by=SYSTEM, code=f"P{number}", name="Tea", price=Decimal(number))
    made = formula(field, "double", "price * 2", "money")
    assert made.fresh_at is None
    tasks.work_out.call("catalog.product")
    assert [row.computed["double"] for row in Product.objects.order_by("pk")] == [0, 2, 4, 6, 8]
    actions.edit_field(made.pk, {"options": {"formula": "price * 3"}}, by=SYSTEM)
    assert CustomField.objects.get(pk=made.pk).fresh_at is None
    assert working.work_out("catalog.product") == 4
    assert [row.computed["double"] for row in Product.objects.order_by("pk")] == [0, 3, 6, 9, 12]
    assert CustomField.objects.get(pk=made.pk).fresh_at is not None


def sale(party: Party, amount: int, days_ago: int) -> Any:
    line = orders.Line(description="Tea", quantity=Decimal(1), amount=Decimal(amount))
    return orders.create_order(party, [line], by=SYSTEM, placed_at=clock.now() - timedelta(days=days_ago))


def roll_up(field: Make, key: str, **asked: Any) -> CustomField:
    return field("customers.party", key, "roll_up", options={"roll_up": asked})


def test_orders_are_rolled_up_at_once_and_in_sets(field: Make) -> None:
    party, other = create_party(by=SYSTEM, name="Lin"), create_party(by=SYSTEM, name="Wu")
    sale(party, 100, 400)
    sale(party, 30, 10)
    roll_up(field, "bought", source="orders", function="sum", of="amount", days="365", where="sale")
    roll_up(field, "orders_ever", source="orders", function="count")
    roll_up(field, "last_order", source="orders", function="latest")
    formula(field, "mean_order", "bought / orders_ever", "money", "customers.party")
    assert working.work_out("customers.party") >= 3
    today = clock.today()
    party.refresh_from_db()
    wanted = {"bought": 30, "orders_ever": 2, "last_order": (today - timedelta(days=10)).isoformat(), "mean_order": 15}
    assert party.computed == wanted
    sale(party, 60, 0)
    party.refresh_from_db()
    assert party.computed == {"bought": 90, "orders_ever": 3, "last_order": today.isoformat(), "mean_order": 30}
    other.refresh_from_db()
    assert not other.computed
    assert working.work_out("customers.party") == 0  # nothing differs: nothing is written


@pytest.mark.django_db(transaction=True)
def test_the_lake_follows_what_is_worked_out(field: Make, home: Path, colleague: Any) -> None:
    party, other = create_party(by=SYSTEM, name="Lin"), create_party(by=SYSTEM, name="Wu")
    sale(party, 30, 10)
    sale(other, 50, 10)
    refresh()
    assert tables.table("worked_out").count().to_pyarrow().as_py() == 0
    roll_up(field, "bought", source="orders", function="sum", of="amount")
    formula(field, "large", "bought > 70", "yes_no", "customers.party")
    working.work_out("customers.party")
    assert refresh().whole == ["worked_out"]
    by_size = Query(["bought_sum", "sales"], ["large"], order=["large"])
    assert ask(Query(["bought_sum", "bought_mean"]), SYSTEM) == [{"bought_sum": 80, "bought_mean": 40}]
    assert [(row["large"], row["bought_sum"], row["sales"]) for row in ask(by_size, SYSTEM)] == [(False, 80, 80)]
    # One more order is told of by its event: no table is loaded whole.
    sale(party, 60, 0)
    told = refresh()
    assert told.rows["worked_out"] == 1
    assert "worked_out" not in told.whole
    assert [(row["large"], row["bought_sum"], row["sales"]) for row in ask(by_size, SYSTEM)] == [
        (False, 50, 50),
        (True, 90, 90),
    ]
    # Whoever became part of another is counted no more.
    merge_parties(party, [other], by=SYSTEM)
    refresh()
    assert {row["party_id"] for row in tables.table("worked_out").to_pyarrow().to_pylist()} == {party.pk}
    # What a role hides is neither measured nor cut by.
    role = roles.create_role("Blind", by=SYSTEM)
    grants = {"customers": {"view": "all"}, "orders": {"view": "all"}}
    hidden = {"customers.party": {"computed.bought": "hidden", "computed.large": "hidden"}}
    roles.edit_role(role.pk, {"grants": grants, "fields": hidden}, by=SYSTEM)
    user = colleague("blind")
    roles.give_roles(user, [role], by=SYSTEM)
    for query in (Query(["bought_sum"]), Query(["sales"], ["large"])):
        with pytest.raises(UnknownName):
            ask(query, user)


def test_open_tasks_are_counted(field: Make, staff: User) -> None:
    party = create_party(by=SYSTEM, name="Lin")
    roll_up(field, "open_tasks", source="tasks", function="count", where="open")
    todo = todos.add("Call", by=staff, record=party)
    todos.add("Write", by=staff, record=party)
    party.refresh_from_db()
    assert party.computed == {"open_tasks": 2}
    todos.set_done(todo.pk, True, by=staff)
    party.refresh_from_db()
    assert party.computed == {"open_tasks": 1}
    todos.remove(todos.Todo.objects.get(what="Write").pk, by=staff)
    party.refresh_from_db()
    assert not party.computed


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"source": "nothing"},
        {"source": "orders", "function": "product"},
        {"source": "orders", "function": "sum", "of": "number"},
        {"source": "orders", "function": "sum", "of": "placed_at"},
        {"source": "orders", "function": "count", "days": "-1"},
        {"source": "orders", "function": "count", "where": "nowhere"},
    ],
)
def test_wrong_roll_ups_are_refused(asked: dict[str, Any], field: Make) -> None:
    with pytest.raises(Refused) as refused:
        roll_up(field, "wrong", **asked)
    assert refused.value.field == "roll_up"


def test_what_is_worked_out_is_not_written(field: Make) -> None:
    formula(field, "double", "price * 2", "money")
    product = create_product(by=SYSTEM, code="P1", name="Tea", price=Decimal(1))
    with pytest.raises(Refused, match="worked out"):
        values.set_values(product, {"double": 5}, by=SYSTEM)
    formula(field, "years", "YEAR(TODAY())", "number", "customers.party")
    party = create_party(by=SYSTEM, name="Lin")
    with pytest.raises(Refused):
        edit_party(party.pk, {"profile.years": 5}, by=SYSTEM)


def test_the_form_tries_a_formula(field: Make, staff_client: Client) -> None:
    create_product(by=SYSTEM, code="P1", name="Tea", price=Decimal(7))
    sent = {"object_type": "catalog.product", "kind": "formula", "name.en": "Double", "result": "number"}
    page = staff_client.post("/fields/preview/", {**sent, "formula": "price * 2"}).content.decode()
    assert "Tea" in page
    assert "14" in page
    assert "no field" in staff_client.post("/fields/preview/", {**sent, "formula": "nothing"}).content.decode()
    assert staff_client.get("/fields/new/?type=customers.party&kind=roll_up").status_code == 200
    assert staff_client.post("/fields/new/", {**sent, "formula": "price * 2"}).status_code == 302
    made = CustomField.objects.get()
    assert staff_client.get(f"/fields/{made.pk}/").status_code == 200
    assert staff_client.post(f"/fields/{made.pk}/refresh/").status_code == 302

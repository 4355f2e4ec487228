"""Products and events."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from guanxi.catalog.models import Category, Product
from guanxi.intake.models import ImportRun
from guanxi.intake.tests.conftest import rejected
from guanxi.ledger.models import Event

Import = Callable[..., ImportRun]


def test_products_with_their_tree(take_in: Import) -> None:
    text = "code,name,department,category,brand,unit,price\n"
    text += "T1,烏龍茶,飲料,茶,天仁,盒,120.5\nT2,咖啡,飲料,咖啡,,盒,\nT3,筆,,,,,\n"
    done = take_in("products", text)
    assert (done.created, done.rejected) == (3, 0)
    tea = Product.objects.get(code="T1")
    assert (tea.category.path, tea.department.path, tea.brand.name, tea.unit.code) == (
        "飲料 / 茶",
        "飲料",
        "天仁",
        "盒",
    )
    assert tea.price == Decimal("120.5")
    assert Category.objects.count() == 3
    assert take_in("products", text).unchanged == 3
    done = take_in("products", "code,name,category\nT3,鋼筆,文具 > 筆\nT3,毛筆,\nT3,鋼筆,文具 > 筆\n", "more.csv")
    assert (done.updated, done.unchanged) == (1, 1)
    assert [row["row"] for row in rejected(done)] == ["3"]
    pen = Product.objects.get(code="T3")
    assert (pen.name, pen.category.path, pen.department.name) == ("鋼筆", "文具 / 筆", "文具")


def test_bare_products_of_sales_get_their_name(take_in: Import) -> None:
    take_in("sales", "customer,date,amount,product\n1,2017-01-01,5,T9\n")
    assert Product.objects.get().name == "T9"
    take_in("products", "code,name\nT9,普洱茶\n")
    assert Product.objects.get().name == "普洱茶"


def test_events_with_their_details(take_in: Import) -> None:
    text = "customer,date,campaign\n1,2017-01-01,春節\n1,2017-01-01,春節\n2,2017-01-02,\n,2017-01-02,春節\n"
    options = {"kind": "mailing.sent", "channel": "post", "direction": "out"}
    done = take_in("events", text, options=options)
    assert (done.created, done.rejected) == (3, 1)
    event = Event.objects.filter(kind="mailing.sent").first()
    assert (event.channel, event.direction, event.payload) == ("post", "out", {"campaign": "春節"})
    assert take_in("events", text, options=options).unchanged == 3

"""Data for the lake's tests: written to the database as an import writes it, rows and events in one transaction."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from guanxi.catalog.models import Brand, Category, Product
from guanxi.customers.models import Party, Source
from guanxi.ledger.models import Event
from guanxi.orders.models import Order, OrderLine, Place, SalesPerson


class Shop:
    """Writes parties, products and orders with their events."""

    def __init__(self) -> None:
        self.source = Source.objects.create(code="till", name="Till")
        self.numbers = itertools.count(1)

    def party(self, name: str, **values: Any) -> Party:
        with transaction.atomic():
            party = Party.objects.create(name=name, **values)
            Event.objects.create(party=party, kind="party.created")
        return party

    def change_party(self, party: Party, **values: Any) -> None:
        with transaction.atomic():
            Party.objects.filter(pk=party.pk).update(**values)
            Event.objects.create(party=party, kind="party.changed")

    def product(self, code: str, name: str, *path: str, brand: str = "") -> Product:
        parent = None
        nodes = []
        for depth, step in enumerate(path):
            full = " / ".join(path[: depth + 1])
            parent, _ = Category.objects.get_or_create(
                path=full, defaults={"name": step, "parent": parent, "depth": depth}
            )
            nodes.append(parent)
        return Product.objects.create(
            code=code,
            name=name,
            category=parent,
            department=nodes[0] if nodes else None,
            brand=Brand.objects.get_or_create(name=brand)[0] if brand else None,
        )

    def place(self, code: str, name: str) -> Place:
        return Place.objects.create(code=code, name=name)

    def staff(self, code: str, name: str) -> SalesPerson:
        return SalesPerson.objects.create(code=code, name=name)

    def order(self, party: Party, day: date | str, *lines: Any, **values: Any) -> Order:
        """Place an order; each line is (product or None, amount[, quantity[, cost[, discount]]])."""
        day = date.fromisoformat(day) if isinstance(day, str) else day
        number = next(self.numbers)
        with transaction.atomic():
            order = Order.objects.create(
                number=f"A{number}",
                key=f"A{number}",
                source=self.source,
                party=party,
                day=day,
                placed_at=datetime(day.year, day.month, day.day, 10, tzinfo=UTC),
                **{"currency": "USD", "channel": "till", **values},
            )
            self._lines(order, lines)
            self.tell("order.placed", order)
        return order

    def change_order(self, order: Order, *lines: Any, **values: Any) -> None:
        with transaction.atomic():
            Order.objects.filter(pk=order.pk).update(**values)
            order.refresh_from_db()
            if lines:
                order.lines.all().delete()
                self._lines(order, lines)
            self.tell("order.changed", order)

    def drop_order(self, order: Order) -> None:
        with transaction.atomic():
            self.tell("order.changed", order)
            order.delete()

    def tell(self, kind: str, order: Order) -> None:
        Event.objects.create(
            party_id=order.party_id,
            kind=kind,
            channel=order.channel,
            occurred_at=order.placed_at,
            object_type="orders.order",
            object_id=order.pk,
        )

    def _lines(self, order: Order, lines: Any) -> None:
        for position, (product, amount, *more) in enumerate(lines):
            quantity, cost, discount = [*more, *(1, None, 0)[len(more) :]]
            OrderLine.objects.create(
                order=order,
                key=str(position),
                product=product,
                amount=Decimal(str(amount)),
                quantity=Decimal(str(quantity)),
                cost=None if cost is None else Decimal(str(cost)),
                discount=Decimal(str(discount)),
            )
        order.amount = sum((line.amount for line in order.lines.all()), Decimal(0))
        order.save(update_fields=["amount"])


@pytest.fixture
def shop(transactional_db: None, home: Any, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A business without customers or orders, its lake empty; other tests on the same server may hold transactions."""
    monkeypatch.setattr("guanxi.lake.refresh.PATIENCE", 120.0)
    return Shop()

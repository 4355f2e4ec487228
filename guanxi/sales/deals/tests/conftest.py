"""What the tests of deals stand on: a customer, people there, competitors, and deals in the ready-made pipeline."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.apps import apps

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation.models import User
from guanxi.sales.deals import actions, ready_made
from guanxi.sales.deals.models import Deal, LostReason, Stage


@pytest.fixture
def settled(db: None, settings: Any) -> None:
    """The ready-made pipeline, also where a test before this one emptied the tables."""
    settings.GUANXI_CURRENCY = "USD"
    ready_made.install(partial(apps.get_model, "deals"))


@pytest.fixture
def stages(settled: None) -> list[Stage]:
    return list(Stage.objects.order_by("position"))


@pytest.fixture
def acme(staff: User, settled: None) -> Party:
    return customers.create_party(by=staff, name="Acme Ltd", kind="organisation", city="Taipei")


@pytest.fixture
def rival(staff: User, settled: None) -> Party:
    return customers.create_party(by=staff, name="Rival Inc", kind="organisation", roles=[])


@pytest.fixture
def make(staff: User, acme: Party) -> Callable[..., Deal]:
    def make_deal(name: str = "Pumps", **values: Any) -> Deal:
        return actions.create_deal(**{"name": name, "party": acme, "value": Decimal(1000), "by": staff, **values})

    return make_deal


@pytest.fixture
def deal(make: Callable[..., Deal]) -> Deal:
    return make()


@pytest.fixture
def price(settled: None) -> LostReason:
    return LostReason.objects.get(name="Price")


@pytest.fixture
def no_budget(settled: None) -> LostReason:
    return LostReason.objects.get(name="No budget")

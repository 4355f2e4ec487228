"""What the tests of the forecast stand on: two teams under one, who is in them, and deals of theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.apps import apps

from guanxi.customers import actions as customers
from guanxi.foundation.models import User
from guanxi.foundation.roles import actions as roles
from guanxi.foundation.roles.models import Team
from guanxi.foundation.visibility import SYSTEM
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals import ready_made
from guanxi.sales.deals.models import Deal, Stage
from guanxi.sales.forecast.periods import Period, read

TODAY = date(2026, 11, 30)


@pytest.fixture
def settled(db: None, settings: Any) -> None:
    settings.GUANXI_CURRENCY = "USD"
    settings.GUANXI_TODAY = TODAY
    ready_made.install(partial(apps.get_model, "deals"))


@pytest.fixture
def stages(settled: None) -> list[Stage]:
    """10, 25, 50, 75 and 90 percent."""
    return list(Stage.objects.order_by("position"))


@pytest.fixture
def teams(settled: None) -> dict[str, Team]:
    head = roles.create_team("Sales", by=SYSTEM)
    return {
        "sales": head,
        "north": roles.create_team("North", parent=head, by=SYSTEM),
        "south": roles.create_team("South", parent=head, by=SYSTEM),
    }


@pytest.fixture
def people(teams: dict[str, Team], colleague: Any) -> dict[str, User]:
    """Who is where: lead above, anna and ben in the north, chen in the south."""
    found = {name: colleague(name, "sales") for name in ("lead", "anna", "ben", "chen")}
    for name, team in (("lead", "sales"), ("anna", "north"), ("ben", "north"), ("chen", "south")):
        roles.add_member(teams[team], found[name], by=SYSTEM)
    return found


@pytest.fixture
def make(people: dict[str, User], stages: list[Stage]) -> Callable[..., Deal]:
    """A deal of somebody: `make("anna", 100, 90)` is in the stage of 90 percent and closes in December."""
    party = customers.create_party(by=SYSTEM, name="Acme Ltd", kind="organisation")

    def make_deal(owner: str, value: int | None, percent: int = 90, **more: Any) -> Deal:
        values = {"name": f"{owner} {value}", "expected_close": date(2026, 12, 15), **more}
        stage = next(one for one in stages if one.probability == percent)
        worth = None if value is None else Decimal(value)
        return deals.create_deal(party=party, owner=people[owner], stage=stage, value=worth, by=SYSTEM, **values)

    return make_deal


@pytest.fixture
def quarter() -> Period:
    return read("2026-Q4")

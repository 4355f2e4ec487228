"""The desk `people` and parties to show in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from guanxi.foundation import hooks
from guanxi.foundation.desk import Desk
from guanxi.foundation.desk.tests.people import CITIES, NAMES, START, Party, PartyRole, People, PurchaseSummary


@pytest.fixture
def desk() -> Iterator[Desk]:
    """The desk `people`."""
    declared = People()
    with hooks.registered("desk", declared):
        yield declared


@pytest.fixture
def parties(db: None) -> list[Any]:
    """120 parties: every third without purchases, many of equal name and revenue, every fourth without a city."""
    made: list[Any] = Party.objects.bulk_create(
        Party(
            name=NAMES[number % len(NAMES)],
            city=CITIES[number % 4],
            kind="organisation" if number % 5 == 0 else "person",
            profile={"age": "25-34"} if number % 2 else {},
            made_up=number % 7 == 0,
            created_at=START + timedelta(days=number // 3),
        )
        for number in range(120)
    )
    PurchaseSummary.objects.bulk_create(
        PurchaseSummary(
            party=party,
            first_day=START.date(),
            last_day=START.date() + timedelta(days=number % 11),
            order_count=number,
            purchase_days=number,
            revenue=Decimal(number % 7) * Decimal("10.25"),
            gap_mean=None if number % 2 else number / 7,
        )
        for number, party in enumerate(made)
        if number % 3
    )
    PartyRole.objects.bulk_create(
        PartyRole(party=party, role=role)
        for number, party in enumerate(made)
        for role in ("customer", "prospect", "supplier")[: number % 4]
    )
    return made

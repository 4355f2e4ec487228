"""Pairs of customers that may be one, made by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from guanxi.customers import actions, corrections
from guanxi.customers.actions import matching as deciding
from guanxi.customers.actions.matching import Found
from guanxi.customers.models import MatchPair, Party, Source, SourceRecord
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM
from guanxi.orders.actions import Line, create_order

WEIGHTS = [
    {"field": "prior", "label": "", "words": "", "bits": -12.5, "low": "", "high": ""},
    {"field": "name", "label": "name", "words": "", "bits": 9.25, "low": "王美玲", "high": "王美鈴"},
    {"field": "mail", "label": "mail", "words": "", "bits": 11.5, "low": "a@b.tw", "high": "a@b.tw"},
    {"field": "city", "label": "city", "words": "", "bits": -2.0, "low": "台北", "high": "高雄"},
]
Propose = Callable[..., MatchPair]


@pytest.fixture
def propose(db: None) -> Propose:
    """Note that two may be one."""

    def note(one: Party, other: Party, probability: float = 0.95) -> MatchPair:
        low, high = sorted((one.pk, other.pk))
        deciding.propose_pairs([Found(low, high, probability, WEIGHTS)], by=SYSTEM)
        return MatchPair.objects.get(low=low, high=high)

    return note


@pytest.fixture
def twins(staff: User) -> tuple[Party, Party]:
    """Two that are one: one character and the city differ."""
    mei = actions.create_party(by=staff, name="王美玲", city="台北", mail="mei@corp.tw", phone="+886912345678")
    twin = actions.create_party(by=staff, name="王美鈴", city="高雄", mail="mei@corp.tw", occupation="律師")
    create_order(
        twin, [Line(description="茶", amount=Decimal(50))], by=staff, placed_at=datetime(2017, 1, 3, tzinfo=UTC)
    )
    return mei, twin


@pytest.fixture
def second_staff(db: None) -> User:
    """Another one who works for the business."""
    return User.objects.create_user(
        "zhiqiang", "zhiqiang@example.com", "relation-8-ship", first_name="志強", last_name="林", is_staff=True
    )


@pytest.fixture
def tell(db: None) -> Callable[..., SourceRecord]:
    """Let a source say something of a party."""

    def say(party: Party, code: str, days_ago: int, *, trust: int = 50, number: str = "7", **payload: Any) -> Any:
        source = Source.objects.get_or_create(code=code, defaults={"name": code.title(), "trust": trust})[0]
        at = datetime(2026, 11, 1, 8, tzinfo=UTC) - timedelta(days=days_ago)
        return SourceRecord.objects.create(
            source=source, external_id=number, payload=payload, digest=f"{code}{days_ago}", received_at=at, party=party
        )

    corrections.source()
    return say

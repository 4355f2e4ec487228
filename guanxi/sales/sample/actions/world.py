"""What made-up deals are written into, and what is gathered while they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models

from guanxi.catalog.exchange import own_currency
from guanxi.catalog.models import Product
from guanxi.customers.models import Party
from guanxi.foundation.models import User
from guanxi.foundation.search.indexing import write as write_documents
from guanxi.foundation.search.sources import source_of_model
from guanxi.ledger.models import Channel, Direction, Event
from guanxi.orders.models import Order, OrderLine
from guanxi.sales.deals.models import LostReason, Stage
from guanxi.sales.sample.process import Story

HUNDRED = Decimal(100)


@dataclass
class World:
    """What the stories are written into: rows of the house by the keys of the stories."""

    run: int  # the import of the customers: what is told here goes when that is taken back
    parties: dict[str, Party]
    users: dict[str, User]
    stages: Sequence[Stage]
    products: dict[str, Product]
    reasons: Sequence[LostReason]  # where somebody else won
    quiet_reasons: Sequence[LostReason]  # where nobody did
    orders: dict[str, Order]
    order_lines: dict[int, list[OrderLine]]
    currency: str = field(default_factory=own_currency)


@dataclass
class Told:
    """Events, gathered to be written together."""

    world: World
    rows: list[Event] = field(default_factory=list)

    def add(
        self,
        kind: str,
        story: Story,
        about: models.Model,
        at: datetime,
        channel: str = Channel.OTHER,
        direction: str = Direction.INSIDE,
        **payload: Any,
    ) -> None:
        """That something happened with the customer of a story."""
        self.rows.append(
            Event(
                party=self.world.parties[story.firm.key], kind=kind, channel=channel, direction=direction,
                occurred_at=at, actor_id=self.world.users[story.firm.rep].pk, object_type=about._meta.label_lower,
                object_id=about.pk, payload=payload, import_run=self.world.run,
            )
        )  # fmt: skip


def money(hundredths: int) -> Any:
    """An amount, as fields take it."""
    return Decimal(hundredths) / HUNDRED


def whole(number: int) -> Any:
    """A quantity or a price without hundredths, as fields take it."""
    return Decimal(number)


def found(rows: Iterable[models.Model]) -> None:
    """Let rows of one type be found by the search."""
    some = list(rows)
    if some:
        source = source_of_model(type(some[0]))
        write_documents(source, [source.entry(row) for row in some])

"""Deals whose true chance of being won is known: drawn from it, with a history as steps between stages tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
from django.apps import apps

from guanxi.customers.models import Party
from guanxi.foundation.models import User
from guanxi.sales.deals import ready_made
from guanxi.sales.deals.models import Deal, LostReason, Stage, StageChange

SOURCES = ("web", "referral", "tender", "mail")
OF_SOURCE = np.array([0.0, 1.3, -1.3, 0.2])
OF_KIND = {"new_task": -0.4, "straight_rebuy": 1.0}
OWNERS = (-0.8, 0.0, 0.8)


@dataclass(frozen=True)
class Simulated:
    """The deals made, and how likely each was to be won."""

    deals: list[Deal]
    truth: dict[int, float]

    @property
    def open(self) -> list[Deal]:
        return [deal for deal in self.deals if deal.state == "open"]


def simulate(
    count: int, *, seed: int = 1, days: int = 720, effect: float = 1.0, until: datetime | None = None, **same: Any
) -> Simulated:
    """Make `count` deals over so many days until now. How long each lasts tells nothing of how it ends, so that an open
    one's chance is its true one. `effect` 0: all are alike. `same`: values of all deals.
    """
    ready_made.install(partial(apps.get_model, "deals"))
    random = np.random.default_rng(seed)
    now = until or datetime.now(UTC)
    pipeline_stages = list(Stage.objects.filter(pipeline__name="Sales").order_by("position")) or list(
        Stage.objects.order_by("pipeline__position", "position")
    )
    owners = [User.objects.get_or_create(username=f"seller{at}", defaults={"is_staff": True})[0] for at in range(3)]
    party = Party.objects.create(kind="organisation", name=f"Buyer {seed}")
    reason = LostReason.objects.order_by("pk").first()
    source = random.integers(0, len(SOURCES), count)
    kind = random.integers(0, len(OF_KIND), count)
    owner = random.integers(0, len(OWNERS), count)
    amount = 10 ** random.normal(4.0, 0.5, count)
    level = -0.2 + effect * (
        OF_SOURCE[source] + np.array(list(OF_KIND.values()))[kind] + np.array(OWNERS)[owner] - (np.log10(amount) - 4)
    )
    chance = 1 / (1 + np.exp(-level))
    won = random.random(count) < chance
    begun = random.uniform(0, days, count)
    life = random.gamma(3.0, 20.0, count) + 2
    deals, ends = [], []
    for at in range(count):
        born = now - timedelta(days=days - float(begun[at]))
        end = born + timedelta(days=float(life[at]))
        ended = end < now
        state = ("won" if won[at] else "lost") if ended else "open"
        passed = min(int(3 * min((now - born) / (end - born), 1.0)), len(pipeline_stages) - 1)
        value = Decimal(round(float(amount[at])))
        deals.append(
            Deal(
                name=f"Deal {at}", party=party, owner=owners[owner[at]], pipeline=pipeline_stages[0].pipeline,
                stage=pipeline_stages[passed], state=state, value=value, amount=value, weighted=value, currency="USD",
                closed_on=end.date() if ended else None, lost_reason=reason if state == "lost" else None,
                source=SOURCES[source[at]], purchase_kind=list(OF_KIND)[kind[at]], created_at=born, stage_since=born,
                **same,
            )
        )  # fmt: skip
        ends.append((born, end, passed))
    made = Deal.objects.bulk_create(deals)
    steps = []
    for deal, (born, end, passed) in zip(made, ends, strict=True):
        steps.append(_step(deal, None, pipeline_stages[0], "", "open", born))
        for number in range(passed):
            at_time = born + (end - born) * (number + 1) / 3
            if at_time < min(end, now):
                steps.append(_step(deal, pipeline_stages[number], pipeline_stages[number + 1], "open", "open", at_time))
        if deal.state != "open":
            steps.append(_step(deal, deal.stage, deal.stage, "open", deal.state, end))
    StageChange.objects.bulk_create(steps)
    return Simulated(made, {deal.pk: float(chance[at]) for at, deal in enumerate(made)})


def _step(deal: Deal, before: Stage | None, to: Stage, was: str, state: str, at: datetime) -> StageChange:
    return StageChange(
        deal=deal, from_stage=before, to_stage=to, from_state=was, to_state=state, at=at, amount=deal.amount,
    )  # fmt: skip

"""What the tests of the figures of selling stand on: two colleagues of a team and one of none, deals, activities."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guanxi.channels.activities import actions as activities
from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.models import User
from guanxi.sales.deals import actions
from guanxi.sales.deals.models import Deal, LostReason, Stage, StageChange
from guanxi.sales.deals.tests.conftest import acme, price, rival, settled, stages  # noqa: F401  fixtures


class Work:
    """Deals and what was done for them: each as many days ago as it says."""

    def __init__(self, by: User, party: Party) -> None:
        self.by, self.party = by, party

    def deal(self, value: int, ago: int = 0, **values: Any) -> Deal:
        """A deal that began so many days ago."""
        given = {"name": f"Deal of {value}", "party": self.party, "value": Decimal(value), **values}
        deal = actions.create_deal(by=self.by, **given)
        moment = clock.now() - timedelta(days=ago)
        Deal.objects.filter(pk=deal.pk).update(created_at=moment, stage_since=moment)
        StageChange.objects.filter(deal=deal).update(at=moment)
        return deal

    def move(self, deal: Deal, stage: Stage, ago: int) -> None:
        """Let it come to a stage so many days ago."""
        actions.move(deal.pk, stage, by=self.by)
        newest = StageChange.objects.filter(deal=deal).latest("pk")
        StageChange.objects.filter(pk=newest.pk).update(at=clock.now() - timedelta(days=ago))

    def win(self, deal: Deal) -> None:
        """Won today."""
        actions.win(deal.pk, by=self.by)

    def lose(self, deal: Deal, reason: LostReason, to: Party) -> None:
        """Lost today to a competitor."""
        actions.lose(deal.pk, reason, to, by=self.by)

    def held(self, deal: Deal, kind: str, minutes: int = 30) -> Any:
        """A call, a meeting or a visit for the deal."""
        outcome = "reached" if kind == "call" else "held"
        return activities.log(outcome, by=self.by, record=deal, kind=kind, minutes=minutes)


@pytest.fixture
def work(transactional_db: None, home: Path, staff: User, acme: Party, monkeypatch: pytest.MonkeyPatch) -> Work:  # noqa: F811
    """Work of `staff` with one customer, and an empty lake."""
    monkeypatch.setattr("guanxi.lake.refresh.PATIENCE", 120.0)
    return Work(staff, acme)


@pytest.fixture
def sold(work: Work, stages: list[Stage], price: LostReason, rival: Party) -> dict[str, Deal]:  # noqa: F811
    """One deal won after 40 days with three activities, one lost after 10, one open in the second stage."""
    won = work.deal(1000, 40, source="referral", purchase_kind="new_task")
    work.move(won, stages[1], 30)
    work.move(won, stages[0], 20)
    work.move(won, stages[2], 10)
    for kind in ("call", "call", "meeting"):
        work.held(won, kind)
    work.win(won)
    lost = work.deal(400, 10, source="web", purchase_kind="straight_rebuy")
    work.held(lost, "visit", 90)
    work.lose(lost, price, rival)
    still = work.deal(500, 5, source="web")
    work.move(still, stages[1], 2)
    return {"won": won, "lost": lost, "open": still}

"""The plan of an organisation, as far as the viewer may see it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum

from guanxi.customers.models import Party
from guanxi.foundation.visibility import Viewer, may
from guanxi.orders import queries as orders
from guanxi.orders.models import Order
from guanxi.sales.accounts.models import AccountGoal, AccountReview

MOST = 50


@dataclass(frozen=True)
class Aim:
    """A goal, and how far it has come."""

    goal: AccountGoal
    sold: Decimal | None  # None where it has no amount, or the viewer sees no orders

    @property
    def percent(self) -> int | None:
        """How much of the amount was sold."""
        if self.sold is None or not self.goal.amount:
            return None
        return max(int(100 * self.sold / self.goal.amount), 0)


def organisation(number: int, viewer: Viewer) -> Party:
    """The organisation of this number. Raises Party.DoesNotExist."""
    return Party.objects.visible_to(viewer).get(pk=number, kind=Party.Kind.ORGANISATION)


def goals(viewer: Viewer) -> QuerySet[Any]:
    """All goals that `viewer` may see."""
    return AccountGoal.objects.visible_to(viewer).select_related("party", "owner")


def aims(party: Party, viewer: Viewer) -> list[Aim]:
    """The goals with an organisation, those aimed at first, and what was sold for each."""
    first = Q(state=AccountGoal.State.OPEN)
    rows = list(goals(viewer).filter(first, party=party).order_by("due_on", "id")[:MOST])
    rows += list(goals(viewer).filter(~first, party=party).order_by("-closed_on", "-id")[:MOST])
    sees = may(viewer, "view", Order)
    return [Aim(row, _sold(row, viewer) if sees and row.amount is not None else None) for row in rows]


def _sold(goal: AccountGoal, viewer: Viewer) -> Decimal:
    rows = orders.counted(viewer).filter(party=goal.party_id, day__gte=goal.since, day__lte=goal.due_on)
    total = rows.filter(currency=settings.GUANXI_CURRENCY).aggregate(total=Sum("amount"))["total"]
    return total or Decimal(0)


def to_come(party: Party, viewer: Viewer) -> AccountReview | None:
    """When the plan is gone through next."""
    rows = AccountReview.objects.visible_to(viewer).filter(party=party, held_at__isnull=True)
    return rows.order_by(F("origin").asc(nulls_first=True), "id").first()


def held(party: Party, viewer: Viewer) -> list[AccountReview]:
    """When it was gone through, and what came of it; the last first."""
    rows = AccountReview.objects.visible_to(viewer).filter(party=party, held_at__isnull=False)
    return list(rows.select_related("held_by").order_by("-held_at", "-id")[:MOST])

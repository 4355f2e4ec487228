"""What selling to a deal has cost, as the ledger was told (guanxi.insight.costing), and the discount given."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from guanxi.foundation.visibility import Viewer
from guanxi.insight.models import Cost
from guanxi.ledger import kinds
from guanxi.orders.quotes.models import Quote
from guanxi.orders.quotes.queries import of_place
from guanxi.sales.deals.models import Deal

GIVEN = (Quote.State.SENT, Quote.State.ACCEPTED)


@dataclass(frozen=True)
class Line:
    """What was done of one kind for a deal, and what it has cost."""

    kind: str
    count: int
    amount: Decimal


@dataclass(frozen=True)
class Costs:
    """What a deal has cost so far; the discount is no cost, but goes off what it earns."""

    lines: list[Line]
    discount: Decimal | None
    currency: str

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


def of_deal(deal: Deal, viewer: Viewer) -> Costs:
    """What was booked for a deal, and how far its newest quote lies below list prices."""
    booked = Cost.objects.visible_to(viewer).filter(place_type=Deal._meta.label_lower, place_id=deal.pk, amount__gt=0)
    found = booked.order_by("kind").values_list("kind").annotate(count=Count("pk"), amount=Sum("amount"))
    lines = [Line(str(kinds.of(kind).label), count, amount) for kind, count, amount in found]
    quote = of_place(Deal._meta.label_lower, deal.pk, viewer).filter(state__in=GIVEN).first()
    return Costs(lines, _discount(quote) if quote else None, quote.currency if quote else "")


def _discount(quote: Quote) -> Decimal | None:
    """What the list prices come to more than the quote."""
    if not 0 < quote.reduction < 100:
        return None
    return Decimal(quote.net * quote.reduction / (100 - quote.reduction)).quantize(Decimal("0.01"))

"""What selling costs: calls, meetings and visits that were held, times the cost rates of insight.

It is worked out whenever it is asked and kept up in the lake, so that it follows an activity that is changed or deleted
and a rate that is changed; nothing is stored. Lifetime value takes the same rates off, for the events of the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from guanxi.channels.activities.models import Activity
from guanxi.foundation.belonging import reference
from guanxi.foundation.money import PLACES
from guanxi.foundation.visibility import Viewer
from guanxi.insight.models import CostRate
from guanxi.ledger.models import Channel
from guanxi.orders.quotes.models import Quote
from guanxi.orders.quotes.queries import of_place
from guanxi.sales.deals.models import Deal

CHANNELS = {Activity.Kind.CALL: Channel.PHONE, Activity.Kind.MEETING: Channel.IN_PERSON,
            Activity.Kind.VISIT: Channel.IN_PERSON}  # fmt: skip
GIVEN = (Quote.State.SENT, Quote.State.ACCEPTED)


def rates() -> dict[str, Decimal]:
    """What one activity of each kind costs; the rate of its channel goes before that of any channel."""
    known = {(row.kind, row.channel): row.amount for row in CostRate.objects.filter(kind__in=Activity.Kind.values)}
    return {
        kind: known.get((kind, CHANNELS[Activity.Kind(kind)]), known.get((kind, ""), Decimal(0)))
        for kind in Activity.Kind.values
    }


def in_sql() -> str:
    """The same as an expression over `kind`, in whole units of money."""
    cases = " ".join(f"WHEN '{kind}' THEN {int(amount * 10**PLACES)}" for kind, amount in rates().items())
    return f"CASE kind {cases} ELSE 0 END"


@dataclass(frozen=True)
class Line:
    """Activities of one kind that were held for a deal, and what they cost."""

    kind: str
    count: int
    minutes: int
    rate: Decimal

    @property
    def amount(self) -> Decimal:
        return self.rate * self.count


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
    """What was done for a deal, as far as `viewer` sees it, and how far its newest quote lies below list prices."""
    held = Activity.objects.visible_to(viewer).filter(state=Activity.State.HELD, **reference(deal))
    found = held.order_by().values_list("kind").annotate(count=Count("pk"), minutes=Sum("minutes"))
    known, labels = rates(), dict(Activity.Kind.choices)
    lines = [Line(str(labels[kind]), count, minutes or 0, known[kind]) for kind, count, minutes in found]
    quote = of_place(Deal._meta.label_lower, deal.pk, viewer).filter(state__in=GIVEN).first()
    return Costs(lines, _discount(quote) if quote else None, quote.currency if quote else "")


def _discount(quote: Quote) -> Decimal | None:
    """What the list prices come to more than the quote."""
    if not 0 < quote.reduction < 100:
        return None
    return Decimal(quote.net * quote.reduction / (100 - quote.reduction)).quantize(Decimal("0.01"))

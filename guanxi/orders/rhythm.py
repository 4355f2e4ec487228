"""Who is new, who came back, who was lost, and who is slipping away: by each customer's own rhythm.

The rule, until models replace it through the door `slipping_away`: whoever bought on at least four days has a rhythm.
He is overdue once he is silent for longer than his usual gap and two deviations, and lost once he is silent for six
usual gaps, at least 90 days (180 where no rhythm is known). In between he is slipping away. What is at stake is what he
would spend in a year at his own pace. The three dates and amounts are stored with his purchases in sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.foundation import clock
from guanxi.foundation.desk import display, list_url, record_url
from guanxi.foundation.visibility import Viewer
from guanxi.orders.models import PurchaseSummary


@dataclass(frozen=True)
class Line:
    """One line of the movement of customers."""

    label: str
    words: str
    text: str
    url: str


@dataclass(frozen=True)
class SlippingCustomer:
    """Somebody silent for longer than his rhythm allows, and why we say so."""

    name: str
    url: str
    reason: str
    value: str
    stake: str
    pills: list[tuple[str, str]] = field(default_factory=list)  # style and words


@dataclass(frozen=True)
class Slipping:
    """The most valuable of those who slip away, and how many they are in all."""

    rows: list[SlippingCustomer]
    words: str
    rule: str
    url: str
    stake_label: str = ""  # by default: at stake in a year


def slipping(viewer: Viewer, limit: int) -> Slipping:
    """Who is slipping away today, those with the most at stake first."""
    today = clock.today()
    overdue = PurchaseSummary.objects.visible_to(viewer).filter(overdue_from__lte=today, lost_from__gt=today)
    rows = overdue.select_related("party").order_by("-yearly_pace", "-party_id")[:limit]
    total = overdue.aggregate(count=Count("party_id"), stake=Sum("yearly_pace"))
    query = {"f.purchases.overdue_from__lte": f"{today}", "f.purchases.lost_from__gte": f"{today}"}
    return Slipping(
        rows=[_customer(row, today) for row in rows],
        words=_("%(customers)s, %(stake)s at stake in a year")
        % {"customers": _count(total["count"]), "stake": display.rounded(total["stake"])},
        rule=_(
            "Overdue: silent for longer than the usual gap and two deviations, known from at least four days of "
            "purchase; lost after six usual gaps, at least 90 days. At stake: a year at the customer's own pace."
        ),
        url=list_url("customers", query | {"sort": "-purchases.yearly_pace"}),
    )


def movement(viewer: Viewer, first: date, last: date) -> dict[str, Any]:
    """New, returning and lost customers of the days `first` to `last`."""
    known = PurchaseSummary.objects.visible_to(viewer)
    new = known.filter(first_day__range=(first, last)).count()
    lost = known.filter(lost_from__range=(first, last)).count()
    returning = known.filter(last_day__gte=first, first_day__lt=first)
    back = returning.filter(last_day__lte=last).count()
    span = {"gte": f"{first}", "lte": f"{last}"}
    return {
        "lines": [
            Line(_("New"), _("first purchase"), _number(new), _customers("first_day", span)),
            Line(
                _("Returning"),
                _("known before, last bought in this time"),
                _number(back),
                list_url(
                    "customers",
                    {
                        "f.purchases.last_day__gte": span["gte"],
                        "f.purchases.last_day__lte": span["lte"],
                        "f.purchases.first_day__lte": f"{date.fromordinal(first.toordinal() - 1)}",
                    },
                ),
            ),
            Line(_("Lost"), _("silent for too long since then"), _number(lost), _customers("lost_from", span)),
        ]
    }


def _customers(path: str, span: dict[str, str]) -> str:
    return list_url("customers", {f"f.purchases.{path}__{operator}": day for operator, day in span.items()})


def _customer(row: PurchaseSummary, today: date) -> SlippingCustomer:
    gap, silent = round(row.gap_mean or 0), (today - row.last_day).days
    every = ngettext("every day", "every %(count)s days", max(gap, 1)) % {"count": max(gap, 1)}
    return SlippingCustomer(
        name=row.party.name,
        url=record_url("customers", row.party_id),
        reason=_("Bought %(every)s, now silent for %(silent)s") % {"every": every, "silent": silent},
        value=display.rounded(row.revenue, 2),
        stake=display.rounded(row.yearly_pace),
    )


def _count(number: int) -> str:
    return ngettext("%(count)s customer", "%(count)s customers", number) % {"count": _number(number)}


def _number(value: int) -> str:
    return display.rounded(value)

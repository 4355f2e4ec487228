"""What orders add to the record page of a customer, and the panels of an order."""

from __future__ import annotations

from typing import Any

from django.db.models import ObjectDoesNotExist
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.customers.models import Party
from guanxi.foundation.desk import Pill, list_url
from guanxi.foundation.visibility import Viewer, may
from guanxi.orders import queries, scores
from guanxi.orders.models import Order, OrderLine, PurchaseSummary


def summary_of(party: Party) -> PurchaseSummary | None:
    """The purchases of `party` in sum; asked once per page."""
    if not hasattr(party, "_purchases_in_sum"):
        try:
            party._purchases_in_sum = party.purchases  # type: ignore[attr-defined]
        except ObjectDoesNotExist:
            party._purchases_in_sum = None  # type: ignore[attr-defined]
    return party._purchases_in_sum  # type: ignore[attr-defined, no-any-return]


def pills(party: Party) -> list[Pill]:
    """Whether he is silent for longer than his own rhythm allows."""
    summary = summary_of(party)
    if summary is None or summary.purchase_days == 0:
        return []
    rhythm = queries.rhythm(summary)
    if rhythm.overdue:
        day = formats.date_format(summary.last_day, "DATE_FORMAT")
        return [Pill(_("Silent since %(day)s") % {"day": day}, "bad")]
    return [Pill(_("Due to buy"), "warn")] if rhythm.due else []


def worth(party: Party, viewer: Viewer) -> dict[str, Any]:
    """What we know of his purchases: value so far, scores, rhythm."""
    summary = summary_of(party)
    if summary is None:
        return {"summary": None}
    rhythm = queries.rhythm(summary)
    known = scores.bounds()
    return {
        "summary": summary,
        "orders_url": list_url("orders", {"f.party": party.pk}),
        "basket": summary.revenue / summary.order_count if summary.order_count else None,
        "scores": scores.scores(summary, known),
        "bounds": known,
        "rhythm": rhythm,
        "rhythm_words": rhythm_words(rhythm),
        "silence": min(rhythm.silent, rhythm.allowed) if rhythm.allowed else None,
    }


def rhythm_words(rhythm: queries.Rhythm) -> str:
    """How often he buys and how long he has been silent, in a sentence."""
    silent = ngettext("silent for %(days)s day", "silent for %(days)s days", rhythm.silent) % {"days": rhythm.silent}
    if rhythm.usual is None:
        return _("Bought once; %(silent)s.") % {"silent": silent}
    days = max(round(rhythm.usual), 1)
    often = ngettext("Buys every day", "Buys every %(days)s days", days) % {"days": days}
    return _("%(often)s, %(silent)s.") % {"often": often, "silent": silent}


def most_bought(party: Party, viewer: Viewer) -> dict[str, Any]:
    """The categories that he buys most often."""
    return {"bought": queries.buys_most(party, viewer)}


def has_bought(party: Party, viewer: Viewer) -> bool:
    """Whether there are orders at all."""
    return summary_of(party) is not None


def plot(party: Party, viewer: Viewer) -> dict[str, Any]:
    """Purchases over the last twelve months, a bar for each."""
    if summary_of(party) is None:
        return {"spec": None}
    months = queries.by_month(party, viewer)
    return {
        "spec": {
            "type": "bar",
            "x": [formats.date_format(month.first_day, "M") for month in months],
            "series": [{"name": _("Purchases"), "data": [float(month.amount) for month in months], "colour": 3}],
            "format": "money",
            "links": [_month_url(party, month.first_day) for month in months],
        }
        if any(month.amount for month in months)
        else None
    }


def _month_url(party: Party, first: Any) -> str:
    last = queries.last_day_of(first)
    return list_url(
        "orders", {"f.party": party.pk, "f.placed_at__gte": first.isoformat(), "f.placed_at__lte": last.isoformat()}
    )


def lines(order: Order, viewer: Viewer) -> dict[str, Any]:
    """The lines of an order, its sums, what came back of it."""
    rows: list[OrderLine] = list(queries.lines(order, viewer))
    settled = order.state in (Order.State.CANCELLED, Order.State.DELIVERED)
    return {
        "order": order,
        "lines": rows,
        "gross": order.amount + order.discount,
        "returns": list(order.returned_by.order_by("id")) if order.kind == Order.Kind.SALE else [],
        "may_edit": not settled and may(viewer, "edit", order),
        "any_cost": any(line.cost is not None for line in rows),
        "any_discount": any(line.discount for line in rows),
    }

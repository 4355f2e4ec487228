"""What insight adds to the first page: customer equity, where the base stands, and who is slipping away."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.foundation.desk import display, record_url
from guanxi.foundation.visibility import Viewer
from guanxi.insight import explaining, naming, queries
from guanxi.insight.models import Standing, Tier
from guanxi.insight.reports import equity
from guanxi.lake import figures
from guanxi.lake.figures import Tile
from guanxi.orders import rhythm
from guanxi.orders.rhythm import Slipping, SlippingCustomer


def tile(viewer: Viewer) -> Tile | None:
    """Customer equity among the figures at the head of the page."""
    learning = queries.current(viewer)
    if learning is None:
        return None
    return equity.equity_tile(learning, queries.equity_points(viewer, months=2), reverse("insight:equity"))


def base(viewer: Viewer) -> dict[str, Any] | None:
    """How customer equity moved, and where the base stands."""
    learning = queries.current(viewer)
    if learning is None:
        return None
    return {
        "template": "insight/base.html",
        "over_time": equity.over_time(queries.equity_points(viewer, months=13)),
        "by_stage": equity.by_stage(learning),
        "url": reverse("insight:equity"),
        "note": equity.subheading(learning),
    }


def slipping(viewer: Viewer, limit: int) -> Slipping:
    """Who is in decline, by what is at stake; by the rule of rhythm where nothing was learned yet."""
    learning = queries.current(viewer)
    if learning is None:
        return rhythm.slipping(viewer, limit)
    rows = list(queries.slipping(viewer).select_related("party", "party__purchases")[:limit])
    since = learning.day - timedelta(days=explaining.WINDOW * explaining.WINDOWS)
    bought = queries.days_of_purchase([row.party_id for row in rows], since, viewer)
    count, stake = queries.slipping_in_sum(viewer)
    people = ngettext("%(count)s customer", "%(count)s customers", count) % {"count": figures.whole(count)}
    return Slipping(
        rows=[_row(row, bought.get(row.party_id, set())) for row in rows],
        words=_("%(customers)s in decline, %(stake)s at stake") % {"customers": people, "stake": figures.money(stake)},
        rule=_(
            "In decline as of %(day)s. At stake: what the customer would be worth if he were surely still one, beyond "
            "what he is worth as it is."
        )
        % {"day": date_format(learning.day, "DATE_FORMAT")},
        url=equity.slipping_url(),
        stake_label=_("At stake"),
    )


def _row(row: Standing, bought: set[date]) -> SlippingCustomer:
    purchases = explaining.purchases_of(row.party)
    pills = [naming.grade_pill(row.grade), *([] if row.tier == Tier.REGULAR else [naming.tier_pill(row.tier)])]
    return SlippingCustomer(
        name=row.party.name,
        url=record_url("customers", row.party_id),
        reason=explaining.reason(row, purchases, bought),
        value=figures.rounded(purchases.revenue if purchases else 0, 2),
        stake=figures.rounded(row.at_stake, 0),
        pills=[(display.tone(pill), str(pill.label)) for pill in pills],
    )

"""Which of the viewer's own customers slip away."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from django.utils.translation import gettext as _

from guanxi.foundation.desk import list_url, record_url
from guanxi.foundation.visibility import Viewer, may
from guanxi.insight import explaining, naming, queries
from guanxi.insight.models import Stage, Standing
from guanxi.sales.day.lines import SHOWN, Line, Section, Worth


def slipping(viewer: Viewer) -> Section | None:
    """Those in decline, with the most at stake first; None until something was learned."""
    learned_on = queries.learned_on(viewer) if may(viewer, "view", Standing) else None
    if learned_on is None:
        return None
    rows = queries.own_slipping(viewer, limit=SHOWN)
    since = learned_on - timedelta(days=explaining.WINDOW * explaining.WINDOWS)
    bought = queries.days_of_purchase([row.party_id for row in rows], since, viewer) if rows else {}
    lines = [_line(row, bought.get(row.party_id, set())) for row in rows]
    url = list_url(
        "customers", {"f.owner": viewer.pk, "f.standing.stage": Stage.DECLINE.value, "sort": "-standing.at_stake"}
    )
    return Section("slipping", _("My customers who slip away"), lines, url, _("at stake"))


def _line(row: Standing, bought: set[date]) -> Line:
    why = (explaining.reason(row, explaining.purchases_of(row.party), bought), explaining.warning(row))
    return Line(
        row.party.name, record_url("customers", row.party_id), "trending-down",
        tuple(filter(None, why)), object_type="customers.party", object_id=row.party_id, amount=row.at_stake,
    )  # fmt: skip


def worth(ids: Collection[int], viewer: Viewer) -> dict[int, Worth]:
    """What customers are expected to bring, and in which stage they are."""
    rows = Standing.objects.visible_to(viewer).filter(party__in=ids) if may(viewer, "view", Standing) else ()
    return {row.party_id: _worth(row) for row in rows}


def _worth(row: Standing) -> Worth:
    declining = row.stage == Stage.DECLINE
    why = (naming.stage(row.stage),) if declining else ()
    return Worth(row.at_stake if declining and row.at_stake else row.expected_value, why, declining)

"""White space: what organisations like this one buy, and this one does not.

Like it are those organisations whose categories of the last two years overlap most with its own (shared categories by
all that either of the two buys: Jaccard), at least one fifth, the fifty closest; where the profile has a field
`industry` and enough are of the same, only those. The lake answers; only customers whom the viewer may see count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings

from guanxi.customers.models import Party
from guanxi.foundation import clock, engine
from guanxi.foundation.visibility import Viewer
from guanxi.lake import allowed, store, tables
from guanxi.lake.schema import PROFILE, named

if TYPE_CHECKING:
    import ibis.expr.types as ir

PERIOD = timedelta(days=730)
INDUSTRY = "industry"
CLOSEST, LEAST_ALIKE, ENOUGH = 50, 0.2, 5
LEAST_BUYERS, LEAST_SHARE, SHOWN = 3, 0.2, 12


@dataclass(frozen=True)
class Gap:
    """A category that others like it buy and it does not."""

    category: str
    buyers: int
    share: float  # of those like it
    yearly: Decimal  # what one of the buyers spends on it in a year, in the middle


@dataclass(frozen=True)
class WhiteSpace:
    """What was found, and how much it rests on."""

    own: int  # categories that it buys
    alike: int  # organisations like it
    industry: str  # that they share, where they were looked for in one
    gaps: list[Gap]


def of(organisation: Party, viewer: Viewer) -> WhiteSpace:
    """What others like it buy and it does not, what most of them buy first. Raises NotAllowed, LakeBroken."""
    for table in ("sales_line", "party"):
        allowed.require(viewer, table)
    bought = _bought(viewer)
    own = bought.filter(bought.party_id == organisation.pk).select("category")
    mine = [row["category"] for row in _rows(own)]
    if not mine:
        return WhiteSpace(0, 0, "", [])
    industry = _industry(organisation, viewer)
    alike: list[int] = []
    if industry:
        alike = _alike(bought, mine, organisation, viewer, industry)
    if len(alike) < ENOUGH:
        industry, alike = "", _alike(bought, mine, organisation, viewer, "")
    return WhiteSpace(len(mine), len(alike), industry, _gaps(bought, mine, alike) if alike else [])


def _bought(viewer: Viewer) -> ir.Table:
    """Which organisation bought of which category in the period, and for how much a year."""
    line, product, party = allowed.rows_for(viewer, "sales_line"), tables.table("product"), tables.table("party")
    since = clock.today() - PERIOD
    own = line.currency == settings.GUANXI_CURRENCY
    line = line.filter((line.day >= since) & (line.kind == "sale") & own)
    named_category = product.select(
        named="product_id", category=product.category.fill_null(product.department).fill_null(product.name)
    )
    organisations = party.filter(party.kind == Party.Kind.ORGANISATION.value).select("party_id")
    theirs = line.semi_join(organisations, "party_id")
    lines = theirs.join(named_category, theirs.product_id == named_category.named)
    grouped = lines.group_by(["party_id", "category"]).aggregate(amount=lines.amount.sum())
    return grouped.filter(grouped.category.notnull())


def _alike(bought: ir.Table, mine: list[str], organisation: Party, viewer: Viewer, industry: str) -> list[int]:
    """The numbers of those most like it, the closest first."""
    others = bought.filter(bought.party_id != organisation.pk)
    if industry:
        party = tables.table("party")
        others = others.semi_join(party.filter(party[PROFILE + INDUSTRY] == industry).select("party_id"), "party_id")
    counted = others.group_by("party_id").aggregate(
        shared=others.category.isin(mine).sum(), theirs=others.category.count()
    )
    scored = counted.mutate(alike=counted.shared / (counted.theirs + len(mine) - counted.shared))
    least = 0.0 if industry else LEAST_ALIKE
    close = scored.filter((scored.alike >= least) & (scored.shared > 0))
    import ibis

    first = close.order_by([ibis.desc("alike"), ibis.asc("party_id")]).limit(CLOSEST)
    return [row["party_id"] for row in _rows(first.select("party_id", "alike"))]


def _gaps(bought: ir.Table, mine: list[str], alike: list[int]) -> list[Gap]:
    rows = bought.filter(bought.party_id.isin(alike) & ~bought.category.isin(mine))
    counted = rows.group_by("category").aggregate(
        buyers=rows.party_id.nunique(), middle=rows.amount.cast("float64").median()
    )
    years = PERIOD.days / 365
    found = [
        Gap(row["category"], row["buyers"], row["buyers"] / len(alike), Decimal(str(round(row["middle"] / years, 2))))
        for row in _rows(counted)
    ]
    worth_a_word = [gap for gap in found if gap.buyers >= min(LEAST_BUYERS, len(alike)) and gap.share >= LEAST_SHARE]
    return sorted(worth_a_word, key=lambda gap: (-gap.share, -gap.yearly, gap.category))[:SHOWN]


def _industry(organisation: Party, viewer: Viewer) -> str:
    column = PROFILE + INDUSTRY
    if column not in tables.table("party").columns or allowed.is_hidden(viewer, "party", column):
        return ""
    return str(organisation.profile.get(INDUSTRY) or "")


def _rows(expression: ir.Table) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = expression.to_pyarrow().to_pylist()
    except engine.unreadable() as error:
        raise store.broken(named("sales_line"), error) from error
    return found

"""What was won against quotas, as the lake has it: so that any question can be asked of it by person, team and period.

A quota of a quarter counts by months: those of its months that have a quota of their own keep it, the others share the
rest. A team's own quota counts as what it lacks, or has more, than the quotas below it add up to: that belongs to the
team and to nobody in it, so that nothing is added up twice. The sums of a quarter are those of the forecast.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.bulk.amounts import DECIMAL, as_decimal
from guanxi.foundation.roles.models import Team
from guanxi.lake.dashboards.declaration import ReadyTile
from guanxi.lake.dashboards.models import Tile
from guanxi.lake.dimensions import CHOICE, Dimension
from guanxi.lake.followed import Since, Source
from guanxi.lake.measures import MONEY, PERCENT, RATIO, SUM, Measure, share
from guanxi.lake.schema import LakeTable
from guanxi.lake.sources import Batches, batch
from guanxi.sales.forecast import periods
from guanxi.sales.forecast.models import Quota
from guanxi.sales.forecast.outlook import TEAM, Unit, unit_of
from guanxi.sales.forecast.teams import Tree, tree

if TYPE_CHECKING:
    import ibis.expr.types as ir

DEALS = "deals.deal"
ZERO = Decimal(0)
_int = pa.int64()
ATTAINMENT = LakeTable(
    "attainment",
    "row_id",
    (
        ("row_id", _int),  # the deal; of a quota, below zero
        ("party_id", _int),
        ("owner_id", _int),
        ("team_id", _int),  # in which he counts
        ("top_team_id", _int),  # the one above all others over that
        ("day", pa.date32()),  # on which it was won; of a quota, the first of its month
        ("amount", DECIMAL),
        ("quota", DECIMAL),
    ),
    model="forecast.judgement",
    owner="owner_id",
    records="deals",
    also=(DEALS,),
)
_WON = pa.schema([("row_id", _int), ("party_id", _int), ("owner_id", _int), ("day", pa.date32()), ("amount", _int)])


# Rows -----------------------------------------------------------------------------------------------------------------


def rows(db: BulkSession, among: str) -> Batches:
    """The deals that were won, and unless some of them are asked for, what was to be sold."""
    known = tree()
    for found in db.stream(
        "SELECT id, party_id, owner_id, closed_on, amount FROM deals_deal WHERE state = 'won' AND closed_on IS NOT NULL"
        + (f" AND id {among}" if among else ""),
        _WON,
    ):
        columns = {name: found[name] for name in _WON.names}
        columns["amount"] = as_decimal(columns["amount"])
        columns["quota"] = pa.nulls(found.num_rows, DECIMAL)
        teams = [known.home.get(owner) for owner in columns["owner_id"].to_pylist()]
        yield _batch(columns, teams, known)
    if not among:
        yield from _quotas(known)


def _quotas(known: Tree) -> Batches:
    """What everybody was to sell, month by month."""
    told = list(_by_month(known))
    columns = {
        "row_id": pa.array([-number for number in range(1, len(told) + 1)], _int),
        "party_id": pa.nulls(len(told), _int),
        "owner_id": pa.array([owner for owner, _team, _month, _value in told], _int),
        "day": pa.array([month for _owner, _team, month, _value in told], pa.date32()),
        "amount": pa.nulls(len(told), DECIMAL),
        "quota": pa.array([value for _owner, _team, _month, value in told], DECIMAL),
    }
    yield _batch(columns, [team for _owner, team, _month, _value in told], known)


def _batch(columns: dict[str, Any], teams: list[int | None], known: Tree) -> pa.RecordBatch:
    tops = [known.path(team)[0] if team is not None else None for team in teams]
    more = {"team_id": pa.array(teams, _int), "top_team_id": pa.array(tops, _int)}
    return batch(ATTAINMENT, {**columns, **more})


def _by_month(known: Tree) -> Iterable[tuple[int | None, int | None, date, Decimal]]:
    """Owner, team in which that counts, first day of the month, amount."""
    for month, quotas in sorted(_months().items()):
        summed: dict[int, Decimal] = defaultdict(Decimal)  # what stands below each team
        for (kind, number), value in quotas.items():
            if kind != TEAM and number is not None:
                home = known.home.get(number)
                yield number, home, month, value
                if home is not None:
                    summed[home] += value
        for team in sorted(known.names, key=lambda one: -len(known.path(one))):
            own = quotas.get((TEAM, team), summed[team])
            if own != summed[team]:
                yield None, team, month, own - summed[team]
            above = known.parents.get(team)
            if above is not None:
                summed[above] += own


def _months() -> dict[date, dict[Unit, Decimal]]:
    """The quotas by month: their own, and the shares of those of quarters."""
    own: dict[date, dict[Unit, Decimal]] = defaultdict(dict)
    quarters: dict[date, dict[Unit, Decimal]] = defaultdict(dict)
    for row in Quota.objects.only("user", "team", "period", "amount"):
        period = periods.read(row.period)
        (own if period.kind == periods.MONTH else quarters)[period.start][unit_of(row)] = row.amount
    for start, quotas in quarters.items():
        months = [month.start for month in periods.of(start, periods.QUARTER).months]
        for unit, value in quotas.items():
            rest = value - sum((own[month].get(unit, ZERO) for month in months), ZERO)
            free = [month for month in months if unit not in own[month]] or months
            for position, month in enumerate(free):
                part = (rest / len(free)).quantize(Decimal("0.0001"))
                last = rest - part * (len(free) - 1)
                own[month][unit] = own[month].get(unit, ZERO) + (part if position < len(free) - 1 else last)
    return own


def changed(since: Since) -> str:
    """SQL for the deals that changed, or whose customer is another."""
    return (
        f"SELECT object_id AS id FROM ({since.records(DEALS)}) AS changed "
        f"UNION SELECT id FROM deals_deal WHERE party_id IN ({since.parties()})"
    )


SOURCE = Source(
    ATTAINMENT, rows, changed, (DEALS,), ("forecast.quota", "roles.team", "roles.membership", "catalog.exchangerate")
)


# What can be asked ----------------------------------------------------------------------------------------------------


def _sum(column: str) -> Callable[[ir.Table], ir.Value]:
    return lambda rows: rows[column].sum()


def _won(rows: ir.Table) -> ir.Value:
    return rows.amount.sum().fill_null(0)


def _gap(rows: ir.Table) -> ir.Value:
    return rows.quota.sum().fill_null(0) - _won(rows)


MEASURES = (
    Measure("quota", _("Quota"), MONEY, _sum("quota"), base=ATTAINMENT.name, parts=SUM,
            help=_("What was to be sold; a month counts on its first day.")),
    Measure("quota_attainment", _("Quota attained"), PERCENT, share(_won, _sum("quota")),
            base=ATTAINMENT.name, parts=RATIO, help=_("Won, of the quota.")),
    Measure("quota_gap", _("Gap to the quota"), MONEY, _gap, base=ATTAINMENT.name, parts=SUM,
            help=_("Below nothing: more was won.")),
)  # fmt: skip


def _teams() -> Iterable[tuple[int, str]]:
    known = tree()
    return [(pk, " › ".join(known.names[one] for one in known.path(pk))) for pk in known.names]


def _top_teams() -> Iterable[tuple[int, str]]:
    return list(Team.objects.filter(parent=None).order_by("name").values_list("pk", "name"))


DIMENSIONS = (
    Dimension("sales_team", _("Team"), CHOICE, column="team_id", home=ATTAINMENT.name, choices=_teams),
    Dimension("top_team", _("Topmost team"), CHOICE, column="top_team_id", home=ATTAINMENT.name, choices=_top_teams),
)
HIERARCHY = ("top_team", "sales_team", "owner")
TILES = (
    ReadyTile(_("Quota attained"), "m=quota_attainment&by=", Tile.Form.NUMBER, Tile.Size.THIRD),
    ReadyTile(_("Quotas by month"), "m=quota&m=quota_attainment&m=quota_gap&by=month", Tile.Form.TABLE),
    ReadyTile(_("Quotas by team"), "m=quota&m=quota_attainment&m=quota_gap&by=sales_team", Tile.Form.TABLE),
    ReadyTile(_("Quotas by colleague"), "m=quota&m=quota_attainment&m=quota_gap&by=owner&top=20", Tile.Form.TABLE),
)

"""What can be asked of what was learned: the newest learning, the models in use, the standing of a party."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from guanxi.customers.models import Merge, Party
from guanxi.foundation.tasks.models import BackgroundTask, State
from guanxi.foundation.visibility import SYSTEM, Viewer, may
from guanxi.insight.models import (
    Assumptions,
    CostRate,
    EquityPoint,
    Learning,
    ModelVersion,
    Stage,
    Standing,
    WithoutStanding,
)
from guanxi.lake import tables
from guanxi.orders import queries as orders
from guanxi.orders.models import Order

LEARN = "guanxi.insight.tasks.learn"
FEW, AMONG = 2_000, 2_000
MANY = 20_000  # customers since the last learning
REST = 20  # times as long as a learning took, before merges alone let it learn again


def current(viewer: Viewer) -> Learning | None:
    """The newest published learning; None until there is one."""
    published = Learning.objects.visible_to(viewer).filter(state=Learning.State.PUBLISHED)
    return published.order_by("-id").first()


def learned_on(viewer: Viewer) -> date | None:
    """The day of the newest published learning, without all that it found."""
    published = Learning.objects.visible_to(viewer).filter(state=Learning.State.PUBLISHED)
    return published.order_by("-id").values_list("day", flat=True).first()


def learnings(viewer: Viewer, limit: int = 20) -> list[Learning]:
    """The last learnings, whatever came of them, the newest first."""
    return list(Learning.objects.visible_to(viewer).order_by("-id")[:limit])


def under_way(viewer: Viewer) -> BackgroundTask | None:
    """The learning that waits or runs."""
    waiting = BackgroundTask.objects.visible_to(viewer).filter(function=LEARN, state__in=[State.WAITING, State.RUNNING])
    return waiting.order_by("state", "id").first()  # what runs before what waits


def last_failed(viewer: Viewer) -> BackgroundTask | None:
    """The newest learning of all, where that failed."""
    newest = BackgroundTask.objects.visible_to(viewer).filter(function=LEARN).order_by("-id").first()
    return newest if newest is not None and newest.state == State.FAILED else None


def models(viewer: Viewer) -> list[ModelVersion]:
    """The models in use, and those that the newest learning compared with them; by family and name.

    Where a new model was not promoted, the one in use comes from an earlier learning.
    """
    learning = current(viewer)
    if learning is None:
        return []
    known = ModelVersion.objects.visible_to(viewer).select_related("learning")
    used = known.filter(state=ModelVersion.State.USED, learning__state=Learning.State.PUBLISHED)
    rows = {row.pk: row for row in [*used.order_by("id"), *known.filter(learning=learning).order_by("id")]}
    order = list(ModelVersion.Family)
    return sorted(rows.values(), key=lambda row: (order.index(ModelVersion.Family(row.family)), row.segment, row.pk))


def model_of(first_day: date, viewer: Viewer) -> ModelVersion | None:
    """The model of purchases in use for those who first bought on `first_day`: of his year, else of all."""
    known = ModelVersion.objects.visible_to(viewer).filter(
        family=ModelVersion.Family.PURCHASES, state=ModelVersion.State.USED, learning__state=Learning.State.PUBLISHED
    )
    bare = known.defer("holdout", "covariance", "errors")  # long, and nothing that tells of a customer
    return bare.filter(segment__in=["", str(first_day.year)]).order_by("-segment", "-id").first()


def by_contract(learning: Learning) -> bool:
    """Whether customers were taken as bound by contract."""
    return any(note.get("code") == "contract_used" for note in learning.figures.get("notes") or [])


def standings(parties: Collection[int], viewer: Viewer) -> dict[int, Standing]:
    """The standings of several parties, by the party's number."""
    return {row.party_id: row for row in Standing.objects.visible_to(viewer).filter(party__in=parties)}


def without_standing() -> Q:
    """The parties that have no standing: looked for among those of whom that is known or who have come since the newest
    learning, and not among all; unless so many have come that the first ones are soon found there too."""
    nobody = Q(standing__isnull=True)
    published = Learning.objects.filter(state=Learning.State.PUBLISHED).order_by("-id")
    last = Party.objects.order_by("-pk").values("pk")[:1]
    known_to, last_party = published.values_list("known_to", Subquery(last)).first() or (0, 0)
    if not known_to or (last_party or 0) - known_to > MANY:
        return nobody
    # Both as one set of numbers: given the bare bound, PostgreSQL walks along the list until it comes to it.
    listed = WithoutStanding.objects.order_by().values("party_id")
    since = Party.objects.order_by().filter(pk__gt=known_to).values("pk")
    return nobody & Q(pk__in=listed.union(since, all=True))


def days_of_purchase(parties: Collection[int], since: date, viewer: Viewer) -> dict[int, set[date]]:
    """On which days since `since` each of the parties bought."""
    sales = orders.counted(viewer).filter(party__in=parties, kind=Order.Kind.SALE, day__gte=since)
    found: dict[int, set[date]] = defaultdict(set)
    for party, day in sales.values_list("party_id", "day"):
        found[party].add(day)
    return found


def slipping(viewer: Viewer) -> QuerySet[Standing]:
    """Those in decline, with the most at stake first."""
    rows = Standing.objects.visible_to(viewer).filter(stage=Stage.DECLINE, at_stake__isnull=False)
    return rows.order_by("-at_stake", "-party_id")


def own_slipping(viewer: Viewer, *, limit: int) -> list[Standing]:
    """The viewer's own customers in decline, with the most at stake first.

    Whoever has few customers is asked by these; of many, only those are found that are among the `AMONG` with the most
    at stake of all, so that nobody's day waits for a walk through everybody in decline.
    """
    mine = Party.objects.filter(owner=viewer.pk).order_by().values_list("pk", flat=True)
    rows = slipping(SYSTEM).select_related("party", "party__purchases").defer("party__profile", "party__computed")
    if mine[FEW : FEW + 1].exists():
        # By what the last of them has at stake: along the index, until there are enough.
        last = slipping(SYSTEM).values_list("at_stake", flat=True)[AMONG - 1 : AMONG].first()
        # The sum keeps databases from going through all customers of the viewer instead.
        whose = rows.annotate(whose=F("party__owner_id") + 0).filter(whose=viewer.pk)
        found: Any = whose if last is None else whose.filter(at_stake__gte=last)
    else:
        found = rows.filter(pk__in=list(mine.filter(merged_into__isnull=True)))
    # Asked row by row: the condition of `visible_to` would collect all customers whom the viewer sees.
    return [row for row in found[:limit] if may(viewer, "view", row)]


def slipping_in_sum(viewer: Viewer) -> tuple[int, Decimal]:
    """How many are in decline and what is at stake with them in all."""
    rows = Standing.objects.visible_to(viewer).filter(stage=Stage.DECLINE)
    total = rows.aggregate(count=Count("party_id"), stake=Sum("at_stake"))
    return total["count"], total["stake"] or Decimal(0)


def equity_points(viewer: Viewer, months: int = 36) -> list[EquityPoint]:
    """Customer equity at the ends of the last months, the oldest first."""
    return list(EquityPoint.objects.visible_to(viewer).order_by("-day")[:months])[::-1]


def assumptions(viewer: Viewer) -> Assumptions:
    """What values rest on; the defaults where nobody has changed them."""
    return Assumptions.objects.visible_to(viewer).first() or Assumptions()


def cost_rates(viewer: Viewer) -> QuerySet[CostRate]:
    """What events cost."""
    return CostRate.objects.visible_to(viewer).order_by("kind", "channel")


def lines_learned_from() -> int:
    """How many sales lines the lake held at the newest learning; 0 until there is one."""
    newest = current(SYSTEM)
    return int(newest.figures.get("lines", 0)) if newest else 0


def merged_since_learning() -> bool:
    """Whether customers were merged or parted since the newest learning began, and learning again is not too dear.

    A learning that takes long is repeated at most so often that it works a twentieth of the time.
    """
    newest = current(SYSTEM)
    if newest is None or newest.finished_at is None:
        return False
    if timezone.now() < newest.finished_at + REST * (newest.finished_at - newest.started_at):
        return False
    return Merge.objects.filter(Q(at__gt=newest.started_at) | Q(undone_at__gt=newest.started_at)).exists()


def lines() -> int:
    """How many sales lines the lake holds."""
    return int(tables.table("sales_line").count().to_pyarrow().as_py())

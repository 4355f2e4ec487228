"""What can be asked of deals."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When

from guanxi.customers.models import Party
from guanxi.foundation import clock, visibility
from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals.models import Deal, LostReason, Pipeline, Stage, StageChange, State

SHOWN = 8


def deals(viewer: Viewer, *, party: Party | int | None = None) -> QuerySet[Deal]:
    """Deals that `viewer` may see, with what their pages show."""
    rows = Deal.objects.visible_to(viewer).select_related("party", "contact", "owner", "stage", "pipeline")
    return rows if party is None else rows.filter(party=party)


def pipelines() -> list[tuple[Pipeline, list[Stage]]]:
    """The pipelines in use with their stages, in order; of one request asked once, for boards need them often."""
    viewer = visibility.viewer_now()
    known: list[tuple[Pipeline, list[Stage]]] | None = getattr(viewer, "_deal_pipelines", None)
    if known is None:
        rows = Stage.objects.filter(pipeline__active=True).select_related("pipeline")
        stages = rows.order_by("pipeline__position", "pipeline", "position", "id")
        known = [(one, list(some)) for one, some in groupby(stages, key=lambda stage: stage.pipeline)]
        if viewer is not None:
            viewer._deal_pipelines = known
    return known


def first_stage(pipeline: Pipeline | None = None) -> Stage | None:
    """Where a new deal begins; without a pipeline: in the first one in use."""
    rows = Stage.objects.filter(pipeline=pipeline) if pipeline else Stage.objects.filter(pipeline__active=True)
    return rows.select_related("pipeline").order_by("pipeline__position", "pipeline", "position", "id").first()


def first_stage_number() -> int | None:
    """The same as a number, for forms."""
    stage = first_stage()
    return stage.pk if stage else None


def stage_choices() -> list[tuple[int, str]]:
    """All stages of pipelines in use; with the pipeline's name where there are several."""
    found = pipelines()
    return [
        (stage.pk, f"{pipeline} · {stage}" if len(found) > 1 else str(stage))
        for pipeline, stages in found
        for stage in stages
    ]


def every_pipeline() -> list[Pipeline]:
    """All pipelines, those out of use too, for what was sold in them."""
    return list(Pipeline.objects.order_by("position", "id"))


def every_stage() -> list[Stage]:
    """All stages of all pipelines, in order."""
    return list(Stage.objects.select_related("pipeline").order_by("pipeline__position", "pipeline", "position", "id"))


def every_reason() -> list[LostReason]:
    """All reasons of loss, those out of use too."""
    return list(LostReason.objects.order_by("position", "id"))


def ageing() -> Q:
    """The condition on open deals that have stood in their stage for longer than deals should."""
    condition = Q(pk__in=[])
    for number, days in Stage.objects.values_list("pk", "expected_days"):
        if days is not None:
            condition |= Q(stage=number, stage_since__lt=clock.now() - timedelta(days=days + 1))
    return condition & Q(state=State.OPEN)


def own_ageing(viewer: Viewer, *, limit: int) -> list[Deal]:
    """The viewer's own open deals that have stood for too long, those that may bring most first, with what a line of
    each says.

    Since when is too long is said by one expression, so that databases go along the index of what deals may bring.
    """
    since = [
        When(stage=number, then=Value(clock.now() - timedelta(days=days + 1)))
        for number, days in Stage.objects.values_list("pk", "expected_days")
        if days is not None
    ]
    if not since:
        return []
    own = Deal.objects.filter(owner=viewer.pk, state=State.OPEN, stage_since__lt=Case(*since)).order_by()
    found = [*own.filter(weighted__isnull=False).order_by("-weighted", "-pk").values_list("pk", flat=True)[:limit]]
    if len(found) < limit:
        found += own.filter(weighted__isnull=True).order_by("-pk").values_list("pk", flat=True)[: limit - len(found)]
    said = ("name", "amount", "state", "stage_since", "party__name", "stage__name", "stage__expected_days")
    rows = Deal.objects.visible_to(viewer).select_related("party", "stage").only(*said).in_bulk(found)
    return [rows[number] for number in found if number in rows]


def in_categories(categories: Collection[Any]) -> Q:
    """The condition on deals of these forecast categories, said by hand or by their stage."""
    by_stage = [stage.pk for stage in Stage.objects.all() if stage.category in categories]
    return Q(forecast_category__in=list(categories)) | Q(forecast_category="", stage__in=by_stage)


def history(deal: Deal) -> list[StageChange]:
    """Where a deal has been, the newest first."""
    return list(deal.changes.select_related("from_stage", "to_stage", "by").order_by("-at", "-id"))


def reasons() -> list[LostReason]:
    """The reasons of loss in use."""
    return list(LostReason.objects.filter(active=True).order_by("position", "id"))


def fetch_deals(ids: Collection[int], viewer: Viewer) -> dict[int, Any]:
    """Deals by id, for the cards of a timeline."""
    return {deal.pk: deal for deal in deals(viewer).filter(pk__in=ids)}

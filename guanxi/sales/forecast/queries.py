"""What can be asked of forecasts beyond their table."""

from __future__ import annotations

from django.db.models import QuerySet

from guanxi.foundation.visibility import Viewer
from guanxi.sales.forecast.models import Judgement, Night
from guanxi.sales.forecast.outlook import TEAM
from guanxi.sales.forecast.periods import Period


def judgements(
    viewer: Viewer, period: Period | None = None, kind: str = "", number: int | None = None
) -> QuerySet[Judgement]:
    """What people said, the newest first: of a period, of a person or a team."""
    rows = Judgement.objects.visible_to(viewer).select_related("author", "user", "team").order_by("-id")
    if period is not None:
        rows = rows.filter(period=period.key)
    if kind:
        rows = rows.filter(**{"team" if kind == TEAM else "user": number})
    return rows


NIGHTS = 400  # that can be chosen from


def nights(viewer: Viewer) -> list[Night]:
    """The snapshots, the newest first."""
    return list(Night.objects.visible_to(viewer).order_by("-day")[:NIGHTS])

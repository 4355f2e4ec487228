"""What the win score keeps of a customer: that of his open deals, given to him with its reasons."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from guanxi.customers.rights.kept import Kept, Subject
from guanxi.insight.explaining import percent
from guanxi.sales.winning import wording
from guanxi.sales.winning.models import WinScore


def _scores(subject: Subject) -> QuerySet[Any]:
    return WinScore.objects.filter(deal__party__in=subject.ids)


def _told(subject: Subject) -> list[str]:
    """How likely each deal is, and why."""
    return [
        f"{row.deal.name}: {percent(row.probability)}. " + " ".join(one.words for one in wording.reasons(row))
        for row in _scores(subject).select_related("deal").order_by("deal")
    ]


KEPT = [Kept(WinScore, _scores, told=_told, order=6)]

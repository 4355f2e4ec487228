"""What quotes keep of a customer: what was offered to him, and what he wrote. It goes with him; his orders stay."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from guanxi.customers.rights.kept import Kept, Subject
from guanxi.orders.quotes.models import Approval, Comment, Quote, QuoteLine


def _of(model: type[Any]) -> Any:
    def rows(subject: Subject) -> QuerySet[Any]:
        found: QuerySet[Any] = model._base_manager.filter(quote__party__in=subject.ids)
        return found

    return rows


KEPT = [
    Kept(Comment, _of(Comment), order=2),
    Kept(QuoteLine, _of(QuoteLine), order=2),
    Kept(Approval, _of(Approval), given=False, order=2),
    Kept(Quote, order=3),
]

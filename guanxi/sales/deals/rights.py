"""What deals keep of a customer, and what becomes of it when he is erased."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from guanxi.customers.rights.kept import Kept, Subject, delete_rows
from guanxi.sales.deals.models import CommitteeSeat, Contender, Credit, Deal, MarketNote, StageChange, Tick


def _deals(subject: Subject) -> QuerySet[Any]:
    return Deal.objects.filter(Q(party__in=subject.ids) | Q(contact__in=subject.ids) | Q(lost_to__in=subject.ids))


def _erase(subject: Subject) -> int:
    """His own deals go; those of others, in which he was the contact or won, stay without him."""
    own = Deal.objects.filter(party__in=subject.ids)
    Deal.objects.filter(contact__in=subject.ids).update(contact=None, contact_origin=None)
    Deal.objects.filter(lost_to__in=subject.ids).update(lost_to=None, lost_to_origin=None)
    Deal.objects.filter(follows__in=own.values("pk")).update(follows=None)
    return delete_rows(subject, own)


def _of_his_deals(model: Any) -> Any:
    return lambda subject: model.objects.filter(deal__party__in=subject.ids)


def _seats(subject: Subject) -> QuerySet[Any]:
    return CommitteeSeat.objects.filter(Q(person__in=subject.ids) | Q(deal__party__in=subject.ids))


def _contenders(subject: Subject) -> QuerySet[Any]:
    return Contender.objects.filter(Q(party__in=subject.ids) | Q(deal__party__in=subject.ids))


KEPT = [
    Kept(StageChange, _of_his_deals(StageChange), given=False, order=7),
    Kept(Credit, _of_his_deals(Credit), given=False, order=7),
    Kept(Tick, _of_his_deals(Tick), given=False, order=7),
    Kept(CommitteeSeat, _seats, order=7),
    Kept(Contender, _contenders, order=7),
    Kept(MarketNote, order=7),
    Kept(Deal, _deals, erase=_erase, order=8),
]

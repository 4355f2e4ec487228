"""What leads keep of a customer, and what becomes of it when he is erased."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from guanxi.customers.rights.kept import Kept, Subject
from guanxi.sales.leads.models import Assignment, Lead
from guanxi.sales.leads.recognising import keys


def _leads(subject: Subject) -> QuerySet[Any]:
    """Those that he is known as, and those that hold his mail address or telephone."""
    found = Q(same_as__in=subject.ids)
    mails = [value for value in subject.values if "@" in value]
    phones = [value for value in subject.values if value.startswith("+")]
    found |= Q(mail_key__in=[keys({"mail": one})["mail_key"] or one for one in mails])
    return Lead.objects.filter(found | Q(phone_key__in=phones))


def _assignments(subject: Subject) -> QuerySet[Any]:
    return Assignment.objects.filter(lead__in=_leads(subject).values("pk"))


KEPT = [Kept(Assignment, _assignments, given=False, order=6), Kept(Lead, _leads, order=7)]

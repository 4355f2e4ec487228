"""Sending the reports that are due."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import tasks
from guanxi.foundation.reports import actions, find
from guanxi.foundation.reports.declaration import current_period
from guanxi.foundation.reports.models import Subscription
from guanxi.foundation.tasks import task
from guanxi.foundation.visibility import SYSTEM


@task(label=_("Reports to subscribers"))
def send_due() -> int:
    """Queue one task for each subscription whose period has come; returns how many."""
    queued = 0
    for slug, rhythm in Subscription.objects.values_list("report", "rhythm").distinct().order_by("report", "rhythm"):
        report = find(slug)
        if report is None:
            continue
        period = current_period(report, rhythm)
        for subscription in Subscription.objects.filter(report=slug, rhythm=rhythm).exclude(sent_for=period):
            tasks.enqueue(send_one, subscription.pk, period, key=f"report:{subscription.pk}:{period}")
            queued += 1
    return queued


@task(label=_("Report by mail"), max_attempts=8)
def send_one(subscription_id: int, period: str) -> bool:
    """Mail one report to one subscriber."""
    return actions.send(subscription_id, period, by=SYSTEM)

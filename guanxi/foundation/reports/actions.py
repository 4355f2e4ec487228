"""Subscribing to reports, and sending them."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.reports import Report, mail
from guanxi.foundation.reports.declaration import current_period
from guanxi.foundation.reports.models import Subscription
from guanxi.foundation.visibility import Viewer


@action
def subscribe(report: Report, *, by: User) -> Subscription:
    """Send `report` to `by` from the next period on. Raises Refused where the user has no mail address."""
    if not by.email:
        raise Refused(_("Your account has no mail address yet: add one on your account page."), "email")
    existing = Subscription.objects.filter(user=by, report=report.slug).first()
    return existing or create(Subscription, user=by, report=report.slug, sent_for=current_period(report))


@action
def unsubscribe(report: Report, *, by: User) -> None:
    """Send `report` to `by` no more."""
    for subscription in Subscription.objects.filter(user=by, report=report.slug):
        delete(subscription)


@action
def send(subscription_id: int, period: str, *, by: Viewer) -> bool:
    """Mail the report for `period` unless that was done; True where it was sent.

    The row is marked in the same transaction in which the mail is handed over: when that fails, nothing is marked and
    the task tries again.
    """
    from guanxi.foundation.reports import find

    row = Subscription.objects.select_for_update().select_related("user").filter(pk=subscription_id).first()
    report = find(row.report) if row else None
    if row is None or report is None or row.sent_for == period or not row.user.is_active or not row.user.email:
        return False
    change(row, sent_for=period)
    with translation.override(row.user.language or None):
        mail.send(report, row.user)
    return True

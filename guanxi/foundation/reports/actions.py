"""Subscribing to reports, and sending them."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from guanxi.foundation import notifications
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.notices.kinds import REPORT
from guanxi.foundation.reports import Report, mail
from guanxi.foundation.reports.declaration import Gone, Rhythm, current_period
from guanxi.foundation.reports.models import Subscription
from guanxi.foundation.visibility import NotAllowed, Viewer, require, seeing


@action
def subscribe(report: Report, rhythm: str = "", *, by: User) -> Subscription:
    """Send `report` to `by` from the next period on, in its own rhythm or another (daily, weekly, monthly).

    Raises Refused where the user has no mail address.
    """
    if not by.email:
        raise Refused(_("Your account has no mail address yet: add one on your account page."), "email")
    if rhythm and rhythm not in list(Rhythm):
        raise Refused(_("A report comes daily, weekly or monthly."), "rhythm")
    existing = Subscription.objects.filter(user=by, report=report.slug).first()
    period = current_period(report, rhythm)
    if existing and existing.rhythm == rhythm:
        return existing
    if existing:
        return change(existing, rhythm=rhythm, sent_for=period)
    return create(Subscription, user=by, report=report.slug, rhythm=rhythm, sent_for=period)


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
    with translation.override(row.user.language or None), seeing(row.user):
        try:
            require(row.user, "view", "reports")  # as of now, not of when he asked for it
            mail.send(report, row.user)
        except (Gone, NotAllowed):
            _end(row)
            return False
    return True


def _end(row: Subscription) -> None:
    """End a subscription to what is gone, or not for this person's eyes any more, and tell him."""
    title = _("A report that you subscribed to is not there any more, or is not shared with you any more.")
    notifications.notify(row.user, title, "", "/", kind=REPORT)
    delete(row)

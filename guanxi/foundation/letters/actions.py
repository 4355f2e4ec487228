"""Mailing what is due to one person.

A mail and the mark that it was sent are one transaction: where the server does not take it, the letter waits on, and
the task tries again.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.foundation import notifications
from guanxi.foundation.actions import action
from guanxi.foundation.models import Notification, User
from guanxi.foundation.notices import wishes
from guanxi.foundation.notices.models import Letter
from guanxi.foundation.visibility import Viewer, is_staff

MOST = 200  # notifications in one digest; more are behind the bell


def send(user_id: int, *, by: Viewer) -> int:
    """Mail all that is due to one person, letter by letter, then the digest; returns how many mails."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return 0
    if not is_staff(user) or not user.email:
        notifications.remove_letters(list(Letter.objects.filter(user=user).values_list("pk", flat=True)))
        return 0
    if wishes.quiet_until(user, timezone.now()):
        return 0
    due = Letter.objects.filter(user=user, due_at__lte=timezone.now())
    sent = sum(_one(number, by=by) for number in list(due.filter(digest=False).values_list("pk", flat=True)[:MOST]))
    return sent + _digest(user, by=by)


@action
def _one(number: int, *, by: Viewer) -> int:
    letter = _held(number)
    if letter is None:
        return 0
    _mail(letter.notification.user, letter.notification.title, [letter.notification])
    return notifications.remove_letters([number]) and 1


@action
def _digest(user: User, *, by: Viewer) -> int:
    rows = Letter.objects.select_for_update(of=("self",)).select_related("notification")
    letters = list(rows.filter(user=user, digest=True, due_at__lte=timezone.now()).order_by("notification_id"))
    told = [letter.notification for letter in letters if letter.notification.read_at is None]
    if told:
        with translation.override(user.language or None):
            subject = ngettext("%(count)s notification", "%(count)s notifications", len(told)) % {"count": len(told)}
        _mail(user, subject, told[-MOST:])
    notifications.remove_letters([letter.pk for letter in letters])
    return int(bool(told))


def _held(number: int) -> Letter | None:
    rows = Letter.objects.select_for_update(of=("self",)).select_related("notification__user")
    return rows.filter(pk=number).first()


def _mail(user: User, subject: str, told: Sequence[Notification]) -> None:
    assert transaction.get_connection().in_atomic_block
    with translation.override(user.language or None):
        body = render_to_string("letters/mail.txt", {"told": told, "address": settings.GUANXI_URL})
    EmailMessage(
        subject=" ".join(subject.split()) or _("Notifications"),
        body=body,
        to=[user.email],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()

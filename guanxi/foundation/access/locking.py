"""Locking out after failed attempts: an account for a while, an address for a while. Time or an administrator unlocks.

What was typed is turned into the account it means, so that name and mail address count together; a name that nobody
has is locked just the same, so that nobody learns which there are.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from guanxi.foundation import audit
from guanxi.foundation.access.models import Lock
from guanxi.foundation.actions import acting
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM

LONGEST = 150


def account_key(typed: str) -> str:
    """By what the account that `typed` means (a name or a mail address) is known."""
    typed = typed.strip().lower()[:LONGEST]
    found = User.objects.filter(Q(username__iexact=typed) | Q(email__iexact=typed)).values_list("pk", flat=True)
    number = found.first() if typed else None
    return f"user:{number}" if number is not None else f"typed:{typed}"


def locked_until(account: str, address: str) -> datetime | None:
    """Until when neither this account nor this address gets in; None where nothing is locked."""
    wanted = Q(kind=Lock.Kind.ACCOUNT, key=account) | Q(kind=Lock.Kind.ADDRESS, key=address)
    moments = Lock.objects.filter(wanted, until__gt=timezone.now()).values_list("until", flat=True)
    return max((moment for moment in moments if moment), default=None)


def words(until: datetime) -> str:
    """What somebody who is locked out is told."""
    when = formats.date_format(timezone.localtime(until), "TIME_FORMAT")
    return _("Too many failed attempts. Try again at %(time)s, or ask an administrator to unlock you.") % {"time": when}


def failed(account: str, label: str, address: str) -> None:
    """Count a failed attempt against the account and the address."""
    _count(Lock.Kind.ACCOUNT, account, label[:LONGEST], settings.GUANXI_LOCK_AFTER)
    if address:
        _count(Lock.Kind.ADDRESS, address, address, settings.GUANXI_LOCK_ADDRESS_AFTER)


def succeeded(account: str) -> None:
    """The right password ends the count of the account; that of the address goes on, for others may be tried there."""
    Lock.objects.filter(kind=Lock.Kind.ACCOUNT, key=account).delete()


def _count(kind: str, key: str, label: str, most: int) -> None:
    now = timezone.now()
    span = timedelta(minutes=settings.GUANXI_LOCK_MINUTES)
    old = Q(until=None, since__lt=now - span) | Q(until__lte=now)
    Lock.objects.filter(old, kind=kind, key=key).delete()
    row, _new = Lock.objects.get_or_create(kind=kind, key=key, defaults={"label": label})
    Lock.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
    if Lock.objects.filter(pk=row.pk, failures__gte=most, until=None).update(until=now + span):
        with acting(SYSTEM, "accounts.locked") as occasion:
            changes = {"until": [None, audit.plain(now + span)]}
            audit.record_summary(occasion, Lock._meta.label_lower, row.pk, label, changes)


def forget_old() -> int:
    """Clear counts that no longer lock anybody."""
    span = timedelta(minutes=settings.GUANXI_LOCK_MINUTES)
    now = timezone.now()
    return Lock.objects.filter(Q(until=None, since__lt=now - span) | Q(until__lte=now)).delete()[0]

"""How somebody wants to be told: which way for each kind, and when not."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils.translation import gettext as _

from guanxi.foundation import clock
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.notices import kinds
from guanxi.foundation.notices.models import Preference, QuietHours

DIGEST_AT = time(7, 30)  # of the business's day


def channel_of(user: User, kind: str) -> str:
    """Which way a kind comes to `user`."""
    chosen = Preference.objects.filter(user=user, kind=kind).values_list("channel", flat=True).first()
    known = kinds.all()
    return str(chosen or (known.get(kind) or kinds.OTHER).channel)


def channels(user: User) -> dict[str, str]:
    """Which way each kind comes."""
    chosen = dict(Preference.objects.filter(user=user).values_list("kind", "channel"))
    return {name: chosen.get(name, kind.channel) for name, kind in kinds.all().items()}


@action
def choose(kind: str, channel: str, *, by: User) -> None:
    """Let a kind come this way from now on. Raises Refused for kinds and ways that there are not."""
    if kind not in kinds.all() or channel not in kinds.CHANNELS:
        raise Refused(_("Choose for each kind: not at all, in the app, by mail at once or in a daily mail."), kind)
    existing = Preference.objects.filter(user=by, kind=kind).first()
    if existing:
        change(existing, channel=channel)
    elif channel != kinds.all()[kind].channel:
        create(Preference, user=by, kind=kind, channel=channel)


@action
def keep_quiet(start: time | None, end: time | None, *, by: User) -> None:
    """Be quiet between these hours of the business's day; without hours: never. Over midnight is well."""
    existing = QuietHours.objects.filter(user=by).first()
    if start is None and end is None:
        if existing:
            delete(existing)
        return
    if start is None or end is None or start == end:
        raise Refused(_("Quiet hours have a beginning and an end, which differ."), "start")
    if existing:
        change(existing, start=start, end=end)
    else:
        create(QuietHours, user=by, start=start, end=end)


def quiet_until(user: User, moment: datetime) -> datetime | None:
    """The end of the quiet hours that `moment` lies in; None where it lies in none."""
    hours = QuietHours.objects.filter(user=user).first()
    return end_of_quiet(hours.start, hours.end, moment) if hours else None


def end_of_quiet(start: time, end: time, moment: datetime) -> datetime | None:
    """When the hours from `start` to `end` (perhaps over midnight) that `moment` lies in are over, if it does."""
    local = moment.astimezone(clock.zone())
    now = local.time()
    over_midnight = start > end
    within = now >= start or now < end if over_midnight else start <= now < end
    if not within:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and now >= start else 0)
    return datetime.combine(day, end, clock.zone())


def next_digest(moment: datetime) -> datetime:
    """When the next daily mail goes out."""
    local = moment.astimezone(clock.zone())
    today = datetime.combine(local.date(), DIGEST_AT, clock.zone())
    return today if local < today else datetime.combine(local.date() + timedelta(days=1), DIGEST_AT, clock.zone())

"""The messages that wait: taking them for a process, and noting how it went.

Taking moves the next attempt on by a lease: where the process is killed, another takes them up again. So each is told
at least once, always with the same id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation.tasks import lease
from guanxi.foundation.visibility import SYSTEM
from guanxi.ledger.webhooks import actions, outbox
from guanxi.ledger.webhooks.models import Attempt, Delivery, Webhook
from guanxi.ledger.webhooks.posting import Outcome

LEASE = timedelta(minutes=2)
# After each failed attempt of one message; after the last of them it is given up.
DELAYS = [timedelta(seconds=5), timedelta(seconds=30)] + [
    timedelta(minutes=minutes) for minutes in (2, 10, 30, 60, 180, 360, 720, 1440, 1440)
]
FAILING = 5  # failures in a row after which a receiver is left alone for a while, and then tried with one message
ROUNDS = [timedelta(seconds=10), timedelta(minutes=1)] + [
    timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 360, 720, 1440)
]
GONE = 410  # “do not send here any more”
WAITING = Delivery.State.WAITING


def due(at: datetime | None = None) -> QuerySet[Delivery]:
    """The messages whose next attempt is due."""
    return Delivery.objects.filter(state=WAITING, due_at__lte=at or timezone.now())


def with_work() -> list[Webhook]:
    """The webhooks that have messages due."""
    return list(outbox.active().filter(Exists(due().filter(webhook=OuterRef("pk")))).order_by("pk"))


def claim(webhook: Webhook, most: int) -> list[Delivery]:
    """Take up to `most` due messages of `webhook` for this process, the oldest first."""
    most = 1 if webhook.failures >= FAILING else most
    with transaction.atomic():
        rows = due().filter(webhook=webhook).order_by("due_at", "id").select_for_update(skip_locked=True)[:most]
        taken = list(rows)
        numbers = [row.pk for row in taken]
        Delivery.objects.filter(pk__in=numbers).update(due_at=timezone.now() + LEASE, claimed_by=lease.own_name())
    for row in taken:
        row.webhook = webhook
    return taken


def free_orphans() -> None:
    """Let the messages be due at once whose process died on this machine."""
    held = Delivery.objects.filter(state=WAITING).exclude(claimed_by="")
    for worker in set(held.values_list("claimed_by", flat=True).distinct()):
        if lease.is_alive(worker) is False:
            held.filter(claimed_by=worker).update(due_at=timezone.now(), claimed_by="")


def drop(deliveries: Sequence[Delivery]) -> None:
    """End messages whose event is gone."""
    numbers = [row.pk for row in deliveries]
    if numbers:
        Delivery.objects.filter(pk__in=numbers).update(
            state=Delivery.State.DROPPED, ended_at=timezone.now(), claimed_by=""
        )


def settle(outcomes: Sequence[Outcome]) -> None:
    """Note how attempts went: what arrived, what is tried again when, what is given up; and what that says of the
    receivers."""
    of_webhook: dict[int, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        of_webhook[outcome.webhook].append(outcome)
    for number, some in sorted(of_webhook.items()):
        with transaction.atomic():
            webhook = Webhook.objects.select_for_update().filter(pk=number).first()
            if webhook is not None:
                _settle(webhook, some)


def _settle(webhook: Webhook, outcomes: list[Outcome]) -> None:
    known = set(Delivery.objects.filter(pk__in=[one.delivery for one in outcomes]).values_list("pk", flat=True))
    outcomes = [one for one in outcomes if one.delivery in known]  # not those cleared away meanwhile
    Attempt.objects.bulk_create([_logged(one) for one in outcomes])
    by_status: dict[int | None, list[int]] = defaultdict(list)
    for one in outcomes:
        if one.arrived:
            by_status[one.status].append(one.delivery)
    now = timezone.now()
    for status, numbers in by_status.items():
        Delivery.objects.filter(pk__in=numbers).update(
            state=Delivery.State.DELIVERED, status=status, error="", attempts=F("attempts") + 1, ended_at=now,
            claimed_by="",
        )  # fmt: skip
    dead = sum(_failed(one, now) for one in outcomes if not one.arrived)
    _judge(webhook, sorted(outcomes, key=lambda one: one.began), now)
    if dead:
        actions.tell_of_dead(webhook, dead)


def _logged(one: Outcome) -> Attempt:
    return Attempt(
        delivery_id=one.delivery, at=one.began, milliseconds=one.milliseconds, status=one.status, error=one.error,
        request_headers=one.sent, answer_headers=one.headers, answer=one.answer,
    )  # fmt: skip


def _failed(one: Outcome, now: datetime) -> int:
    """Note one failure; 1 where it was the last attempt."""
    row = Delivery.objects.get(pk=one.delivery)
    row.attempts, row.status, row.error, row.claimed_by = row.attempts + 1, one.status, one.error, ""
    last = row.attempts > len(DELAYS)
    if last:
        row.state, row.ended_at = Delivery.State.DEAD, now
    else:
        row.due_at = now + max(DELAYS[row.attempts - 1], timedelta(seconds=min(one.retry_after or 0, 86_400)))
    row.save(update_fields=["attempts", "status", "error", "claimed_by", "state", "ended_at", "due_at"])
    return int(last)


def _judge(webhook: Webhook, outcomes: list[Outcome], now: datetime) -> None:
    """What the attempts say of the receiver: reached again, to be left alone for a while, or to be switched off."""
    before, reached = (webhook.failures, webhook.rounds, webhook.held_until), webhook.reached_at
    for one in outcomes:
        webhook.failures = 0 if one.arrived else webhook.failures + 1
        if one.arrived:
            webhook.rounds, webhook.held_until, webhook.reached_at = 0, None, one.began
    failing = webhook.failures >= FAILING
    if failing and (webhook.held_until is None or webhook.held_until <= now):
        pause = ROUNDS[min(webhook.rounds, len(ROUNDS) - 1)]
        webhook.rounds += 1
        webhook.held_until = now + pause
    if before != (webhook.failures, webhook.rounds, webhook.held_until) or webhook.reached_at != reached:
        webhook.save(update_fields=["failures", "rounds", "held_until", "reached_at"])
    if webhook.state != Webhook.State.ACTIVE:
        return
    if any(one.status == GONE for one in outcomes):
        actions.switch_off(webhook, _("It answered 410: nothing is to be sent there any more."), by=SYSTEM)
    elif failing and webhook.rounds > settings.GUANXI_WEBHOOK_ROUNDS:
        words = _("It could not be reached %(count)s times in a row; last: %(error)s")
        why = words % {"count": webhook.failures, "error": outcomes[-1].error}
        actions.switch_off(webhook, why, by=SYSTEM)


def forget(before: datetime) -> int:
    """Forget messages that ended before that moment; how many."""
    ended = Delivery.objects.filter(ended_at__lt=before)
    count = ended.count()
    ended.delete()
    return count

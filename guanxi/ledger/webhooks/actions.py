"""What can be done with webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.foundation import audit, notifications
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.desk import record_url
from guanxi.foundation.models import Notification
from guanxi.foundation.visibility import Viewer, require
from guanxi.ledger import reading
from guanxi.ledger.webhooks import outbox
from guanxi.ledger.webhooks.addresses import refuse_unfit
from guanxi.ledger.webhooks.models import Delivery, Webhook, new_secret
from guanxi.ledger.webhooks.telling import TEST

OLD_SECRET_SIGNS = timedelta(hours=24)
MOST_KINDS = 100
State = Webhook.State


@action
def create_webhook(
    name: str, url: str, *, by: Viewer, kinds: list[str] | None = None, query: str = "", secret: str = ""
) -> Webhook:
    """Tell `url` of what happens from now on, in the name of `by`: of these kinds (none: of all) where the filter fits.

    Raises Refused where the address may not be called or the filter cannot be understood.
    """
    values = _fit({"name": name, "url": url, "kinds": kinds or [], "query": query}, by)
    if secret:
        values["secret"] = secret
    webhook = create(Webhook, owner=by, **values)
    reading.begin_at_the_end(webhook.reader)
    return webhook


@action
def edit_webhook(
    number: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> Webhook:
    """Change name, address, kinds or filter; from then on it tells in the name of who changed it, who may see less."""
    webhook = _get(number, by)
    known = {"name", "url", "kinds", "query"}
    values = _fit({name: value for name, value in changes.items() if name in known}, by)
    if by.pk is not None and by.pk != webhook.owner_id and values.keys() - {"name"}:
        values["owner"] = by
    return change(webhook, expected, **values)


@action
def remove_webhook(number: int, *, by: Viewer) -> None:
    """Take a webhook away, with its deliveries."""
    webhook = _get(number, by)
    reader = webhook.reader
    delete(webhook)
    reading.forget(reader)


@action
def rotate_secret(number: int, *, by: Viewer) -> Webhook:
    """Give a webhook a new secret; the old one signs too for a day, so that the receiver can change over."""
    webhook = _get(number, by)
    require(by, "edit", webhook)
    values = {"old_secret": webhook.secret, "secret": new_secret()}
    Webhook.objects.filter(pk=webhook.pk).update(**values, old_secret_until=timezone.now() + OLD_SECRET_SIGNS)
    _note(webhook, {"secret": ["•••", "•••"]})
    return _get(number, by)


@action
def pause_webhook(number: int, *, by: Viewer) -> Webhook:
    """Tell nothing for now; what happens meanwhile is told when it goes on. Raises Refused where it is not active."""
    webhook = _get(number, by)
    if webhook.state != State.ACTIVE:
        raise Refused(_("This webhook is not active."))
    return change(webhook, state=State.PAUSED)


@action
def resume_webhook(number: int, *, by: Viewer, skip: bool = False) -> Webhook:
    """Go on where it stood or, with `skip`, from now on: what waited is then given up."""
    webhook = _get(number, by)
    if webhook.state == State.ACTIVE and not webhook.failures:
        raise Refused(_("This webhook is active already."))
    if fault := outbox.fault_of(webhook):
        raise Refused(fault)
    if skip:
        reading.begin_at_the_end(webhook.reader)
        waiting = Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING)
        waiting.update(state=Delivery.State.DEAD, ended_at=timezone.now(), error=_("Skipped")[:300])
    else:
        waiting = Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING, claimed_by="")
        waiting.update(due_at=timezone.now())
    return change(webhook, state=State.ACTIVE, why="", failures=0, rounds=0, held_until=None)


@action
def switch_off(webhook: Webhook, why: str, *, by: Viewer) -> None:
    """Switch a webhook off that cannot be told any more, and tell its owner."""
    stored = Webhook.objects.select_for_update().get(pk=webhook.pk)
    if stored.state == State.DISABLED:
        return
    change(stored, state=State.DISABLED, why=why[:300])
    title = _("The webhook “%(name)s” was switched off") % {"name": stored.name}
    notifications.notify(stored.owner, title, why, _url(stored), "error")


@action
def send_test(number: int, *, by: Viewer) -> Delivery:
    """Send a test message at once, whatever the filter says."""
    webhook = _get(number, by)
    require(by, "edit", webhook)
    if webhook.state != State.ACTIVE:
        raise Refused(_("This webhook is not active; let it go on first."))
    Webhook.objects.filter(pk=webhook.pk).update(held_until=None)
    return Delivery.objects.create(webhook=webhook, kind=TEST)


@action
def resend(numbers: list[int], *, by: Viewer) -> int:
    """Send deliveries once more, with the ids that they had; how many. Those that wait are due at once."""
    rows = Delivery.objects.visible_to(by).filter(pk__in=numbers).select_related("webhook")
    webhooks = {row.webhook_id: row.webhook for row in rows}
    for webhook in webhooks.values():
        require(by, "edit", webhook)
        _note(webhook, {"sent again": [None, sum(row.webhook_id == webhook.pk for row in rows)]})
    return Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=Delivery.State.WAITING, due_at=timezone.now(), ended_at=None, attempts=F("attempts") * 0, claimed_by=""
    )


def tell_of_dead(webhook: Webhook, count: int) -> None:
    """Tell the owner of messages that were given up, once until he has read it."""
    title = ngettext(
        "%(count)s message to “%(name)s” was given up", "%(count)s messages to “%(name)s” were given up", count
    ) % {"count": count, "name": webhook.name}
    url = _url(webhook)
    if not Notification.objects.filter(user=webhook.owner, url=url, read_at=None).exists():
        notifications.notify(webhook.owner, title, _("See its deliveries; each can be sent again."), url, "warning")


def _url(webhook: Webhook) -> str:
    return record_url("webhooks", webhook.pk)


def _note(webhook: Webhook, changes: dict[str, Any]) -> None:
    audit.record_summary(occasion(), webhook._meta.label_lower, webhook.pk, str(webhook), changes)


def _get(number: int, viewer: Viewer) -> Webhook:
    return Webhook.objects.visible_to(viewer).select_related("owner").get(pk=number)


def _fit(values: dict[str, Any], by: Viewer) -> dict[str, Any]:
    """`values` checked and as they are kept."""
    if "name" in values:
        values["name"] = values["name"].strip()
    if "url" in values:
        values["url"] = refuse_unfit(values["url"])
    if "kinds" in values:
        values["kinds"] = sorted({str(kind).strip() for kind in values["kinds"]} - {""})
        if len(values["kinds"]) > MOST_KINDS or any(len(kind) > 40 for kind in values["kinds"]):
            raise Refused(_("Name at most %(most)s kinds, or none for all.") % {"most": MOST_KINDS}, "kinds")
    if "query" in values:
        values["query"] = outbox.only_filters(values["query"] or "")
        for one in outbox.state_of(values["query"], by).active:
            if one.error:
                raise Refused(f"{one.label}: {one.error}", "query")
    return values

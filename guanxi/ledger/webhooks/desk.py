"""The lists and records of webhooks and of what they delivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from guanxi.foundation import desk, hooks, shell
from guanxi.foundation.desk import Bulk, Button, Column, Filter, Menu, Panel, Pill, display
from guanxi.foundation.visibility import Viewer, may
from guanxi.ledger import kinds
from guanxi.ledger.desk import Events
from guanxi.ledger.models import Event
from guanxi.ledger.webhooks import actions, outbox, telling, views
from guanxi.ledger.webhooks.models import Attempt, Delivery, Webhook

TONES = {Webhook.State.ACTIVE: "good", Webhook.State.PAUSED: "warn", Webhook.State.DISABLED: "bad"}
OUTCOMES = {
    Delivery.State.WAITING: "info",
    Delivery.State.DELIVERED: "good",
    Delivery.State.DEAD: "bad",
    Delivery.State.DROPPED: "neutral",
}
NEWEST = 10


def state(row: Webhook) -> list[Pill]:
    """The state, and that it cannot be reached."""
    shown = [Pill(row.get_state_display(), TONES[Webhook.State(row.state)])]
    if row.state == Webhook.State.ACTIVE and row.failures:
        shown.append(Pill(_now("does not answer"), "warn"))
    return shown


def outcome(row: Delivery) -> Pill:
    """How a delivery stands."""
    if row.state == Delivery.State.WAITING and row.attempts:
        return Pill(_now("Will be tried again"), "warn")
    return Pill(row.get_state_display(), OUTCOMES[Delivery.State(row.state)])


def kind_words(codes: Sequence[str]) -> str:
    """Kinds of events in words."""
    return ", ".join(str(kinds.of(code).label) for code in codes) or _now("everything")


def what_of(row: Webhook) -> str:
    """What a webhook is told of."""
    shown = kind_words(row.kinds[:3])
    return shown if len(row.kinds) <= 3 else _now("%(some)s and %(count)s more") % {
        "some": shown, "count": len(row.kinds) - 3}  # fmt: skip


def filter_words(row: Webhook) -> list[Pill]:
    """The filter as the pills of a list say it."""
    return [Pill(one.text) for one in outbox.state_of(row.query, row.owner).active]


def counted(of: str) -> Any:
    """A column's `fetch`: how many deliveries of a state each webhook has."""

    def fetch(rows: Sequence[Webhook]) -> dict[int, str]:
        found = Delivery.objects.filter(webhook__in=[row.pk for row in rows], state=of)
        return {pk: f"{n:,}" for pk, n in found.values_list("webhook").annotate(n=Count("pk")).order_by()}

    return fetch


def label_of(row: Delivery) -> str:
    """What a delivery tells, in a word."""
    return _now("Test") if row.kind == telling.TEST else str(kinds.of(row.kind).label)


def answer(row: Delivery) -> str:
    """The last answer: its status, or what went wrong."""
    return row.error or (str(row.status) if row.status else "")


@desk.register
class Webhooks(desk.Desk):
    """Who is told of what."""

    model = Webhook
    slug = "webhooks"
    general = False
    label = _("Webhooks")
    noun = _("webhook")
    menu = Menu(section=shell.SYSTEM, icon="webhook", order=45)
    empty_words = _("A webhook tells another program what happens here, the moment that it happens.")
    columns = (
        Column("name", link=True, sort=False),
        Column("url", sort=False),
        Column("kinds", render=what_of, export=what_of, sort=False),
        Column("state", render=state, needs=["state", "failures"], sort=False),
        Column("waiting", label=_("Waiting"), fetch=counted(Delivery.State.WAITING)),
        Column("dead", label=_("Given up"), fetch=counted(Delivery.State.DEAD)),
        Column("reached_at", sort=False),
        Column("owner", sort=False, shown=False, render=lambda row: str(row.owner), needs=["owner.username"]),
    )
    filters = ("state", Filter("owner", label=_("In the name of")))
    search_fields = ("name", "url")
    facts = (
        "name",
        "url",
        Column("kinds", render=lambda row: kind_words(row.kinds), editable=False),
        Column("query", render=filter_words, editable=False, when=lambda row: row.query),
        Column("owner", render=lambda row: str(row.owner), editable=False),
        Column("reached_at", editable=False),
        Column("failures", editable=False, when=lambda row: row.failures),
        Column("held_until", editable=False, when=lambda row: row.held_until),
        Column("created_at", editable=False),
    )
    edit = actions.edit_webhook
    remove = actions.remove_webhook
    new_view = views.new

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Webhooks with in whose name they tell."""
        return super().rows(viewer).select_related("owner")

    def subtitle(self, row: Webhook) -> str:
        return row.url

    def pills(self, row: Webhook) -> list[Pill]:
        return state(row)

    def buttons(self, row: Webhook, viewer: Viewer) -> list[Button]:
        if not may(viewer, "edit", row):
            return []
        return [Button(_now("What it is told of"), views.edit_url(row), "adjustments")]


@desk.register
class Deliveries(desk.Desk):
    """What was told, and what came back."""

    model = Delivery
    slug = "deliveries"
    general = False
    icon = "send"
    history = False
    label = _("Deliveries of webhooks")
    noun = _("delivery")
    empty_words = _("Whatever webhooks tell stands here for thirty days.")
    columns = (
        Column("kind", link=True, render=label_of, export=label_of, sort=False),
        Column("webhook", sort=False, render=lambda row: row.webhook.name, needs=["webhook.name"]),
        Column("state", render=outcome, needs=["state", "attempts"], sort=False),
        Column("answer", label=_("Answer"), render=answer, export=answer, needs=["status", "error"]),
        Column("attempts", sort=False),
        Column("created_at", sort=False),
        Column("due_at", sort=False, shown=False),
        Column("ended_at", sort=False, shown=False),
    )
    filters = ("state", Filter("webhook"), Filter("kind", choices=kinds.labels), "status", "created_at")
    search_fields = ("kind",)
    facts = (
        Column("webhook", editable=False, render=views.webhook_link),
        Column("event_id", editable=False, render=views.event_link, when=lambda row: row.event_id),
        Column("kind", render=lambda row: row.kind, editable=False),
        Column("message_id", label=_("Id of the message"), render=lambda row: row.message_id),
        Column("attempts", editable=False),
        Column("due_at", editable=False, when=lambda row: row.state == Delivery.State.WAITING),
        Column("created_at", editable=False),
        Column("ended_at", editable=False, when=lambda row: row.ended_at),
    )

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Deliveries of the webhooks that `viewer` may see."""
        return super().rows(viewer).filter(webhook__in=Webhook.objects.visible_to(viewer)).select_related("webhook")

    def title(self, row: Delivery) -> str:
        return label_of(row)

    def subtitle(self, row: Delivery) -> str:
        return row.webhook.name

    def pills(self, row: Delivery) -> list[Pill]:
        return [outcome(row)]


def state_context(row: Webhook, viewer: Viewer) -> dict[str, Any]:
    """What the panel of a webhook shows."""
    newest = Deliveries().rows(viewer).filter(webhook=row).order_by("-id")[:NEWEST]
    lines = [(one, label_of(one), display.rendered(outcome(one))) for one in newest]
    return {
        "webhook": row,
        "lines": lines,
        "may_edit": may(viewer, "edit", row),
        "all": desk.list_url("deliveries", {"f.webhook": row.pk}),
        "dead": desk.list_url("deliveries", {"f.webhook": row.pk, "f.state": Delivery.State.DEAD}),
        "dead_count": Delivery.objects.filter(webhook=row, state=Delivery.State.DEAD)[:1000].count(),
    }


def log_context(row: Delivery, viewer: Viewer) -> dict[str, Any]:
    """What the panel of a delivery shows: what is sent, as far as `viewer` may see it too, and each attempt."""
    seen = Event.objects.visible_to(viewer).filter(pk=row.event_id).exists() if row.event_id else True
    body = telling.bodies_of([row], row.webhook)[row.pk] if seen else None
    log = Attempt.objects.filter(delivery=row).order_by("-id")[:50]
    return {"delivery": row, "body": telling.pretty(body), "log": log, "may_edit": may(viewer, "edit", row.webhook)}


def resend_all(ids: list[int], *, by: Viewer) -> str:
    """Send the chosen deliveries once more."""
    count = actions.resend(ids, by=by)
    words = ngettext("%(count)s message is sent again.", "%(count)s messages are sent again.", count)
    return words % {"count": count}


def hook_button(viewer: Viewer) -> Button | None:
    """The way from what happened to being told of it."""
    if not may(viewer, "create", Webhook):
        return None
    return Button(_now("Tell a program"), views.new_url(), "webhook")


hooks.register("panel:webhooks", Panel("middle", "", "webhooks/webhook.html", context=state_context, bare=True))
hooks.register("panel:deliveries", Panel("middle", "", "webhooks/delivery.html", context=log_context, bare=True))
hooks.register("bulk:deliveries", Bulk("resend", _("Send again"), resend_all, icon="send"))
hooks.register(f"button:{Events.slug}", hook_button)

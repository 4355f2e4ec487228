"""The list of all that happened."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Column, Filter, Menu, Pill, record_url
from guanxi.foundation.visibility import Viewer
from guanxi.ledger import kinds
from guanxi.ledger.models import Event


def what(row: Event) -> str:
    """The event in a sentence."""
    return kinds.of(row.kind).sentence(row.payload)


def detail(row: Event) -> str:
    """The second line of the event."""
    return kinds.of(row.kind).explanation(row.payload)


def who(row: Event) -> SafeString | str:
    """A link to the party."""
    if row.party is None:
        return ""
    return format_html('<a href="{}">{}</a>', record_url("customers", row.party_id), row.party.name)


def payload(row: Event) -> SafeString | str:
    """The details as they were recorded."""
    if not row.payload:
        return ""
    return format_html('<span class="code">{}</span>', json.dumps(row.payload, ensure_ascii=False))


@desk.register
class Events(desk.Desk):
    """Everything that happened with anybody, newest first."""

    model = Event
    slug = "events"
    general = False
    label = _("What happened")
    icon = "activity"
    menu = Menu(section=shell.KNOW, icon="activity", order=80)
    columns = [
        Column("occurred_at", link=True),
        Column("party.name", label=_("Customer"), sort=False, render=who, needs=["party.name"]),
        Column("kind", label=_("Kind"), choices=kinds.labels, sort=False, shown=False),
        Column("what", label=_("What"), render=what, needs=["kind", "payload"], export=what),
        Column("detail", label=_("Details"), render=detail, needs=["kind", "payload"], export=detail),
        Column("channel", sort=False),
        Column("direction", sort=False, shown=False),
        Column("recorded_at", sort=False, shown=False),
    ]
    default_sort = "-occurred_at"
    filters = [
        Filter("kind", choices=kinds.labels),
        "channel",
        "direction",
        "occurred_at",
        Filter("party", label=_("Customer")),
        Filter("party.kind", label=_("Kind of customer")),
        Filter("party.city", label=_("City")),
        Filter("party.country", label=_("Country")),
        Filter("party.roles.role", label=_("Role")),
    ]
    facts = [
        "occurred_at",
        Column("party.name", label=_("Customer"), render=who, editable=False),
        Column("kind", choices=kinds.labels, editable=False),
        Column("channel", editable=False),
        Column("direction", editable=False),
        Column("recorded_at", editable=False),
        Column("actor.username", label=_("By"), render=lambda row: str(row.actor or ""), editable=False),
        Column("payload", render=payload, editable=False),
    ]
    history = False

    def title(self, row: Event) -> str:
        return what(row)

    def subtitle(self, row: Event) -> str:
        return detail(row)

    def pills(self, row: Event) -> list[Pill]:
        return [Pill(kinds.of(row.kind).label, "accent"), Pill(row.get_channel_display())]

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Events with their parties."""
        return super().rows(viewer).select_related("party")

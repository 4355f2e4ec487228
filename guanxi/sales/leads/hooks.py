"""What leads hang into the house."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.channels.mail.strangers import Taker
from guanxi.customers.hanging import Hanging
from guanxi.foundation import hooks, search
from guanxi.foundation.desk import Panel, record_url
from guanxi.foundation.governing import Subject
from guanxi.foundation.visibility import Viewer
from guanxi.sales.leads import (
    api,
    desk,  # noqa: F401  registers the desks
    happenings,
    lake,
    mailing,
    rights,
    views,
)
from guanxi.sales.leads.models import Lead


def fetch_leads(ids: Collection[int], viewer: Viewer) -> dict[int, Any]:
    """Leads by id, for the cards of a timeline."""
    return {lead.pk: lead for lead in Lead.objects.visible_to(viewer).filter(pk__in=ids)}


hooks.register("subject", Subject("leads", _("Leads"), owned=True), order=14)
for position, kind in enumerate(happenings.KINDS):
    hooks.register("event_kind", kind, order=44 + position)
hooks.register("event_object", ("leads.lead", fetch_leads))
hooks.register("on_record", happenings.on_record)
hooks.register("hangs_on_party", Hanging(Lead, field="same_as"))
for kept in rights.KEPT:
    hooks.register("kept_about", kept)
hooks.register(
    "panel:leads",
    Panel("head", "", "leads/tools.html", context=views.tools_of, order=10, bare=True, key="tools"),
)
hooks.register(
    "panel:leads",
    Panel("middle", _("Why it is whose"), "leads/assignments.html", context=views.assignments_of, order=20, key="log"),
)
hooks.register(
    "search",
    search.Source(
        object_type="leads.lead",
        letter="w",
        model=Lead,
        title=str,
        subtitle=lambda lead: lead.organisation,
        text=lambda lead: " ".join([lead.mail, lead.phone_key, lead.number or ""]),
        url=lambda number: record_url("leads", number),
        icon="user-search",
    ),
    order=18,
)
hooks.register("stranger_wrote", Taker(mailing.may_take, lambda message, by: mailing.take(message, by=by)))
hooks.register("mail_follows", "leads.lead")
hooks.register("api", ("/leads", api.router), order=24)
for source in lake.SOURCES:
    hooks.register("lake_source", source)
for dimension in lake.DIMENSIONS:
    hooks.register("dimension", dimension)
for tile in lake.TILES:
    hooks.register("dashboard_tile:sales", tile)

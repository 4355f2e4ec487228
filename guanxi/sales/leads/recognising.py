"""Whether a lead is somebody whom we know already, or came before."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from guanxi.customers import likely, normalise
from guanxi.customers.models import Party
from guanxi.customers.recognising import tells_nothing
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.sales.leads.models import Lead


def keys(values: dict[str, Any]) -> dict[str, str]:
    """The keys by which leads recognise each other: mail and telephone as they are compared; none that says nothing."""
    found = {}
    for kind in ("mail", "phone"):
        try:
            key = normalise.key_of(kind, values.get(kind) or "", values.get("country") or None)
        except Refused:
            key = ""
        found[f"{kind}_key"] = "" if not key or tells_nothing(kind, key) else key
    return found


def known_as(lead: Lead) -> tuple[Party | None, str]:
    """The customer who seems to be the same, and why. The house looks among all of them: whether one may see him, is
    asked where he is shown."""
    values = {
        "name": lead.name or lead.organisation,
        "kind": Party.Kind.PERSON if lead.name else Party.Kind.ORGANISATION,
        "mails": [lead.mail] if lead.mail_key else [],
        "phones": [lead.phone_key] if lead.phone_key else [],
        "city": lead.city,
    }
    found = likely.likely_same(values, SYSTEM, limit=1)
    sure = [one for one in found if one.strong or (one.party.kind == Party.Kind.ORGANISATION and one.why)]
    return (sure[0].party, sure[0].why[:300]) if sure else (None, "")


def earlier(lead: Lead, viewer: Viewer) -> QuerySet[Lead]:
    """Other leads of the same mail address or telephone."""
    same = Q(pk__in=[])
    if lead.mail_key:
        same |= Q(mail_key=lead.mail_key)
    if lead.phone_key:
        same |= Q(phone_key=lead.phone_key)
    return Lead.objects.visible_to(viewer).filter(same).exclude(pk=lead.pk).order_by("-created_at", "-id")

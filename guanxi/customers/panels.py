"""What the panels of a customer's record page show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import phonenumbers
from django.utils.translation import gettext_lazy as _

from guanxi.customers import queries
from guanxi.customers.actions.consents import CHANNELS
from guanxi.customers.models import Consent, ContactPoint, Party, Relationship
from guanxi.foundation.visibility import Viewer, may

ICONS = {
    ContactPoint.Kind.PHONE: "phone",
    ContactPoint.Kind.MAIL: "mail",
    ContactPoint.Kind.ADDRESS: "home",
    ContactPoint.Kind.SOCIAL: "at",
    ContactPoint.Kind.CARD: "credit-card",
    ContactPoint.Kind.DEVICE: "device-mobile",
    ContactPoint.Kind.EXTERNAL: "hash",
}
# By hand people add ways to reach somebody; devices and numbers of other systems come with their records.
ADDED_BY_HAND = [
    ContactPoint.Kind.PHONE,
    ContactPoint.Kind.MAIL,
    ContactPoint.Kind.ADDRESS,
    ContactPoint.Kind.SOCIAL,
    ContactPoint.Kind.CARD,
]
CHANNEL_LABELS = {
    "mail": _("Mail"),
    "phone": _("Telephone"),
    "sms": _("SMS"),
    "post": _("Post"),
    "chat": _("Chat"),
    "app": _("App"),
    "any": _("All channels"),
}
ASKED_FIRST = [(Consent.Purpose.MARKETING.value, channel) for channel in ("mail", "sms", "phone")]


@dataclass
class ConsentLine:
    """One purpose and channel as the panel shows it; `newest` is None where nobody ever asked."""

    purpose: str
    channel: str
    newest: Consent | None

    @property
    def label(self) -> Any:
        return CHANNEL_LABELS.get(self.channel, self.channel)

    @property
    def purpose_label(self) -> Any:
        return dict(Consent.Purpose.choices).get(self.purpose, self.purpose)


def contact_points(party: Party, viewer: Viewer) -> dict[str, Any]:
    """Ways to reach and recognise the party: by kind, the preferred first."""
    order = list(ICONS)
    rows = ContactPoint.objects.visible_to(viewer).filter(party=party)
    points = sorted(rows, key=lambda row: (order.index(ContactPoint.Kind(row.kind)), not row.preferred, row.pk))
    return {
        "party": party,
        "points": [(row, ICONS[ContactPoint.Kind(row.kind)], shown(row)) for row in points],
        "kinds": [(kind.value, kind.label) for kind in ADDED_BY_HAND],
        "may_edit": may(viewer, "edit", party),
    }


def shown(point: ContactPoint) -> str:
    """A contact point as people read it: a bare telephone number in groups, anything else as it was given."""
    if point.kind != ContactPoint.Kind.PHONE or point.value != point.key:
        return point.value
    try:
        number = phonenumbers.parse(point.key)
    except phonenumbers.NumberParseException:
        return point.value
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def reach(party: Party, kind: str) -> str:
    """The key of the preferred, else the first, contact point of a kind; empty where there is none."""
    rows = ContactPoint.objects.filter(party=party, kind=kind).order_by("-preferred", "id")
    return rows.values_list("key", flat=True).first() or ""


def ties(party: Party, viewer: Viewer) -> dict[str, Any]:
    """Who lives with the party, and his other relationships in both directions."""
    found = queries.ties(party, viewer)
    direct = {tie.other.pk for tie in found}
    lives_with = any(tie.relationship.kind == Relationship.Kind.HOUSEHOLD for tie in found)
    house = [other for other in queries.household(party, viewer) if other.pk not in direct] if lives_with else []
    return {
        "party": party,
        "ties": found,
        "indirect": house,
        "kinds": Relationship.Kind.choices,
        "may_edit": may(viewer, "edit", party),
    }


def consents(party: Party, viewer: Viewer) -> dict[str, Any]:
    """The newest word on each purpose and channel; offers by mail, SMS and telephone also where nobody asked."""
    newest = {(row.purpose, row.channel): row for row in queries.consent_state(party, viewer)}
    keys = [*ASKED_FIRST, *(key for key in newest if key not in ASKED_FIRST)]
    return {
        "party": party,
        "lines": [ConsentLine(*key, newest.get(key)) for key in keys],
        "purposes": Consent.Purpose.choices,
        "channels": [(channel, CHANNEL_LABELS[channel]) for channel in CHANNELS],
        "bases": Consent.Basis.choices,
        "may_edit": may(viewer, "edit", party),
    }

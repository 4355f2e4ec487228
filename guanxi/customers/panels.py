"""What the panels of a customer's record page show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from guanxi.customers import postal, purposes, queries
from guanxi.customers.actions.consents import CHANNELS
from guanxi.customers.models import Consent, ContactPoint, OptIn, Party
from guanxi.customers.relations import sides
from guanxi.foundation import clock
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
PROOF = {
    "text": _("Text shown"),
    "version": _("Version of the text"),
    "language": _("Language"),
    "form": _("Form"),
    "mail": _("Mail"),
    "asked_at": _("Asked"),
    "confirmed_from": _("Confirmed from"),
    "address": _("Address of the visitor"),
    "source": _("Source"),
}
ASKED_FIRST = [(Consent.Purpose.MARKETING.value, channel) for channel in ("mail", "sms", "phone")]


@dataclass
class ConsentLine:
    """One purpose and channel as the panel shows it; `newest` is None where nobody ever asked."""

    purpose: str
    channel: str
    newest: Consent | None
    purpose_label: str
    ends_at: datetime | None = None
    pending: bool = False

    @property
    def label(self) -> Any:
        return CHANNEL_LABELS.get(self.channel, self.channel)

    @property
    def lapsed(self) -> bool:
        return self.ends_at is not None and self.ends_at <= clock.now()

    @property
    def holds(self) -> bool:
        """Whether it was given and has not lapsed."""
        return bool(self.newest and self.newest.given and not self.lapsed)

    @property
    def proof(self) -> list[tuple[str, str]]:
        """What proves it, for people."""
        if self.newest is None:
            return []
        said = {**self.newest.proof, "source": self.newest.source}
        return [(PROOF.get(name, name), str(value)) for name, value in said.items() if value not in ("", None)]


SEEN = "_points_seen"  # where the points of a party are kept that a page has read


def contact_points(party: Party, viewer: Viewer) -> dict[str, Any]:
    """Ways to reach and recognise the party: by kind, the preferred first."""
    order = list(ICONS)
    found = sorted(
        _points(party, viewer), key=lambda row: (order.index(ContactPoint.Kind(row.kind)), not row.preferred, row.pk)
    )
    # Merged parties may have brought the same one along.
    points = list({(row.kind, row.key): row for row in reversed(found)}.values())[::-1]
    return {
        "party": party,
        "points": [(row, ICONS[ContactPoint.Kind(row.kind)], shown(row)) for row in points],
        "kinds": [(kind.value, kind.label) for kind in ADDED_BY_HAND],
        "may_edit": may(viewer, "edit", party),
    }


def shown(point: ContactPoint) -> str:
    """A contact point as people read it: a bare telephone number in groups, anything else as it was given."""
    if point.kind == ContactPoint.Kind.ADDRESS and point.parts:
        return "\n".join(postal.lines(point.parts, country=point.parts.get("country") != settings.GUANXI_COUNTRY))
    if point.kind != ContactPoint.Kind.PHONE or point.value != point.key:
        return point.value
    try:
        number = phonenumbers.parse(point.key)
    except phonenumbers.NumberParseException:
        return point.value
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def reach(party: Party, kind: str, viewer: Viewer) -> str:
    """The key of the preferred, else the first, contact point of a kind; empty where there is none. Looked for among
    those that the page shows already."""
    rows: list[ContactPoint] | None = getattr(party, SEEN, None)
    if rows is None:
        rows = _points(party, viewer)
    found = [row for row in rows if row.kind == kind]
    return min(found, key=lambda row: (not row.preferred, row.pk)).key if found else ""


def _points(party: Party, viewer: Viewer) -> list[ContactPoint]:
    rows = list(ContactPoint.objects.visible_to(viewer).filter(party=party))
    setattr(party, SEEN, rows)
    return rows


def ties(party: Party, viewer: Viewer, some: bool = True) -> dict[str, Any]:
    """The relationships of the party by kind, in the words of its side, and who lives with him through others."""
    return {
        "party": party,
        "groups": sides.groups(party, viewer) if some else [],
        "kinds": sides.choices(party),
        "may_edit": may(viewer, "edit", party),
    }


def consents(party: Party, viewer: Viewer) -> dict[str, Any]:
    """The newest word on each purpose and channel; offers by mail, SMS and telephone also where nobody asked."""
    known = purposes.every()
    newest = {(row.purpose, row.channel): row for row in queries.consent_state(party, viewer, known)}
    asked = OptIn.objects.visible_to(viewer).filter(party=party, confirmed_at=None, expires_at__gt=clock.now())
    pending = set(asked.values_list("purpose", "channel"))
    keys = [*ASKED_FIRST, *(key for key in newest if key not in ASKED_FIRST)]
    keys += [key for key in sorted(pending) if key not in keys]
    return {
        "party": party,
        "lines": [_consent_line(key, newest.get(key), known, key in pending) for key in keys],
        "purposes": [(code, purposes.label_of(code, known)) for code in known],
        "channels": [(channel, CHANNEL_LABELS[channel]) for channel in CHANNELS],
        "bases": Consent.Basis.choices,
        "may_edit": may(viewer, "edit", party),
    }


def _consent_line(
    key: tuple[str, str], newest: Consent | None, known: dict[str, purposes.Purpose], pending: bool
) -> ConsentLine:
    ends_at = purposes.ends_at(newest, known) if newest else None
    return ConsentLine(*key, newest, purposes.label_of(key[0], known), ends_at, pending)

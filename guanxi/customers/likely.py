"""Who may be meant by what somebody is typing: known parties that are perhaps the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers import normalise, queries
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer

SHOWN = 5
LOOKED_AT = 12  # hits of the search that are looked at


@dataclass(frozen=True)
class Likely:
    """A known party that may be the same, why, and whether that is a key that names one party or household."""

    party: Party
    why: str
    strong: bool


def likely_same(values: dict[str, Any], viewer: Viewer, *, limit: int = SHOWN) -> list[Likely]:
    """The known parties that may be the one described, the surest first.

    `values` may hold: kind, name, latin_name, mails and phones (lists; numbers with their country code), date_of_birth,
    city. What has the same mail or telephone comes first (`strong`), then what has the same name and contradicts in
    nothing.
    """
    found = _by_keys(values, viewer)
    seen = {one.party.pk for one in found}
    found += [one for one in _by_name(values, viewer) if one.party.pk not in seen]
    return found[:limit]


def _by_keys(values: dict[str, Any], viewer: Viewer) -> list[Likely]:
    keys = [("mail", mail) for mail in values.get("mails") or []]
    keys += [("phone", phone) for phone in values.get("phones") or []]
    parties = queries.recognise(keys, viewer, limit=SHOWN)
    shared = _shared(keys, parties)
    return [Likely(party, shared.get(party.pk, ""), True) for party in parties]


def _shared(keys: Iterable[tuple[str, str]], parties: list[Party]) -> dict[int, str]:
    """For each party, which of the keys it has, in words."""
    wanted = set()
    for kind, value in keys:
        try:
            wanted.add((kind, normalise.key_of(kind, value)))
        except Refused:
            continue
    points = ContactPoint.objects.filter(party__in=parties, key__in=[key for _kind, key in wanted])
    found: dict[int, str] = {}
    for point in points:
        if (point.kind, point.key) in wanted:
            words = _("has the telephone %(value)s") if point.kind == "phone" else _("has the mail address %(value)s")
            found.setdefault(point.party_id, words % {"value": point.value})
    return found


def _by_name(values: dict[str, Any], viewer: Viewer) -> list[Likely]:
    names = [name.strip() for name in (values.get("name"), values.get("latin_name")) if name and len(name.strip()) > 1]
    found: dict[int, Likely] = {}
    for name in names:
        for party in queries.find(name[:100], viewer, limit=LOOKED_AT):
            why = _fits(party, name, values)
            if why:
                found.setdefault(party.pk, Likely(party, why, False))
    return sorted(found.values(), key=lambda one: -one.why.count("·"))


def _fits(party: Party, name: str, values: dict[str, Any]) -> str:
    """Why the party may be meant; empty where it may not."""
    kind, born, city = values.get("kind"), values.get("date_of_birth"), (values.get("city") or "").strip()
    if kind and kind != party.kind:
        return ""
    if isinstance(born, date) and party.date_of_birth and party.date_of_birth != born:
        return ""
    said = {normalise.name_key(one) for one in (party.name, party.latin_name) if one}
    same = normalise.name_key(name) in said
    why = [_("the same name") if same else _("a similar name")]
    if isinstance(born, date) and party.date_of_birth == born:
        why.append(_("born on the same day"))
    if city and party.city and normalise.name_key(city) == normalise.name_key(party.city):
        why.append(_("in the same city"))
    return " · ".join(why) if same or len(why) > 1 else ""

"""What people say of a party: source records of the most trusted sources, so that no later import undoes them.

A colleague's word is of the source "by hand", the customer's own of the source "himself", which counts before it. Each
record holds what was said at that moment, under the party's field names, profile fields as `profile.age`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from guanxi.customers.models import Party, Source, SourceRecord
from guanxi.customers.survivorship import BY_HAND, BY_HIMSELF, KNOWN_BEFORE
from guanxi.foundation.audit import plain
from guanxi.foundation.inserting import insert

HAND, HIMSELF, KNOWN = "hand", "himself", "known"
SOURCES = {
    HAND: (gettext_noop("By hand"), BY_HAND),
    HIMSELF: (gettext_noop("The customer himself"), BY_HIMSELF),
    KNOWN: (gettext_noop("Known before"), KNOWN_BEFORE),
}


def source(code: str = HAND) -> Source:
    """One of the sources that the house itself has."""
    name, trust = SOURCES[code]
    return Source.objects.get_or_create(code=code, defaults={"name": name, "trust": trust})[0]


def said_by_hand(party: Party) -> dict[str, Any]:
    """All that people have said of `party`, by field name; of each the newest word."""
    records = SourceRecord.objects.filter(party=party, source__code=HAND).order_by("received_at", "id")
    return {name: value for payload in records.values_list("payload", flat=True) for name, value in payload.items()}


def keep(party: Party, values: dict[str, Any], source_code: str = HAND, key: str = "") -> SourceRecord:
    """Add `values` to what was said of `party`; `key` tells apart what is not simply a correction."""
    payload = {name: plain(value) for name, value in values.items()}
    now = timezone.now()
    # With the moment: the same may be said again after something else was.
    text = json.dumps([now.isoformat(), payload], sort_keys=True, ensure_ascii=False)
    record = SourceRecord(
        source=source(source_code),
        external_id=key or str(party.pk),
        payload=payload,
        digest=hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        received_at=now,
        party=party,
    )
    insert([record])
    return record

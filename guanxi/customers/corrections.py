"""What people say of a party by hand: source records of the most trusted source, so that no later import undoes them.

Each record holds all that has been said by hand of the party so far, under the party's field names, profile fields as
`profile.age`. The newest counts.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.utils.translation import gettext_noop

from guanxi.customers.models import Party, Source, SourceRecord
from guanxi.customers.survivorship import BY_HAND
from guanxi.foundation.audit import plain

HAND = "hand"


def source() -> Source:
    """The source "by hand", trusted above all others."""
    return Source.objects.get_or_create(code=HAND, defaults={"name": gettext_noop("By hand"), "trust": BY_HAND})[0]


def said_by_hand(party: Party) -> dict[str, Any]:
    """All that people have said of `party`, by field name."""
    newest = SourceRecord.objects.filter(party=party, source__code=HAND).order_by("-received_at", "-id").first()
    return dict(newest.payload) if newest else {}


def keep(party: Party, values: dict[str, Any]) -> SourceRecord:
    """Add `values` to what was said by hand of `party`."""
    payload = said_by_hand(party) | {name: plain(value) for name, value in values.items()}
    serial = SourceRecord.objects.filter(party=party, source__code=HAND).count()
    text = json.dumps([serial, payload], sort_keys=True, ensure_ascii=False)
    return SourceRecord.objects.create(
        source=source(),
        external_id=str(party.pk),
        payload=payload,
        digest=hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        party=party,
    )

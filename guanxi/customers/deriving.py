"""How a party follows from what sources said of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from guanxi.customers import normalise
from guanxi.customers.models import Party, SourceRecord
from guanxi.customers.profile import PATH
from guanxi.customers.survivorship import FIELDS, Said, rules, survive

KNOWN_SINCE = "known_since"


def said_of(party: Party) -> list[Said]:
    """What all source records of `party` say."""
    rows = SourceRecord.objects.filter(party=party).select_related("source").order_by("id")
    return [Said(row.source.trust, row.received_at, row.pk, row.payload, row.source_id) for row in rows]


def derived(records: list[Said]) -> dict[str, Any]:
    """The fields of a party of whom `records` tell everything: FIELDS, `profile` and `created_at` where it is told."""
    told = survive(records, rules())
    values: dict[str, Any] = {name: told.get(name) or "" for name in FIELDS}
    values["name"] = (values["name"] or normalise.full_name(values["family_name"], values["given_name"]))[:200]
    values["kind"] = values["kind"] or Party.Kind.PERSON
    values["date_of_birth"] = _day(values["date_of_birth"])
    values["profile"] = {
        name.removeprefix(PATH): value for name, value in told.items() if name.startswith(PATH) and value is not None
    }
    moments = [_moment(record.payload.get(KNOWN_SINCE)) for record in records]
    since = min((moment for moment in moments if moment), default=None)
    return values | ({"created_at": since} if since else {})


def untold(party: Party) -> dict[str, Any]:
    """What is known of `party` though no source record says it, under the names of a payload."""
    told = derived(said_of(party))
    rest: dict[str, Any] = {KNOWN_SINCE: party.created_at.isoformat()}
    for name in FIELDS:
        value = getattr(party, name)
        if value and value != told[name]:
            rest[name] = value.isoformat() if isinstance(value, date) else value
    for name, value in party.profile.items():
        if told["profile"].get(name) != value:
            rest[PATH + name] = value
    return rest


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None

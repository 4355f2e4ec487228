"""What the ledger keeps of a customer, and what becomes of it when he is erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from guanxi.customers import purposes
from guanxi.customers.models import Party, PartyRole, Relationship
from guanxi.customers.rights import loose
from guanxi.customers.rights.kept import WITHOUT_HIM, Kept, Subject, delete_rows
from guanxi.customers.rights.models import Request
from guanxi.customers.rights.retention import Kind
from guanxi.ledger import kinds
from guanxi.ledger.kinds import EventKind, Family
from guanxi.ledger.models import Event

ORDERS = "order."


def _rows(subject: Subject) -> QuerySet[Any]:
    return Event.objects.filter(party__in=subject.ids)  # what is about a party hangs on him, or on his survivor


def _erase(subject: Subject) -> int:
    """Events of orders stay without him, for the lake's lines follow them; the first of all stays empty, for by it the
    lake knows its database; all others go.
    """
    _forget_name_at_others(subject)
    rows = _rows(subject)
    first = Event.objects.order_by("id").values_list("pk", flat=True).first()
    blank: dict[str, Any] = {"payload": {}, "origin": None}
    kept = rows.filter(kind__startswith=ORDERS)
    count = rows.count()
    subject.note(Event, list(rows.values_list("pk", flat=True)))
    kept.update(party=subject.stand_in, **blank)
    rows.filter(pk=first).update(party=None, object_type="", object_id=None, **blank)
    delete_rows(subject, _rows(subject))
    return count


def _forget_name_at_others(subject: Subject) -> None:
    """Those who were related to him keep that they were, without his name."""
    ties = Relationship.objects.filter(Q(party__in=subject.ids) | Q(other__in=subject.ids))
    others = {number for pair in ties.values_list("party", "other") for number in pair} - set(subject.ids)
    for event in Event.objects.filter(party__in=others, kind__startswith="relationship."):
        payload = loose.without(event.payload, subject.values)
        if payload != event.payload:
            Event.objects.filter(pk=event.pk).update(payload=payload)


def _shown(event: Event) -> dict[str, Any]:
    return {
        "occurred_at": event.occurred_at.isoformat(),
        "kind": event.kind,
        "what": kinds.of(event.kind).sentence(event.payload),
        "channel": event.channel,
        "direction": event.direction,
        "payload": event.payload,
    }


def _quiet_prospects(before: datetime, _what: str) -> QuerySet[Any]:
    """Those who are nothing but prospects, and with whom nothing has happened since."""
    happened = Event.objects.filter(party=OuterRef("pk"), occurred_at__gte=before)
    more = PartyRole.objects.filter(party=OuterRef("pk")).exclude(role=PartyRole.Role.PROSPECT)
    prospects = Party.objects.filter(created_at__lt=before, merged_into=None, roles__role=PartyRole.Role.PROSPECT)
    return prospects.filter(~Exists(happened), ~Exists(more))


def _purpose(payload: dict[str, Any]) -> str:
    return purposes.label_of(payload["purpose"]) if payload.get("purpose") else ""


def _request(payload: dict[str, Any]) -> str:
    return str(dict(Request.Kind.choices).get(payload.get("request", ""), ""))


KEPT = [
    Kept(
        Event,
        _rows,
        WITHOUT_HIM,
        _("That an order was placed is kept without him and its details; everything else goes."),
        _erase,
        _shown,
        order=10,
    )
]
RECORDS = Family.RECORDS
KINDS = [
    EventKind("consent.asked", _("Consent asked for"), "clock", _("Consent asked for by mail"), _purpose, RECORDS),
    EventKind("restriction.set", _("Restricted"), "lock", _("Use of his data restricted"), _purpose, RECORDS),
    EventKind("restriction.lifted", _("Restriction lifted"), "lock-open", _("Restriction lifted"), _purpose, RECORDS),
    EventKind("request.received", _("Request received"), "shield-check", _("Asked about his data"), _request, RECORDS),
    EventKind("request.done", _("Request answered"), "shield-check", _("His request was answered"), _request, RECORDS),
    EventKind("request.refused", _("Request refused"), "shield-x", _("His request was refused"), _request, RECORDS),
]
RETENTION = [
    Kind(
        "events",
        _("Events of the timeline"),
        lambda before, what: Event.objects.filter(occurred_at__lt=before, kind=what).exclude(kind__startswith=ORDERS),
        party="party",
        choices=lambda: [(code, label) for code, label in kinds.labels() if not code.startswith(ORDERS)],
        months=36,
    ),
    Kind(
        "prospects",
        _("Prospects without contact"),
        _quiet_prospects,
        months=24,
        erases=True,
    ),
]

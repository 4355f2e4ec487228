"""What the ledger hangs into the house: it hears what customers did, and shows what happened with each of them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers.hanging import Hanging
from guanxi.customers.models import Consent, ContactPoint, Relationship
from guanxi.foundation import hooks, sensitive
from guanxi.foundation.desk import Panel
from guanxi.foundation.governing import Subject
from guanxi.ledger import (
    actions,
    api,
    desk,  # noqa: F401  registers the desk
    queries,
    rights,
    views,
)
from guanxi.ledger.bulk import append_events
from guanxi.ledger.kinds import EventKind, Family
from guanxi.ledger.models import Event

hooks.register("subject", Subject("events", _("What happened"), ("view", "create", "export"), owned=True), order=40)
hooks.register("happened", actions.record)
hooks.register("happened_to_many", actions.record_many)
hooks.register("happened_in_sets", append_events)
hooks.register("told_of_record", actions.record_about)
hooks.register("hangs_on_party", Hanging(Event))
hooks.register("last_contact", queries.last_contacts)
hooks.register(
    "panel:customers",
    Panel("middle", _("What happened"), "ledger/timeline.html", context=views.timeline_of, order=10, bare=True),
)
hooks.register("live:customers", views.news)


def _field_names(payload: dict[str, Any]) -> str:
    from guanxi.customers import profile
    from guanxi.customers.models import Party

    labels = {field.name: field.verbose_name for field in Party._meta.fields} | {"roles": _("roles")}
    labels |= {field.path: field.label for field in profile.fields()}
    words = []
    for name, (_was, now) in (payload.get("changes") or {}).items():
        now = sensitive.masked(Party, name, now)
        field = profile.find(name.removeprefix("profile."))
        shown = field.label_of(now) if field else ", ".join(now) if isinstance(now, list) else now
        words.append(f"{str(labels.get(name, name)).capitalize()}: {'—' if shown in (None, '') else shown}")
    return " · ".join(words)


def _contact(payload: dict[str, Any]) -> str:
    kind = dict(ContactPoint.Kind.choices).get(payload.get("kind", ""), "")
    return f"{kind}: {payload.get('value', '')}"


def _tie(payload: dict[str, Any]) -> str:
    kind = dict(Relationship.Kind.choices).get(payload.get("kind", ""), "")
    return f"{kind} {payload.get('name', '')}"


def _tie_now(payload: dict[str, Any]) -> str:
    if payload.get("superior"):
        leads = _now("reports to %(name)s") % {"name": payload["superior"]}
        return f"{_tie(payload)} · {leads}"
    labels = {field.name: field.verbose_name for field in Relationship._meta.fields}
    return " · ".join([_tie(payload), ", ".join(str(labels.get(name, name)) for name in payload.get("fields", []))])


def _consent(payload: dict[str, Any]) -> str:
    from guanxi.ledger.models import Channel

    purpose = dict(Consent.Purpose.choices).get(payload.get("purpose", ""), payload.get("purpose", ""))
    channel = dict(Channel.choices).get(payload.get("channel", ""), _now("all channels"))
    return f"{purpose} · {channel}"


RECORDS = Family.RECORDS
HELD = "ledger/cards/held.html"  # what was held tells of itself, where it is more than these words
KINDS = [
    EventKind("party.created", _("Customer added"), "user-plus", _("Became known"), family=RECORDS),
    EventKind(
        "party.changed",
        _("Details corrected"),
        "pencil",
        _("Details corrected"),
        _field_names,
        RECORDS,
        many=_("%(count)s corrections"),
    ),
    EventKind(
        "contact.added",
        _("Contact point added"),
        "address-book",
        _("Contact point added"),
        _contact,
        RECORDS,
        many=_("%(count)s contact points added"),
    ),
    EventKind(
        "contact.changed",
        _("Contact point changed"),
        "address-book",
        _("Contact point changed"),
        _contact,
        RECORDS,
        many=_("%(count)s contact points changed"),
    ),
    EventKind(
        "contact.removed",
        _("Contact point removed"),
        "address-book-off",
        _("Contact point removed"),
        _contact,
        RECORDS,
        many=_("%(count)s contact points removed"),
    ),
    EventKind(
        "relationship.added",
        _("Relationship noted"),
        "link",
        _("Relationship noted"),
        _tie,
        RECORDS,
        many=_("%(count)s relationships noted"),
    ),
    EventKind("relationship.changed", _("Relationship changed"), "link", _("Relationship changed"), _tie_now, RECORDS),
    EventKind("relationship.ended", _("Relationship ended"), "unlink", _("Relationship ended"), _tie, RECORDS),
    EventKind(
        "relationship.removed", _("Relationship taken away"), "unlink", _("Relationship taken away"), _tie, RECORDS
    ),
    EventKind(
        "consent.given",
        _("Consent given"),
        "circle-check",
        _("Consent given"),
        _consent,
        RECORDS,
        many=_("%(count)s consents given"),
    ),
    EventKind(
        "consent.withdrawn",
        _("Consent withdrawn"),
        "circle-x",
        _("Consent withdrawn"),
        _consent,
        RECORDS,
        many=_("%(count)s consents withdrawn"),
    ),
    EventKind(
        "party.merged", _("Customers merged"), "arrows-join", _("%(name)s became part of this customer"), "", RECORDS
    ),
    EventKind("party.unmerged", _("Merge undone"), "arrows-split", _("No longer one with %(name)s"), "", RECORDS),
    EventKind("note", _("Note"), "note", _("Note"), "%(text)s", Family.OTHER),
    EventKind("note.written", _("Note"), "note", _("Note"), family=Family.OTHER, template="ledger/cards/note.html"),
    EventKind(
        "file.attached",
        _("File attached"),
        "paperclip",
        _("File attached"),
        "%(name)s",
        RECORDS,
        many=_("%(count)s files attached"),
    ),
    EventKind("todo.done", _("Task done"), "checkbox", _("Task done"), "%(what)s", many=_("%(count)s tasks done")),
    EventKind("call", _("Call"), "phone", _("Call"), "%(text)s", Family.CALLS, template=HELD),
    EventKind("meeting", _("Meeting"), "users", _("Meeting"), "%(text)s", Family.VISITS, template=HELD),
    EventKind("visit", _("Visit"), "map-pin", _("Visit"), "%(text)s", Family.VISITS, template=HELD),
    EventKind(
        "campaign.mailed",
        _("Mailing"),
        "mail-forward",
        _("Mailing of campaign %(campaign)s"),
        _("Campaign %(campaign)s · %(type)s"),
        Family.MESSAGES,
        many=_("%(count)s mailings"),
    ),
    EventKind(
        "coupon.redeemed",
        _("Coupon redeemed"),
        "discount",
        _("Coupon redeemed"),
        _("Campaign %(campaign)s · coupon %(coupon)s"),
        Family.ORDERS,
        many=_("%(count)s coupons redeemed"),
    ),
    EventKind("message", _("Message"), "mail", "%(subject)s", "%(text)s", Family.MESSAGES),
]
for position, kind in enumerate(KINDS):
    hooks.register("event_kind", kind, order=10 + position)

for position, kind in enumerate(rights.KINDS):
    hooks.register("event_kind", kind, order=40 + position)
for kept in rights.KEPT:
    hooks.register("kept_about", kept)
for forgettable in rights.RETENTION:
    hooks.register("retention", forgettable)

hooks.register("api", ("/parties", api.of_party), order=12)
hooks.register("api", ("/events", api.router), order=40)

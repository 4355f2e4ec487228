"""Entering a party by hand, with all that was typed of it: in one go, or onto a party that is known already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers import normalise, queries
from guanxi.customers.actions.contacts import add_contact_point
from guanxi.customers.actions.parties import create_party, edit_party
from guanxi.customers.actions.relationships import add_relationship
from guanxi.customers.models import ContactPoint, Party, Relationship
from guanxi.foundation.actions import Refused, action
from guanxi.foundation.notes import actions as notes
from guanxi.foundation.visibility import Viewer


@dataclass(frozen=True)
class Reach:
    """One way to reach somebody; `field` is where the form has it, for what is said when it is wrong."""

    kind: str
    value: str
    label: str = ""
    parts: dict[str, str] | None = None
    field: str = ""


@dataclass(frozen=True)
class Work:
    """Where somebody works: a known organisation, or the name of one."""

    organisation: Party | None = None
    name: str = ""
    title: str = ""
    department: str = ""


@dataclass(frozen=True)
class Entry:
    """All that is typed of a party."""

    values: dict[str, Any]
    reach: Sequence[Reach] = ()
    work: Work = field(default_factory=Work)
    note: str = ""


@action
def enter_party(entry: Entry, *, by: Viewer) -> Party:
    """Make a party with its contact points, its work and a note, all or nothing. Raises Refused with the field."""
    values = dict(entry.values)
    if not (entry.work.organisation or entry.work.name) and entry.work.title:
        values.setdefault("occupation", entry.work.title)
    party = create_party(by=by, **values)
    _add(party, entry, by)
    return party


@action
def add_to_party(party: Party, entry: Entry, *, by: Viewer) -> Party:
    """Add to a known party what it does not have yet: contact points, work, a note, and facts that are not known."""
    missing = {
        name: value
        for name, value in entry.values.items()
        if value and name in ("latin_name", "city", "country", "date_of_birth") and not getattr(party, name)
    }
    profile = party.profile or {}
    for name, value in entry.values.items():
        key = name.removeprefix("profile__")
        if key != name and value not in ("", None) and key not in profile:
            missing[f"profile.{key}"] = value
    if missing:
        party = edit_party(party.pk, missing, by=by)
    _add(party, entry, by, known_already=True)
    return party


def _add(party: Party, entry: Entry, by: Viewer, *, known_already: bool = False) -> None:
    for reach in entry.reach:
        if known_already and _has(party, reach):
            continue
        try:
            add_contact_point(party, reach.kind, reach.value, label=reach.label, parts=reach.parts, by=by)
        except Refused as refusal:
            inner = refusal.field if refusal.field and refusal.field.startswith("parts.") else ""
            raise Refused(refusal.message, inner or reach.field) from refusal
    _employ(party, entry.work, by, known_already)
    if entry.note.strip():
        notes.write(party, entry.note, by=by)


def _has(party: Party, reach: Reach) -> bool:
    try:
        key = normalise.key_of(reach.kind, reach.value, party.country or None)
    except Refused:
        return False
    return ContactPoint.objects.filter(party=party, kind=reach.kind, key=key).exists()


def _employ(party: Party, work: Work, by: Viewer, known_already: bool) -> None:
    organisation = work.organisation or _organisation(work.name, by)
    if organisation is None or party.kind != Party.Kind.PERSON:
        return
    works_at = Relationship.Kind.WORKS_AT
    if known_already and Relationship.objects.filter(party=party, kind=works_at, other=organisation).exists():
        return
    try:
        add_relationship(party, works_at, organisation, title=work.title, department=work.department, by=by)
    except Refused as refusal:
        place = refusal.field if refusal.field in ("title", "department") else "organisation"
        raise Refused(refusal.message, place) from refusal


def _organisation(name: str, by: Viewer) -> Party | None:
    """The organisation of this name; a new one where none is known."""
    name = " ".join(name.split())
    if not name:
        return None
    if len(name) > 200:
        raise Refused(_("A name has at most %(most)s characters.") % {"most": 200}, "organisation")
    key = normalise.name_key(name)
    for party in queries.find(name, by, limit=20):
        if party.kind == Party.Kind.ORGANISATION and normalise.name_key(party.name) == key:
            return party
    return create_party(by=by, kind=Party.Kind.ORGANISATION, name=name)

"""How a party can be reached and recognised."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from guanxi.customers import normalise, postal
from guanxi.customers.actions.locking import locked, mark_changed
from guanxi.customers.happenings import tell
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.visibility import Viewer

MOST = 100  # ways to reach one party; beyond that something is wrong with the source


class Added(NamedTuple):
    """A contact point that was added or changed, and the other parties that have the same one."""

    contact_point: ContactPoint
    shared_with: list[Party]


@action
def add_contact_point(
    party: Party,
    kind: str,
    value: str = "",
    *,
    by: Viewer,
    label: str = "",
    preferred: bool = False,
    parts: dict[str, Any] | None = None,
) -> Added:
    """Add a way to reach `party`. The same one on another party is allowed (families share telephones) and reported.

    An address may be given in `parts` (`guanxi.customers.postal`), of which `value` is then made. Raises Refused with
    the field `value`, `kind` or `parts.<name>` where it cannot be one, or where the party has it already.
    """
    party = locked(party.pk, by)
    row = attach(party, kind, value, by=by, label=label, preferred=preferred, parts=parts)
    mark_changed(party)
    return Added(row, _others(row, by))


def attach(
    party: Party,
    kind: str,
    value: str = "",
    *,
    by: Viewer,
    label: str = "",
    preferred: bool = False,
    parts: dict[str, Any] | None = None,
) -> ContactPoint:
    """`add_contact_point` within an action that holds the party, and marks it as changed when it has done all."""
    value, parts = _with_parts(kind, value, parts)
    value, key = cleaned(kind, value, party)
    has = set(party.contact_points.values_list("kind", "key"))
    if len(has) >= MOST:
        raise Refused(_("A customer can have at most %(most)s contact points.") % {"most": MOST}, "value")
    if (kind, key) in has:
        raise Refused(_("%(name)s has this one already.") % {"name": party.name}, "value")
    if preferred:
        _step_back(party, kind)
    given = {"kind": kind, "value": value, "key": key, "label": label.strip(), "preferred": preferred}
    row = create(ContactPoint, party=party, parts=parts, **given)
    tell("contact.added", party, by=by, kind=kind, value=value)
    return row


@action
def change_contact_point(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> Added:
    """Change `value`, `label`, `preferred` or, of an address, `parts` of a contact point. Raises Conflict, Refused."""
    row = ContactPoint.objects.visible_to(by).select_related("party").get(pk=row_id)
    party = locked(row.party_id, by)
    values: dict[str, Any] = {name: changes[name] for name in ("label", "preferred") if name in changes}
    if changes.get("parts"):
        changes = dict(changes)
        changes["value"], values["parts"] = _with_parts(row.kind, "", changes["parts"])
    elif changes.get("value", row.value) != row.value:
        values["parts"] = None  # written anew as plain text
    if "value" in changes:
        values["value"], values["key"] = cleaned(row.kind, changes["value"], party)
        if values["key"] != row.key:
            values["verified_at"] = None
        if party.contact_points.filter(kind=row.kind, key=values["key"]).exclude(pk=row.pk).exists():
            raise Refused(_("%(name)s has this one already.") % {"name": party.name}, "value")
    if values.get("preferred"):
        _step_back(party, row.kind, but=row)
    before = row.value
    stored = change(row, expected, **values)
    if before != stored.value:
        tell("contact.changed", party, by=by, kind=row.kind, value=stored.value, was=before)
        mark_changed(party)
    return Added(stored, _others(stored, by))


@action
def remove_contact_point(row_id: int, *, by: Viewer) -> Party:
    """Take a contact point away from its party, who is returned."""
    row = ContactPoint.objects.visible_to(by).get(pk=row_id)
    party = locked(row.party_id, by)
    delete(row)
    tell("contact.removed", party, by=by, kind=row.kind, value=row.value)
    mark_changed(party)
    return party


def _with_parts(kind: str, value: str, parts: dict[str, Any] | None) -> tuple[str, dict[str, str] | None]:
    """The value of a contact point, made of the parts of an address where there are any, and those parts."""
    if not parts:
        return value, None
    if kind != ContactPoint.Kind.ADDRESS:
        raise Refused(_("Only addresses have parts."), "parts")
    cleaned = postal.clean(parts)
    return postal.one_line(cleaned), cleaned


def cleaned(kind: str, value: Any, party: Party) -> tuple[str, str]:
    """A contact point of `party` as it is kept, and its key. Raises Refused with the field `kind` or `value`."""
    value = str(value).strip()
    if kind not in ContactPoint.Kind.values:
        message = _("“%(kind)s” is no kind of contact point; known are %(known)s.")
        raise Refused(message % {"kind": kind, "known": ", ".join(ContactPoint.Kind.values)}, "kind")
    if not value or "\x00" in value:
        raise Refused(_("Write how the customer can be reached."), "value")
    try:
        return value, normalise.key_of(kind, value, party.country or None)
    except Refused as refusal:
        raise Refused(refusal.message, "value") from refusal


def _step_back(party: Party, kind: str, but: ContactPoint | None = None) -> None:
    for other in party.contact_points.filter(kind=kind, preferred=True).exclude(pk=but.pk if but else 0):
        change(other, preferred=False)


def _others(row: ContactPoint, viewer: Viewer) -> list[Party]:
    same = ContactPoint.objects.filter(kind=row.kind, key=row.key).exclude(party=row.party_id)
    return list(Party.objects.visible_to(viewer).filter(pk__in=same.values("party"))[:20])

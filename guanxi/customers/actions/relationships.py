"""How parties stand to each other."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers.actions.locking import locked
from guanxi.customers.happenings import tell
from guanxi.customers.models import Party, Relationship
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.visibility import Viewer

FIELDS = ("title", "department", "buying_role", "stance", "influence", "since", "until")
MUTUAL = {Relationship.Kind.HOUSEHOLD}


@action
def add_relationship(party: Party, kind: str, other: Party, *, by: Viewer, **values: Any) -> Relationship:
    """Say that `party` is *kind* of `other` (works at, lives with ...); `values`: title, department, buying role ...

    Raises Refused where both are the same or the relationship is there already (a household counts in both directions).
    """
    party = locked(party.pk, by)
    if party.pk == other.pk:
        raise Refused(_("Nobody is related to himself; choose somebody else."), "other")
    if kind not in Relationship.Kind.values:
        message = _("“%(kind)s” is no kind of relationship; known are %(known)s.")
        raise Refused(message % {"kind": kind, "known": ", ".join(Relationship.Kind.values)}, "kind")
    rows = Relationship.objects.filter(kind=kind)
    mirrored = kind in MUTUAL and rows.filter(party=other, other=party).exists()
    if mirrored or rows.filter(party=party, other=other).exists():
        raise Refused(_("This relationship is known already."), "other")
    _check(kind, party, other, values)
    row = create(Relationship, party=party, kind=kind, other=other, **values)
    tell("relationship.added", party, by=by, kind=kind, other=other.pk, name=other.name)
    return row


@action
def change_relationship(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> Relationship:
    """Change title, department, buying role, stance, influence or dates. Raises Conflict, Refused."""
    row = Relationship.objects.visible_to(by).select_related("party", "other").get(pk=row_id)
    _check(row.kind, row.party, row.other, changes)
    return change(row, expected, **changes)


@action
def remove_relationship(row_id: int, *, by: Viewer) -> Relationship:
    """Take a relationship away; it is returned as it was."""
    row = Relationship.objects.visible_to(by).select_related("party", "other").get(pk=row_id)
    party = locked(row.party_id, by)
    number = row.pk
    delete(row)
    tell("relationship.removed", party, by=by, kind=row.kind, other=row.other_id, name=row.other.name)
    row.pk = number
    return row


def _check(kind: str, party: Party, other: Party, values: dict[str, Any]) -> None:
    unknown = [name for name in values if name not in FIELDS]
    if unknown:
        message = _("A relationship has no field “%(name)s”; known are %(known)s.")
        raise Refused(message % {"name": unknown[0], "known": ", ".join(FIELDS)}, unknown[0])
    if values.get("stance") is not None and not -2 <= values["stance"] <= 2:
        raise Refused(_("Stance goes from -2 (against us) to 2 (for us)."), "stance")
    if values.get("influence") is not None and not 1 <= values["influence"] <= 5:
        raise Refused(_("Influence goes from 1 (little) to 5 (decisive)."), "influence")
    since, until = values.get("since"), values.get("until")
    if since and until and since > until:
        raise Refused(_("It cannot end before it begins."), "until")
    if kind == Relationship.Kind.WORKS_AT and other.kind != Party.Kind.ORGANISATION:
        raise Refused(_("People work at organisations; %(name)s is a person.") % {"name": other.name}, "other")
    if kind == Relationship.Kind.HOUSEHOLD and Party.Kind.ORGANISATION in (party.kind, other.kind):
        raise Refused(_("Only people live in a household."), "other")

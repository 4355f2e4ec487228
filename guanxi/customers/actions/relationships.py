"""How parties stand to each other: who works where and under whom, lives with whom, belongs to, referred by, sells for.

Whoever comes to stand above somebody (a superior, a parent company) is looked at under a lock for all, so that two
people at once cannot make a circle together.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from guanxi.customers.actions.locking import locked
from guanxi.customers.happenings import tell
from guanxi.customers.models import Party, Relationship
from guanxi.customers.relations.trees import SHAPING, circle
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.visibility import Viewer

FIELDS = ("title", "department", "reports_to", "buying_role", "stance", "influence", "since", "until")
MUTUAL = {Relationship.Kind.HOUSEHOLD}
Kind = Relationship.Kind


@action
def add_relationship(party: Party, kind: str, other: Party, *, by: Viewer, **values: Any) -> Relationship:
    """Say that `party` is *kind* of `other` (works at, lives with ...); `values`: see FIELDS, `reports_to` a Party.

    Raises Refused where both are the same, the relationship is there already (a household counts in both directions),
    one of them is not of the kind that it takes, or a circle would come about.
    """
    if kind == Kind.PARENT or values.get("reports_to") is not None:
        _one_at_a_time()
    party, other = _both_locked(party, other, by)
    if party.pk == other.pk:
        raise Refused(_("Nobody is related to himself; choose somebody else."), "other")
    if kind not in Kind.values:
        message = _("“%(kind)s” is no kind of relationship; known are %(known)s.")
        raise Refused(message % {"kind": kind, "known": ", ".join(Kind.values)}, "kind")
    _refuse_known(party, kind, other)
    _check_ends(kind, party, other)
    _check(kind, values)
    if kind == Kind.PARENT and not _has_ended(values.get("until")):
        _check_parent(party, other)
    if values.get("reports_to") is not None:
        _check_superior(party, other, values["reports_to"])
    row = create(Relationship, party=party, kind=kind, other=other, **values)
    tell("relationship.added", party, by=by, kind=kind, other=other.pk, name=other.name)
    return row


@action
def change_relationship(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> Relationship:
    """Change any of FIELDS (`reports_to`: a Party or None). Raises Conflict, Refused."""
    row = _row(row_id, by)
    values = {name: getattr(row, name) for name in ("since", "until")} | changes
    _check(row.kind, values)
    revived = row.is_former and not _has_ended(values["until"])
    if row.kind == Kind.PARENT and revived:
        _check_parent(row.party, row.other)
    superior = changes.get("reports_to", row.reports_to if revived else None)
    if superior is not None:
        _check_superior(row.party, row.other, superior)
    before = {name: getattr(row, name) for name in changes}
    changed = change(row, expected, **changes)
    fields = [name for name in changes if before[name] != getattr(changed, name)]
    if fields:
        told: dict[str, Any] = {"kind": row.kind, "other": row.other_id, "name": row.other.name, "fields": fields}
        if "reports_to" in fields:
            told["superior"] = changed.reports_to.name if changed.reports_to else ""
        tell("relationship.changed", row.party, by=by, **told)
    return changed


@action
def end_relationship(row_id: int, *, by: Viewer, day: date | None = None) -> Relationship:
    """Let it be a former one from `day` (today) on; it is kept. Raises Refused where it has ended already."""
    row = _row(row_id, by)
    if row.is_former:
        raise Refused(_("This relationship has ended already."), "until")
    day = day or clock.today()
    if row.since and row.since > day:
        raise Refused(_("It cannot end before it begins."), "until")
    changed = change(row, until=day)
    tell("relationship.ended", row.party, by=by, kind=row.kind, other=row.other_id, name=row.other.name)
    return changed


@action
def move_in_chart(
    organisation: Party, party: Party, under: Party | None, *, by: Viewer, seen: int | object | None = ...
) -> Relationship:
    """Let `party` report to `under` at `organisation`, to nobody where that is None.

    `seen` is the number of the superior that the caller saw. Raises Conflict with numbers of parties where there is
    another by now, Refused where `party` does not work there or a circle would come about.
    """
    row = workplace(organisation, party, by)
    if row is None:
        message = _("%(name)s does not work at %(organisation)s any more.")
        raise Refused(message % {"name": party.name, "organisation": organisation.name}, "party")
    expected = None if seen is ... else {"reports_to": seen}
    return change_relationship(row.pk, {"reports_to": under}, expected, by=by)


@action
def remove_relationship(row_id: int, *, by: Viewer) -> Relationship:
    """Take a relationship away, as if it had never been; it is returned as it was."""
    row = _row(row_id, by)
    party = locked(row.party_id, by)
    number = row.pk
    delete(row)
    tell("relationship.removed", party, by=by, kind=row.kind, other=row.other_id, name=row.other.name)
    row.pk = number
    return row


def workplace(organisation: Party, party: Party, by: Viewer) -> Relationship | None:
    """The row by which `party` works at `organisation` now; of several that a merge brought together his own."""
    rows = Relationship.objects.visible_to(by).filter(kind=Kind.WORKS_AT, party=party, other=organisation)
    return rows.current().own_first().first()


def _row(row_id: int, by: Viewer) -> Relationship:
    return Relationship.objects.visible_to(by).select_related("party", "other", "reports_to").get(pk=row_id)


def _both_locked(party: Party, other: Party, by: Viewer) -> tuple[Party, Party]:
    """Both ends, held in the order of their numbers, so that two who relate the same two do not wait for each other."""
    held = {number: locked(number, by) for number in sorted({party.pk, other.pk})}
    return held[party.pk], held[other.pk]


def _refuse_known(party: Party, kind: str, other: Party) -> None:
    rows = Relationship.objects.filter(kind=kind)
    known = rows.filter(party=party, other=other).first()
    if known is None and kind in MUTUAL:
        known = rows.filter(party=other, other=party).first()
    if known is None:
        return
    if known.is_former:
        raise Refused(_("This relationship is known and has ended; change it and empty its end."), "other")
    raise Refused(_("This relationship is known already."), "other")


def _check(kind: str, values: dict[str, Any]) -> None:
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
    if values.get("reports_to") is not None and kind != Kind.WORKS_AT:
        raise Refused(_("Only whoever works at an organisation reports to somebody there."), "reports_to")


def _check_ends(kind: str, party: Party, other: Party) -> None:
    organisation = Party.Kind.ORGANISATION
    if kind == Kind.WORKS_AT and other.kind != organisation:
        raise Refused(_("People work at organisations; %(name)s is a person.") % {"name": other.name}, "other")
    if kind == Kind.WORKS_AT and party.kind == organisation:
        raise Refused(_("People work at organisations; %(name)s is an organisation.") % {"name": party.name}, "kind")
    if kind == Kind.HOUSEHOLD and organisation in (party.kind, other.kind):
        raise Refused(_("Only people live in a household."), "other")
    if kind == Kind.PARENT and party.kind != organisation:
        message = _("Organisations belong to organisations; %(name)s is a person and works there.")
        raise Refused(message % {"name": party.name}, "kind")
    if kind == Kind.PARENT and other.kind != organisation:
        raise Refused(_("Organisations belong to organisations; %(name)s is a person.") % {"name": other.name}, "other")


def _check_superior(party: Party, organisation: Party, superior: Party) -> None:
    """Refuse one who does not work there, and circles."""
    _one_at_a_time()
    if superior.pk == party.pk:
        raise Refused(_("Nobody reports to himself; choose somebody else."), "reports_to")
    rows = Relationship.objects.filter(kind=Kind.WORKS_AT, other=organisation)
    if not rows.current().filter(party=superior).exists():
        message = _("%(name)s does not work at %(organisation)s; add him there first.")
        raise Refused(message % {"name": superior.name, "organisation": organisation.name}, "reports_to")

    def above(number: int) -> int | None:
        own = rows.current().filter(party=number).own_first()
        return own.values_list("reports_to", flat=True).first()

    path = circle(party.pk, superior.pk, above)
    if path:
        raise Refused(_along(path, _("%(lower)s reports to %(upper)s")), "reports_to")


def _check_parent(party: Party, parent: Party) -> None:
    """Refuse a second parent company, and circles."""
    _one_at_a_time()
    rows = Relationship.objects.filter(kind=Kind.PARENT).between_two().current()

    def above(number: int) -> int | None:
        return rows.filter(party=number).order_by("pk").values_list("other", flat=True).first()

    path = circle(party.pk, parent.pk, above)
    if path:
        raise Refused(_along(path, _("%(lower)s belongs to %(upper)s")), "other")
    present = rows.filter(party=party).exclude(other=parent).select_related("other").first()
    if present is not None:
        message = _("%(name)s belongs to %(parent)s already; end that first.")
        raise Refused(message % {"name": party.name, "parent": present.other.name}, "other")


def _along(path: list[int], link: str) -> str:
    """A circle in words: each with whoever is above him."""
    names = dict(Party.objects.filter(pk__in=path).values_list("pk", "name"))
    links = [link % {"lower": names[one], "upper": names[two]} for one, two in pairwise(path)]
    return _("This would be a circle: %(path)s.") % {"path": ", ".join(links)}


def _has_ended(until: date | None) -> bool:
    return until is not None and until <= clock.today()


def _one_at_a_time() -> None:
    """Hold all others who change a tree until the transaction ends; on SQLite there is one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [SHAPING])

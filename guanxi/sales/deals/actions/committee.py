"""Mapping who takes part in deciding over a deal."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers.models import Party, Relationship
from guanxi.customers.relations import charts
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.visibility import Viewer, require
from guanxi.sales.deals.holding import locked
from guanxi.sales.deals.models import CommitteeSeat

FIELDS = ("stance", "influence", "note")


@action
def seat(deal_id: int, person: Party, role: str, *, by: Viewer, **values: Any) -> CommitteeSeat:
    """Give somebody a role in deciding; said again, `values` (stance, influence, note) are changed. Raises Refused."""
    deal = locked(deal_id, by)
    require(by, "edit", deal)
    unknown = [name for name in values if name not in FIELDS]
    if unknown:
        raise Refused(_("A seat has no field “%(name)s”.") % {"name": unknown[0]}, unknown[0])
    if not Party.objects.visible_to(by).filter(pk=person.pk).exists():
        raise Refused(_("There is no customer with the number %(value)s.") % {"value": person.pk}, "person")
    if person.kind != Party.Kind.PERSON:
        raise Refused(_("Only people decide; %(name)s is an organisation.") % {"name": person.name}, "person")
    known = CommitteeSeat.objects.filter(deal=deal, person=person, role=role).first()
    if known is not None:
        return change(known, **values)
    return create(CommitteeSeat, deal=deal, person=person, role=role, **values)


@action
def remove_seat(seat_id: int, *, by: Viewer) -> int:
    """Take a role in deciding away; the number of the deal."""
    row = CommitteeSeat.objects.visible_to(by).get(pk=seat_id)
    locked(row.deal_id, by)
    delete(row)
    return row.deal_id


@action
def propose_committee(deal_id: int, *, by: Viewer) -> int:
    """Seat all who have a buying role at the organisation and none on this deal yet; how many."""
    deal = locked(deal_id, by)
    require(by, "edit", deal)
    seated = set(deal.committee.values_list("person", flat=True))
    rows: list[Relationship] = list(charts.workers(deal.party, by).exclude(buying_role="")[: charts.MOST])
    fresh = {row.party_id: row for row in rows if row.party_id not in seated}
    for row in fresh.values():
        seat(deal_id, row.party, row.buying_role, stance=row.stance, influence=row.influence, by=by)
    return len(fresh)

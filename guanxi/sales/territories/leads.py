"""Whose a lead is by its territory: that of the customer whom it is known as, else the first whose rule it fulfils as
far as leads tell (country, city, language and so on); what asks for more than a lead tells does not take it.
"""

from __future__ import annotations

from guanxi.foundation.desk import conditions
from guanxi.foundation.models import User
from guanxi.foundation.visibility import is_staff, may
from guanxi.sales.leads.assigning import open_leads
from guanxi.sales.leads.models import Lead
from guanxi.sales.territories import rules
from guanxi.sales.territories.models import Assigned, NamedAccount, Territory


def owner_of(lead: Lead) -> tuple[User | None, str]:
    """Who gets a lead, and by which territory: who has it, else who of its team has the fewest open leads."""
    territory = _known(lead) or _fitting(lead)
    if territory is None:
        return None, ""
    if territory.owner is not None and _is_able(territory.owner):
        return territory.owner, territory.name
    members = User.objects.filter(memberships__team=territory.team_id) if territory.team_id else User.objects.none()
    able = [user for user in members.order_by("pk") if _is_able(user)]
    loads = open_leads(user.pk for user in able)
    return min(able, key=lambda user: (loads.get(user.pk, 0), user.pk), default=None), territory.name


def _is_able(user: User) -> bool:
    return is_staff(user) and may(user, "view", Lead)


def _known(lead: Lead) -> Territory | None:
    if lead.same_as_id is None:
        return None
    for model in (NamedAccount, Assigned):
        row = model.objects.filter(party=lead.same_as_id, origin__isnull=True).select_related("territory").first()
        if row is not None and row.territory.active:
            return row.territory
    return None


def _fitting(lead: Lead) -> Territory | None:
    for territory in rules.in_order():
        asked = [one.query for one in rules.path(territory) if one.query]
        if territory.query and not any(conditions.unmet("leads", lead, query) for query in asked):
            return territory
    return None

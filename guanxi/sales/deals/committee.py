"""Who decides over a deal, when we last spoke with each, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers.models import Party, Relationship
from guanxi.customers.relations import charts
from guanxi.customers.relations.charts import STANCES
from guanxi.foundation import clock, hooks
from guanxi.foundation.visibility import Viewer, sees
from guanxi.sales.deals.models import CommitteeSeat, Deal

QUIET = 30  # days after which a silence is named
Role = Relationship.BuyingRole
NEEDED = (Role.DECIDER, Role.BUYER)  # whom one has to know, and to have spoken with lately


@dataclass
class Member:
    """One person with all his roles in deciding over a deal."""

    person: Party
    seats: list[CommitteeSeat] = field(default_factory=list)
    work: Relationship | None = None
    last_contact: datetime | None = None

    @property
    def stance(self) -> tuple[Any, str, str] | None:
        """Words, icon and tone of how he stands to this deal, else to us in general."""
        said = [seat.stance for seat in self.seats if seat.stance is not None]
        value = said[0] if said else self.work.stance if self.work else None
        return STANCES.get(99 if value is None else value)

    @property
    def is_for_us(self) -> bool:
        return self.stance is not None and self.stance[2] == "good"

    @property
    def influence(self) -> int:
        said = [seat.influence for seat in self.seats if seat.influence is not None]
        return said[0] if said else (self.work.influence or 0) if self.work else 0

    @property
    def marks(self) -> list[bool]:
        """Influence as five marks, so many of them full."""
        return [place < self.influence for place in range(5)]

    @property
    def is_quiet(self) -> bool:
        """Whether we have not spoken with him for a month."""
        return self.last_contact is None or self.last_contact < clock.now() - timedelta(days=QUIET)


def members(deal: Deal, viewer: Viewer) -> list[Member]:
    """The committee, deciders and the most influential first; each person once."""
    rows = CommitteeSeat.objects.visible_to(viewer).filter(sees(viewer, Party, "person"), deal=deal)
    rows = rows.select_related("person")
    found: dict[int, Member] = {}
    for row in rows.order_by("origin", "id"):
        member = found.setdefault(row.person_id, Member(row.person))
        if row.role not in {seat.role for seat in member.seats}:
            member.seats.append(row)
    if not found:
        return []
    works = charts.workers(deal.party, viewer).filter(party__in=found)
    for work in works:
        member = found[work.party_id]
        member.work = member.work or work
    for door in hooks.get("last_contact"):
        for number, moment in door(list(found), viewer).items():
            member = found[number]
            member.last_contact = max(filter(None, (member.last_contact, moment)))
    order = list(Role.values)[::-1]
    return sorted(found.values(), key=lambda one: (min(order.index(seat.role) for seat in one.seats), -one.influence))


def gaps(known: Iterable[Member]) -> list[str]:
    """What is missing, in words: nobody in a role that one has to know, silence, nobody who is for us."""
    known = list(known)
    labels = dict(Role.choices)
    found = []
    for role in NEEDED:
        holders = [one for one in known if role in {seat.role for seat in one.seats}]
        label = str(labels[role]).lower()
        if not holders:
            found.append(_("No %(role)s known") % {"role": label})
        elif all(one.is_quiet for one in holders):
            words = _("No contact with the %(role)s for %(days)s days")
            found.append(words % {"role": label, "days": QUIET})
    if known and not any(one.is_for_us for one in known):
        found.append(_("Nobody is for us"))
    return found


def candidates(deal: Deal, viewer: Viewer, seated: Iterable[int]) -> list[Party]:
    """Who works at the organisation and has no role yet."""
    rows = _others(deal, viewer, seated)[:200]
    return list({row.party_id: row.party for row in rows}.values())


def has_candidates(deal: Deal, viewer: Viewer, seated: Iterable[int]) -> bool:
    """Whether anybody is."""
    return bool(_others(deal, viewer, seated).exists())


def _others(deal: Deal, viewer: Viewer, seated: Iterable[int]) -> Any:
    return charts.workers(deal.party, viewer).exclude(party__in=list(seated))

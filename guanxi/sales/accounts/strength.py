"""How strong the relationship is in each department of an organisation: whom we speak with, how often, how they stand.

Three parts, 0 to 100 in all: up to 40 for the share of its people with whom somebody spoke, met or wrote in the last 90
days, weighted by influence; up to 30 for how often in 180 days, full from two contacts a person on; up to 30 for how
they stand to us, 15 where nobody knows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from guanxi.channels.activities import queries as activities
from guanxi.customers.models import Party
from guanxi.customers.relations import charts
from guanxi.customers.relations.charts import Seat
from guanxi.foundation import clock
from guanxi.foundation.visibility import Viewer
from guanxi.ledger import queries as ledger

RECENT, PERIOD = timedelta(days=90), timedelta(days=180)
SPOKEN, OFTEN, STANCE = 40, 30, 30
ENOUGH = 2  # contacts a person in the period
BANDS: list[tuple[int, str, Any, str]] = [
    (70, "strong", gettext_lazy("strong"), "teal"),
    (40, "fair", gettext_lazy("fair"), "blue"),
    (16, "weak", gettext_lazy("weak"), "amber"),
    (0, "none", gettext_lazy("none"), "red"),
]


@dataclass(frozen=True)
class Department:
    """A department, how strong the relationship with it is, and why."""

    name: str
    people: int
    spoken_with: int
    contacts: int
    last_contact: datetime | None
    score: int
    why: list[str]

    @property
    def band(self) -> str:
        """strong, fair, weak, none"""
        return next(key for least, key, _label, _tone in BANDS if self.score >= least)

    @property
    def label(self) -> str:
        """The band in words."""
        return next(str(label) for _least, key, label, _tone in BANDS if key == self.band)

    @property
    def tone(self) -> str:
        """The colour of the band."""
        return next(tone for _least, key, _label, tone in BANDS if key == self.band)


def departments(organisation: Party, viewer: Viewer) -> list[Department]:
    """Each department with people known there, the weakest first; those of no department last."""
    seats = list(charts.chart(organisation, viewer).seats.values())
    people, since = [seat.party.pk for seat in seats], clock.now() - PERIOD
    counts = Counter(ledger.contacts_since(people, since, viewer))
    counts.update(activities.contacts_since(people, since, viewer))
    groups: dict[str, list[Seat]] = defaultdict(list)
    for seat in seats:
        groups[seat.relationship.department].append(seat)
    found = [_department(name, some, counts) for name, some in groups.items()]
    return sorted(found, key=lambda one: (not one.name, one.score, -one.people, one.name))


def _department(name: str, seats: Sequence[Seat], counts: Mapping[int, int]) -> Department:
    now = clock.now()
    recent = [seat for seat in seats if seat.last_contact is not None and seat.last_contact >= now - RECENT]
    weights = sum(_weight(seat) for seat in seats)
    contacts = sum(counts.get(seat.party.pk, 0) for seat in seats)
    stances = [seat.relationship.stance for seat in seats if seat.relationship.stance is not None]
    stance = (sum(stances) / len(stances) + 2) / 4 if stances else 0.5
    score = (
        SPOKEN * sum(_weight(seat) for seat in recent) / weights
        + OFTEN * min(contacts / (ENOUGH * len(seats)), 1)
        + STANCE * stance
    )
    last = max((seat.last_contact for seat in seats if seat.last_contact is not None), default=None)
    why = [_spoken(len(recent), len(seats)), _often(contacts)]
    against = sum(value < 0 for value in stances)
    if against:
        why.append(ngettext("%(count)s is against us", "%(count)s are against us", against) % {"count": against})
    elif not stances:
        why.append(_("how they stand to us is not known"))
    return Department(name, len(seats), len(recent), contacts, last, round(score), why)


def _weight(seat: Seat) -> int:
    """Influence from 1 to 5; in the middle where nobody said."""
    return seat.relationship.influence or 3


def _spoken(recent: int, people: int) -> str:
    words = ngettext(
        "spoke with %(recent)s of %(count)s person in 90 days", "spoke with %(recent)s of %(count)s people in 90 days",
        people,
    )  # fmt: skip
    return words % {"recent": recent, "count": people}


def _often(contacts: int) -> str:
    words = ngettext("%(count)s contact in 180 days", "%(count)s contacts in 180 days", contacts)
    return words % {"count": contacts}

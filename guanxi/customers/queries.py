"""What can be asked of customers: who is it, whom does he live with, what did he agree to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber

from guanxi.customers import normalise, purposes
from guanxi.customers.contacting import Contactable, contactable, is_restricted, may_contact, objects_to
from guanxi.customers.merged import root_of
from guanxi.customers.models import Consent, ContactPoint, Party, PartyRole, Relationship
from guanxi.foundation import search
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer

# Keys that name one party or one household; addresses are shared by whole houses.
STRONG = (
    ContactPoint.Kind.EXTERNAL,
    ContactPoint.Kind.CARD,
    ContactPoint.Kind.MAIL,
    ContactPoint.Kind.PHONE,
    ContactPoint.Kind.SOCIAL,
    ContactPoint.Kind.DEVICE,
)

__all__ = [
    "STRONG",
    "Contactable",
    "Tie",
    "consent_state",
    "contactable",
    "find",
    "household",
    "is_restricted",
    "may_contact",
    "objects_to",
    "parties",
    "recognise",
    "roles_of",
    "ties",
]


@dataclass(frozen=True)
class Tie:
    """A relationship as seen from one of its two ends."""

    relationship: Relationship
    other: Party
    outward: bool  # from the party asked about; else the other said it of him


def parties(viewer: Viewer) -> models.QuerySet[Party]:
    """All parties that `viewer` may see."""
    return Party.objects.visible_to(viewer)


def roles_of(party: Party) -> list[PartyRole]:
    """What `party` is to us; read once for each object, however often a page asks."""
    if "roles" not in getattr(party, "_prefetched_objects_cache", {}):  # of a row of a list they are there
        models.prefetch_related_objects([party], "roles")
    return list(party.roles.all())


def party_numbered(number: int, viewer: Viewer) -> Party:
    """The party with this number, or the one that it became part of. Raises Party.DoesNotExist."""
    return parties(viewer).get(pk=root_of(number))


def recognise(keys: Iterable[tuple[str, str]], viewer: Viewer, *, limit: int = 20) -> list[Party]:
    """The parties that have any of these strong keys (kind, value as given), those with most of them first.

    A value that cannot be of its kind matches nobody.
    """
    wanted = Q()
    for kind, value in keys:
        try:
            if kind in STRONG:
                wanted |= Q(kind=kind, key=normalise.key_of(kind, value))
        except Refused:
            continue
    if not wanted:
        return []
    points = ContactPoint.objects.visible_to(viewer).filter(wanted).values("party")
    best = points.annotate(matches=Count("pk")).order_by("-matches", "party").values_list("party", flat=True)
    ids = list(best[:limit])
    found = parties(viewer).in_bulk(ids)
    return [found[number] for number in ids if number in found]


def consent_state(
    party: Party | int, viewer: Viewer, known: dict[str, purposes.Purpose] | None = None
) -> list[Consent]:
    """The row that counts for each purpose and channel: the newest, in the order of purposes and channels."""
    newest = Window(
        RowNumber(),
        partition_by=[F("purpose"), F("channel")],
        order_by=[F("at").desc(), F("id").desc()],
    )
    rows = Consent.objects.visible_to(viewer).filter(party=party).annotate(place=newest).filter(place=1)
    order = list(purposes.every() if known is None else known)
    return sorted(rows, key=lambda row: (order.index(row.purpose) if row.purpose in order else 99, row.channel))


def ties(party: Party, viewer: Viewer, *, limit: int = 200) -> list[Tie]:
    """The relationships of `party` in both directions, households first; of merged parties' like ones one."""
    rows = Relationship.objects.visible_to(viewer).between_two().own_first()
    outward = rows.filter(party=party).select_related("other", "reports_to")[:limit]
    inward = rows.filter(other=party).select_related("party", "reports_to")[:limit]
    found = [Tie(row, row.other, True) for row in outward] + [Tie(row, row.party, False) for row in inward]
    once: dict[tuple[str, int, bool], Tie] = {}
    for tie in found:
        mutual = tie.relationship.kind == Relationship.Kind.HOUSEHOLD
        once.setdefault((tie.relationship.kind, tie.other.pk, tie.outward or mutual), tie)
    return sorted(once.values(), key=lambda tie: tie.relationship.kind != Relationship.Kind.HOUSEHOLD)


def household(party: Party, viewer: Viewer) -> list[Party]:
    """Those who live with `party`, as far as known: two steps of the relationship, so that one link each is enough."""
    links = Relationship.objects.visible_to(viewer).filter(kind=Relationship.Kind.HOUSEHOLD).current()
    reached = {party.pk}
    for _step in range(2):
        pairs = links.filter(Q(party__in=reached) | Q(other__in=reached)).values_list("party", "other")[:200]
        reached |= {number for pair in pairs for number in pair}
    return list(parties(viewer).filter(pk__in=reached - {party.pk}).order_by("id")[:50])


def find(words: str, viewer: Viewer, *, limit: int = 8) -> list[Party]:
    """The parties that fit what somebody typed (name, pinyin, telephone, mail), best first."""
    ids = search.matching_ids(Party, words, viewer, limit)
    found = {party.pk: party for party in parties(viewer).filter(pk__in=ids)}
    return [found[number] for number in ids if number in found]

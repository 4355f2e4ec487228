"""What can be asked of who is who: pairs that wait for people, merges of a party, what an undoing gives back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from guanxi.customers.actions.matching import UNDECIDED, settings
from guanxi.customers.hanging import hanging
from guanxi.customers.identity.story import Story, story
from guanxi.customers.identity.tasks import find_duplicates
from guanxi.customers.merged import members_of, root_of
from guanxi.customers.models import MatchingSettings, MatchPair, Merge, Party
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import Viewer, may

__all__ = [
    "Story",
    "given_back",
    "last_looked",
    "merge_of",
    "merges_into",
    "next_pair",
    "pairs_of",
    "repointed",
    "root_of",
    "story",
    "under_way",
    "waiting_pairs",
]

OPEN_TASKS = [BackgroundTask.State.WAITING, BackgroundTask.State.RUNNING]


@dataclass(frozen=True)
class Counted:
    """How many rows of a kind, under the name that people know them by."""

    words: str
    count: int


def waiting_pairs(viewer: Viewer) -> QuerySet[MatchPair]:
    """The pairs that wait for a decision, the most probable first; those put off once their time has come."""
    due = Q(state=MatchPair.State.OPEN) | Q(state=MatchPair.State.LATER, until__lte=timezone.now())
    chosen = MatchingSettings.objects.filter(pk=1).values("ask_from")
    unset = MatchingSettings._meta.get_field("ask_from").default
    return (
        MatchPair.objects.visible_to(viewer)
        .filter(due, probability__gte=Coalesce(Subquery(chosen), Value(unset)))
        .filter(low__merged_into__isnull=True, high__merged_into__isnull=True)
        .order_by("-probability", "id")
    )


def next_pair(viewer: Viewer, after: MatchPair | None = None) -> MatchPair | None:
    """The most probable pair that waits; the next one `after` a pair that was left out."""
    rows = waiting_pairs(viewer).select_related("low", "high", "decided_by")
    if after is not None:
        rows = rows.filter(
            Q(probability__lt=after.probability) | Q(probability=after.probability, pk__gt=after.pk)
        ).exclude(pk=after.pk)
    # State by state, so that each is one look into the index of the queue.
    found = [pair for state in UNDECIDED if (pair := rows.filter(state=state).first())]
    return min(found, key=lambda pair: (-pair.probability, pair.pk), default=None)


def pairs_of(party: Party, viewer: Viewer, limit: int = 5) -> list[tuple[Party, float]]:
    """Those who may be the same as `party`, with the probability."""
    rows = waiting_pairs(viewer).filter(Q(low=party) | Q(high=party)).select_related("low", "high")[:limit]
    return [(row.high if row.low_id == party.pk else row.low, row.probability) for row in rows]


def merge_of(pair: MatchPair, viewer: Viewer) -> Merge | None:
    """The merge that made a pair one, unless it was undone."""
    both = [pair.low_id, pair.high_id]
    known = Merge.objects.visible_to(viewer).filter(survivor__in=both, merged__in=both, undone_at__isnull=True)
    return known.order_by("-pk").first()


def merges_into(party: Party, viewer: Viewer) -> list[Merge]:
    """The merges by which others became part of `party`, directly or through others; the newest first."""
    parts = members_of(party.pk) - {party.pk}
    if not parts:
        return []
    rows = Merge.objects.visible_to(viewer).filter(merged__in=parts, undone_at__isnull=True)
    return list(rows.select_related("merged", "survivor", "by").order_by("-at", "-pk"))


def repointed(parties: list[int]) -> list[Counted]:
    """What hangs on `parties` now, by kind; one query each."""
    found = [Counted(kind.words, kind.of(parties).count()) for kind in hanging()] if parties else []
    return [one for one in found if one.count]


def given_back(merge: Merge) -> list[Counted]:
    """What an undoing of `merge` gives back to the merged party, by kind."""
    homes = list(members_of(merge.merged_id))
    found = [Counted(kind.words, kind.rows().filter(**{f"{kind.origin}__in": homes}).count()) for kind in hanging()]
    return [one for one in found if one.count]


def under_way(viewer: Viewer) -> BackgroundTask | None:
    """The search for duplicates that waits or runs."""
    rows = BackgroundTask.objects.visible_to(viewer).filter(function=find_duplicates.module_path, state__in=OPEN_TASKS)
    return rows.order_by("state", "id").first()  # what runs before what waits


def last_looked(viewer: Viewer) -> datetime | None:
    """When all were compared with all the last time; None where that never was."""
    return settings().compared_at if may(viewer, "view", MatchPair) else None

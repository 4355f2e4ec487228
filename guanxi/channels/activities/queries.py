"""Reading calls, meetings and visits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.safestring import SafeString

from guanxi.channels.activities import repeating
from guanxi.channels.activities.models import Activity, Participant
from guanxi.customers.models import Party
from guanxi.foundation.belonging import Place, places
from guanxi.foundation.desk import record_url
from guanxi.foundation.notes import writing
from guanxi.foundation.visibility import Viewer, may
from guanxi.ledger.queries import Told

SHOWN = 20
MOST_SERIES = 200  # of one person
TAKES_PLACE = (Activity.State.PLANNED, Activity.State.HELD)
NOT_SPOKEN = (
    Activity.Outcome.NO_ANSWER,
    Activity.Outcome.MESSAGE_LEFT,
    Activity.Outcome.WRONG_NUMBER,
    Activity.Outcome.NOBODY_CAME,
)


def activities(viewer: Viewer) -> models.QuerySet[Activity]:
    """All that `viewer` may see, with their customers and owners."""
    return Activity.objects.visible_to(viewer).select_related("party", "owner")


def of(record: models.Model, viewer: Viewer) -> models.QuerySet[Activity]:
    """Those with a customer, or on a record."""
    return activities(viewer).filter(**_with(record))


def all_of(record: models.Model) -> models.QuerySet[Activity]:
    """Those with a customer, or on a record, seen by somebody or not: many records have none, which is soon found
    out."""
    return Activity.objects.filter(**_with(record))


def _with(record: models.Model) -> dict[str, Any]:
    if isinstance(record, Party):
        return {"party": record}
    return {"object_type": record._meta.label_lower, "object_id": record.pk}


def planned(record: models.Model, viewer: Viewer) -> list[Activity]:
    """What is arranged with a customer or on a record, the next first; of what repeats the next time, and the last if
    nobody said how it went."""
    rows = of(record, viewer).filter(state=Activity.State.PLANNED).order_by("starts_at", "id")[:SHOWN]
    times = [one for row in rows for one in (_about_now(row) if row.repeats else [row])]
    return sorted(times, key=_in_order)


def _about_now(series: Activity) -> list[Activity]:
    last = repeating.newest_unsaid(series)
    others = [one for one in repeating.upcoming(series, 2) if last is None or one.by_rule != last.by_rule]
    return [*([last] if last is not None else []), *others[:1]]


def held_of(series: Activity, viewer: Viewer) -> list[Activity]:
    """The times of a series that were held, the newest first."""
    return list(activities(viewer).filter(of_series=series.pk).order_by("-starts_at", "-id")[:SHOWN])


def series_of(row: Activity, viewer: Viewer) -> Activity | None:
    """The series that an activity is one time of, where the viewer may see it."""
    return activities(viewer).filter(pk=row.of_series_id).first() if row.of_series_id is not None else None


def held_last(record: models.Model, viewer: Viewer, *, limit: int = 3) -> list[Activity]:
    """The last that were held."""
    return list(of(record, viewer).filter(state=Activity.State.HELD).order_by("-starts_at", "-id")[:limit])


def last_contacts(parties: Iterable[int], viewer: Viewer) -> dict[int, datetime]:
    """When each of `parties` last took part in what was held; calls that nobody took do not count."""
    rows = _took_part(parties, viewer)
    return dict(rows.values_list("party").annotate(last=models.Max("activity__starts_at")))


def contacts_since(parties: Iterable[int], since: datetime, viewer: Viewer) -> dict[int, int]:
    """How often each of `parties` took part since then in what was held with another, his organisation, say; what was
    held with himself stands in the ledger."""
    rows = _took_part(parties, viewer).filter(activity__starts_at__gte=since)
    rows = rows.exclude(party=models.F("activity__party"))
    return dict(rows.values_list("party").annotate(count=models.Count("activity", distinct=True)))


def _took_part(parties: Iterable[int], viewer: Viewer) -> models.QuerySet[Participant]:
    held = Activity.objects.visible_to(viewer).filter(state=Activity.State.HELD).exclude(outcome__in=NOT_SPOKEN)
    return Participant.objects.filter(party__in=list(parties), activity__in=held).order_by()


def of_owner(viewer: Viewer, since: datetime, until: datetime, *, limit: int, expanded: bool = True) -> list[Activity]:
    """The viewer's own appointments in a span of time, in their order, with those that he takes part in and did not
    decline. What repeats stands there once for each time; with `expanded` off once, as it is kept, and what was held
    of it not beside it."""
    mine = activities(viewer).exclude(state=Activity.State.CANCELLED).filter(of_user(viewer.pk))
    alone = mine if expanded else mine.filter(of_series=None)
    rows = list(alone.filter(series="", starts_at__gte=since, starts_at__lt=until).order_by("starts_at", "id")[:limit])
    series = list(mine.exclude(series="").filter(starts_at__lt=until).order_by("-starts_at", "-id")[:MOST_SERIES])
    if expanded:
        rows += [one for row in series for one in repeating.within(row, since, until)]
    else:
        rows += series
    return sorted(rows, key=_in_order)[:limit]


def of_user(number: int | None) -> models.Q:
    """The condition on what stands in somebody's calendar: his own, and what he takes part in, unless he declined."""
    parts = Participant.objects.filter(user=number)
    declined = parts.filter(answer=Participant.Answer.DECLINED).values("activity")
    mine = models.Q(owner=number) | models.Q(pk__in=parts.values("activity"))
    return mine & ~models.Q(pk__in=declined)


def of_day(
    viewer: Viewer, since: datetime, until: datetime, *, limit: int, unsaid_since: datetime, unsaid_limit: int
) -> tuple[list[Activity], list[Activity]]:
    """The same for a short span of time, after what was before it and `unsaid`: looks along an index each, also among
    millions, and asks at once who may see all of these."""
    unsaid = set(_unsaid(viewer, since, unsaid_since, unsaid_limit).values_list("pk", flat=True))
    numbers = unsaid.union(_of_day(viewer, since, until, limit))
    rows = _seen(_bare().filter(pk__in=numbers, state__in=TAKES_PLACE, starts_at__lt=until), viewer)
    coming = [row for row in rows if row.pk not in unsaid and not _declined(row, viewer)]
    times = [one for row in coming for one in (repeating.within(row, since, until) if row.series else [row])]
    mine = [row for row in coming if row.owner_id == viewer.pk and row.starts_at < since]
    over = [*(row for row in rows if row.pk in unsaid), *_last_times(mine, since, unsaid_since)]
    return sorted(over, key=_in_order)[:unsaid_limit], sorted(times, key=_in_order)[:limit]


def _of_day(viewer: Viewer, since: datetime, until: datetime, limit: int) -> Iterator[int]:
    """The numbers of what may stand on it; each kind asked for by numbers alone, so that databases go by an index."""
    own, parts = Activity.objects.filter(owner=viewer.pk), Participant.objects.filter(user=viewer.pk)
    arranged = own.filter(series="", state__in=TAKES_PLACE, starts_at__gte=since, starts_at__lt=until)
    yield from arranged.order_by("starts_at", "id").values_list("pk", flat=True)[:limit]
    days = {"activity__starts_at__gte": since, "activity__starts_at__lt": until}
    yield from parts.filter(**days).values_list("activity", flat=True)[:limit]
    # What repeats: few among all.
    yield from own.exclude(series="").order_by("-id").values_list("pk", flat=True)[:MOST_SERIES]
    yield from parts.exclude(activity__series="").order_by("-id").values_list("activity", flat=True)[:MOST_SERIES]


def _bare() -> models.QuerySet[Activity]:
    """Rows with what a line of a day shows, in their order."""
    rows = Activity.objects.select_related("party").order_by("starts_at", "id")
    return rows.defer("text", "custom", "computed", "party__profile", "party__computed")


def _seen(found: Iterable[Activity], viewer: Viewer) -> list[Activity]:
    """Those that the viewer may see, asked row by row with who takes part in all of them known: the condition of
    `visible_to` would collect all customers whom the viewer sees."""
    rows = list(found)
    models.prefetch_related_objects(rows, "participants")
    return [row for row in rows if may(viewer, "view", row)]


def _declined(row: Activity, viewer: Viewer) -> bool:
    """Whether the viewer does not come to what somebody else invited him to."""
    if row.owner_id == viewer.pk and not row.organizer:
        return False
    declined = Participant.Answer.DECLINED
    return any(one.user_id == viewer.pk and one.answer == declined for one in row.participants.all())


def unsaid(viewer: Viewer, before: datetime, *, since: datetime | None = None, limit: int) -> list[Activity]:
    """The viewer's own that are over and of which nobody said how they went, the oldest first; of what repeats the
    last time."""
    series = _bare().filter(owner=viewer.pk, starts_at__lt=before).exclude(series="")[:MOST_SERIES]
    found = [*_unsaid(viewer, before, since, limit), *_last_times(series, before, since)]
    return sorted(_seen(found, viewer), key=_in_order)[:limit]


def further_times(rows: models.QuerySet[Activity], since: datetime, until: datetime) -> list[Activity]:
    """When series among `rows` take place between two moments, but for the first time of each, at which it stands
    itself."""
    series = rows.exclude(series="").exclude(state=Activity.State.CANCELLED).filter(starts_at__lt=until)
    found = series.select_related("party", "owner").order_by("-starts_at", "-id")[:MOST_SERIES]
    times = ((row, one) for row in found if row.goes_on for one in repeating.within(row, since, until))
    return sorted((one for row, one in times if one.starts_at != row.starts_at), key=_in_order)


def _unsaid(viewer: Viewer, before: datetime, since: datetime | None, limit: int) -> models.QuerySet[Activity]:
    rows = _bare().filter(owner=viewer.pk, state=Activity.State.PLANNED, series="", starts_at__lt=before)
    return (rows if since is None else rows.filter(starts_at__gte=since))[:limit]


def _last_times(rows: Iterable[Activity], before: datetime, since: datetime | None) -> list[Activity]:
    """Of series among `rows` with a customer or on a record the last time, where nobody said how it went: nobody is
    asked every day how his lunch went."""
    planned = [row for row in rows if row.goes_on]
    asked = [row for row in planned if row.party_id is not None or row.object_id is not None]
    last = [one for row in asked if (one := repeating.newest_unsaid(row)) is not None]
    return [one for one in last if one.starts_at < before and (since is None or one.starts_at >= since)]


def _in_order(row: Activity) -> tuple[datetime, int]:
    return row.starts_at, row.pk


def fetch(ids: Collection[int], viewer: Viewer) -> dict[int, Told]:
    """Activities by number, for the cards of a timeline."""
    rows = list(activities(viewer).filter(pk__in=ids))
    users = writing.mentioned("\n".join(row.text for row in rows))
    return {row.pk: _line(row, writing.shown(row.text, users)) for row in rows}


def _line(row: Activity, html: SafeString) -> Told:
    kind, url = row.get_kind_display(), record_url("activities", row.pk)
    title = kind if row.subject == kind else f"{kind}: {row.subject}"
    return Told(title, row.get_outcome_display() if row.outcome else "", url, html)


def abouts(rows: Collection[Activity], viewer: Viewer) -> dict[int, Place]:
    """The records that activities are about, beside their customers."""
    found = places(rows, viewer)
    named = ((row.pk, found.get((row.object_type, row.object_id or 0))) for row in rows)
    return {number: place for number, place in named if place is not None}

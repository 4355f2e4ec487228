"""Today's calls, meetings and visits, and those that are over and of which nobody said how they went."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from guanxi.channels.activities import desk, queries
from guanxi.channels.activities.models import Activity
from guanxi.foundation import clock
from guanxi.foundation.desk import list_url, record_url
from guanxi.foundation.visibility import Viewer, may
from guanxi.sales.day import wording
from guanxi.sales.day.lines import SHOWN, Line, Section

ASKED_DAYS = 14  # for how long it is asked how something went


def today(viewer: Viewer) -> Section | None:
    """What is arranged for today, whoever's it is if the viewer takes part."""
    if not may(viewer, "view", Activity):
        return None
    start = clock.start_of(clock.today())
    asked = start - timedelta(days=ASKED_DAYS)
    over, rows = queries.of_day(
        viewer, start, start + timedelta(days=1), limit=SHOWN * 2, unsaid_since=asked, unsaid_limit=SHOWN
    )
    lines = [_line(row) for row in [*over, *rows]]
    day = clock.today().isoformat()
    return Section(
        "meetings", _("Today's calls and meetings"), lines, list_url("activities", {"as": "calendar", "day": day})
    )


def _line(row: Activity) -> Line:
    why = [wording.hours(row.starts_at, row.minutes)]
    if clock.day_of(row.starts_at) != clock.today():
        why = [wording.day(row.starts_at)]
    if row.place:
        why.append(row.place)
    late = row.state == Activity.State.PLANNED and row.ends_at < clock.now()
    if late:
        why.append(_("How did it go?"))
    elif row.outcome:
        why.append(row.get_outcome_display())
    return Line(
        row.subject, record_url("activities", row.pk), desk.ICONS[Activity.Kind(row.kind)],
        tuple(why), row.party.name if row.party else "", "activities.activity", row.pk, late=late,
    )  # fmt: skip

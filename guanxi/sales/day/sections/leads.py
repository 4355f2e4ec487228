"""New leads of the viewer, and for how long they have been waiting."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.utils.translation import gettext as _

from guanxi.foundation import clock
from guanxi.foundation.desk import list_url, record_url
from guanxi.foundation.visibility import Viewer, may
from guanxi.sales.day.lines import SHOWN, Line, Section, Worth
from guanxi.sales.leads import desk
from guanxi.sales.leads.models import Lead

NEW_DAYS = 60  # older ones are not new, whatever their state says


def waiting(viewer: Viewer) -> Section | None:
    """Leads that nobody has answered yet, the newest first: who just asked is there to be reached."""
    if not may(viewer, "view", Lead):
        return None
    rows = Lead.objects.visible_to(viewer).filter(
        owner=viewer.pk, state=Lead.State.NEW, first_activity_at__isnull=True,
        created_at__gte=clock.now() - timedelta(days=NEW_DAYS),
    )  # fmt: skip
    lines = [_line(row) for row in rows.select_related("source").order_by("-created_at", "-id")[:SHOWN]]
    url = list_url("leads", {"f.owner": viewer.pk, "f.state": Lead.State.NEW.value, "f.unanswered": 1})
    return Section("leads", _("New leads"), lines, url)


def _line(row: Lead) -> Line:
    seconds = _seconds(row)
    why = [_("waits for %(time)s") % {"time": desk.span(seconds)}]
    if row.source is not None:
        why.append(str(row.source))
    if row.topic:
        why.append(row.topic)
    return Line(
        str(row), record_url("leads", row.pk), "user-search", tuple(why),
        row.organisation if row.name else "", "leads.lead", row.pk, late=seconds > desk.SOON,
    )  # fmt: skip


def _seconds(row: Lead) -> int:
    return max(int((clock.now() - row.created_at) / timedelta(seconds=1)), 0)


def worth(ids: Collection[int], viewer: Viewer) -> dict[int, Worth]:
    """A lead has no amount; one that nobody answered does not wait."""
    rows = Lead.objects.visible_to(viewer).filter(pk__in=ids).only("created_at", "state", "first_activity_at")
    return {row.pk: _worth(row) for row in rows}


def _worth(row: Lead) -> Worth:
    if row.first_activity_at is not None or not row.is_open:
        return Worth()
    return Worth(None, (_("waits for %(time)s") % {"time": desk.span(_seconds(row))},), True)

"""Where colleagues mentioned the viewer, until he has read it."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import notifications
from guanxi.foundation.models import Notification
from guanxi.foundation.notices.kinds import MENTION as KIND
from guanxi.foundation.visibility import Viewer
from guanxi.sales.day.lines import MENTION, SHOWN, Line, Section
from guanxi.sales.leads.desk import span


def unread(viewer: Viewer) -> Section:
    """The newest mentions that he has not read."""
    rows = notifications.unread_of_kind(viewer, KIND, limit=SHOWN)
    return Section("mentions", _("Mentions"), [_line(row) for row in rows], reverse("notifications_all"))


def _line(row: Notification) -> Line:
    seconds = max(int((timezone.now() - row.at).total_seconds()), 0)
    why = (_("%(time)s ago") % {"time": span(seconds)}, row.body)
    url = row.url or reverse("notifications_all")
    return Line(row.title, url, "at", tuple(filter(None, why)), does=MENTION, number=row.pk)

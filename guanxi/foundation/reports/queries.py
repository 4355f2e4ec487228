"""Which reports there are for somebody."""

from __future__ import annotations

from django.http import Http404
from django.utils.translation import gettext as _

from guanxi.foundation.reports.declaration import Report, find, registered
from guanxi.foundation.reports.models import Subscription
from guanxi.foundation.visibility import Viewer, require


def report(slug: str, viewer: Viewer) -> Report:
    """The report called `slug`. Raises Http404, NotAllowed."""
    require(viewer, "view", "reports")
    found = find(slug)
    if found is None:
        raise Http404(_("There is no report “%(slug)s”.") % {"slug": slug})
    return found


def reports(viewer: Viewer) -> list[tuple[Report, Subscription | None]]:
    """The declared reports, then those of people that he gets by mail; each with how he gets it."""
    require(viewer, "view", "reports")
    wanted = {row.report: row for row in Subscription.objects.filter(user=viewer.pk).order_by("report")}
    declared = registered()
    slugs = {one.slug for one in declared}
    made = [one for slug in wanted if slug not in slugs and (one := find(slug)) is not None]
    return [(one, wanted.get(one.slug)) for one in [*declared, *made]]

"""The demonstration data: loaded through the same engine as every other file, and known again by their sources."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db.models import QuerySet

from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.intake import actions, running
from guanxi.intake.demo import complete_journey, organisations
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import prepare
from guanxi.lake import refresh

SOURCES = (complete_journey.SOURCE, organisations.SOURCE)


def load(say: Callable[[str], None] = lambda line: None, *, by: Viewer = SYSTEM) -> None:
    """Import all; doing it twice changes nothing, and one that was killed goes on where it was. Raises Refused."""
    folder = settings.GUANXI_HOME / "demo"
    journey = [(*one, complete_journey.SOURCE) for one in complete_journey.prepare(folder).in_order()]
    firms = [(*one, organisations.SOURCE) for one in organisations.prepare(folder)]
    for kind, path, source in (*journey, *firms):
        done = running.run(actions.begin_import(prepare(kind, path, source=source), by=by).pk)
        say(f"{kind}: {done.accepted:,} of {done.read:,} rows accepted")
        if done.rejected:
            say(f"{done.rejected:,} rejected, see {done.rejects_path}")
    refresh.refresh(wait=60)


def runs() -> QuerySet[ImportRun]:
    """The imports that brought the demonstration data, checks and taken-back ones among them."""
    return ImportRun.objects.filter(plan__source__in=SOURCES)

"""The demonstration data: loaded through the same engine as every other file, and known again by their sources."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.intake import actions, running
from guanxi.intake.demo import complete_journey, organisations
from guanxi.intake.demo.parts import all_parts
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import prepare
from guanxi.lake import refresh

ALL = RETAIL, BUSINESS = "retail", "business"


def sources(what: Collection[str] = ALL) -> tuple[str, ...]:
    """By what their records are known again."""
    retail = (complete_journey.SOURCE, organisations.SOURCE) if RETAIL in what else ()
    return (*retail, *(part.source for part in all_parts() if BUSINESS in what))


def folder() -> Path:
    """Where the files of the sample data lie; it is there as long as they are in."""
    found: Path = settings.GUANXI_HOME / "demo"
    return found


def load(
    say: Callable[[str], None] = lambda line: None,
    *,
    by: Viewer = SYSTEM,
    what: Collection[str] = ALL,
    scale: float = 1.0,
) -> None:
    """Import all; doing it twice changes nothing, and one that was killed goes on where it was. Raises Refused.

    `scale`: how much of the made-up parts, 1 being all.
    """
    if RETAIL in what:
        journey = [(*one, complete_journey.SOURCE) for one in complete_journey.prepare(folder()).in_order()]
        firms = [(*one, organisations.SOURCE) for one in organisations.prepare(folder())]
        _import([*journey, *firms], say, by)
    for part in all_parts() if BUSINESS in what else ():
        _import([(*one, part.source) for one in part.prepare(folder(), by, scale)], say, by)
        for line in part.build(by, scale):
            say(line)
    refresh.refresh(wait=60)


def _import(files: list[tuple[str, Path, str]], say: Callable[[str], None], by: Viewer) -> None:
    for kind, path, source in files:
        done = running.run(actions.begin_import(prepare(kind, path, source=source), by=by).pk)
        say(f"{kind}: {done.accepted:,} of {done.read:,} rows accepted")
        if done.rejected:
            say(f"{done.rejected:,} rejected, see {done.rejects_path}")


def runs(what: Collection[str] = ALL) -> QuerySet[ImportRun]:
    """The imports that brought the demonstration data, checks and taken-back ones among them."""
    return ImportRun.objects.filter(plan__source__in=sources(what))

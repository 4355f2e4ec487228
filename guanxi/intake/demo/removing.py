"""Taking the demonstration data away again, so that an installation is as if they had never been there.

Each of their imports is taken back as any import is: by sets, resumable, what others built on it stays. What only
tells of them goes then: the runs and their files, what the ledger says of their being taken back, sources without
records. Other packages take away what they made of them (door “sample_removed”).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from guanxi.customers.models import Party, Source, SourceRecord
from guanxi.foundation import hooks, tasks
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.intake import actions, reverting
from guanxi.intake.demo import forgetting, loading
from guanxi.intake.demo.parts import SamplePart, all_parts
from guanxi.intake.models import ImportRun
from guanxi.lake import refresh

State = ImportRun.State


@dataclass(frozen=True)
class Preview:
    """What would go, by kind of import and how many rows each made; and whether anything real is there, which stays."""

    lines: list[tuple[str, int]]
    real: bool

    @property
    def there(self) -> bool:
        return bool(self.lines)


def preview(what: Collection[str] = loading.ALL) -> Preview:
    """What taking away would do, from what the imports counted: no look through the data themselves."""
    rows = loading.runs(what).filter(dry_run=False)
    lines = [(run.get_kind_display(), run.created) for run in rows.exclude(state=State.REVERTED).order_by("pk")]
    lines += [line for part in _parts(what) for line in part.lines()]
    others = ImportRun.objects.filter(dry_run=False).exclude(pk__in=loading.runs().values("pk"))
    real = others.exists() or Party.objects.filter(import_run=None).exists()
    return Preview(lines, real)


def remove(*, by: Viewer = SYSTEM, what: Collection[str] = loading.ALL) -> dict[str, int]:
    """Take all away, or one of the two; one that was killed goes on where it stood. Returns how many rows went, and how
    many stayed.
    """
    gone: dict[str, int] = {}
    kept = 0
    for part in _parts(what):
        _add(gone, part.take_away(by))
    runs = list(loading.runs(what).filter(dry_run=False).order_by("-pk"))
    for number, run in enumerate(runs):
        tasks.progress(number, len(runs), run.get_kind_display())
        if run.state not in (State.REVERTED, State.REVERTING) and (run.phase or run.state == State.DONE):
            run = actions.mark_for_revert(run, by=by)
        if run.state == State.REVERTING:
            run = reverting.revert(run.pk, by=by)
        _add(gone, run.taken_back)
        kept += run.kept
    refresh.refresh(wait=60)
    for add in hooks.get("sample_removed"):
        add()
    _forget(by, what)
    gone["kept"] = gone.get("kept", 0) + kept
    return gone


def _add(gone: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        gone[name] = gone.get(name, 0) + count


def _parts(what: Collection[str]) -> list[SamplePart]:
    return all_parts() if loading.BUSINESS in what else []


def _forget(by: Viewer, what: Collection[str]) -> None:
    """What told of the demonstration data; nothing that still has records is touched."""
    runs = list(loading.runs(what))
    for run in runs:
        shutil.rmtree(run.folder, ignore_errors=True)
    unused = _unused_sources(what).values_list("pk", flat=True)
    forgetting.forget([run.pk for run in runs], list(unused), by=by)
    for part in _parts(what):
        for path in loading.folder().glob(part.files):
            path.unlink()
    if not loading.runs().exists():
        shutil.rmtree(loading.folder(), ignore_errors=True)
    refresh.refresh(wait=60)


def _unused_sources(what: Collection[str]) -> QuerySet[Source]:
    of_it = SourceRecord.objects.filter(source=OuterRef("pk"))
    return Source.objects.filter(~Exists(of_it), code__in=loading.sources(what))

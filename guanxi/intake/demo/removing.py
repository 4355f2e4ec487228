"""Taking the demonstration data away again, so that an installation is as if they had never been there.

Each of their imports is taken back as any import is: by sets, resumable, what others built on it stays. What only
tells of them goes then: the runs and their files, what the ledger says of their being taken back, sources without
records. Other packages take away what they made of them (door “sample_removed”).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from guanxi.customers.models import Party, Source, SourceRecord
from guanxi.foundation import hooks, tasks
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.intake import actions, reverting
from guanxi.intake.demo import forgetting, loading
from guanxi.intake.demo.parts import all_parts
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


def preview() -> Preview:
    """What taking away would do, from what the imports counted: no look through the data themselves."""
    rows = loading.runs().filter(dry_run=False)
    lines = [(run.get_kind_display(), run.created) for run in rows.exclude(state=State.REVERTED).order_by("pk")]
    lines += [line for part in all_parts() for line in part.lines()]
    others = ImportRun.objects.filter(dry_run=False).exclude(pk__in=rows.values("pk"))
    real = others.exists() or Party.objects.filter(import_run=None).exists()
    return Preview(lines, real)


def remove(*, by: Viewer = SYSTEM) -> dict[str, int]:
    """Take all away; one that was killed goes on where it stood. Returns how many rows went, and how many stayed."""
    gone: dict[str, int] = {}
    kept = 0
    for part in all_parts():
        _add(gone, part.take_away(by))
    runs = list(loading.runs().filter(dry_run=False).order_by("-pk"))
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
    _forget(by)
    gone["kept"] = gone.get("kept", 0) + kept
    return gone


def _add(gone: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        gone[name] = gone.get(name, 0) + count


def _forget(by: Viewer) -> None:
    """What told of the demonstration data; nothing that still has records is touched."""
    runs = list(loading.runs())
    for run in runs:
        shutil.rmtree(run.folder, ignore_errors=True)
    forgetting.forget([run.pk for run in runs], list(_unused_sources().values_list("pk", flat=True)), by=by)
    shutil.rmtree(loading.folder(), ignore_errors=True)
    refresh.refresh(wait=60)


def _unused_sources() -> QuerySet[Source]:
    of_it = SourceRecord.objects.filter(source=OuterRef("pk"))
    return Source.objects.filter(~Exists(of_it), code__in=loading.sources())

"""What can be done with imports: begin one (or go on with one that was killed), note how it ended, keep a mapping."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.utils import timezone

from guanxi.customers.models import Source
from guanxi.foundation import audit
from guanxi.foundation.actions import action, occasion
from guanxi.foundation.visibility import Viewer, require
from guanxi.intake.models import ImportMapping, ImportRun
from guanxi.intake.plan import Plan

UNFINISHED = (ImportRun.State.WAITING, ImportRun.State.CHECKING, ImportRun.State.WRITING, ImportRun.State.FAILED)


def digest_of(path: Path) -> str:
    """The digest by which a file is known again, wherever it lies."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:64]


@action
def begin_import(plan: Plan, *, by: Viewer, dry_run: bool = False) -> ImportRun:
    """The run that shall do what `plan` says: one that did not come to its end, else a new one."""
    require(by, "create", ImportRun)
    path = Path(plan.path)
    digest = digest_of(path)
    same = ImportRun.objects.filter(kind=plan.kind, file_digest=digest, plan_digest=plan.digest, dry_run=dry_run)
    unfinished = same.filter(state__in=UNFINISHED).order_by("-id").first()
    if unfinished is not None:
        ImportRun.objects.filter(pk=unfinished.pk).update(path=str(path), plan=plan.as_json(), error="")
        unfinished.refresh_from_db()
        return unfinished
    return ImportRun.objects.create(
        kind=plan.kind,
        file_name=path.name[:255],
        path=str(path),
        file_size=path.stat().st_size,
        file_digest=digest,
        header_digest=plan.header_digest,
        plan=plan.as_json(),
        plan_digest=plan.digest,
        dry_run=dry_run,
        by_id=by.pk,
    )


@action
def note_state(run: ImportRun, *, by: Viewer, **values: Any) -> ImportRun:
    """Write down how far a run is; no audit entry, the end of the run makes one."""
    ImportRun.objects.filter(pk=run.pk).update(**values)
    run.refresh_from_db()
    return run


@action
def finish_import(run: ImportRun, *, by: Viewer) -> ImportRun:
    """Note the end of a run and audit it as one change of a whole set."""
    ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State.DONE, finished_at=timezone.now(), error="")
    run.refresh_from_db()
    counts = ("read", "accepted", "rejected", "created", "updated", "unchanged")
    changes = {name: [None, getattr(run, name)] for name in counts}
    audit.record_summary(
        occasion(), run._meta.label_lower, run.pk, f"{run.get_kind_display()}: {run.file_name}", changes
    )
    return run


@action
def keep_mapping(plan: Plan, name: str, *, by: Viewer) -> ImportMapping:
    """Keep the mapping of `plan` under `name`; it is also found again by the header of the file."""
    require(by, "create", ImportMapping)
    options = {
        "source": plan.source,
        "options": plan.options,
        "date_format": plan.date_format,
        "decimal": plan.decimal,
    }
    values = {"header_digest": plan.header_digest, "mapping": plan.mapping, "options": options}
    return ImportMapping.objects.update_or_create(kind=plan.kind, name=name, defaults=values)[0]


@action
def source_called(code: str, *, by: Viewer) -> Source:
    """The source with this code; made where it is new."""
    return Source.objects.get_or_create(code=code, defaults={"name": code})[0]

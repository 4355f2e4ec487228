"""What can be done with imports: begin, pause, resume, cancel and take back; note how they ended; keep mappings."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from guanxi.customers.models import Source
from guanxi.foundation import audit, one_at_a_time, tasks
from guanxi.foundation.actions import Refused, action, delete, occasion
from guanxi.foundation.visibility import Viewer, require
from guanxi.intake import uploads
from guanxi.intake.allowed import refuse_whose_reach_is_less, require_kind
from guanxi.intake.models import ImportMapping, ImportRun
from guanxi.intake.plan import Plan
from guanxi.ledger.actions import record

# The background work, by name: it stands above the actions.
TAKE_IN, COMPARE, REVERT = (f"guanxi.intake.tasks.{name}" for name in ("take_in", "find_difference", "revert_import"))
State, Wanted = ImportRun.State, ImportRun.Wanted
BEFORE_THE_END = (State.WAITING, State.CHECKING, State.COMPARED, State.WRITING)
UNFINISHED = (*BEFORE_THE_END, State.PAUSED, State.FAILED)
REVERTIBLE = (State.DONE, State.FAILED, State.CANCELLED, State.PAUSED)


def digest_of(path: Path) -> str:
    """The digest by which a file is known again, wherever it lies."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:64]


@action
def begin_import(plan: Plan, *, by: Viewer, dry_run: bool = False) -> ImportRun:
    """The run that shall do what `plan` says: one that did not come to its end, else a new one.

    Raises Refused where another process is at work on this very file, or the disk has no room for it.
    """
    require(by, "create", ImportRun)
    require_kind(by, plan.kind, plan.rule)
    plan.refuse_unwritable(by)
    path = Path(plan.path)
    uploads.room_for(path.stat().st_size, uploading=False)
    digest = digest_of(path)
    one_at_a_time.hold(f"import:{digest}")
    at_work = ImportRun.objects.filter(kind=plan.kind, file_digest=digest, state__in=BEFORE_THE_END)
    for other in at_work.exclude(dry_run=not dry_run):
        if is_held(other):
            message = _("This file is being imported already, in import %(number)s; wait for it or cancel it.")
            raise Refused(message % {"number": other.pk}, "file")
    same = ImportRun.objects.filter(kind=plan.kind, file_digest=digest, plan_digest=plan.digest, dry_run=dry_run)
    unfinished = same.filter(state__in=UNFINISHED).order_by("-id").first()
    if unfinished is not None:
        state = _where_it_stood(unfinished)
        ImportRun.objects.filter(pk=unfinished.pk).update(
            path=str(path), plan=plan.as_json(), error="", wanted=Wanted.NOTHING, state=state, by_id=by.pk
        )
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
        rule=plan.rule,
        by_id=by.pk,
    )


def is_held(run: ImportRun) -> bool:
    """Whether a process is at work on `run` at this moment."""
    try:
        with (run.folder / "lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _where_it_stood(run: ImportRun) -> str:
    if run.state != State.PAUSED:
        return run.state
    return State.WRITING if run.phase else State.WAITING


@action
def pause_import(run: ImportRun, *, by: Viewer) -> ImportRun:
    """Have an import stop after the chunk that it is writing; what is written stays. Raises Refused at its end."""
    return _ask(
        run, by, Wanted.PAUSE, State.PAUSED, BEFORE_THE_END, _("This import is not running; there is nothing to pause.")
    )


@action
def cancel_import(run: ImportRun, *, by: Viewer) -> ImportRun:
    """Have an import stop for good after the chunk that it is writing; what is written stays until it is taken back."""
    stoppable = (*BEFORE_THE_END, State.PAUSED, State.FAILED)
    return _ask(run, by, Wanted.CANCEL, State.CANCELLED, stoppable, _("This import has come to its end already."))


def _ask(run: ImportRun, by: Viewer, wanted: str, state: str, among: tuple[str, ...], refusal: str) -> ImportRun:
    require(by, "edit", run)
    stored = ImportRun.objects.select_for_update().get(pk=run.pk)
    if stored.state not in among:
        raise Refused(refusal)
    values = {"wanted": wanted} if is_held(stored) else {"wanted": Wanted.NOTHING, "state": state}
    ImportRun.objects.filter(pk=run.pk).update(**values)
    _tell(stored, {"wanted": [stored.wanted, wanted]})
    run.refresh_from_db()
    return run


def begin_work(run: ImportRun, *, by: Viewer) -> None:
    """Have a worker take a run to its end, or compare it where it is a dry run; of one run one works at a time."""
    words = _("Comparing %(file)s") if run.dry_run else _("Import of %(file)s")
    work = import_string(COMPARE if run.dry_run else TAKE_IN)
    tasks.enqueue(work, run.pk, by=by, label=words % {"file": run.file_name}, key=f"import:{run.pk}")


@action
def resume_import(run: ImportRun, *, by: Viewer) -> ImportRun:
    """Have a paused import go on where it stood, in the background. Raises Refused for one that was not paused."""
    require(by, "edit", run)
    stored = ImportRun.objects.select_for_update().get(pk=run.pk)
    asked = stored.wanted == Wanted.PAUSE and stored.state in BEFORE_THE_END
    if stored.state not in (State.PAUSED, State.FAILED) and not asked:
        raise Refused(_("This import is not paused."))
    uploads.room_for(stored.file_size, uploading=False)
    ImportRun.objects.filter(pk=run.pk).update(
        wanted=Wanted.NOTHING, state=_where_it_stood(stored) if stored.state == State.PAUSED else stored.state
    )
    _tell(stored, {"state": [stored.state, _where_it_stood(stored)]})
    run.refresh_from_db()
    begin_work(run, by=by)
    return run


@action
def begin_revert(run: ImportRun, *, by: Viewer) -> ImportRun:
    """Have all that an import did be taken back, in the background. Raises Refused where there is nothing to take back,
    or it is being done or was done already."""
    run.refresh_from_db()
    if run.state != State.REVERTING or is_held(run) or _is_queued(run):
        run = mark_for_revert(run, by=by)
    label = _("Taking back the import of %(file)s") % {"file": run.file_name}
    tasks.enqueue(import_string(REVERT), run.pk, by=by, label=label, key=f"import:{run.pk}")
    return run


def _is_queued(run: ImportRun) -> bool:
    """Whether a task for `run` waits or runs; one that has failed does not count, and may be started again."""
    from guanxi.foundation.tasks.models import BackgroundTask

    open_states = (BackgroundTask.State.WAITING, BackgroundTask.State.RUNNING)
    return BackgroundTask.objects.filter(unique_key=f"import:{run.pk}", state__in=open_states).exists()


@action
def mark_for_revert(run: ImportRun, *, by: Viewer) -> ImportRun:
    """Decide that an import is taken back; `reverting.revert` does it. Raises Refused as `begin_revert`."""
    require(by, "edit", run)
    stored = ImportRun.objects.select_for_update().get(pk=run.pk)
    refuse_whose_reach_is_less(by, stored.kind, stored.by_id)
    if stored.state == State.REVERTED:
        raise Refused(_("This import was taken back already."))
    if stored.state == State.REVERTING:
        raise Refused(_("This import is being taken back already."))
    if stored.dry_run or (not stored.phase and stored.state != State.DONE):
        raise Refused(_("This import has written nothing; there is nothing to take back."))
    if stored.state not in REVERTIBLE or is_held(stored):
        raise Refused(_("This import is still at work; pause or cancel it first."))
    ImportRun.objects.filter(pk=run.pk).update(
        state=State.REVERTING, wanted=Wanted.NOTHING, error="", reverted_by=by.pk, reverted_at=None
    )
    _tell(stored, {"state": [stored.state, State.REVERTING.value]})
    run.refresh_from_db()
    return run


@action
def finish_revert(run: ImportRun, taken_back: dict[str, int], kept: int, *, by: Viewer) -> ImportRun:
    """Note the end of a taking back, audit it as one change of a whole set, and tell the ledger's readers."""
    ImportRun.objects.filter(pk=run.pk).update(
        state=State.REVERTED, reverted_at=timezone.now(), kept=kept, taken_back=taken_back, error=""
    )
    run.refresh_from_db()
    _tell(run, {name: [count, None] for name, count in taken_back.items()} | {"kept": [None, kept]})
    record("import.reverted", about=run, payload={"file": run.file_name, "kept": kept}, by=by)
    return run


def _tell(run: ImportRun, changes: dict[str, Any]) -> None:
    label = f"{run.get_kind_display()}: {run.file_name}"
    audit.record_summary(occasion(), run._meta.label_lower, run.pk, label, changes)


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
    counts = ("read", "accepted", "rejected", "created", "updated", "unchanged", "skipped")
    _tell(run, {name: [None, getattr(run, name)] for name in counts})
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
        "rule": plan.rule,
        "match_by": plan.match_by,
    }
    values = {"header_digest": plan.header_digest, "mapping": plan.mapping, "options": options}
    return ImportMapping.objects.update_or_create(kind=plan.kind, name=name, defaults=values)[0]


@action
def forget_mapping(name: str, kind: str, *, by: Viewer) -> None:
    """Take away a kept mapping. Raises Refused where there is none of that name."""
    stored = ImportMapping.objects.visible_to(by).filter(kind=kind, name=name).first()
    if stored is None:
        raise Refused(_("There is no mapping “%(name)s”.") % {"name": name}, "mapping")
    delete(stored)


@action
def source_called(code: str, *, by: Viewer) -> Source:
    """The source with this code; made where it is new."""
    return Source.objects.get_or_create(code=code, defaults={"name": code})[0]

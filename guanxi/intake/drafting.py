"""What can be done with an import that is being prepared: begin it, choose, check it, import it, throw it away."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import tasks
from guanxi.foundation.actions import Refused, action
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import Viewer, require
from guanxi.intake import actions, plan
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.fields import fields_of
from guanxi.intake.models import ImportRun, kinds
from guanxi.intake.tasks import find_difference, revert_import, take_in

State = ImportRun.State
AT_WORK = (State.WAITING, State.CHECKING, State.WRITING, State.REVERTING)
AT_IT = (State.WRITING, State.PAUSED, State.REVERTING)
WRITTEN = (*AT_IT, State.DONE, State.REVERTED)  # rows may have been written
SMALL = 1_000_000  # bytes: a matter of seconds, which waits for no learning and no other long work


class Stale(Refused):
    """Somebody else has changed the draft since it was looked at."""


class BeingImported(Refused):
    """The file is being imported already; `run` is where."""

    def __init__(self, run: ImportRun) -> None:
        super().__init__(_("This file is being imported already."))
        self.run = run


@action
def begin_draft(
    kind: str,
    path: Path,
    name: str,
    *,
    by: Viewer,
    choices: dict[str, Any] | None = None,
    mends: ImportRun | None = None,
) -> ImportDraft:
    """Prepare the import of a file that lies at `path` and was called `name`."""
    require(by, "create", ImportRun)
    if kind not in dict(kinds()):
        raise Refused(_("Choose what the file holds."), "kind")
    return ImportDraft.objects.create(
        kind=kind,
        file_name=name[:255],
        path=str(path),
        file_size=path.stat().st_size,
        choices=choices or {},
        mends=mends,
        by_id=by.pk,
        changed_by_id=by.pk,
    )


@action
def choose(draft_id: int, choices: dict[str, Any], seen: int, *, by: Viewer) -> ImportDraft:
    """Keep what was chosen. Raises Stale where somebody else chose something after version `seen`."""
    require(by, "create", ImportRun)
    draft = ImportDraft.objects.select_for_update().get(pk=draft_id)
    if draft.run is not None:
        raise BeingImported(draft.run)
    if draft.version != seen and draft.changed_by_id != by.pk:
        words = _("%(who)s has changed this meanwhile. Here is how it stands now; choose again what is still missing.")
        raise Stale(words % {"who": draft.changed_by or _("Somebody")})
    if choices != draft.choices:
        before, draft.checked = draft.checked, None
        draft.choices = choices
        draft.changed_by_id, draft.changed_at = by.pk, timezone.now()
        draft.version += 1
        draft.save()
        if before is not None:
            _forget_check(before, by)
    return draft


def _forget_check(run: ImportRun, by: Viewer) -> None:
    """Forget a comparison that has written nothing and that no draft needs any longer."""
    if ImportDraft.objects.filter(checked=run).exists() or run.state in WRITTEN:
        return
    if actions.is_held(run):
        actions.cancel_import(run, by=by)
        return
    folder = run.folder
    ImportRun.objects.filter(pk=run.pk).delete()
    transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))


def plan_of(draft: ImportDraft, complete: bool = True) -> plan.Plan:
    """The plan that the choices of a draft lead to. Raises Refused where the file or a choice is no good."""
    choices = dict(draft.choices)
    if "mapping" in choices:  # a declared field may have gone since
        known = fields_of(draft.kind)
        choices["mapping"] = {name: found for name, found in choices["mapping"].items() if name in known}
    return plan.prepare(draft.kind, draft.file, complete=complete, **choices)


@action
def check_draft(draft_id: int, *, by: Viewer) -> ImportRun:
    """Begin to compare the file of a draft with what is known; where nothing was chosen since, it is done already.

    The same run is the import later: what was checked is not read a second time.
    """
    draft = _locked(draft_id)
    run = draft.checked
    if run is None or run.state not in (State.WAITING, State.CHECKING, State.COMPARED):
        run = actions.begin_import(plan_of(draft), by=by)
        if run.state in WRITTEN:  # by somebody else's draft of the same file
            raise BeingImported(run)
        _name(run, draft)
        ImportDraft.objects.filter(pk=draft.pk).update(checked=run)
        if task_of(run) is None and run.state != State.COMPARED:
            _enqueue(find_difference, run, by)
    return run


@action
def import_draft(draft_id: int, *, by: Viewer) -> ImportRun:
    """Begin the import of a draft that was checked. Raises BeingImported where it has begun already."""
    draft = _locked(draft_id)
    checked = draft.checked
    if checked is not None and checked.state in AT_IT:  # by somebody else's draft of the same file
        raise BeingImported(checked)
    if checked is None or checked.state != State.COMPARED:
        raise Refused(_("Look at what would change first; the check is not at its end."), "check")
    run = actions.begin_import(plan_of(draft), by=by)
    ImportDraft.objects.filter(pk=draft.pk).update(checked=None, run=run, changed_at=timezone.now())
    if run.state in WRITTEN or task_of(run) is not None:
        raise BeingImported(run)
    _name(run, draft)
    if run.state == State.COMPARED:
        run = actions.note_state(run, by=by, state=State.WRITING)
    _enqueue(take_in, run, by)
    return run


def _name(run: ImportRun, draft: ImportDraft) -> None:
    ImportRun.objects.filter(pk=run.pk).update(file_name=draft.file_name)
    run.file_name = draft.file_name


def _locked(draft_id: int) -> ImportDraft:
    draft = ImportDraft.objects.select_for_update().get(pk=draft_id)
    if draft.run is not None:
        raise BeingImported(draft.run)
    return draft


@action
def throw_away(draft_id: int, *, by: Viewer) -> None:
    """Forget a draft, and its file where nothing else needs it."""
    require(by, "create", ImportRun)
    draft = ImportDraft.objects.select_for_update().get(pk=draft_id)
    checked = draft.checked
    draft.delete()
    if checked is not None:
        _forget_check(checked, by)
    needed = ImportDraft.objects.filter(path=draft.path).exists() or ImportRun.objects.filter(path=draft.path).exists()
    if not needed:
        draft.file.unlink(missing_ok=True)


# The work behind it ------------------------------------------------------------------------------------------------


def _key(run: ImportRun) -> str:
    """The key of all background work on a run, so that two pieces of it never run at once."""
    return f"import:{run.pk}"


def _enqueue(work: Any, run: ImportRun, by: Viewer) -> None:
    if run.file_size <= SMALL:
        work = work.using(queue_name="default")
    tasks.enqueue(work, run.pk, by=by, label=f"{work.label}: {run.file_name}", key=_key(run))


def task_of(run: ImportRun) -> BackgroundTask | None:
    """The background task that works on a run, or waits to."""
    open_ones = BackgroundTask.objects.filter(unique_key=_key(run), state__in=("waiting", "running"))
    return open_ones.order_by("state", "-id").first()  # “running” comes before “waiting”


def is_stuck(run: ImportRun) -> bool:
    """Whether a run should be at work, but nobody works on it or will: its task failed, or was cancelled."""
    return run.state in AT_WORK and task_of(run) is None and not actions.is_held(run)


@action
def go_on(run: ImportRun, *, by: Viewer) -> None:
    """Have a run go on that was paused, failed or is stuck. Raises Refused where it is at work or at its end."""
    require(by, "edit", run)
    if not is_stuck(run):
        actions.resume_import(run, by=by)
    elif run.state == State.REVERTING:
        _enqueue(revert_import, run, by)
    elif run.state == State.WRITING or not ImportDraft.objects.filter(checked=run, run=None).exists():
        _enqueue(take_in, run, by)
    else:
        _enqueue(find_difference, run, by)

"""What people can do with background tasks."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused, action, change
from guanxi.foundation.tasks.models import BackgroundTask, State
from guanxi.foundation.visibility import Viewer, require


@action
def retry_task(task: BackgroundTask, *, by: Viewer) -> BackgroundTask:
    """Let a failed or cancelled task wait again, with all its attempts. Refused where it is open or done."""
    row = _locked(task, by)
    if row.state not in (State.FAILED, State.CANCELLED):
        raise Refused(_("Only a failed or cancelled task can be tried again; this one is: %(state)s.") % _state_of(row))
    twin = BackgroundTask.objects.filter(unique_key=row.unique_key, state=State.WAITING)
    if row.unique_key and twin.exists():
        raise Refused(_("The same work is waiting already."))
    return change(
        row,
        state=State.WAITING,
        attempts=0,
        run_after=timezone.now(),
        finished_at=None,
        worker="",
        cancel_requested=False,
        error="",
        traceback="",
    )


@action
def cancel_task(task: BackgroundTask, *, by: Viewer) -> BackgroundTask:
    """Cancel a waiting task at once; ask a running one to end, which it does when it next tells its progress.

    Refused where it has ended already.
    """
    row = _locked(task, by)
    if row.state == State.RUNNING:
        return change(row, cancel_requested=True)
    if row.state == State.WAITING:
        return change(row, state=State.CANCELLED, finished_at=timezone.now())
    raise Refused(_("This task has ended already: %(state)s.") % _state_of(row))


def _locked(task: BackgroundTask, by: Viewer) -> BackgroundTask:
    row = BackgroundTask.objects.select_for_update().get(pk=task.pk)
    require(by, "edit", row)
    return row


def _state_of(row: BackgroundTask) -> dict[str, str]:
    return {"state": str(State(row.state).label)}

"""The customer's rights in the background."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.customers.rights import actions, erasing, gathering, retention
from guanxi.customers.rights.models import Erasure, Request
from guanxi.foundation import clock, notifications, tasks
from guanxi.foundation.models import User
from guanxi.foundation.notices.kinds import DONE
from guanxi.foundation.tasks import task
from guanxi.foundation.visibility import SYSTEM, Viewer


@task(label=_("Everything kept about a customer"), queue_name="long")
def gather(request_id: int, user_id: int | None) -> str:
    """Write the file that a request for access or portability asks for, and tell whoever asked for it."""
    row = Request.objects.select_related("party").get(pk=request_id)
    if row.party is None:
        return ""
    name = gathering.pack(row.party)
    by: Viewer = (User.objects.filter(pk=user_id).first() if user_id else None) or SYSTEM
    actions.note_file(row.pk, name, clock.now() + gathering.KEPT_FOR, by=by)
    if isinstance(by, User):
        notifications.notify(
            by, str(_("The file of a request is ready")), url=f"/requests/{row.pk}/", level="success", kind=DONE
        )
    return name


@task(label=_("Erasure of a customer"), queue_name="long")
def erase(erasure_id: int, request_id: int | None = None) -> dict[str, Any]:
    """Go on with an erasure that was begun, and close the request that asked for it."""
    row = erasing.carry_out(Erasure.objects.get(pk=erasure_id))
    request = Request.objects.filter(pk=request_id).first() if request_id else None
    if request is not None and request.is_open:
        actions.complete_request(request.pk, by=SYSTEM)
    tasks.enqueue(sweep, key="rights:sweep")
    return {"counts": row.counts}


@task(label=_("Overwriting what was erased"), queue_name="long")
def sweep() -> None:
    """Write anew what keeps traces of what was deleted."""
    erasing.sweep()


@task(label=_("Rules of retention"), queue_name="long")
def retain() -> dict[str, Any]:
    """Run the rules in force; forget files that are out of date."""
    return {"deleted": retention.run_all(by=SYSTEM), "files": actions.forget_files(by=SYSTEM)}

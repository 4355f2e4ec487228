"""The screen of background tasks: what waits, what runs and how far it is, what failed and why."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from guanxi.foundation import desk, hooks, shell
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Bulk, Column, Menu, Panel, Pill, display
from guanxi.foundation.tasks.actions import cancel_task, retry_task
from guanxi.foundation.tasks.models import BackgroundTask, State
from guanxi.foundation.visibility import Viewer

MINUTE = 60  # seconds
TONES = {
    State.WAITING: "neutral",
    State.RUNNING: "info",
    State.DONE: "good",
    State.FAILED: "bad",
    State.CANCELLED: "warn",
}


def pill(row: BackgroundTask) -> Pill:
    """The state as a pill."""
    if row.state == State.RUNNING and row.cancel_requested:
        return Pill(_now("Ending"), "warn")
    return Pill(State(row.state).label, TONES[State(row.state)])


def _pill(row: BackgroundTask) -> dict[str, Any]:
    one = pill(row)
    return {"pill": one, "pill_class": display.tone(one)}


def state(row: BackgroundTask) -> SafeString:
    """State and progress; renews itself while the task is open."""
    return render_to_string("tasks/state.html", {"task": row, **_pill(row)})


def how_long(row: BackgroundTask) -> str:
    """How long it ran: tenths of a second below a minute, else as h:mm:ss."""
    if row.duration is None:
        return ""
    seconds = row.duration.total_seconds()
    return f"{seconds:.1f} s" if seconds < MINUTE else str(row.duration).partition(".")[0]


def asked_by(row: BackgroundTask) -> str:
    """Who asked for it; schedules and the command line are the system."""
    return str(row.requested_by) if row.requested_by else _now("The system")


def data(name: str) -> Any:
    """A column's `render` for JSON values."""

    def render(row: BackgroundTask) -> SafeString | str:
        value = getattr(row, name)
        if value in (None, [], {}):
            return ""
        return format_html('<span class="code">{}</span>', json.dumps(value, ensure_ascii=False))

    return render


@desk.register
class Tasks(desk.Desk):
    model = BackgroundTask
    slug = "tasks"
    general = False
    label = _("Background tasks")
    noun = _("background task")
    menu = Menu(section=shell.SYSTEM, icon="progress", order=70)
    empty_words = _("Imports, refreshes and reports stand here while they run, and after.")
    columns = (
        Column("label", label=_("Task"), link=True, render=str, export=str, needs=["function", "own_label"]),
        Column("state", render=state, sort=False),
        Column("requested_by", label=_("Asked for by"), render=asked_by, export=asked_by, sort=False),
        Column("enqueued_at", sort=False),
        Column("duration", label=_("Ran for"), render=how_long, export=how_long, needs=["started_at", "finished_at"]),
        Column("error", sort=False),
        Column("routine", sort=False, shown=False),
        Column("attempts", sort=False, shown=False),
    )
    filters = ("state", "routine", "requested_by", "enqueued_at", "function")
    search_fields = ("own_label", "function", "error")
    facts = (
        Column("requested_by", label=_("Asked for by"), render=asked_by),
        "enqueued_at",
        Column("run_after", when=lambda row: row.state == State.WAITING),
        Column("started_at", when=lambda row: row.started_at),
        Column("finished_at", when=lambda row: row.finished_at),
        Column("duration", label=_("Ran for"), render=how_long, when=lambda row: row.started_at),
        Column("attempts", render=lambda row: f"{row.attempts} / {row.max_attempts}"),
        "routine",
        Column("function", render=lambda row: format_html('<span class="code">{}</span>', row.function)),
        Column("args", render=data("args"), when=lambda row: row.args),
        Column("kwargs", render=data("kwargs"), when=lambda row: row.kwargs),
        Column("result", render=data("result"), when=lambda row: row.result is not None),
        Column("request_id", when=lambda row: row.request_id),
        Column("worker", when=lambda row: row.worker),
    )

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Tasks with who asked for them."""
        return super().rows(viewer).select_related("requested_by")


def _bulk(action: Any, ids: list[int], by: Viewer) -> str:
    done = 0
    for row in BackgroundTask.objects.visible_to(by).filter(pk__in=ids):
        try:
            action(row, by=by)
        except Refused:
            continue  # it has ended, or has begun, since the list was drawn
        done += 1
    return ngettext("%(count)s task changed.", "%(count)s tasks changed.", done) % {"count": done}


def cancel_all(ids: list[int], *, by: Viewer) -> str:
    """Cancel those of the tasks that are open."""
    return _bulk(cancel_task, ids, by)


def retry_all(ids: list[int], *, by: Viewer) -> str:
    """Try those of the tasks again that failed or were cancelled."""
    return _bulk(retry_task, ids, by)


def progress_context(row: BackgroundTask, viewer: Viewer) -> dict[str, Any]:
    """What the panel of a task's page shows."""
    left = row.time_left
    return {
        "task": row,
        **_pill(row),
        "can_retry": row.state in (State.FAILED, State.CANCELLED),
        "time_left": str(left).partition(".")[0] if left is not None else "",
    }


hooks.register("panel:tasks", Panel("middle", "", "tasks/panel.html", context=progress_context, bare=True))
hooks.register("bulk:tasks", Bulk("retry", _("Try again"), retry_all, icon="refresh"))
hooks.register("bulk:tasks", Bulk("cancel", _("Cancel"), cancel_all, icon="player-stop"))

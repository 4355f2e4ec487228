"""What tasks hang into the house: a panel on every record, the list, Today, reminders, search, the API."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, search, shell
from guanxi.foundation.custom_fields import homes, roll_ups
from guanxi.foundation.desk import Column, Desk, Panel, record_url
from guanxi.foundation.keys import RECORD, Shortcut
from guanxi.foundation.tasks import Every
from guanxi.foundation.todos import actions, api, desk, tasks, views
from guanxi.foundation.todos.models import Todo

hooks.register(
    "panel:*", Panel("right", _("Tasks"), "todos/panel.html", context=views.panel, order=15, lazy=True, key="todos")
)


@hooks.register("panel:*")
def _bar(of: Desk) -> list[Panel]:
    """The next action, above the records of those types that have one."""
    if not of.next_action:
        return []
    return [Panel("head", "", "todos/next.html", context=views.next_bar, order=0, bare=True, key="next-action")]


@hooks.register("columns:*")
def _columns(of: Desk) -> list[Column]:
    """The next action as a column, and as a filter: whether there is one."""
    return [desk.next_column(of)] if of.next_action else []


hooks.register(
    "shortcut", Shortcut("d", "next-done", _("Do the next action, and say what comes after it"), RECORD), order=20
)
hooks.register(
    "menu",
    shell.MenuEntry(shell.WORK, _("My tasks"), "todos:mine", "checkbox", order=5, key="t", needs=("view", "tasks")),
)
hooks.register("today_section", desk.overdue_section, order=5)
hooks.register("schedule", Every(tasks.remind_due, minutes=1))


@hooks.register("roll_up_source")
def _sources() -> list[roll_ups.Source]:
    """Tasks, as they hang on records of every type that has custom fields."""
    return [
        roll_ups.Source(
            home.label,
            "tasks",
            _("Tasks"),
            Todo,
            "object_id",
            {"due_on": _("Due"), "done_at": _("Done"), "created_at": _("Made")},
            moment="created_at",
            conditions=[
                ("open", _("Open"), Q(done_at__isnull=True)),
                ("done", _("Done"), Q(done_at__isnull=False)),
            ],
            type_field="object_type",
        )
        for home in homes.homes()
        if home.desk.general
    ]


hooks.register(
    "search",
    search.Source(
        object_type="todos.todo",
        letter="d",
        model=Todo,
        title=lambda todo: todo.what,
        subtitle=actions.when,
        url=lambda number: record_url("todos", number),
        icon="checkbox",
    ),
    order=80,
)
hooks.register("api", ("/todos", api.router), order=74)

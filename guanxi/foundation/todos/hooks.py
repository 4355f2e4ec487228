"""What tasks hang into the house: a panel on every record, the list, Today, reminders, search, the API."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, search, shell
from guanxi.foundation.desk import Panel
from guanxi.foundation.tasks import Every
from guanxi.foundation.todos import actions, api, desk, tasks, views
from guanxi.foundation.todos.models import Todo

hooks.register(
    "panel:*", Panel("right", _("Tasks"), "todos/panel.html", context=views.panel, order=15, lazy=True, key="todos")
)
hooks.register(
    "menu",
    shell.MenuEntry(shell.WORK, _("My tasks"), "todos:mine", "checkbox", order=5, key="t", needs=("view", "tasks")),
)
hooks.register("today_section", desk.overdue_section, order=5)
hooks.register("schedule", Every(tasks.remind_due, minutes=1))
hooks.register(
    "search",
    search.Source(
        object_type="todos.todo",
        letter="d",
        model=Todo,
        title=lambda todo: todo.what,
        subtitle=actions.when,
        url=lambda number: reverse("desk:record", args=["todos", number]),
        icon="checkbox",
    ),
    order=80,
)
hooks.register("api", ("/todos", api.router), order=74)

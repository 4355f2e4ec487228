"""The list of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import belonging, clock, desk
from guanxi.foundation.desk import Board, Button, Calendar, Column, Lane, Lanes, Pill
from guanxi.foundation.todos import actions, queries
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import SYSTEM, Viewer

TONES = {Todo.Priority.HIGH.value: "red", Todo.Priority.NORMAL.value: "grey", Todo.Priority.LOW.value: "grey"}
ON_TODAY = 8
LOOKED_AT = 2 * ON_TODAY  # some may be on records that the viewer does not see any more


def tick(row: Todo) -> SafeString:
    """The button that does or undoes the task."""
    return mark_safe(render_to_string("todos/tick.html", {"todo": row}))


def due(row: Todo) -> Any:
    """When it is due, red where that is over."""
    words = actions.day_and_time(row)
    return Pill(words, "bad") if row.is_overdue else words


def priority(row: Todo) -> Any:
    """The priority, where it is not the normal one."""
    return "" if row.priority == Todo.Priority.NORMAL else Pill(row.get_priority_display(), TONES[row.priority])


def about(rows: Sequence[Todo]) -> dict[int, Any]:
    """The records that the tasks of a page are on."""
    found = belonging.places(rows, SYSTEM)
    shown = {}
    for row in rows:
        place = found.get((row.object_type, row.object_id))  # type: ignore[arg-type]
        if place:
            shown[row.pk] = format_html('<a href="{}">{}</a>', place.url, place.title)
    return shown


def states() -> list[Lane]:
    """The lanes of a board by state."""
    to_do, today = Q(done_at__isnull=True), clock.today()
    return [
        Lane("overdue", _("Overdue"), to_do & Q(due_on__lt=today), accepts=False, tone="bad"),
        Lane("open", _("To do"), to_do & Q(due_on__gte=today), tone="info"),
        Lane("undated", _("Without a day"), to_do & Q(due_on__isnull=True), accepts=False),
        Lane("done", _("Done"), Q(done_at__isnull=False), tone="good"),
    ]


def next_column(of: desk.Desk) -> Column:
    """The next action of each record of a desk; as a filter, whether there is one."""

    def shown(rows: Sequence[Any]) -> dict[int, Any]:
        found = queries.next_actions(rows, whose=False)
        return {
            pk: Pill(actions.sentence(todo), "bad") if todo.is_overdue else actions.sentence(todo)
            for pk, todo in found.items()
        }

    def has_one(values: list[Any]) -> Q:
        label = of.model._meta.label_lower
        rows = Todo.objects.filter(object_type=label, object_id=OuterRef("pk"), is_next=True).open()
        exists = Q(Exists(rows))
        return ~exists if values and not any(values) else exists

    return Column(
        "next_action",
        label=_("Next action"),
        kind="boolean",
        fetch=shown,
        condition=has_one,
        sort=False,
        shown=False,
    )


@desk.register
class Todos(desk.Desk):
    """All tasks."""

    model = Todo
    slug = "todos"
    general = False
    icon = "checkbox"
    label = _("Tasks")
    empty_words = _("Write down what is to be done on any record, or here with “New task”.")
    columns = [
        Column("done_at", label=_("Done"), render=tick, needs=["done_at", "what"], sort=False),
        Column("what", link=True, render=actions.sentence, needs=["what", "verb"], sort=False),
        Column("about", label=_("On"), fetch=about, needs=["object_type", "object_id"]),
        Column("due_on", render=due, needs=["due_on", "due_time", "done_at"]),
        Column("assignee", label=_("For whom"), sort=False),
        Column("priority", render=priority, needs=["priority"], sort=False),
        Column("is_next", shown=False, sort=False),
        Column("object_type", shown=False, sort=False, label=_("Type")),
        Column("object_id", shown=False, sort=False, label=_("Number")),
        Column("created_at", kind="date", shown=False),
    ]
    default_sort = "due_on"
    filters = ["assignee", "due_on", "priority", "verb", "done_at", "what", "is_next"]
    lanes = [Lanes("state", _("State"), states, actions.move)]
    board = Board(by="state", card=["due_on", "assignee", "about", "priority"])
    calendar = Calendar(by="due_on", card=["assignee", "about"])
    search_type = "todos.todo"
    facts = [
        "verb",
        "what",
        Column("due_on", render=due, editable=True),
        "due_time",
        Column("remind_minutes"),
        "assignee",
        "priority",
        Column("is_next", editable=False),
        Column("done_at", editable=False),
        Column("created_at", editable=False),
    ]
    edit = actions.edit
    custom = "custom"
    in_sets = actions.IN_SETS
    remove = actions.remove
    new = [
        Column("verb", initial=Todo.Verb.CALL),
        Column("what", required=True),
        "due_on",
        "due_time",
        Column("remind_minutes", help=_("60 is an hour, 1440 a day.")),
        Column("assignee", initial=None),
        Column("priority", initial=Todo.Priority.NORMAL),
    ]
    create = actions.add
    quick = [desk.Quick(_("Task"), "checkbox")]

    def title(self, row: Todo) -> str:
        return actions.sentence(row)

    def pills(self, row: Todo) -> list[Pill]:
        if row.done_at:
            return [Pill(_("Done"), "good")]
        return [Pill(_("Overdue"), "bad")] if row.is_overdue else []

    def buttons(self, row: Todo, viewer: Viewer) -> list[Button]:
        place = belonging.places([row], viewer).get((row.object_type, row.object_id))  # type: ignore[arg-type]
        return [Button(place.title, place.url, place.icon)] if place else []


def overdue_section(viewer: Viewer) -> dict[str, Any] | None:
    """The viewer's own overdue tasks on Today, the oldest first."""
    rows = list(queries.urgent_first(queries.own_open(viewer).overdue())[:LOOKED_AT])
    found = belonging.places(rows, viewer)
    lines = [(row, found.get((row.object_type, row.object_id))) for row in rows]  # type: ignore[arg-type]
    seen = [(row, place) for row, place in lines if place or not row.object_type][:ON_TODAY]
    return {"template": "todos/today.html", "lines": seen} if seen else None

"""Next actions by value and urgency, and the other tasks that are due."""

from __future__ import annotations

from collections import defaultdict

from django.utils.translation import gettext as _

from guanxi.foundation import clock, desk, hooks
from guanxi.foundation.todos import queries
from guanxi.foundation.visibility import Viewer
from guanxi.sales.day.lines import SHOWN, Line, Section, Worth, of_todos
from guanxi.sales.day.ranking import Candidate, ranked
from guanxi.sales.deals.models import Deal, State

# How many are looked at: due until today (the latest first), to come, without a day, and those on the best deals.
DUE, COMING, UNDATED, BEST = 200, 60, 40, 60
ACTIONS = 12
SPARE = 2  # times as many are asked for as are shown: some may be on records that the viewer does not see any more


def next_actions(viewer: Viewer) -> Section:
    """The viewer's own next actions, in the order of value and urgency."""
    today = clock.today()
    rows = _candidates(viewer)
    worths = _worths(rows, viewer)
    first = [row.pk for row in ranked(rows, worths, today)[: ACTIONS * SPARE]]
    lines: list[Line] = []
    while first and len(lines) < ACTIONS:
        some, first = first[:ACTIONS], first[ACTIONS:]
        lines += of_todos(queries.in_order(some), viewer, worths)
    filters = {"f.assignee": viewer.pk, "f.is_next": 1, "f.done_at__empty": 1}
    return Section(
        "next", _("Next, by value and urgency"), lines[:ACTIONS], desk.list_url("todos", filters), leads=True
    )


def _candidates(viewer: Viewer) -> list[Candidate]:
    """Those that can come first: what is due, what comes soon, and what is on the viewer's best deals."""
    today = clock.today()
    mine = queries.own_open(viewer).filter(is_next=True).values_list(*Candidate._fields)
    found = [
        *mine.filter(due_on__lte=today).order_by("-due_on", "-id")[:DUE],
        *mine.filter(due_on__gt=today).order_by("due_on", "id")[:COMING],
        *mine.filter(due_on__isnull=True).order_by("-id")[:UNDATED],
    ]
    if len(found) >= min(DUE, COMING, UNDATED):  # else these are all
        best = Deal.objects.filter(owner=viewer.pk, state=State.OPEN, weighted__isnull=False)
        ids = list(best.order_by("-weighted", "-pk").values_list("pk", flat=True)[:BEST])
        found += mine.filter(object_type="deals.deal", object_id__in=ids)
    return [Candidate(*row) for row in dict.fromkeys(found)]


def _worths(rows: list[Candidate], viewer: Viewer) -> dict[int, Worth]:
    """What the records of the tasks are worth, by the number of the task, as far as somebody knows it."""
    by_type: dict[str, dict[int, int]] = defaultdict(dict)
    for todo in rows:
        if todo.object_id is not None:
            by_type[todo.object_type][todo.object_id] = todo.pk
    found: dict[int, Worth] = {}
    for label, worth_of in hooks.get("day_worth"):
        todos = by_type.get(label, {})
        if todos:
            found |= {todos[number]: worth for number, worth in worth_of(todos.keys(), viewer).items()}
    return found


def tasks(viewer: Viewer) -> Section:
    """The viewer's other tasks that are overdue or due today; those without a record count too."""
    today = clock.today()
    due = queries.own_open(viewer).filter(due_on__lte=today, is_next=False)
    rows = list(queries.urgent_first(due)[: SHOWN * SPARE])
    filters = {"f.assignee": viewer.pk, "f.done_at__empty": 1}
    lines = of_todos(rows, viewer, {})[:SHOWN]
    return Section("tasks", _("Tasks until today"), lines, desk.list_url("todos", filters), leads=True)

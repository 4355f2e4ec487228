"""Making tasks, changing them, doing them, and reminding of them."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.foundation import belonging, clock, notifications, one_at_a_time, search, visibility
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.bulk_changes.writing import touch_again, write_fields
from guanxi.foundation.desk import SetOfChanges, Sets
from guanxi.foundation.models import User
from guanxi.foundation.notices.kinds import ASSIGNED, REMINDER
from guanxi.foundation.todos import queries
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import SYSTEM, Viewer, is_staff, may, require

FIELDS = ("verb", "what", "assignee", "due_on", "due_time", "remind_minutes", "priority")
LONGEST_REMINDER = 60 * 24 * 60  # minutes: sixty days


@action
def add(what: str = "", *, by: Viewer, record: Any = None, is_next: bool | None = None, **values: Any) -> Todo:
    """Make a task, for oneself unless `assignee` says for whom; a colleague is told.

    `is_next` makes it the next action of the record; not said, it becomes that where the record has none.
    `values`: verb, due_on, due_time, remind_minutes, priority. Raises Refused with the field that is wrong.
    """
    _refuse_unknown(values)
    if record is not None:
        require(by, "edit", record)
    values = {name: value for name, value in values.items() if value is not None}
    if "assignee" not in values and isinstance(getattr(by, "pk", None), int):
        values["assignee"] = User.objects.get(pk=by.pk)
    _check(values, record)
    place = belonging.reference(record) if record is not None else {}
    values |= {"what": _what(what), "author_id": by.pk, "created_at": clock.now(), **place}
    values["is_next"] = _takes_the_lead(record, is_next)
    made = create(Todo, remind_at=_remind_at(Todo(**values)), **values)
    search.touch(made)
    _hand_to(made, by)
    return made


@action
def edit(todo_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Todo:
    """Change a task; who gets it newly is told. A new day, time or reminder reminds again. Raises Conflict, Refused."""
    todo, record = _found(todo_id, by)
    _refuse_unknown(changes)
    values = dict(changes)
    if "what" in values:
        values["what"] = _what(values["what"])
    for name in ("verb", "priority"):
        if name in values and values[name] is None:
            raise Refused(_("This cannot be left empty."), name)
    if values.get("due_on", todo.due_on) is None:
        values["due_time"] = None if "due_on" in values else values.get("due_time")
    _check(values, record)
    before, was_for = todo.remind_at, todo.assignee_id
    for name, value in values.items():
        setattr(todo, name, value)
    values["remind_at"] = _remind_at(todo)
    if values["remind_at"] != before:
        values |= {"reminded_at": None}
    stored = change(todo, expected, **values)
    if stored.assignee_id != was_for:
        _hand_to(stored, by)
    search.touch(stored)
    return stored


@action
def set_done(todo_id: int, done: bool, *, by: Viewer) -> Todo:
    """Mark a task as done, or as not done after all. Of a record that has open tasks one always comes next: after the
    next action the most urgent of the others does.
    """
    todo, record = _found(todo_id, by)
    require(by, "edit", todo)
    if bool(todo.done_at) == done:
        return todo
    again: dict[str, Any] = {"is_next": _takes_the_lead(record, None)} if not done else {}
    stored = change(todo, done_at=clock.now() if done else None, done_by_id=by.pk if done else None, **again)
    if done:
        _pass_the_lead(stored)
    if done and record is not None:
        belonging.tell("todo.done", record, by=by, about=stored, verb=stored.verb, what=stored.what)
    return stored


@action
def make_next(todo_id: int, *, by: Viewer) -> Todo:
    """Let a task be the next action of its record; the one that was stays a task. Raises Refused where it is done or
    on no record.
    """
    todo, record = _found(todo_id, by)
    if record is None:
        raise Refused(_("Only a task on a record can be its next action."), "is_next")
    if todo.done_at:
        raise Refused(_("This is done already."), "is_next")
    require(by, "edit", todo)
    _takes_the_lead(record, True)
    return change(todo, is_next=True)


@action
def move(todo_id: int, to: str, seen: Any = None, *, by: Viewer) -> Todo:
    """Move a task on the board by state: to “done” or to “open”."""
    return set_done(todo_id, to == "done", by=by)


@action
def remove(todo_id: int, *, by: Viewer) -> Any:
    """Delete a task; returns the record that it was on, if any."""
    todo, record = _found(todo_id, by)
    search.remove(Todo, [todo.pk])
    delete(todo)
    _pass_the_lead(todo)
    return record


def _write_many(changes: SetOfChanges) -> None:
    """Change many tasks together; a colleague who gets some is told once."""
    write_fields(Todo, changes)
    touch_again(Todo, list(changes.rows))
    given: dict[int, int] = defaultdict(int)
    for fields in changes.rows.values():
        if "assignee" in fields and fields["assignee"][1]:
            given[int(fields["assignee"][1])] += 1
    for user in User.objects.filter(pk__in=given):
        if user.pk != changes.by.pk and not changes.undo:
            _tell_of_many(user, given[user.pk], changes.by)


def _tell_of_many(user: User, count: int, by: Viewer) -> None:
    with translation.override(user.language or None):
        words = ngettext("%(who)s gave you %(count)s task.", "%(who)s gave you %(count)s tasks.", count)
        notifications.notify(user, words % {"who": by, "count": count}, url="/todos/mine/")


def _clean_for_many(name: str, value: Any) -> Any:
    if name == "assignee" and value is not None:
        _check({"assignee": User.objects.get(pk=value)}, None)
    return value


IN_SETS = Sets(_write_many, frozenset({"assignee", "priority", "verb"}).__contains__, _clean_for_many)


# Reminders ----------------------------------------------------------------------------------------------------------


def remind(todo_id: int) -> bool:
    """Remind of one task if that is due and was not done yet; True where it was done now.

    The row is held while it is decided, so that of two workers one reminds and the other finds it done.
    """
    with transaction.atomic():
        todo = Todo.objects.select_for_update(of=("self",)).select_related("assignee").filter(pk=todo_id).first()
        if todo is None or todo.done_at or todo.reminded_at or not todo.remind_at or todo.remind_at > clock.now():
            return False
        return _remind(todo_id, by=SYSTEM)


@action
def _remind(todo_id: int, *, by: Viewer) -> bool:
    todo = Todo.objects.select_related("assignee").get(pk=todo_id)
    Todo.objects.filter(pk=todo.pk).update(reminded_at=timezone.now())
    user = todo.assignee
    if user is None or not is_staff(user):
        return False
    with translation.override(user.language or None):
        notifications.notify(
            user, _("Task: %(what)s") % {"what": sentence(todo)}, when(todo), url_of(todo), "warning", REMINDER
        )
    return True


def sentence(todo: Todo) -> str:
    """The task in one line: the verb, unless the words say it, and what."""
    if todo.verb == Todo.Verb.DO:
        return todo.what
    # Not `get_verb_display`, which translates all verbs to show one.
    verb = Todo.Verb(todo.verb).label if todo.verb in Todo.Verb else todo.verb
    return _("%(verb)s: %(what)s") % {"verb": verb, "what": todo.what}


def day_and_time(todo: Todo) -> str:
    """The day, and the time where it has one; empty where it has no day."""
    if todo.due_on is None:
        return ""
    day = formats.date_format(todo.due_on, "DATE_FORMAT")
    return f"{day} {formats.time_format(todo.due_time, 'H:i')}" if todo.due_time else day


def when(todo: Todo) -> str:
    """When it is due, in words; empty where it has no day."""
    moment = day_and_time(todo)
    return _("due %(when)s") % {"when": moment} if moment else ""


def url_of(todo: Todo) -> str:
    """The page of a task."""
    return f"/todos/{todo.pk}/"


# Checks -------------------------------------------------------------------------------------------------------------


def _found(todo_id: int, by: Viewer) -> tuple[Todo, Any]:
    """The task, held against other writers, and its record (None where it has none).

    What comes next on the record is held before the task, by everybody in this order: else two would wait for each
    other, one with a task that the other is to take the lead from.
    """
    seen = Todo.objects.visible_to(by).get(pk=todo_id)
    if seen.object_id is not None:
        _hold_next(seen.object_type, seen.object_id)
    todo = Todo.objects.select_for_update().get(pk=seen.pk)
    if not todo.object_type or todo.object_id is None:
        return todo, None
    return todo, belonging.find_record(todo.object_type, todo.object_id, by)


def _takes_the_lead(record: Any, wanted: bool | None) -> bool:
    """Whether a task becomes the next action of `record`; where it is to, the one that was makes room."""
    if record is None:
        if wanted:
            raise Refused(_("Only a task on a record can be its next action."), "is_next")
        return False
    _hold_next(record._meta.label_lower, record.pk)
    present = list(Todo.objects.of(record).filter(done_at__isnull=True, is_next=True))
    if wanted:
        for other in present:
            with visibility.implied():  # that another one comes first follows from what was said of this one
                change(other, is_next=False)
    return wanted or (wanted is None and not present)


def _pass_the_lead(todo: Todo) -> None:
    """After the next action was done or deleted: let the most urgent open task of its record come next."""
    if not todo.is_next or todo.object_id is None:
        return
    _hold_next(todo.object_type, todo.object_id)
    waiting = Todo.objects.filter(object_type=todo.object_type, object_id=todo.object_id).open()
    heir = queries.urgent_first(waiting).first()
    if heir is not None and not waiting.filter(is_next=True).exists():
        with visibility.implied():  # it follows from what was done of the other
            change(heir, is_next=True)


def _hold_next(object_type: str, object_id: int) -> None:
    one_at_a_time.hold(f"next:{object_type}:{object_id}")


def _refuse_unknown(values: dict[str, Any]) -> None:
    unknown = [name for name in values if name not in FIELDS]
    if unknown:
        message = _("A task has no field “%(name)s”; known are %(known)s.")
        raise Refused(message % {"name": unknown[0], "known": ", ".join(FIELDS)}, unknown[0])


def _check(values: dict[str, Any], record: Any) -> None:
    assignee = values.get("assignee")
    if assignee is not None and not is_staff(assignee):
        raise Refused(_("%(who)s does not work here any more.") % {"who": assignee}, "assignee")
    if assignee is not None and record is not None and not may(assignee, "view", record):
        raise Refused(_("%(who)s may not see this record.") % {"who": assignee}, "assignee")
    minutes = values.get("remind_minutes")
    if minutes is not None and not 0 <= minutes <= LONGEST_REMINDER:
        raise Refused(_("A reminder comes at most sixty days before."), "remind_minutes")
    day = values.get("due_on")
    if day is not None and not 1900 <= day.year <= 2199:
        raise Refused(_("The year lies between 1900 and 2199."), "due_on")


def _what(what: str) -> str:
    what = " ".join(what.split())
    if not what or "\x00" in what:
        raise Refused(_("Say what is to be done."), "what")
    return what


def _remind_at(todo: Todo) -> Any:
    if todo.remind_minutes is None:
        return None
    if todo.due_moment is None:
        raise Refused(_("A reminder needs a day: say when the task is due."), "due_on")
    return todo.due_moment - timedelta(minutes=todo.remind_minutes)


def _hand_to(todo: Todo, by: Viewer) -> None:
    user = todo.assignee
    if user is not None and user.pk != by.pk:
        with translation.override(user.language or None):
            title = _("%(who)s gave you a task: %(what)s") % {"who": by, "what": sentence(todo)}
            notifications.notify(user, title, when(todo), url_of(todo), kind=ASSIGNED)

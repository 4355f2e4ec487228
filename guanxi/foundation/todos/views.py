"""Tasks on a record page and in the list: made, done and undone in one click."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.foundation import belonging, desk
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.once import FIELD, new_token, once
from guanxi.foundation.todos import actions, queries
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import Viewer, may

REMINDERS = [
    ("", _("no reminder")),
    ("0", _("when it is due")),
    ("15", _("15 minutes before")),
    ("60", _("an hour before")),
    ("1440", _("a day before")),
    ("10080", _("a week before")),
]


class TodoForm(forms.Form):
    """A new task."""

    verb = forms.ChoiceField(choices=Todo.Verb.choices, label=_("Verb"))
    what = forms.CharField(max_length=200, label=_("What"))
    due_on = forms.DateField(required=False, label=_("Due"))
    due_time = forms.TimeField(required=False, label=_("Time"))
    remind_minutes = forms.TypedChoiceField(
        choices=REMINDERS, required=False, coerce=int, empty_value=None, label=_("Reminder")
    )
    assignee = forms.ModelChoiceField(queryset=User.objects.none(), required=False, label=_("For whom"))
    priority = forms.TypedChoiceField(choices=Todo.Priority.choices, coerce=int, label=_("Priority"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = User.objects.filter(is_active=True, is_staff=True)  # type: ignore[attr-defined]


def panel(record: Any, viewer: Viewer) -> dict[str, Any]:
    """The context of the panel."""
    open_, done = queries.of(record)
    return {
        "record": record,
        "object_type": record._meta.label_lower,
        "todos": open_,
        "done": done,
        "has_next": has_next_action(record),
        "may_edit": may(viewer, "edit", record),
    }


def _panel(request: HttpRequest, record: Any, status: int = 200, **more: Any) -> HttpResponse:
    response = render(request, "todos/panel.html", {**panel(record, request.user), **more}, status=status)
    if request.method == "POST" and status == 200:
        response["HX-Trigger"] = "next-changed"
    return response


# The next action ------------------------------------------------------------------------------------------------------


def has_next_action(record: Any) -> bool:
    """Whether records of this type have one thing to do next."""
    found = desk.find_for(record._meta.label_lower)
    return found is not None and found.next_action


def next_bar(record: Any, viewer: Viewer) -> dict[str, Any]:
    """The context of the bar above a record."""
    return {
        "record": record,
        "object_type": record._meta.label_lower,
        "todo": queries.next_action(record),
        "may_edit": may(viewer, "edit", record),
    }


@require_http_methods(["GET", "POST"])
def next_action(request: HttpRequest, object_type: str, object_id: int) -> HttpResponse:
    """The bar (GET; with `ask` its form). `do`: `done` does the task and asks for the next one, `choose` takes one that
    is there, `add` a new one."""
    record = belonging.record_or_404(object_type, object_id, request.user)
    if request.method == "GET":
        return _bar(request, record, asking="ask" in request.GET)
    number = request.POST.get("todo", "")
    known = Todo.objects.of(record).visible_to(request.user)
    if request.POST.get("do") == "add":
        return _add_next(request, record)
    todo = get_object_or_404(known, pk=int(number) if number.isdecimal() and len(number) < 19 else 0)
    if request.POST.get("do") == "done":
        actions.set_done(todo.pk, True, by=request.user)
        return _bar(request, record, asking=True, others=queries.of(record)[0])
    try:
        actions.make_next(todo.pk, by=request.user)
    except Refused as refusal:
        return _bar(request, record, asking=True, error=refusal.message)
    return _bar(request, record)


def _add_next(request: HttpRequest, record: Any) -> HttpResponse:
    form = TodoForm({"priority": Todo.Priority.NORMAL, **request.POST.dict()})
    if not form.is_valid():
        return _bar(request, record, asking=True, error=_first(form)[1], status=422)
    values = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}

    def work() -> int:
        return actions.add(record=record, is_next=True, by=request.user, **values).pk

    try:
        once(request.user, request.POST.get(FIELD, ""), work)
    except Refused as refusal:
        return _bar(request, record, asking=True, error=refusal.message, status=422)
    return _bar(request, record)


def _bar(
    request: HttpRequest,
    record: Any,
    *,
    asking: bool = False,
    others: Sequence[Todo] | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {**next_bar(record, request.user), "asking": asking, "error": error}
    if asking:
        draft = {name: request.POST.get(name, "") for name in ("verb", "what", "due_on")} if error else {"verb": "call"}
        if others is None:
            others = [todo for todo in queries.of(record)[0] if not todo.is_next]
        context |= {"draft": draft, "others": others[:5], "verbs": Todo.Verb.choices, "once": new_token()}
    response = render(request, "todos/next.html", context, status=status)
    if request.method == "POST" and status == 200:
        response["HX-Trigger"] = "todos-changed"
    return response


@require_http_methods(["GET", "POST"])
def of(request: HttpRequest, object_type: str, object_id: int) -> HttpResponse:
    """The panel (GET; with `add` the form), a new task (POST)."""
    record = belonging.record_or_404(object_type, object_id, request.user)
    if request.method == "GET":
        return _panel(request, record, **(_form(request, {}) if "add" in request.GET else {}))
    form = TodoForm(request.POST)
    if not form.is_valid():
        return _panel(request, record, 422, **_form(request, request.POST, _first(form)))
    values = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
    try:
        once(
            request.user, request.POST.get(FIELD, ""), lambda: actions.add(record=record, by=request.user, **values).pk
        )
    except Refused as refusal:
        return _panel(request, record, 422, **_form(request, request.POST, (refusal.field, refusal.message)))
    return _panel(request, record)


def _form(request: HttpRequest, draft: Any, wrong: tuple[str | None, str] = ("", "")) -> dict[str, Any]:
    draft = {name: draft.get(name, "") for name in TodoForm.base_fields} if draft else {"priority": "2", "verb": "call"}
    draft.setdefault("assignee", str(request.user.pk))
    return {
        "adding": True,
        "draft": draft,
        "wrong": wrong[0],
        "error": wrong[1],
        "verbs": Todo.Verb.choices,
        "priorities": [(str(value), label) for value, label in Todo.Priority.choices],
        "reminders": REMINDERS,
        "colleagues": [(str(user.pk), str(user)) for user in queries.colleagues(request.user)],
        "once": new_token(),
    }


def _first(form: TodoForm) -> tuple[str | None, str]:
    name, messages = next(iter(form.errors.items()))
    return name, str(messages[0])


@require_POST
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """Done, or not (`done=0`); answers with the panel (`where=record`), or with the button of the list."""
    todo = get_object_or_404(Todo.objects.visible_to(request.user), pk=pk)
    todo = actions.set_done(pk, request.POST.get("done") == "1", by=request.user)
    if request.POST.get("where") == "record" and todo.object_id is not None:
        return _panel(request, belonging.find_record(todo.object_type, todo.object_id, request.user))
    return render(request, "todos/tick.html", {"todo": todo})


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a task."""
    if not Todo.objects.visible_to(request.user).filter(pk=pk).exists():
        return HttpResponse(_now("This task is gone already; load the page again."), status=404)
    record = actions.remove(pk, by=request.user)
    if request.headers.get("HX-Request") and record is not None:
        return _panel(request, record)
    return redirect("todos:mine")


@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """One's own open tasks: the list, filtered."""
    return redirect(desk.list_url("todos", {"f.assignee": request.user.pk, "f.done_at__empty": 1}))

"""The form for a new record."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from guanxi.foundation import visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import editing
from guanxi.foundation.desk.declaration import Desk, Field


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The form and its sending; whatever is wrong stands at its field, and what was typed stays."""
    if desk.create_action is None:
        raise Http404(desk.slug)
    visibility.require(request.user, "create", desk.model)
    fields = desk.new_fields()
    if request.method == "GET":
        return _form(request, desk, {field.name: _initial(request, field) for field in fields}, {})
    typed = {field.name: request.POST.get(field.name, "") for field in fields}
    values, errors = _clean(fields, typed, request.user)
    if not errors:
        try:
            row = desk.create_action(**values, by=request.user)
        except Refused as refusal:
            errors = {(refusal.field or "").replace("__", "."): refusal.message}
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": desk.title(row)})
            return redirect(desk.url(row))
    return _form(request, desk, typed, errors)


def _clean(fields: list[Field], typed: dict[str, str], viewer: Any) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields:
        try:
            values[field.name.replace(".", "__")] = editing.clean(field, typed[field.name], viewer)
        except ValidationError as error:
            errors[field.name] = " ".join(error.messages)
    return values, errors


def _initial(request: HttpRequest, field: Field) -> str:
    """From the address (`/customers/new/?city=Taipei`), the declaration or the model's default."""
    if field.name in request.GET:
        return request.GET[field.name]
    value = field.column.initial
    if value is None and field.path is not None and field.path.direct and field.path.field.has_default():
        value = field.path.field.get_default()
    return editing.raw_plain(field, value() if callable(value) else value)


def _form(request: HttpRequest, desk: Desk, typed: dict[str, str], errors: dict[str, str]) -> HttpResponse:
    fields = desk.new_fields()
    controls = [
        editing.control(field, typed[field.name], request.user, field.name, errors.get(field.name, ""))
        for field in fields
    ]
    known = {field.name for field in fields}
    elsewhere = [message for name, message in errors.items() if name not in known]
    context = {"desk": desk, "controls": controls, "errors": elsewhere}
    return render(request, "desk/new.html", context, status=422 if errors else 200)

"""The form for a new record, as a page and in the dialogue that opens anywhere."""

from __future__ import annotations

from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from guanxi.foundation import shell, visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import declaration, editing, sections
from guanxi.foundation.desk.declaration import Desk, Field
from guanxi.foundation.once import FIELD, new_token, once

DAILY = (shell.RELATIONSHIPS, shell.WORK)
DIALOG = "dialog"  # in the address and the form: it stands in the dialogue, not on a page


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The form and its sending; whatever is wrong stands at its field, and what was typed stays."""
    if desk.own_new_view is not None:
        answer: HttpResponse = desk.own_new_view(request, desk)
        return answer
    if desk.create_action is None:
        raise Http404(desk.slug)
    visibility.require(request.user, "create", desk.model)
    fields = desk.new_fields()
    if request.method == "GET":
        return _form(request, desk, {field.name: initial(request, field) for field in fields}, {})
    typed = {field.name: ",".join(request.POST.getlist(field.name)) for field in fields}
    values, errors = _clean(fields, typed, request.user)
    if not errors:
        create = desk.create_action
        try:
            number, fresh = once(
                request.user, request.POST.get(FIELD, ""), lambda: create(**values, by=request.user).pk
            )
        except Refused as refusal:
            errors = {(refusal.field or "").replace("__", "."): refusal.message}
        else:
            row = desk.rows(request.user).filter(pk=number).first() or desk.model(pk=number)
            if fresh:
                messages.success(request, _("“%(name)s” is saved.") % {"name": desk.title(row)})
            return made(request, desk.url(row))
    return _form(request, desk, typed, errors)


@require_GET
def create(request: HttpRequest) -> HttpResponse:
    """The dialogue: what can be made from anywhere, and the form of the first of it (or of `what`).

    `from` is the path of the page that one is on; its record may propose what stands in the form. Whatever else the
    address holds (`due_on=2018-01-03`) stands in the fields of that name.
    """
    offered = quick_offers(request.user)
    wanted = request.GET.get("what", "")
    chosen = next((offer for offer in offered if offer["key"] == wanted), offered[0] if offered else None)
    given = urlencode([(key, value) for key, value in request.GET.items() if key not in ("what", "from", DIALOG)])
    if chosen is not None and given:
        chosen = {**chosen, "url": f"{chosen['url']}{'&' if '?' in chosen['url'] else '?'}{given}"}
    context = {"offered": offered, "chosen": chosen, "origin": request.GET.get("from", "")[:300]}
    return render(request, "desk/create.html", context)


def quick_offers(viewer: Any) -> list[dict[str, Any]]:
    """What `viewer` can make from anywhere: key, label, icon and the address of its form.

    Those of the daily work come in the order of the side bar; settings are left to the palette and their own lists.
    """
    offers = []
    for desk in sorted(filter(_is_daily, declaration.registered()), key=_place):
        if not visibility.may(viewer, "create", desk.model):
            continue
        for quick in desk.quicks:
            key = f"{desk.slug}-{quick.key}".rstrip("-")
            url = f"{reverse('desk:new', args=[desk.slug])}?{urlencode(quick.initial)}".rstrip("?")
            offers.append(
                {"key": key, "label": capfirst(quick.label), "icon": quick.icon or desk.icon_name, "url": url}
            )
    return offers


def _is_daily(desk: Desk) -> bool:
    return bool(desk.quick) or (desk.menu is not None and desk.menu.section in DAILY)


def _place(desk: Desk) -> tuple[int, int]:
    if desk.menu is None or desk.menu.section not in DAILY:
        return len(DAILY), 0
    return DAILY.index(desk.menu.section), desk.menu.order


def record_of(request: HttpRequest) -> Any:
    """The record whose page the dialogue was opened on, if there is one that the viewer may see."""
    path = request.GET.get("from", "")[:300]
    try:
        match = resolve(path) if path.startswith("/") else None
    except Resolver404:
        return None
    if match is None or match.view_name != "desk:record":
        return None
    desk = match.kwargs["desk"]
    if not visibility.may(request.user, "view", desk.model):
        return None
    return desk.rows(request.user).filter(pk=match.kwargs["pk"]).first()


def made(request: HttpRequest, url: str) -> HttpResponse:
    """To the page of what was made; htmx is told by a header."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


def _clean(fields: list[Field], typed: dict[str, str], viewer: Any) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields:
        try:
            values[field.name.replace(".", "__")] = editing.clean(field, typed[field.name], viewer)
        except ValidationError as error:
            errors[field.name] = " ".join(error.messages)
    return values, errors


def initial(request: HttpRequest, field: Field) -> str:
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
    dialog = request.GET.get(DIALOG) == "1" or request.POST.get(DIALOG) == "1"
    context = {
        "desk": desk,
        "controls": sections.parted(controls, attrgetter("field")),
        "errors": elsewhere,
        "dialog": dialog,
        "once": new_token(),
    }
    template = "desk/new_form.html" if dialog or request.headers.get("HX-Request") else "desk/new.html"
    return render(request, template, context, status=422 if errors else 200)

"""The pages of custom fields: what each type has, one field, what retyping would do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.foundation import hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.custom_fields import (
    actions,
    definitions,
    forms,
    formulas,
    homes,
    kinds,
    roll_ups,
    uses,
    working,
)
from guanxi.foundation.custom_fields.columns import column_of
from guanxi.foundation.custom_fields.models import CustomField, named
from guanxi.foundation.desk import editing
from guanxi.foundation.desk.declaration import as_field
from guanxi.foundation.once import made_before, new_token, once
from guanxi.foundation.visibility import Viewer, may, require

K = CustomField.Kind


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The fields of a type, those that were removed behind them."""
    require(request.user, "view", CustomField)
    known = homes.homes()
    home = homes.find(request.GET.get("type", "")) or known[0]
    rows = list(CustomField.objects.visible_to(request.user).filter(object_type=home.label).order_by("position", "pk"))
    context = {
        "homes": known,
        "home": home,
        "fields": [row for row in rows if row.archived_at is None],
        "removed": [row for row in rows if row.archived_at is not None],
        "may_edit": may(request.user, "edit", CustomField),
    }
    return render(request, "custom_fields/page.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The form of a new field, and its sending."""
    require(request.user, "create", CustomField)
    if request.method == "GET":
        typed = forms.fresh(request.GET.get("type", ""), request.GET.get("kind", ""))
        return _form(request, typed)
    typed = forms.read(request.POST)
    token = request.POST.get("once", "")
    before = made_before(request.user, token)
    if before is not None:
        return redirect("custom_fields:field", before)

    def make() -> int:
        made = actions.add_field(
            typed.object_type,
            typed.names,
            typed.kind,
            key=typed.key,
            options=typed.options,
            **typed.more,
            by=request.user,
        )
        return made.pk

    try:
        pk, _now = once(request.user, token, make)
    except Refused as refusal:
        return _form(request, typed, refusal)
    messages.success(request, _("The field is there now; it stands on every record of its type."))
    return redirect("custom_fields:field", pk)


@require_http_methods(["GET", "POST"])
def field(request: HttpRequest, pk: int) -> HttpResponse:
    """One field: its form, where it is used, its index, retyping and removing."""
    require(request.user, "view", CustomField)
    row = _row(request, pk)
    if request.method == "GET":
        return _form(request, forms.of(row), row=row)
    typed = forms.read(request.POST, row)
    try:
        actions.edit_field(row.pk, typed.changes, by=request.user)
    except Refused as refusal:
        return _form(request, typed, refusal, row=row)
    messages.success(request, _("Kept."))
    return redirect("custom_fields:field", row.pk)


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What the field that is being described would look like on a record; also the options of its kind."""
    require(request.user, "view", CustomField)
    pk = request.POST.get("pk", "")
    row = CustomField.objects.filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None
    typed = forms.read(request.POST, row)
    whole = "kind" in request.headers.get("HX-Trigger-Name", "")
    context = {**_described(request, typed, row), **_previewed(request, typed)}
    return render(request, "custom_fields/options.html" if whole else "custom_fields/preview.html", context)


@require_POST
def order(request: HttpRequest) -> HttpResponse:
    """The order in which the fields of a type stand."""
    actions.reorder(request.POST.get("type", ""), request.POST.getlist("key"), by=request.user)
    return HttpResponse(status=204)


@require_GET
def outlook(request: HttpRequest, pk: int) -> HttpResponse:
    """What retyping to another kind would make of each value."""
    row = _row(request, pk)
    context: dict[str, Any] = {"field": row, "kind": request.GET.get("kind", "")}
    try:
        context["outlook"] = actions.outlook(row, context["kind"], _target_options(request.GET), by=request.user)
    except Refused as refusal:
        context["error"] = refusal.message
    return render(request, "custom_fields/outlook.html", context)


@require_POST
def retype(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the field another kind."""
    return _done(
        request,
        pk,
        lambda: actions.retype(pk, request.POST.get("kind", ""), _target_options(request.POST), by=request.user),
        lambda made: (
            _("It is being retyped; values that could not be converted are kept aside.")
            if "turning" in made.options
            else _("It is retyped; values that could not be converted are kept aside.")
        ),
    )


@require_POST
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a choice, and put another in its place where it is in use."""
    code, instead = request.POST.get("code", ""), request.POST.get("instead", "")
    return _done(
        request,
        pk,
        lambda: actions.replace_choice(pk, code, instead, by=request.user),
        lambda count: (
            ngettext(
                "The choice is gone; %(count)s record was changed.",
                "The choice is gone; %(count)s records were changed.",
                count,
            )
            % {"count": count}
        ),
    )


@require_POST
def refresh(request: HttpRequest, pk: int) -> HttpResponse:
    """Work a formula or roll-up out anew."""
    return _done(
        request,
        pk,
        lambda: actions.refresh(pk, by=request.user),
        lambda _made: _("It is being worked out anew in the background."),
    )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove the field; all values stay."""
    return _done(
        request,
        pk,
        lambda: actions.archive(pk, by=request.user),
        lambda _made: _("The field is removed. All its values are kept, and come back with it."),
    )


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring the field back."""
    return _done(request, pk, lambda: actions.restore(pk, by=request.user), lambda _made: _("The field is back."))


@require_POST
def destroy(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete the field for good; `count` is what the asker was told."""
    row = _row(request, pk)
    given = request.POST.get("count", "")
    try:
        count = actions.destroy(pk, int(given) if given.isdecimal() and len(given) < 12 else -1, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("custom_fields:field", pk)
    words = ngettext(
        "The field is deleted, with its values on %(count)s record.",
        "The field is deleted, with its values on %(count)s records.",
        count,
    )
    messages.success(request, words % {"count": count})
    response = redirect("custom_fields:page")
    response["Location"] += f"?type={row.object_type}"
    return response


@require_GET
def parties(request: HttpRequest) -> HttpResponse:
    """Customers whose name begins like what is being typed, as options of a data list."""
    typed = str(next(iter(request.GET.values()), "")).strip()[:100]
    doors = hooks.get("custom_party")
    found = doors[0].like(typed, request.user) if doors and typed else []
    return HttpResponse(format_html_join("", '<option value="{} #{}">', ((name, number) for number, name in found)))


def _row(request: HttpRequest, pk: int) -> CustomField:
    return get_object_or_404(CustomField.objects.visible_to(request.user), pk=pk)


def _done(request: HttpRequest, pk: int, work: Callable[[], Any], words: Callable[[Any], str]) -> HttpResponse:
    _row(request, pk)
    try:
        messages.success(request, words(work()))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("custom_fields:field", pk)


def _target_options(given: Any) -> dict[str, Any]:
    return {name: given[name] for name in ("currency",) if given.get(name)}


def _form(
    request: HttpRequest, typed: forms.Typed, refusal: Refused | None = None, row: CustomField | None = None
) -> HttpResponse:
    context = {
        **_described(request, typed, row),
        **_previewed(request, typed),
        "once": new_token(),
        "error": refusal,
        "homes": homes.homes(),
        "home": homes.find(typed.object_type),
        "may_edit": may(request.user, "edit", CustomField),
    }
    if row is not None:
        context |= {
            "uses": uses.of(row, request.user),
            "count": actions.count_values(row),
            "retypes": [] if row.worked_out else [one for one in _stored_kinds() if one[0] != row.kind],
            "may_delete": may(request.user, "delete", CustomField),
        }
    return render(request, "custom_fields/field.html", context, status=422 if refusal else 200)


def _described(request: HttpRequest, typed: forms.Typed, row: CustomField | None) -> dict[str, Any]:
    home = homes.find(typed.object_type)
    more: dict[str, Any] = {}
    if typed.kind == K.FORMULA and home is not None:
        results = [(kind.value, kind.label) for kind in working.RESULTS]
        more = {"names": working.readable(home).items(), "functions": sorted(formulas.KNOWN), "results": results}
    if typed.kind == K.ROLL_UP:
        more = {"sources": roll_ups.sources(typed.object_type), "functions": roll_ups.FUNCTIONS.items()}
    return {
        "typed": typed,
        "field": row,
        "kinds": K.choices,
        "languages": [(code, language_name(code), typed.names.get(code, "")) for code in definitions.LANGUAGES],
        "choices": [_choice_line(one) for one in typed.options.get("choices") or []],
        "blank_choice": _choice_line({}),
        "colours": definitions.COLOURS,
        "choosing": typed.kind in (K.CHOICE, K.CHOICES),
        "has_choices": row is not None and row.kind in (K.CHOICE, K.CHOICES),
        "bounded": typed.kind in (K.NUMBER, K.MONEY),
        "worked_out": typed.kind in (K.FORMULA, K.ROLL_UP),
        **more,
    }


def language_name(code: str) -> str:
    """A language by its own name."""
    return str(dict(settings.LANGUAGES)[code])


def _choice_line(one: dict[str, Any]) -> dict[str, Any]:
    names = one.get("names") or {}
    return {
        "code": one.get("code") or "",
        "colour": one.get("colour") or "grey",
        "names": [(code, language_name(code), names.get(code, "")) for code in definitions.LANGUAGES],
        "name": named(names),
    }


def _previewed(request: HttpRequest, typed: forms.Typed) -> dict[str, Any]:
    """The control as a record would have it."""
    draft, home = typed.draft(), homes.find(typed.object_type)
    if home is None or draft.worked_out:
        return {
            "control": None,
            **(_tried(home, draft, request.user) if home is not None and draft.kind == K.FORMULA else {}),
        }
    for place, one in enumerate(draft.options.get("choices") or []):
        one["code"] = one.get("code") or f"new-{place}"
    try:
        default = kinds.clean(draft, draft.default)
        wrong = ""
    except ValidationError as error:
        default, wrong = None, error.messages[0]
    shown = as_field(home.model, column_of(draft, home, required=draft.required))
    control = editing.control(shown, editing.raw_plain(shown, default), request.user, "preview", wrong)
    return {"control": control, "preview_label": draft.label if any(draft.names.values()) else _("Name of the field")}


def _tried(home: homes.Home, draft: CustomField, viewer: Viewer) -> dict[str, Any]:
    """What the formula gives for a few records, or what is wrong with it."""
    if not draft.options.get("formula"):
        return {}
    try:
        draft.options |= working.options(draft, K.FORMULA, draft.options)
    except Refused as refusal:
        return {"problem": refusal.message}
    return {"sample": working.samples(home, draft, viewer)}


def _stored_kinds() -> list[tuple[str, Any]]:
    return [(kind.value, kind.label) for kind in K if kind not in (K.FORMULA, K.ROLL_UP)]

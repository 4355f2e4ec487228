"""The form for a new customer, as a page and in the dialogue, and the small answers while it is filled in."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.customers import likely, queries, telephones
from guanxi.customers.actions.entering import Entry, add_to_party, enter_party
from guanxi.customers.entry import draft as drafts
from guanxi.customers.entry.draft import Draft
from guanxi.customers.models import Party
from guanxi.foundation import desk as desks
from guanxi.foundation import visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Desk, editing, sections
from guanxi.foundation.desk.declaration import Field
from guanxi.foundation.desk.views.making import DIALOG, initial, made, record_of
from guanxi.foundation.once import FIELD, made_before, new_token, once

OWN = {"kind", "name", "latin_name", "city", "phone", "mail"}  # fields of the declaration that the form draws itself
FOUND = 6


def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The form (GET) and its sending (POST); whatever is wrong stands at its field, and what was typed stays."""
    visibility.require(request.user, "create", Party)
    if request.method == "GET":
        return _form(request, desk, _begun(request, desk))
    before = made_before(request.user, request.POST.get(FIELD, ""))
    if before is not None:
        return made(request, desk.url(Party(pk=before)))
    draft = drafts.typed(request.POST, request.user, [field.name for field in _more(desk)])
    entry = _understood(request, desk, draft)
    if entry is None:
        return _form(request, desk, draft)
    strong = [one for one in likely.likely_same(draft.sought(), request.user) if one.strong]
    if strong and request.POST.get("confirmed") != "1":
        draft.errors["same"] = _("Somebody is known who may be the same. Use the known record, or make a second one.")
        return _form(request, desk, draft, same=strong, ask=True)
    try:
        number, fresh = once(request.user, request.POST.get(FIELD, ""), lambda: enter_party(entry, by=request.user).pk)
    except Refused as refusal:
        _refused(draft, refusal)
        return _form(request, desk, draft)
    party = queries.parties(request.user).get(pk=number)
    if fresh:
        messages.success(request, _("“%(name)s” is saved.") % {"name": party.name})
    return made(request, desk.url(party))


@require_POST
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Add what was typed to a known party instead of making a second one."""
    party = get_object_or_404(queries.parties(request.user), pk=pk)
    desk = _desk()
    draft = drafts.typed(request.POST, request.user, [field.name for field in _more(desk)])
    entry = _understood(request, desk, draft)
    if entry is None:
        return _form(request, desk, draft)
    try:
        once(request.user, request.POST.get(FIELD, ""), lambda: add_to_party(party, entry, by=request.user).pk)
    except Refused as refusal:
        _refused(draft, refusal)
        return _form(request, desk, draft)
    messages.success(request, _("What was new is added to “%(name)s”.") % {"name": party.name})
    return made(request, desk.url(party))


@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """The form as it is typed, for another kind of party, or filled from a pasted signature (`paste`)."""
    visibility.require(request.user, "create", Party)
    desk = _desk()
    draft = drafts.typed(request.POST, request.user, [field.name for field in _more(desk)])
    text = request.POST.get("paste", "").strip()
    if "fill" not in request.POST:
        return _form(request, desk, draft)
    if not text:
        draft.errors["paste"] = _("Paste a signature or the text of a business card first.")
        return _form(request, desk, draft)
    left = drafts.filled(draft, text)
    return _form(request, desk, draft, checked=True, left=left)


@require_POST
def same(request: HttpRequest) -> HttpResponse:
    """Known parties that may be the one that is being typed."""
    visibility.require(request.user, "create", Party)
    draft = drafts.typed(request.POST, request.user, [])
    found = likely.likely_same(draft.sought(), request.user)
    return render(request, "customers/entry/same.html", {"same": found})


@require_GET
def line(request: HttpRequest) -> HttpResponse:
    """One more line for a telephone, a mail or a web address."""
    visibility.require(request.user, "create", Party)
    kind = request.GET.get("kind", "")
    template = kind if kind in ("phone", "mail", "web") else "mail"
    context = {"line": drafts.Line(country=settings.GUANXI_COUNTRY.upper()), "codes": telephones.codes(), "fresh": True}
    return render(request, f"customers/entry/{template}.html", {**context, "labels": drafts.LABELS.items()})


@require_GET
def telephone(request: HttpRequest) -> HttpResponse:
    """What a number is as far as it is typed."""
    visibility.require(request.user, "create", Party)
    country = request.GET.get("phone_country", "")
    typed = (request.GET.get("phone") or request.GET.get("value") or "")[:60]
    found = telephones.look(typed, country)
    context = {"telephone": found, "example": telephones.example(country), "typed": typed}
    return render(request, "customers/entry/telephone.html", context)


@require_POST
def address(request: HttpRequest) -> HttpResponse:
    """The fields of an address, as the country that was chosen writes it; what was typed stays."""
    visibility.require(request.user, "create", Party)
    draft = drafts.typed(request.POST, request.user, [])
    if not draft.address_country and not draft.text("address"):
        draft.texts["address"] = " ".join(part for part in draft.parts.values() if part)
    return render(request, "customers/entry/address.html", _address(draft))


@require_GET
def organisations(request: HttpRequest) -> HttpResponse:
    """Organisations that fit what is typed."""
    visibility.require(request.user, "create", Party)
    words = request.GET.get("organisation", "").strip()
    found = queries.find(words, request.user, limit=FOUND * 2) if words else []
    fitting = [party for party in found if party.kind == Party.Kind.ORGANISATION][:FOUND]
    return render(request, "customers/entry/organisations.html", {"found": fitting, "words": words})


# The form -----------------------------------------------------------------------------------------------------------


def _desk() -> Desk:
    desk = desks.find("customers")
    assert desk is not None
    return desk


def _more(desk: Desk) -> list[Field]:
    return [field for field in desk.new_fields() if field.name not in OWN]


def _begun(request: HttpRequest, desk: Desk) -> Draft:
    """What stands in the form at first: from the address, and from the record that one came from."""
    given = request.GET
    kind = given.get("kind", "")
    draft = Draft(kind=kind if kind in Party.Kind.values else Party.Kind.PERSON.value)
    draft.texts = {name: given.get(name, "") for name in drafts.TEXTS}
    draft.more = {field.name: initial(request, field) for field in _more(desk)}
    draft.works_at = drafts.organisation(given.get("works_at", ""), request.user)
    record = record_of(request)
    if draft.is_person and isinstance(record, Party) and record.kind == Party.Kind.ORGANISATION:
        draft.works_at = record
    if "phone" in given:
        draft.phones = [drafts.Line(given["phone"], settings.GUANXI_COUNTRY.upper())]
    if "mail" in given:
        draft.mails = [drafts.Line(given["mail"])]
    draft.address_country = settings.GUANXI_COUNTRY.upper()
    return draft


def _understood(request: HttpRequest, desk: Desk, draft: Draft) -> Entry | None:
    """What is to be written; None where something is wrong, which then stands in `draft.errors`."""
    more: dict[str, Any] = {}
    for field in _more(desk):
        try:
            more[field.name.replace(".", "__")] = editing.clean(field, draft.more.get(field.name, ""), request.user)
        except ValidationError as error:
            draft.errors[field.name] = " ".join(error.messages)
    try:
        entry = draft.entry(more)
    except Refused as refusal:
        _refused(draft, refusal)
        return None
    return None if draft.errors else entry


def _refused(draft: Draft, refusal: Refused) -> None:
    field = (refusal.field or "").replace("__", ".")
    name, _dot, number = field.partition(".")
    lines = {"phone": draft.phones, "mail": draft.mails, "web": draft.webs}.get(name, [])
    if number.isdecimal() and int(number) < len(lines):
        lines[int(number)].error = refusal.message
    elif lines:
        lines[0].error = refusal.message
    draft.errors[field] = refusal.message


def _address(draft: Draft) -> dict[str, Any]:
    return {
        "draft": draft,
        "countries": drafts.country_choices(),
        "address_lines": drafts.address_lines(draft),
        "address_error": draft.errors.get("address") or draft.errors.get("parts.country") or draft.errors.get("parts"),
    }


def _form(request: HttpRequest, desk: Desk, draft: Draft, **more: Any) -> HttpResponse:
    draft.with_room()
    dialog = request.GET.get(DIALOG) == "1" or request.POST.get(DIALOG) == "1"
    controls = [
        editing.control(
            field, draft.more.get(field.name, ""), request.user, field.name, draft.errors.get(field.name, "")
        )
        for field in _more(desk)
    ]
    shown = {"name", "date_of_birth", "organisation", "paste", "same", "address", "title", "department"}
    shown |= {field.name for field in _more(desk)}
    elsewhere = [
        message
        for name, message in draft.errors.items()
        if name not in shown and not name.startswith(("phone", "mail", "web", "parts"))
    ]
    context = {
        "desk": desk,
        "dialog": dialog,
        "codes": telephones.codes(),
        "labels": drafts.LABELS.items(),
        "kinds": Party.Kind.choices,
        "controls": sections.parted(controls, attrgetter("field")),
        "elsewhere": elsewhere,
        "once": new_token(),
        **_address(draft),
        **more,
    }
    part = dialog or bool(request.headers.get("HX-Request"))
    template = "customers/entry/form.html" if part else "customers/entry/new.html"
    return render(request, template, context, status=422 if draft.errors else 200)

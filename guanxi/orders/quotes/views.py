"""Pages of quotes beyond the desk: positions edited in place, the steps of a quote, its PDF."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.catalog.models import Product
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.money import to_decimal
from guanxi.foundation.visibility import NotAllowed, require
from guanxi.orders.quotes import actions, document, panels, queries
from guanxi.orders.quotes.actions import Draft
from guanxi.orders.quotes.models import Quote, QuoteLine

NUMBERS = ("quantity", "price", "discount_percent", "discount_amount")


def _quote(request: HttpRequest, pk: int) -> Quote:
    return get_object_or_404(queries.quotes(request.user), pk=pk)


@require_GET
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The quote as the customer gets it on paper."""
    quote = _quote(request, pk)
    return pdf_response(document.pdf_of(quote), document.file_name(quote))


def pdf_response(content: bytes, name: str) -> HttpResponse:
    """A PDF shown in the browser."""
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


@require_POST
def do(request: HttpRequest, pk: int) -> HttpResponse:
    """One step of a quote, as `what` says; back to the page of the quote, or of its new version."""
    _quote(request, pk)
    what = request.POST.get("what", "")
    step = STEPS.get(what)
    if step is None:
        raise NotAllowed(request.user, what, "quotes")
    try:
        made = step(request, pk)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk:record", "quotes", pk)
    return redirect("desk:record", "quotes", made.pk if isinstance(made, Quote) else pk)


def _send(request: HttpRequest, pk: int) -> Quote:
    sent = request.POST
    mail = sent.get("how") == "mail"
    made = actions.send(pk, by=request.user, mail=mail, words=sent.get("words", "")[:5_000])
    messages.success(request, _("The quote was mailed.") if mail else _("The quote has its link now."))
    return made


STEPS: dict[str, Callable[[HttpRequest, int], Any]] = {
    "send": _send,
    "ask": lambda request, pk: actions.ask_approval(pk, request.POST.get("words", ""), by=request.user),
    "approve": lambda request, pk: actions.decide(pk, True, request.POST.get("words", ""), by=request.user),
    "refuse": lambda request, pk: actions.decide(pk, False, request.POST.get("words", ""), by=request.user),
    "version": lambda request, pk: actions.new_version(pk, by=request.user),
    "withdraw": lambda request, pk: actions.withdraw(pk, by=request.user),
    "answer": lambda request, pk: actions.answer_comment(pk, request.POST.get("text", ""), by=request.user),
}


@require_http_methods(["GET", "POST"])
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The card of positions (GET); one added (POST)."""
    quote = _quote(request, pk)
    if request.method == "GET":
        return _lines(request, quote)
    typed = {name: request.POST.get(name, "") for name in ("product", "description", *NUMBERS)}
    typed["optional"] = "1" if request.POST.get("optional") else ""
    try:
        actions.add_line(pk, _draft(request, typed), by=request.user)
    except Refused as refusal:
        return _lines(request, quote, 422, draft=typed, error=refusal.message, wrong=refusal.field)
    return _lines(request, _quote(request, pk))


@require_http_methods(["GET", "POST"])
def line(request: HttpRequest, pk: int) -> HttpResponse:
    """One position: its editor (GET), changed (POST)."""
    row = get_object_or_404(QuoteLine.objects.visible_to(request.user), pk=pk)
    quote = _quote(request, row.quote_id)
    require(request.user, "edit", quote)
    seen = {name: str(getattr(row, name)) for name in NUMBERS} | {"optional": "1" if row.optional else ""}
    if request.method == "GET":
        shown = {**seen, "price": seen["price"] if row.by_hand else "", "description": row.description}
        return _lines(request, quote, editing=pk, change=shown)
    typed = {name: request.POST.get(name, "") for name in ("description", *NUMBERS)}
    typed["optional"] = "1" if request.POST.get("optional") else ""
    try:
        draft = _draft(request, typed)
        changes = {name: getattr(draft, name) for name in ("description", *NUMBERS, "optional")}
        actions.change_line(pk, changes, by=request.user)
    except (Refused, Conflict) as refusal:
        return _lines(request, quote, 422, editing=pk, change=typed, error=refusal.message, wrong=refusal.field)
    return _lines(request, _quote(request, row.quote_id))


@require_POST
def remove_line(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a position out."""
    row = get_object_or_404(QuoteLine.objects.visible_to(request.user), pk=pk)
    quote = _quote(request, row.quote_id)
    try:
        actions.remove_line(pk, by=request.user)
    except Refused as refusal:
        return _lines(request, quote, 422, error=refusal.message)
    return _lines(request, _quote(request, row.quote_id))


def _lines(request: HttpRequest, quote: Quote, status: int = 200, **more: Any) -> HttpResponse:
    context = {"record": quote, **panels.lines(quote, request.user), **more}
    return render(request, "quotes/lines.html", context, status=status)


def _draft(request: HttpRequest, typed: dict[str, str]) -> Draft:
    code = typed.get("product", "").strip()
    product = Product.objects.visible_to(request.user).filter(code=code).first() if code else None
    if code and product is None:
        raise Refused(_("There is no product “%(code)s”.") % {"code": code}, "product")
    given = {name: _number(typed[name], name) for name in NUMBERS if typed[name].strip()}
    return Draft(product, typed["description"], optional=bool(typed["optional"]), **given)


def _number(text: str, field: str) -> Decimal:
    try:
        return to_decimal(text.replace(",", "."))
    except ValidationError as error:
        raise Refused(error.messages[0], field) from error

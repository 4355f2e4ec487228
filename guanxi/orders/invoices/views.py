"""Pages of invoices beyond the desk: their files, their steps, payments, reminders."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation.actions import Refused
from guanxi.foundation.money import to_decimal
from guanxi.foundation.visibility import require
from guanxi.orders import queries as orders
from guanxi.orders.invoices import actions, document, einvoice, queries
from guanxi.orders.invoices.models import Invoice


def _invoice(request: HttpRequest, pk: int) -> Invoice:
    return get_object_or_404(queries.invoices(request.user), pk=pk)


@require_GET
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The invoice on paper."""
    invoice = _invoice(request, pk)
    headers = {"Content-Disposition": f'inline; filename="{document.file_name(invoice)}"'}
    return HttpResponse(document.pdf_of(invoice), content_type="application/pdf", headers=headers)


@require_GET
def xml(request: HttpRequest, pk: int) -> HttpResponse:
    """The electronic invoice alone."""
    invoice = _invoice(request, pk)
    try:
        content = einvoice.xml_of(invoice)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk:record", "invoices", pk)
    headers = {"Content-Disposition": f'attachment; filename="{invoice.number}.xml"'}
    return HttpResponse(content, content_type="application/xml", headers=headers)


@require_POST
def do(request: HttpRequest, pk: int) -> HttpResponse:
    """One step, as `what` says: issue, mail, pay, credit."""
    invoice = _invoice(request, pk)
    require(request.user, "edit", invoice)
    try:
        made = _step(request, pk)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk:record", "invoices", pk)
    return redirect("desk:record", "invoices", made.pk if isinstance(made, Invoice) else pk)


def _step(request: HttpRequest, pk: int) -> Any:
    sent, by = request.POST, request.user
    what = sent.get("what", "")
    if what == "issue":
        return actions.issue(pk, by=by)
    if what == "mail":
        made = actions.mail_invoice(pk, sent.get("words", "")[:5_000], by=by)
        messages.success(request, _("The invoice was mailed."))
        return made
    if what == "credit":
        return actions.credit(pk, by=by, text=sent.get("text", ""))
    if what != "pay":
        raise Refused(_("There is no step “%(what)s”.") % {"what": what[:20]})
    try:
        amount = to_decimal(sent.get("amount", "").replace(",", "."))
        day = parse_date(sent.get("day", "")) if sent.get("day") else None
    except (ValidationError, ValueError) as error:
        raise Refused(_("Write an amount and a day."), "amount") from error
    return actions.pay(
        pk, amount, by=by, day=day, method=sent.get("method") or "transfer", reference=sent.get("reference", "")
    )


@require_POST
def invoice_order(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft of what of an order is not invoiced yet; `what=delivered`: of what was delivered."""
    order = get_object_or_404(orders.orders(request.user), pk=pk)
    require(request.user, "edit", order)
    try:
        made = actions.invoice_order(pk, by=request.user, delivered_only=request.POST.get("what") == "delivered")
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk:record", "orders", pk)
    return redirect("desk:record", "invoices", made.pk)


@require_POST
def remind(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a proposed reminder, or leave it out."""
    reminder = get_object_or_404(queries.reminders(request.user), pk=pk)
    require(request.user, "edit", reminder.invoice)
    try:
        if request.POST.get("what") == "send":
            actions.send_reminder(pk, by=request.user)
            messages.success(request, _("The reminder was mailed."))
        else:
            actions.leave_out(pk, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("desk:record", "reminders", pk)

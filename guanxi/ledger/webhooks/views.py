"""The form of a webhook and the buttons of its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import record_url
from guanxi.foundation.desk.views.making import made
from guanxi.foundation.once import FIELD, new_token, once
from guanxi.foundation.visibility import require
from guanxi.ledger.webhooks import actions
from guanxi.ledger.webhooks.forms import WebhookForm
from guanxi.ledger.webhooks.models import Delivery, Webhook


def new_url() -> str:
    """Where a webhook is made."""
    return reverse("desk:new", args=["webhooks"])


def edit_url(row: Webhook) -> str:
    """Where it is said what a webhook is told of."""
    return reverse("webhooks:edit", args=[row.pk])


def webhook_link(row: Delivery) -> Any:
    """The webhook of a delivery."""
    return format_html('<a href="{}">{}</a>', record_url("webhooks", row.webhook_id), row.webhook)


def event_link(row: Delivery) -> Any:
    """The event that a delivery tells."""
    return format_html('<a href="{}">{}</a>', record_url("events", row.event_id), row.event_id)


def new(request: HttpRequest, desk: Any) -> HttpResponse:
    """The “New” form: of its own, for the list of kinds."""
    require(request.user, "create", Webhook)
    form = WebhookForm(request.POST or None, initial={"kinds": request.GET.getlist("kinds")})
    if request.method == "POST" and form.is_valid():
        try:
            number, fresh = once(
                request.user,
                request.POST.get(FIELD, ""),
                lambda: actions.create_webhook(by=request.user, **form.cleaned_data).pk,
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            if fresh:
                return _shown_once(request, number)
            return made(request, record_url("webhooks", number))
    return _form(request, form, None)


def _shown_once(request: HttpRequest, number: int) -> HttpResponse:
    """The secret of a webhook, in answer to the request that made it: it is shown here and nowhere else."""
    row = get_object_or_404(Webhook.objects.visible_to(request.user), pk=number)
    answer = render(request, "webhooks/secret.html", {"row": row})
    answer["Cache-Control"] = "no-store"
    return answer


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, address, kinds and filter."""
    row = get_object_or_404(Webhook.objects.visible_to(request.user), pk=pk)
    require(request.user, "edit", row)
    initial = {name: getattr(row, name) for name in ("name", "url", "kinds", "query")}
    form = WebhookForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_webhook(pk, form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("Kept. It counts from now on."))
            return redirect("desk:record", "webhooks", pk)
    return _form(request, form, row)


def _form(request: HttpRequest, form: WebhookForm, row: Webhook | None) -> HttpResponse:
    context = {"form": form, "row": row, "once": new_token()}
    dialog = request.GET.get("dialog") == "1" or bool(request.headers.get("HX-Request"))
    template = "webhooks/form_body.html" if dialog else "webhooks/form.html"
    return render(request, template, context, status=422 if form.errors else 200)


@require_POST
def do(request: HttpRequest, pk: int) -> HttpResponse:
    """The buttons of a webhook's page; `what` says which."""
    row = get_object_or_404(Webhook.objects.visible_to(request.user), pk=pk)
    work = DOES.get(request.POST.get("what", ""))
    if work is not None:
        try:
            messages.success(request, work(row.pk, request))
        except Refused as refusal:
            messages.error(request, refusal.message)
    return redirect("desk:record", "webhooks", pk)


def _pause(pk: int, request: HttpRequest) -> str:
    actions.pause_webhook(pk, by=request.user)
    return _("Paused. What happens meanwhile is told when it goes on.")


def _resume(pk: int, request: HttpRequest) -> str:
    actions.resume_webhook(pk, by=request.user)
    return _("It goes on where it stood.")


def _skip(pk: int, request: HttpRequest) -> str:
    actions.resume_webhook(pk, skip=True, by=request.user)
    return _("It is told of what happens from now on.")


def _test(pk: int, request: HttpRequest) -> str:
    actions.send_test(pk, by=request.user)
    return _("A test message is on its way; its delivery stands below in a moment.")


DOES: dict[str, Callable[[int, HttpRequest], str]] = {
    "pause": _pause,
    "resume": _resume,
    "skip": _skip,
    "test": _test,
}


@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it a new secret, which is shown this once. For a day both sign, so that the receiver can change over."""
    get_object_or_404(Webhook.objects.visible_to(request.user), pk=pk)
    actions.rotate_secret(pk, by=request.user)
    return _shown_once(request, pk)


@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one delivery again."""
    get_object_or_404(Delivery.objects.visible_to(request.user), pk=pk)
    actions.resend([pk], by=request.user)
    messages.success(request, _("It is sent again."))
    return redirect("desk:record", "deliveries", pk)

"""The page on which a customer reads a quote, asks, accepts or declines; without log-in, whoever has the link may.

Looking changes nothing, because mail scanners open every link; answering is a form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from guanxi.foundation.actions import Refused
from guanxi.foundation.middleware import address_of
from guanxi.foundation.visibility import SYSTEM
from guanxi.foundation.visitors import page, too_many
from guanxi.orders.papers import paper
from guanxi.orders.quotes import actions, document, links, queries
from guanxi.orders.quotes.actions.making import sums_of
from guanxi.orders.quotes.models import Quote
from guanxi.orders.quotes.views import pdf_response

MOST = 60  # requests of one address within a minute
FIELDS = ("name", "reason", "text")


def _found(token: str) -> Quote | None:
    """The quote that a link is good for; one that was replaced is found, so that this can be said."""
    number = links.read(token)
    if number is None:
        return None
    quote = Quote.objects.select_related("party", "order").filter(pk=number).first()
    return quote if quote is not None and quote.has_link else None


def _language(request: HttpRequest, quote: Quote) -> str:
    asked = request.GET.get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else quote.language


def _page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return page(request, f"quotes/{name}.html", context, status)


def _too_often(request: HttpRequest) -> HttpResponse | None:
    if too_many(request, "offers", MOST):
        return render(request, "429.html", status=429)
    return None


@never_cache
@csrf_exempt  # the link is the key; there is no log-in that a stranger's page could use
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, token: str) -> HttpResponse:
    """The quote (GET); what the customer says of it (POST)."""
    if (refused := _too_often(request)) is not None:
        return refused
    quote = _found(token)
    if quote is None:
        return _page(request, "gone", {}, 404)
    with override(_language(request, quote)):
        if request.method == "POST":
            return _answer(request, token, quote)
        return _shown(request, token, quote)


@never_cache
@require_GET
def pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The quote as PDF."""
    if (refused := _too_often(request)) is not None:
        return refused
    quote = _found(token)
    if quote is None or quote.state == Quote.State.REPLACED:
        return _page(request, "gone", {}, 404)
    return pdf_response(document.pdf_of(quote), document.file_name(quote))


@never_cache
@require_GET
def logo(request: HttpRequest, token: str) -> HttpResponse:
    """The logo of the business."""
    quote = _found(token)
    picture = paper.logo(paper.letterhead(quote.language)) if quote is not None else None
    if picture is None:
        return HttpResponse(status=404)
    return HttpResponse(picture[0], content_type=picture[1], headers={"X-Content-Type-Options": "nosniff"})


def _shown(
    request: HttpRequest, token: str, quote: Quote, status: int = 200, chosen: set[int] | None = None, **more: Any
) -> HttpResponse:
    lines = list(queries.lines(quote))
    for line in lines:
        if chosen is not None and line.optional:
            line.chosen = line.pk in chosen
    head = paper.letterhead(quote.language)
    context = {
        "quote": quote,
        "token": token,
        "head": head,
        "logo": paper.logo(head) is not None,
        "lines": lines,
        "has_options": any(line.optional for line in lines),
        "sums": sums_of(quote, [line for line in lines if line.counts]),
        "open": quote.state == Quote.State.SENT and not quote.is_expired,
        "comments": list(quote.comments.order_by("id")),
        "typed": {name: request.POST.get(name, "") for name in FIELDS},
        "language": _language(request, quote),
        **more,
    }
    return _page(request, "offer", context, status)


def _answer(request: HttpRequest, token: str, quote: Quote) -> HttpResponse:
    chosen = {int(text) for text in request.POST.getlist("option") if text.isdecimal() and len(text) < 19}
    what = request.POST.get("do", "")
    step = STEPS.get(what)
    if step is None:  # the sum with other options
        return _shown(request, token, quote, chosen=chosen)
    try:
        step(request, quote, chosen)
    except Refused as refusal:
        now = Quote.objects.select_related("party", "order").get(pk=quote.pk)
        status = 422 if refusal.field else 410
        return _shown(request, token, now, status, chosen=chosen, error=refusal.message, wrong=refusal.field)
    language = request.GET.get("language", "")
    return redirect(f"{request.path}?language={language}" if language in dict(settings.LANGUAGES) else request.path)


def _accept(request: HttpRequest, quote: Quote, chosen: set[int]) -> None:
    if not request.POST.get("agree"):
        raise Refused(_("Tick that you accept the offer."), "agree")
    name = request.POST.get("name", "")
    actions.accept(quote.pk, name, chosen, by=SYSTEM, address=address_of(request))


def _decline(request: HttpRequest, quote: Quote, chosen: set[int]) -> None:
    name, reason = request.POST.get("name", ""), request.POST.get("reason", "")
    actions.decline(quote.pk, name, reason, by=SYSTEM, address=address_of(request))


def _comment(request: HttpRequest, quote: Quote, chosen: set[int]) -> None:
    actions.comment(quote.pk, request.POST.get("name", ""), request.POST.get("text", ""), by=SYSTEM)


STEPS: dict[str, Callable[[HttpRequest, Quote, set[int]], None]] = {
    "accept": _accept,
    "decline": _decline,
    "comment": _comment,
}

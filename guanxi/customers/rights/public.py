"""The pages that customers open from a mail, without log-in: confirm a consent, choose what they get, take all back.

Whoever has the link may choose; so links are signed and long. Looking changes nothing, because mail scanners open every
link. Mail programs take back with one POST (RFC 8058).
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from guanxi.customers import actions, contacting, panels, purposes
from guanxi.customers.actions.consents import OPT_IN, spoken
from guanxi.customers.models import Consent, ContactPoint, OptIn, Party
from guanxi.customers.rights.kept import subject_of
from guanxi.customers.sending import PREFERENCES
from guanxi.foundation.actions import Refused
from guanxi.foundation.middleware import address_of
from guanxi.foundation.visibility import SYSTEM
from guanxi.foundation.visitors import page, too_many

ONE_CLICK = "One-Click"
MOST = 60  # requests of one address within a minute
FORM = "page of choices"


def _page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return page(request, f"rights/{name}.html", context, status)


def _gone(request: HttpRequest) -> HttpResponse:
    words = _("This link is not valid. It may have been cut off by your mail program: copy the whole of it.")
    return _page(request, "message", {"heading": _("This link is not valid"), "words": words}, 404)


def _language(request: HttpRequest, wanted: str) -> str:
    """The language chosen on the page, else that of the customer."""
    asked = request.GET.get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else spoken(wanted)


# A consent is confirmed -----------------------------------------------------------------------------------------------


@never_cache
@csrf_exempt  # the link is the key; there is no log-in that a stranger's page could use
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """What was asked, with a button (GET); yes (POST)."""
    if too_many(request, "consent", MOST):
        return render(request, "429.html", status=429)
    try:
        row = OptIn.objects.get(pk=signing.loads(token, salt=OPT_IN))
    except (signing.BadSignature, OptIn.DoesNotExist):
        return _gone(request)
    with override(_language(request, row.language)):
        context = {"row": row, "purpose": purposes.label_of(row.purpose), "done": row.confirmed_at is not None}
        if request.method == "POST":
            try:
                actions.confirm_opt_in(row, by=SYSTEM, visitor=address_of(request))
            except Refused as refusal:
                return _page(request, "message", {"heading": _("Not confirmed"), "words": refusal.message}, 410)
            context["done"] = True
        return _page(request, "confirm", context)


# The page of choices --------------------------------------------------------------------------------------------------


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """One box per purpose and channel (GET); chosen, all taken back, or the one click of a mail program (POST)."""
    if too_many(request, "consent", MOST):
        return render(request, "429.html", status=429)
    try:
        number, purpose, channel = signing.loads(token, salt=PREFERENCES)
    except (signing.BadSignature, ValueError):
        return _gone(request)
    party = Party.objects.filter(pk=number).first()
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == ONE_CLICK:
        if party is not None:
            _one_click(request, subject_of(party).party, purpose, channel)
        return HttpResponse(status=200)
    if party is None:
        return _page(request, "message", {"heading": _("Nothing is kept"), "words": _("We keep nothing of you.")})
    party = subject_of(party).party
    with override(_language(request, party.language)):
        done = request.method == "POST" and _choose(request, party)
        return _page(request, "preferences", {"lines": _choices(party), "done": done})


def _one_click(request: HttpRequest, party: Party, purpose: str, channel: str) -> None:
    proof = {"form": "one click (RFC 8058)", "address": address_of(request)}
    if purpose in purposes.every():
        actions.withdraw_consent(party, purpose, channel or "any", by=SYSTEM, source="one click", proof=proof)
    else:
        actions.withdraw_all(party, by=SYSTEM, source="one click", proof=proof)


def _choices(party: Party) -> list[dict[str, Any]]:
    """Each purpose that people choose, with the channels by which we could reach him."""
    kinds = set(ContactPoint.objects.filter(party=party).values_list("kind", flat=True))
    channels = [name for name, needs in contacting.NEEDS.items() if name != "any" and kinds & set(needs)]
    lines = []
    for purpose in purposes.every().values():
        if purpose.public:
            boxes = [_box(party, purpose, channel) for channel in channels or ["mail"]]
            text = purposes.text_of(purpose.code, spoken(""))
            lines.append({"purpose": purposes.label_of(purpose.code), "text": text.text, "boxes": boxes})
    return lines


def _box(party: Party, purpose: purposes.Purpose, channel: str) -> dict[str, Any]:
    answer = contacting.may_contact(party, purpose.code, channel, SYSTEM)
    given = answer.allowed or answer.why in ("no_address", "quiet")
    name = f"{purpose.code}.{channel}"
    return {"name": name, "label": panels.CHANNEL_LABELS[channel], "given": given}


def _choose(request: HttpRequest, party: Party) -> bool:
    """Write down only what differs from before."""
    proof = {"form": FORM, "address": address_of(request), "language": spoken("")}
    if "withdraw_all" in request.POST:
        actions.withdraw_all(party, by=SYSTEM, source=FORM, proof=proof)
        return True
    if "save" not in request.POST:
        return False
    chosen = set(request.POST.getlist("choice"))
    for line in _choices(party):
        for box in line["boxes"]:
            if (box["name"] in chosen) != box["given"]:
                purpose, channel = box["name"].split(".")
                text = purposes.text_of(purpose, spoken(""))
                shown = {**proof, "text": text.text, "version": text.version}
                given = not box["given"]
                actions.record_consent(
                    party, purpose, channel, given, by=SYSTEM, source=FORM, proof=shown if given else proof,
                    basis=Consent.Basis.CONSENT,
                )  # fmt: skip
    return True

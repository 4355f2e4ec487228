"""The panels of a quote, and what quotes add to the page of a customer."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.queries import available
from guanxi.customers.models import Party
from guanxi.foundation.desk import Button, list_url
from guanxi.foundation.visibility import Viewer, may
from guanxi.orders.quotes import limits, links, queries
from guanxi.orders.quotes.actions.approving import due, may_decide
from guanxi.orders.quotes.actions.making import sums_of
from guanxi.orders.quotes.models import Quote

SHOWN = 5


def lines(quote: Quote, viewer: Viewer) -> dict[str, Any]:
    """The positions with stock at hand, and what they come to."""
    rows = list(queries.lines(quote))
    may_edit = quote.is_open and may(viewer, "edit", quote)
    if may_edit:
        for row in rows:
            row.available = available(row.product) if row.product else None  # type: ignore[attr-defined]
    return {
        "quote": quote,
        "lines": rows,
        "sums": sums_of(quote, [row for row in rows if row.counts]),
        "may_edit": may_edit,
        "below": quote.reduction,
        "over": may_edit and quote.state == Quote.State.DRAFT and not limits.may_give(viewer, quote.reduction),
    }


def steps(quote: Quote, viewer: Viewer) -> dict[str, Any]:
    """What can be done next, the approvals so far, the link, what was asked and answered."""
    waiting = due(quote)
    editing = may(viewer, "edit", quote)
    free = quote.state == Quote.State.APPROVED or limits.may_give(viewer, quote.reduction)
    return {
        "quote": quote,
        "approvals": list(quote.approvals.select_related("asked_by", "decided_by").order_by("id")),
        "waiting": waiting,
        "may_decide": waiting is not None and may_decide(waiting, viewer),
        "may_send": editing and quote.is_open and free,
        "must_ask": editing and quote.state == Quote.State.DRAFT and not free,
        "may_version": editing and not quote.is_open and quote.state != Quote.State.ACCEPTED,
        "may_withdraw": editing and (quote.is_open or quote.state == Quote.State.SENT),
        "may_answer": editing,
        "link": links.url_of(quote) if quote.has_link else "",
        "comments": list(quote.comments.order_by("id")),
        "versions": list(Quote.objects.filter(number=quote.number).exclude(pk=quote.pk).order_by("-version")),
    }


def of_customer(party: Party, viewer: Viewer) -> dict[str, Any]:
    """The newest quotes of a customer."""
    rows = list(quotes_of(party, viewer).order_by("-created_at", "-id")[: SHOWN + 1])
    return {
        "quotes": rows[:SHOWN],
        "all_url": list_url("quotes", {"f.party": party.pk}) if len(rows) > SHOWN else "",
    }


def quotes_of(party: Party, viewer: Viewer) -> QuerySet[Quote]:
    """Those of a customer that the viewer may see."""
    return queries.quotes(viewer).filter(party=party)


def new_button(party: Party, viewer: Viewer) -> Button | None:
    """“New quote” on the page of a customer."""
    if not may(viewer, "create", Quote(party=party)):
        return None
    url = f"{reverse('desk:new', args=['quotes'])}?party={party.pk}"
    return Button(_("New quote"), url, "file-text")

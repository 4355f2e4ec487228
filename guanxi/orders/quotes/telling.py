"""What the ledger hears of quotes, and how colleagues are told."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.notices.kinds import Kind
from guanxi.foundation.visibility import Viewer
from guanxi.ledger.actions import record
from guanxi.ledger.kinds import EventKind, Family
from guanxi.ledger.models import Channel, Direction
from guanxi.orders.quotes.models import Quote

APPROVALS = Kind("approvals", _("Discounts that wait for my approval, and how mine were decided"))
ANSWERS = Kind("answers", _("Customers answer my quotes"))


def tell(
    kind: str, quote: Quote, by: Viewer, channel: str = Channel.OTHER, direction: str = Direction.INSIDE, **more: Any
) -> None:
    """Say in the ledger what happened to a quote, with the record that it is for, and to the floors above."""
    place = {"place": [quote.place_type, quote.place_id]} if quote.place_type else {}
    payload = {"number": str(quote), "total": quote.total, "currency": quote.currency, **place, **more}
    record(kind, party=quote.party, channel=channel, direction=direction, about=quote, payload=payload, by=by)
    for hear in hooks.get("quote_told"):
        hear(kind, quote, by)


def _kind(
    code: str, label: Any, summary: Any, detail: Any = "%(total)s %(currency)s", icon: str = "file-text"
) -> EventKind:
    return EventKind(f"quote.{code}", label, icon, summary, detail, Family.ORDERS)


KINDS = [
    _kind("made", _("Quote made"), _("Quote %(number)s made")),
    _kind("sent", _("Quote sent"), _("Quote %(number)s sent"), icon="send"),
    _kind("approval_asked", _("Approval asked"), _("Quote %(number)s: approval asked"), "%(words)s", "hourglass"),
    _kind("approved", _("Discount approved"), _("Quote %(number)s: discount approved"), "%(words)s", "check"),
    _kind("not_approved", _("Discount not approved"), _("Quote %(number)s: discount not approved"), "%(words)s", "x"),
    _kind("withdrawn", _("Quote withdrawn"), _("Quote %(number)s withdrawn"), icon="file-off"),
    _kind("commented", _("Question about a quote"), _("%(name)s asks about quote %(number)s"), "%(text)s", "message"),
    _kind("accepted", _("Quote accepted"), _("%(name)s accepted quote %(number)s"), icon="circle-check"),
    _kind("declined", _("Quote declined"), _("%(name)s declined quote %(number)s"), "%(reason)s", "circle-x"),
]

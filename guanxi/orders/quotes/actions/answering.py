"""What a customer says of a quote: he asks, accepts with the options of his choice, or declines with his reason.

He has no account: whoever has the link may answer, and is noted with the name that he gives and the address he comes
from. Accepting makes the order in the same transaction; said twice, it is told what was said first.
"""

from __future__ import annotations

from collections.abc import Collection

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from guanxi.foundation import notifications
from guanxi.foundation.actions import Refused, action, change, create
from guanxi.foundation.desk import record_url
from guanxi.foundation.visibility import SYSTEM, Viewer, implied
from guanxi.ledger.models import Channel, Direction
from guanxi.orders.actions import Line, create_order
from guanxi.orders.models import Order
from guanxi.orders.quotes.actions.making import sums_of
from guanxi.orders.quotes.models import Comment, Quote, QuoteLine
from guanxi.orders.quotes.telling import ANSWERS, tell
from guanxi.orders.sums import NOTHING

MOST_COMMENTS = 100


class Answered(Refused):
    """Somebody answered before."""


@action
def accept(quote_id: int, name: str, options: Collection[int] = (), *, by: Viewer, address: str = "") -> Quote:
    """Accept a sent quote with these options (numbers of lines), which places the order.

    Raises Answered where it was accepted or declined before, Refused where its time is over or it was replaced.
    """
    quote = _answerable(quote_id)
    name = _named(name)
    lines = list(quote.lines.select_related("product").order_by("position"))
    unknown = set(options) - {line.pk for line in lines if line.optional}
    if unknown:
        raise Refused(_("This quote has no option %(number)s.") % {"number": min(unknown)}, "options")
    with implied():
        for line in lines:
            if line.optional and line.pk in options:
                line.chosen = True
                change(line, chosen=True)
        counting = [line for line in lines if line.counts]
        came = sums_of(quote, counting)
        order = _place(quote, counting, list(came.nets))
        quote = change(
            quote, state=Quote.State.ACCEPTED, answered_at=timezone.now(), answered_by=name, answered_from=address,
            net=came.net, tax=came.tax, total=came.total, order=order,
        )  # fmt: skip
    tell("quote.accepted", quote, by, Channel.WEB, Direction.IN, name=name, order=order.number)
    _notify(quote, _("%(name)s accepted quote %(number)s"), name)
    return quote


@action
def decline(quote_id: int, name: str, reason: str, *, by: Viewer, address: str = "") -> Quote:
    """Decline a sent quote, saying why. Raises Answered, Refused."""
    quote = _answerable(quote_id)
    name, reason = _named(name), reason.strip()[:2_000]
    if not reason:
        raise Refused(_("Tell us in a few words why not."), "reason")
    with implied():
        quote = change(
            quote, state=Quote.State.DECLINED, answered_at=timezone.now(), answered_by=name, answered_from=address,
            reason=reason,
        )  # fmt: skip
    tell("quote.declined", quote, by, Channel.WEB, Direction.IN, name=name, reason=reason)
    _notify(quote, _("%(name)s declined quote %(number)s"), name, reason)
    return quote


@action
def comment(quote_id: int, name: str, text: str, *, by: Viewer) -> Comment:
    """Ask something about a quote. Raises Refused where its link is not valid any more."""
    quote = _linked(quote_id)
    name, text = _named(name), text.strip()[:2_000]
    if not text:
        raise Refused(_("Write what you would like to know."), "text")
    if quote.comments.count() >= MOST_COMMENTS:
        raise Refused(_("There are many comments here already; please write to us."), "text")
    with implied():
        row = create(Comment, quote=quote, name=name, text=text)
    tell("quote.commented", quote, by, Channel.WEB, Direction.IN, name=name, text=text[:500])
    _notify(quote, _("%(name)s asks about quote %(number)s"), name, text)
    return row


@action
def answer_comment(quote_id: int, text: str, *, by: Viewer) -> Comment:
    """Answer on the page of the quote."""
    quote = Quote.objects.visible_to(by).get(pk=quote_id)
    if not text.strip():
        raise Refused(_("Write an answer."), "text")
    return create(Comment, quote=quote, name=str(by)[:150], text=text.strip()[:2_000], ours=True)


def _linked(quote_id: int) -> Quote:
    quote = Quote.objects.select_for_update(of=("self",)).select_related("party", "owner").get(pk=quote_id)
    if not quote.has_link:
        raise Refused(_("This link is not valid any more."))
    return quote


def _answerable(quote_id: int) -> Quote:
    quote = _linked(quote_id)
    if quote.state == Quote.State.REPLACED:
        raise Refused(_("There is a newer version of this quote."))
    if quote.state != Quote.State.SENT:
        raise Answered(_("This quote was answered already."))
    if quote.is_expired:
        raise Refused(_("This quote is not valid any more; ask us for a new one."))
    return quote


def _named(name: str) -> str:
    name = " ".join(name.split())[:150]
    if not name:
        raise Refused(_("Write your name."), "name")
    return name


def _place(quote: Quote, lines: list[QuoteLine], nets: list) -> Order:  # type: ignore[type-arg]
    """The order of an accepted quote: its lines without tax, and what was taken off list prices as their discount."""
    included = quote.tax_included
    wanted = []
    for line, net in zip(lines, nets, strict=True):
        off = NOTHING if included else max(line.full - net, NOTHING)
        wanted.append(
            Line(
                product=line.product,
                description=line.description,
                quantity=line.quantity,
                amount=net,
                discount=off,
                cost=None if line.product is None or line.product.cost is None else line.product.cost * line.quantity,
                key=str(line.position),
                tax_percent=line.tax_percent,
            )
        )
    return create_order(
        quote.party,
        wanted,
        by=SYSTEM,
        channel=Channel.WEB,
        currency=quote.currency,
        key=f"quote:{quote.number}",
        state=Order.State.CONFIRMED,
    )


def _notify(quote: Quote, title: str, name: str, body: str = "") -> None:
    if quote.owner is not None:
        with translation.override(quote.owner.language or None):
            words = title % {"name": name, "number": quote}
        notifications.notify(quote.owner, words, body, record_url("quotes", quote.pk), kind=ANSWERS)

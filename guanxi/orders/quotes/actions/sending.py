"""Sending a quote, withdrawing it, making a new version of it."""

from __future__ import annotations

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from guanxi.customers.sending import send_mail
from guanxi.foundation import clock, one_at_a_time, search
from guanxi.foundation.actions import Refused, action, change, create
from guanxi.foundation.desk.display import number
from guanxi.foundation.visibility import Viewer
from guanxi.orders.quotes import limits, links
from guanxi.orders.quotes.actions.making import VALID_FOR, locked
from guanxi.orders.quotes.models import Quote, QuoteLine
from guanxi.orders.quotes.telling import tell
from guanxi.orders.sums import NOTHING

PURPOSE = "service"  # what customers are written to about what they asked for
COPIED = ("party", "subject", "owner", "place_type", "place_id", "currency", "country", "language", "tax_included",
          "discount_percent", "discount_amount", "text", "custom", "priced_on", "net", "tax", "total",
          "reduction")  # fmt: skip
OF_LINES = ("position", "product", "description", "quantity", "list_price", "price", "by_hand", "why",
            "discount_percent", "discount_amount", "amount", "tax_percent", "tax_name", "optional")  # fmt: skip


@action
def send(quote_id: int, *, by: Viewer, mail: bool = False, address: str = "", words: str = "") -> Quote:
    """Give the quote its link; with `mail`, send that to the customer. From now on it is not changed any more.

    Raises Refused where it is below list prices further than the sender may go and nobody agreed to that, where it is
    empty, or where the customer may not be written to.
    """
    quote = locked(quote_id, by)
    if not quote.is_open:
        raise Refused(_("Quote %(number)s was sent already; make a new version of it.") % {"number": quote})
    if not quote.lines.filter(optional=False).exists():
        raise Refused(_("A quote needs a line that is no option."), "lines")
    if quote.valid_until < clock.today():
        raise Refused(_("A quote is valid until today or later."), "valid_until")
    if quote.state != Quote.State.APPROVED and not limits.may_give(by, quote.reduction):
        refusal = _("%(given)s %% below list prices is more than the %(limit)s %% that you may give; ask for approval.")
        limit = limits.limit_of(by) or NOTHING
        raise Refused(refusal % {"given": number(quote.reduction), "limit": number(limit)}, "discount")
    quote = change(quote, state=Quote.State.SENT, sent_at=timezone.now())
    tell("quote.sent", quote, by)
    if mail:
        with translation.override(quote.language):
            subject = _("Our quote %(number)s") % {"number": quote}
            lines = [words.strip(), _("Read it, ask and answer here:"), links.url_of(quote)]
        send_mail(quote.party, PURPOSE, subject, "\n\n".join(filter(None, lines)), by=by, address=address)
    return quote


@action
def withdraw(quote_id: int, *, by: Viewer) -> Quote:
    """Take back a quote that nobody answered; its link shows no more than that."""
    quote = locked(quote_id, by)
    if not quote.is_open and quote.state != Quote.State.SENT:
        words = _("Quote %(number)s is “%(state)s” and cannot be withdrawn.")
        raise Refused(words % {"number": quote, "state": quote.get_state_display()})
    quote = change(quote, state=Quote.State.WITHDRAWN)
    tell("quote.withdrawn", quote, by)
    return quote


@action
def new_version(quote_id: int, *, by: Viewer) -> Quote:
    """A draft with all that stands in the quote, whose link ends with that: nobody accepts what is being changed.

    Raises Refused where it was accepted, or where there is a newer version already.
    """
    old = locked(quote_id, by)
    one_at_a_time.hold(f"quote:{old.number}")
    if old.is_open:
        raise Refused(_("Quote %(number)s is not sent yet; change it as it is.") % {"number": old})
    if old.state == Quote.State.ACCEPTED:
        raise Refused(_("Quote %(number)s was accepted; change its order instead.") % {"number": old})
    newest = Quote.objects.filter(number=old.number).order_by("-version").first()
    if newest is not None and newest.pk != old.pk:
        raise Refused(_("There is a newer version already: %(number)s.") % {"number": newest})
    lines = list(old.lines.order_by("position"))
    if old.state == Quote.State.SENT:
        change(old, state=Quote.State.REPLACED)
    quote = create(
        Quote,
        number=old.number,
        version=old.version + 1,
        valid_until=max(old.valid_until, clock.today() + VALID_FOR),
        **{name: getattr(old, name) for name in COPIED},
    )
    for line in lines:
        create(QuoteLine, quote=quote, **{name: getattr(line, name) for name in OF_LINES})
    tell("quote.made", quote, by)
    search.touch(quote)
    return quote

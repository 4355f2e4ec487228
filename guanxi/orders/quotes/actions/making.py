"""Making a quote and changing it while it is a draft. Its sums, and how far it is below list prices, follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.catalog.exchange import own_currency
from guanxi.catalog.models import Product
from guanxi.catalog.pricing import Priced, price_of
from guanxi.catalog.taxes import HUNDRED, Tax, parted, tax_on
from guanxi.customers.models import Party
from guanxi.foundation import clock, one_at_a_time, search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.money import rounded
from guanxi.foundation.visibility import Viewer, implied, require
from guanxi.orders.papers.paper import language_of
from guanxi.orders.quotes import limits
from guanxi.orders.quotes.models import Quote, QuoteLine
from guanxi.orders.quotes.telling import tell
from guanxi.orders.sums import NOTHING, Position, Sums, line_amount, sums

MOST_LINES = 500
VALID_FOR = timedelta(days=30)
LARGEST = Decimal(10**11)
REPRICING = ("currency", "country", "tax_included")  # what of a quote its lines' prices follow


@dataclass(frozen=True)
class Draft:
    """One position as it is asked for: a product, or words with a price. A `price` given is one by hand."""

    product: Product | None = None
    description: str = ""
    quantity: Decimal = Decimal(1)
    price: Decimal | None = None
    discount_percent: Decimal = NOTHING
    discount_amount: Decimal = NOTHING
    optional: bool = False


@action
def create_quote(
    party: Party,
    lines: Sequence[Draft] = (),
    *,
    by: Viewer,
    currency: str = "",
    country: str = "",
    language: str = "",
    valid_until: date | None = None,
    place: tuple[str, int] | None = None,
    **values: Any,
) -> Quote:
    """Make a draft. `place` is the record that it is for, by type and number. Raises Refused with the field."""
    valid_until = valid_until or clock.today() + VALID_FOR
    _check_validity(valid_until)
    one_at_a_time.hold("quote numbers")
    newest = Quote.objects.order_by("-id").values_list("id", flat=True).first() or 0
    quote = create(
        Quote,
        number=f"Q{newest + 1:05}",
        party=party,
        owner_id=by.pk,
        currency=currency or own_currency(),
        country=country or party.country or settings.GUANXI_COUNTRY,
        language=language or language_of(party),
        valid_until=valid_until,
        place_type=place[0] if place else "",
        place_id=place[1] if place else None,
        **{name: value for name, value in values.items() if value is not None},
    )
    with implied():  # who may make a quote fills it, though he may not change it later
        _write(quote, lines, by)
        _settle(quote)
    tell("quote.made", quote, by)
    return quote


@action
def edit_quote(row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Quote:
    """Change a draft; another currency, country or way of tax makes its prices anew. Raises Conflict, Refused."""
    quote = _open(row_id, by)
    if changes.get("valid_until"):
        _check_validity(changes["valid_until"])
    quote = change(quote, expected, **changes)
    if any(name in changes for name in REPRICING):
        _price_anew(quote, by)
    _settle(quote)
    return quote


@action
def add_line(quote_id: int, draft: Draft, *, by: Viewer) -> QuoteLine:
    """Add a position. Raises Refused, such as for a hole in a price list."""
    quote = _open(quote_id, by)
    line = _write(quote, [draft], by)[0]
    _settle(quote)
    return line


@action
def set_lines(quote_id: int, drafts: Sequence[Draft], *, by: Viewer) -> Quote:
    """Put other positions in place of those that are there."""
    quote = _open(quote_id, by)
    for line in quote.lines.all():
        delete(line)
    _write(quote, drafts, by)
    _settle(quote)
    return quote


@action
def change_line(
    line_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> QuoteLine:
    """Change quantity, price (None: as the lists say), discounts, description or whether it is an option."""
    line = QuoteLine.objects.visible_to(by).select_related("quote", "product").get(pk=line_id)
    quote = _open(line.quote_id, by)
    known = ("quantity", "price", "discount_percent", "discount_amount", "description", "optional")
    for name in changes:
        if name not in known:
            raise Refused(_("A line has no field “%(name)s” to change.") % {"name": name}, name)
    draft = Draft(
        product=line.product,
        **{name: changes.get(name, getattr(line, name)) for name in known if name != "price"},
        price=changes.get("price", line.price if line.by_hand else None),
    )
    change(line, expected, **_values(quote, draft, by))
    _settle(quote)
    return line


@action
def remove_line(line_id: int, *, by: Viewer) -> Quote:
    """Take a position out."""
    line = QuoteLine.objects.visible_to(by).get(pk=line_id)
    quote = _open(line.quote_id, by)
    delete(line)
    _settle(quote)
    return quote


def locked(quote_id: int, by: Viewer) -> Quote:
    """The quote, held against other writers until the transaction ends. Raises Quote.DoesNotExist, NotAllowed."""
    require(by, "edit", Quote)
    quote = Quote.objects.visible_to(by).select_for_update(of=("self",)).select_related("party").get(pk=quote_id)
    require(by, "edit", quote)
    return quote


def sums_of(quote: Quote, lines: Sequence[QuoteLine] | None = None) -> Sums:
    """What is in a quote comes to; of these lines, else of those that count."""
    rows = [line for line in quote.lines.order_by("position") if line.counts] if lines is None else lines
    positions = [Position(line.amount, line.tax_percent, line.tax_name) for line in rows]
    return sums(positions, quote.tax_included, quote.currency, quote.discount_percent, quote.discount_amount)


def _open(quote_id: int, by: Viewer) -> Quote:
    """A quote that may be changed; one that waited or was approved is a draft again, and its approvals are void."""
    quote = locked(quote_id, by)
    if not quote.is_open:
        words = _("Quote %(number)s is “%(state)s” and cannot be changed; make a new version of it.")
        raise Refused(words % {"number": quote, "state": quote.get_state_display()})
    if quote.state != Quote.State.DRAFT:
        with implied():
            for approval in quote.approvals.filter(void=False):
                change(approval, void=True)
        quote = change(quote, state=Quote.State.DRAFT)
    return quote


def _check_validity(day: date) -> None:
    if day < clock.today():
        raise Refused(_("A quote is valid until today or later."), "valid_until")


def _write(quote: Quote, drafts: Sequence[Draft], by: Viewer) -> list[QuoteLine]:
    there = list(quote.lines.values_list("position", flat=True))
    if len(there) + len(drafts) > MOST_LINES:
        raise Refused(_("A quote has at most %(most)s lines.") % {"most": MOST_LINES}, "lines")
    start = max(there, default=0) + 1
    return [
        create(QuoteLine, quote=quote, position=position, product=draft.product, **_values(quote, draft, by))
        for position, draft in enumerate(drafts, start)
    ]


def _price_anew(quote: Quote, by: Viewer) -> None:
    for line in quote.lines.select_related("product"):
        if line.product is None or line.by_hand:
            words = _("“%(what)s” has a price by hand; take it out before the currency or the tax changes.")
            raise Refused(words % {"what": line.description}, "currency")
        draft = Draft(
            line.product, line.description, line.quantity, None, line.discount_percent, line.discount_amount,
            line.optional,
        )  # fmt: skip
        change(line, **_values(quote, draft, by))


def _values(quote: Quote, draft: Draft, by: Viewer) -> dict[str, Any]:
    """What is stored of a position: its prices, with the reason, its tax, what it comes to."""
    if not 0 < draft.quantity <= LARGEST:
        raise Refused(_("Ask for a quantity above nothing."), "quantity")
    description = draft.description.strip() or (draft.product.name if draft.product else "")
    if not description:
        raise Refused(_("Say what it is: a product, or a description."), "description")
    tax = tax_on(draft.product.tax_class if draft.product else "", quote.country, quote.priced_on)
    listed, why = _listed(quote, draft, tax, by)
    price = listed if draft.price is None else draft.price
    amount, _off = line_amount(draft.quantity, price, draft.discount_percent, draft.discount_amount, quote.currency)
    return {
        "description": description[:250],
        "quantity": draft.quantity,
        "list_price": listed,
        "price": price,
        "by_hand": draft.price is not None,
        "why": why[:500],
        "discount_percent": draft.discount_percent,
        "discount_amount": draft.discount_amount,
        "amount": amount,
        "tax_percent": tax.percent,
        "tax_name": tax.name,
        "optional": draft.optional,
        "chosen": False,
    }


def _listed(quote: Quote, draft: Draft, tax: Tax, by: Viewer) -> tuple[Decimal, str]:
    """The list price in the quote's way of tax, and why; a price by hand stands in where no list is meant to know."""
    if draft.product is None:
        if draft.price is None:
            raise Refused(_("Give a price for “%(what)s”.") % {"what": draft.description}, "price")
        return draft.price, ""
    try:
        found = price_of(draft.product, quote.party, draft.quantity, quote.priced_on, quote.currency)
    except Refused:
        # Without a list price nobody could tell how much is given away.
        if draft.price is None or limits.limit_of(by) is not None:
            raise
        return draft.price, ""
    return _taxed(found, quote, tax), found.why


def _taxed(found: Priced, quote: Quote, tax: Tax) -> Decimal:
    if found.tax_included == quote.tax_included:
        return found.amount
    if found.tax_included:
        return parted(found.amount, tax.percent, True, quote.currency)[0]
    return rounded(found.amount * (HUNDRED + tax.percent) / HUNDRED, quote.currency)


def _settle(quote: Quote) -> None:
    """Bring what a quote comes to up to date."""
    lines = list(quote.lines.order_by("position"))
    came = sums_of(quote, [line for line in lines if line.counts])
    if came.net < 0:
        raise Refused(_("A discount cannot be more than the quote comes to."), "discount_amount")
    below = limits.reduction_of(lines, quote.discount_percent, quote.discount_amount, quote.currency)
    change(quote, net=came.net, tax=came.tax, total=came.total, reduction=below, changed_at=timezone.now())
    search.touch(quote)

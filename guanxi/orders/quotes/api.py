"""Quotes for programs: made with lines, sent, approved, versioned. Lists and facts are under `/records/quotes`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from guanxi.catalog.models import Product
from guanxi.customers.merged import root_of
from guanxi.customers.queries import parties
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Day, Moment, Money, Number, ObjectType, Quantity
from guanxi.foundation.belonging import NoRecord, find_record
from guanxi.orders.quotes import actions, document, links, queries
from guanxi.orders.quotes.actions import Draft
from guanxi.orders.quotes.models import Quote, QuoteLine

router = Router(tags=["Quotes"])
PerCent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
Price = Annotated[Decimal, Field(ge=0, le=10**11, decimal_places=4)]


class QuoteLineIn(Schema):
    """A position: a product by its `code`, or a `description` with a `price`. A price given is one by hand."""

    product: Annotated[str, Field(max_length=100)] | None = Field(None, description="The product's code.")
    description: Annotated[str, Field(max_length=250)] = ""
    quantity: Annotated[Decimal, Field(gt=0, le=10**11, decimal_places=4)] = Decimal(1)
    price: Price | None = Field(None, description="By hand; left out, as the price lists say.")
    discount_percent: PerCent = Decimal(0)
    discount_amount: Price = Decimal(0)
    optional: bool = False


class QuoteIn(Schema):
    """A new draft."""

    party: Number
    lines: Annotated[list[QuoteLineIn], Field(max_length=500)] = []
    subject: Annotated[str, Field(max_length=200)] = ""
    currency: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    country: Annotated[str, Field(pattern="^([A-Z]{2})?$", description="Whose tax it bears.")] = ""
    language: Annotated[str, Field(max_length=10)] = ""
    valid_until: Day | None = None
    tax_included: bool = False
    discount_percent: PerCent = Decimal(0)
    discount_amount: Price = Decimal(0)
    text: Annotated[str, Field(max_length=5_000)] = ""
    object_type: ObjectType | None = Field(None, description="The type of the record that it is for, with `object_id`.")
    object_id: Number | None = None


class QuoteLinesIn(Schema):
    lines: Annotated[list[QuoteLineIn], Field(max_length=500)]


class QuoteLineOut(Schema):
    id: int
    position: int
    product: str | None
    description: str
    quantity: Quantity
    list_price: Money
    price: Money
    by_hand: bool
    why: str
    discount_percent: Quantity
    discount_amount: Money
    amount: Money
    tax_percent: Quantity
    optional: bool
    chosen: bool

    @staticmethod
    def resolve_product(line: QuoteLine) -> str | None:
        return line.product.code if line.product else None


class QuoteOut(Schema):
    id: int
    number: str
    version: int
    party: int = Field(alias="party_id")
    state: str
    subject: str
    currency: str
    valid_until: date
    tax_included: bool
    discount_percent: Quantity
    discount_amount: Money
    net: Money
    tax: Money
    total: Money
    reduction: Quantity = Field(description="How many per cent below list prices it is.")
    link: str | None = Field(description="What the customer opens; null until it is sent.")
    order: int | None = Field(alias="order_id")
    answered_by: str
    answered_at: Moment | None
    reason: str
    lines: list[QuoteLineOut]

    @staticmethod
    def resolve_link(quote: Quote) -> str | None:
        return links.url_of(quote) if quote.has_link else None

    @staticmethod
    def resolve_lines(quote: Quote) -> list[QuoteLine]:
        return list(queries.lines(quote))


class SendIn(Schema):
    """How it goes out."""

    mail: bool = Field(False, description="Mail the link to the customer.")
    words: Annotated[str, Field(max_length=5_000)] = ""


class WordsIn(Schema):
    words: Annotated[str, Field(max_length=500)] = ""


class ApprovalIn(WordsIn):
    """What is decided of a discount."""

    approved: bool


def one(request: HttpRequest, number: int) -> Quote:
    """The quote of that number. Raises Quote.DoesNotExist."""
    return queries.quotes(request.user).get(pk=number)


@router.post("", response={201: QuoteOut}, summary="Make a quote", operation_id="create_quote")
def create_quote(request: HttpRequest, body: QuoteIn) -> Status[Quote]:
    """A draft, priced by the price lists. 422 names a hole in a list or a currency without rate."""
    by = request.user
    with transaction.atomic():
        party = parties(by).filter(pk=root_of(body.party)).first()
        if party is None:
            raise Refused(_("There is no customer %(number)s.") % {"number": body.party}, "party")
        values = body.model_dump(exclude={"party", "lines", "object_type", "object_id"})
        quote = actions.create_quote(party, _drafts(request, body.lines), by=by, place=_place(request, body), **values)
    return Status(201, one(request, quote.pk))


@router.get("/{number}", response=QuoteOut, summary="Get a quote", operation_id="get_quote")
def get_quote(request: HttpRequest, number: Number) -> Quote:
    """One version of a quote with its lines."""
    return one(request, number)


@router.get("/{number}/pdf", summary="The quote as PDF", operation_id="quote_pdf")
def pdf(request: HttpRequest, number: Number) -> HttpResponse:
    """As the customer gets it on paper, in the language of the quote."""
    return HttpResponse(document.pdf_of(one(request, number)), content_type="application/pdf")


@router.put("/{number}/lines", response=QuoteOut, summary="Put other lines", operation_id="set_quote_lines")
def set_lines(request: HttpRequest, number: Number, body: QuoteLinesIn) -> Quote:
    """In place of those that are there; only of a draft."""
    actions.set_lines(number, _drafts(request, body.lines), by=request.user)
    return one(request, number)


@router.post("/{number}/send", response=QuoteOut, summary="Send a quote", operation_id="send_quote")
def send_quote(request: HttpRequest, number: Number, body: SendIn) -> Quote:
    """Gives it its link. 422 where its discount is over the limit of who asks and was not approved."""
    actions.send(number, by=request.user, mail=body.mail, words=body.words)
    return one(request, number)


@router.post("/{number}/approval", response=QuoteOut, summary="Ask for approval", operation_id="ask_quote_approval")
def ask_approval(request: HttpRequest, number: Number, body: WordsIn) -> Quote:
    """Of a discount beyond one's own limit."""
    actions.ask_approval(number, body.words, by=request.user)
    return one(request, number)


@router.post("/{number}/decision", response=QuoteOut, summary="Approve or refuse", operation_id="decide_quote")
def decide(request: HttpRequest, number: Number, body: ApprovalIn) -> Quote:
    """The step that is due; 422 where one's own limit does not reach so far."""
    actions.decide(number, body.approved, body.words, by=request.user)
    return one(request, number)


@router.post("/{number}/version", response={201: QuoteOut}, summary="New version", operation_id="version_quote")
def new_version(request: HttpRequest, number: Number) -> Status[Quote]:
    """A draft with all that stands in it; the link of the former ends."""
    return Status(201, one(request, actions.new_version(number, by=request.user).pk))


@router.post("/{number}/withdraw", response=QuoteOut, summary="Withdraw a quote", operation_id="withdraw_quote")
def withdraw(request: HttpRequest, number: Number) -> Quote:
    """Its link ends."""
    actions.withdraw(number, by=request.user)
    return one(request, number)


def _place(request: HttpRequest, body: QuoteIn) -> tuple[str, int] | None:
    if body.object_type is None or body.object_id is None:
        return None
    try:
        find_record(body.object_type, body.object_id, request.user)
    except NoRecord as missing:
        raise Refused(str(missing), "object_id") from missing
    return body.object_type, body.object_id


def _drafts(request: HttpRequest, given: list[QuoteLineIn]) -> list[Draft]:
    codes = {line.product for line in given if line.product is not None}
    products = {product.code: product for product in Product.objects.visible_to(request.user).filter(code__in=codes)}
    drafts = []
    for position, line in enumerate(given):
        if line.product is not None and line.product not in products:
            raise Refused(_("There is no product “%(code)s”.") % {"code": line.product}, f"lines.{position}.product")
        values: dict[str, Any] = line.model_dump(exclude={"product"})
        drafts.append(Draft(product=products.get(line.product or ""), **values))
    return drafts

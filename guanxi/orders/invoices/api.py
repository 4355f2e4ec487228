"""Invoices for programs: made from orders, issued, paid, credited. Lists and facts are under `/records/invoices`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema, Status

from guanxi.foundation.api.types import Day, Moment, Money, Number, Quantity
from guanxi.orders.invoices import actions, document, einvoice, queries
from guanxi.orders.invoices.models import Invoice, InvoiceLine, Payment, Reminder

router = Router(tags=["Invoices"])


class InvoiceIn(Schema):
    """What is to be invoiced of an order: all that is not yet, or only what was delivered."""

    order: Number
    delivered_only: bool = False


class InvoiceLineOut(Schema):
    id: int
    position: int
    product: str | None
    description: str
    quantity: Quantity
    amount: Money
    tax_percent: Quantity

    @staticmethod
    def resolve_product(line: InvoiceLine) -> str | None:
        return line.product.code if line.product else None


Level = Annotated[int, Field(ge=1, le=1_000)]


class ReminderIn(Schema):
    """What is decided of a proposed reminder."""

    send: bool = Field(description="False: it is left out.")


class ReminderOut(Schema):
    level: int
    state: str
    proposed_on: date
    done_at: Moment | None


class PaymentOut(Schema):
    id: int
    day: date
    amount: Money
    method: str
    reference: str


class InvoiceOut(Schema):
    id: int
    kind: Literal["invoice", "credit"]
    number: str
    state: str
    party: int = Field(alias="party_id")
    order: int | None = Field(alias="order_id")
    corrects: int | None = Field(alias="corrects_id")
    day: date | None
    due_on: date | None
    currency: str
    net: Money
    tax: Money
    total: Money
    left: Money = Field(description="What is still to be paid; below nothing where more was paid.")
    lines: list[InvoiceLineOut]
    payments: list[PaymentOut]

    @staticmethod
    def resolve_lines(invoice: Invoice) -> list[InvoiceLine]:
        return list(invoice.lines.select_related("product").order_by("position"))

    @staticmethod
    def resolve_payments(invoice: Invoice) -> list[Payment]:
        return list(invoice.payments.order_by("id"))


class PaymentIn(Schema):
    """Money that came; below nothing: paid back."""

    amount: Money
    day: Day | None = None
    method: Literal["transfer", "card", "cash", "other"] = "transfer"
    reference: Annotated[str, Field(max_length=100, description="Of the bank; noted once for an invoice.")] = ""


class CreditIn(Schema):
    """Quantities by number of the line; all that was not credited yet where `lines` is left out."""

    lines: dict[Annotated[str, Field(pattern="^[0-9]{1,18}$")], Annotated[Decimal, Field(gt=0, le=10**11)]] | None = (
        None
    )
    text: Annotated[str, Field(max_length=5_000)] = ""


def one(request: HttpRequest, number: int) -> Invoice:
    """The invoice of that number. Raises Invoice.DoesNotExist."""
    return queries.invoices(request.user).get(pk=number)


@router.post("", response={201: InvoiceOut}, summary="Invoice an order", operation_id="create_invoice")
def create_invoice(request: HttpRequest, body: InvoiceIn) -> Status[Invoice]:
    """A draft; it gets its number when it is issued."""
    made = actions.invoice_order(body.order, by=request.user, delivered_only=body.delivered_only)
    return Status(201, one(request, made.pk))


@router.get("/{number}", response=InvoiceOut, summary="Get an invoice", operation_id="get_invoice")
def get_invoice(request: HttpRequest, number: Number) -> Invoice:
    """With its lines and payments."""
    return one(request, number)


@router.post("/{number}/issue", response=InvoiceOut, summary="Issue an invoice", operation_id="issue_invoice")
def issue(request: HttpRequest, number: Number) -> Invoice:
    """It gets the next number and is not changed any more."""
    actions.issue(number, by=request.user)
    return one(request, number)


@router.post("/{number}/credit", response={201: InvoiceOut}, summary="Credit an invoice", operation_id="credit_invoice")
def credit(request: HttpRequest, number: Number, body: CreditIn) -> Status[Invoice]:
    """A credit note, issued at once."""
    quantities = None if body.lines is None else {int(line): quantity for line, quantity in body.lines.items()}
    made = actions.credit(number, quantities, by=request.user, text=body.text)
    return Status(201, one(request, made.pk))


@router.post("/{number}/payments", response={201: InvoiceOut}, summary="Note a payment", operation_id="pay_invoice")
def pay(request: HttpRequest, number: Number, body: PaymentIn) -> Status[Invoice]:
    """In parts, or more than is open; the same reference twice is refused."""
    actions.pay(number, body.amount, by=request.user, day=body.day, method=body.method, reference=body.reference)
    return Status(201, one(request, number))


@router.get("/{number}/reminders", response=list[ReminderOut], summary="Reminders", operation_id="list_reminders")
def reminders(request: HttpRequest, number: Number) -> list[Reminder]:
    """Those proposed, sent and left out, by level. All that are proposed: `/records/reminders?f.state=proposed`."""
    return list(one(request, number).reminders.order_by("level"))


@router.post(
    "/{number}/reminders/{level}", response=ReminderOut, summary="Send or leave out", operation_id="decide_reminder"
)
def decide_reminder(request: HttpRequest, number: Number, level: Level, body: ReminderIn) -> Reminder:
    """A proposed reminder is mailed with the invoice, or left out; 422 where that was decided, or it was paid."""
    row = one(request, number).reminders.get(level=level)
    return actions.send_reminder(row.pk, by=request.user) if body.send else actions.leave_out(row.pk, by=request.user)


@router.get("/{number}/pdf", summary="The invoice as PDF", operation_id="invoice_pdf")
def pdf(request: HttpRequest, number: Number) -> HttpResponse:
    """With the electronic invoice (Factur-X) inside, where the countries of both sides are known."""
    return HttpResponse(document.pdf_of(one(request, number)), content_type="application/pdf")


@router.get("/{number}/xml", summary="The electronic invoice", operation_id="invoice_xml")
def xml(request: HttpRequest, number: Number) -> HttpResponse:
    """Factur-X (ZUGFeRD), profile EN 16931."""
    return HttpResponse(einvoice.xml_of(one(request, number)), content_type="application/xml")

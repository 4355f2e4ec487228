"""Making invoices from orders, issuing them with the next number, correcting them by credit notes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import translation
from django.utils.translation import gettext as _

from guanxi.customers.sending import send_mail
from guanxi.foundation import clock, one_at_a_time, search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.audit import plain
from guanxi.foundation.money import rounded
from guanxi.foundation.visibility import Viewer, require
from guanxi.orders.actions import locked as locked_order
from guanxi.orders.invoices import habits
from guanxi.orders.invoices.models import Counter, Invoice, InvoiceLine
from guanxi.orders.invoices.queries import sums_of
from guanxi.orders.invoices.telling import tell
from guanxi.orders.models import UNCOUNTED, Order, OrderLine
from guanxi.orders.papers import paper
from guanxi.orders.sums import NOTHING

State, Kind = Invoice.State, Invoice.Kind
SERIES = {Kind.INVOICE: "R", Kind.CREDIT: "G"}  # the letter before the year in the number
PURPOSE = "service"
SELLER = ("name", "address", "postcode", "city", "country", "mail", "phone", "tax_number", "iban", "bic", "bank",
          "foot", "invoice_text")  # fmt: skip


@action
def invoice_order(order_id: int, *, by: Viewer, delivered_only: bool = False) -> Invoice:
    """A draft of what of an order is not invoiced yet; with `delivered_only`, only of what was delivered.

    Raises Refused where nothing is left, or nothing was bought.
    """
    order = locked_order(order_id, by)
    if order.kind != Order.Kind.SALE or order.state in UNCOUNTED:
        raise Refused(_("Only a sale that is confirmed can be invoiced."))
    wanted = []
    for line in order.lines.select_related("product").order_by("id"):
        quantity = (line.delivered if delivered_only else line.quantity) - invoiced(line)
        if quantity > 0:
            wanted.append((line, quantity))
    if not wanted:
        raise Refused(_("All of this order is invoiced already.") if not delivered_only else _(
            "Nothing was delivered that is not invoiced already."
        ))  # fmt: skip
    invoice = create(
        Invoice, party=order.party, order=order, currency=order.currency, language=paper.language_of(order.party)
    )
    for position, (line, quantity) in enumerate(wanted, 1):
        create(
            InvoiceLine,
            invoice=invoice,
            position=position,
            order_line=line,
            product=line.product,
            description=line.description or str(line.product or ""),
            quantity=quantity,
            amount=_share(line, quantity),
            tax_percent=line.tax_percent,
        )
    return _summed(invoice)


@action
def edit_invoice(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> Invoice:
    """Change days to pay, language, reference or text of a draft. Raises Conflict, Refused."""
    return change(_draft(row_id, by), expected, **changes)


@action
def discard(invoice_id: int, *, by: Viewer) -> None:
    """Throw a draft away; what has a number stays."""
    invoice = _draft(invoice_id, by)
    search.remove(Invoice, [invoice.pk])
    for line in invoice.lines.all():
        delete(line)
    delete(invoice)


@action
def issue(invoice_id: int, *, by: Viewer) -> Invoice:
    """Give a draft the next number of its series and year; from now on it is not changed any more."""
    invoice = _draft(invoice_id, by)
    today = clock.today()
    head = paper.letterhead(invoice.language)
    number = next_number(invoice.kind, today.year)
    corrected = invoice.corrects
    invoice = change(
        invoice,
        number=number,
        state=State.OPEN if invoice.kind == Kind.INVOICE else State.PAID,
        day=today,
        due_on=today + timedelta(days=invoice.payment_days),
        left=invoice.total if invoice.kind == Kind.INVOICE else NOTHING,
        seller={name: plain(getattr(head, name)) for name in SELLER},
        buyer=paper.address_lines(invoice.party),
    )
    if corrected is not None:
        settle(Invoice.objects.select_for_update().get(pk=corrected.pk))
    else:
        settle(invoice)
    tell("issued" if invoice.kind == Kind.INVOICE else "credited", invoice, by)
    search.touch(invoice)
    return invoice


@action
def credit(invoice_id: int, quantities: Mapping[int, Decimal] | None = None, *, by: Viewer, text: str = "") -> Invoice:
    """A credit note for an issued invoice, issued at once: quantities by line, else all that was not credited yet."""
    invoice = locked(invoice_id, by)
    if invoice.kind != Kind.INVOICE or invoice.state == State.DRAFT:
        raise Refused(_("Only an issued invoice is corrected by a credit note."))
    lines = {line.pk: line for line in invoice.lines.select_related("product").order_by("position")}
    left = {pk: line.quantity - _credited(line) for pk, line in lines.items()}
    wanted = {pk: rest for pk, rest in left.items() if rest > 0} if quantities is None else dict(quantities)
    if not wanted:
        raise Refused(_("All of this invoice is credited already."))
    made = create(
        Invoice, kind=Kind.CREDIT, party=invoice.party, order=invoice.order, corrects=invoice, payment_days=0,
        currency=invoice.currency, language=invoice.language, reference=invoice.reference, text=text[:5_000],
    )  # fmt: skip
    for position, (pk, quantity) in enumerate(wanted.items(), 1):
        if pk not in lines or not 0 < quantity <= left[pk]:
            raise Refused(_("Of line %(line)s no more can be credited than was invoiced.") % {"line": pk}, "lines")
        line = lines[pk]
        create(
            InvoiceLine, invoice=made, position=position, order_line=line.order_line, product=line.product,
            description=line.description, quantity=quantity, tax_percent=line.tax_percent,
            amount=rounded(line.amount * quantity / line.quantity, invoice.currency),
        )  # fmt: skip
    return issue(_summed(made).pk, by=by)


@action
def mail_invoice(invoice_id: int, words: str = "", *, by: Viewer) -> Invoice:
    """Mail an issued invoice to the customer, as PDF. Raises Refused where he may not be written to."""
    from guanxi.orders.invoices import document

    invoice = locked(invoice_id, by)
    if invoice.state == State.DRAFT:
        raise Refused(_("A draft is not sent; issue it first."))
    with translation.override(invoice.language):
        subject = f"{invoice.get_kind_display()} {invoice.number}"
        body = words.strip() or _("You find it attached.")
    file = (document.file_name(invoice), document.pdf_of(invoice), "application/pdf")
    send_mail(invoice.party, PURPOSE, subject, body, by=by, files=[file])
    tell("mailed", invoice, by)
    return invoice


def refuse_cancelling(order: Order) -> None:
    """An order that was invoiced is not cancelled before its invoices are credited."""
    for line in order.lines.all():
        if invoiced(line) > 0:
            raise Refused(_("This order is invoiced; credit its invoices first."))


def next_number(kind: str, year: int) -> str:
    """The next number, without gaps: it is kept only together with the invoice that bears it.

    Whoever needs one at the same time waits until this transaction ends.
    """
    series = SERIES[Kind(kind)]
    one_at_a_time.hold(f"numbers:{series}:{year}")
    counter = Counter.objects.select_for_update().filter(series=series, year=year).first()
    if counter is None:
        counter = Counter.objects.create(series=series, year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{series}{year}-{counter.last:05}"


def locked(invoice_id: int, by: Viewer) -> Invoice:
    """The invoice, held against other writers until the transaction ends. Raises Invoice.DoesNotExist, NotAllowed."""
    require(by, "edit", Invoice)
    rows = Invoice.objects.visible_to(by).select_for_update(of=("self",)).select_related("party", "corrects", "order")
    invoice = rows.get(pk=invoice_id)
    require(by, "edit", invoice)
    return invoice


def settle(invoice: Invoice) -> Invoice:
    """Bring what is left of an invoice, its state and the customer's habit up to date with payments and credits."""
    paid = invoice.payments.aggregate(sum=Sum("amount"))["sum"] or NOTHING
    credited = invoice.credits.exclude(state=State.DRAFT).aggregate(sum=Sum("total"))["sum"] or NOTHING
    left = invoice.total - paid - credited
    last = invoice.payments.order_by("-day").values_list("day", flat=True).first()
    state = State.OPEN if left > 0 else State.CREDITED if credited >= invoice.total and paid <= 0 else State.PAID
    settled_on = None if left > 0 else last or clock.today()
    invoice = change(invoice, left=left, state=state, settled_on=settled_on)
    habits.recompute(invoice.party_id)
    return invoice


def invoiced(line: OrderLine) -> Decimal:
    """How much of a line of an order is on invoices, drafts too, less what was credited."""
    rows = InvoiceLine.objects.filter(order_line=line)
    billed = rows.filter(invoice__kind=Kind.INVOICE).aggregate(sum=Sum("quantity"))["sum"] or NOTHING
    back = rows.filter(invoice__kind=Kind.CREDIT).aggregate(sum=Sum("quantity"))["sum"] or NOTHING
    rest: Decimal = billed - back
    return rest


def _credited(line: InvoiceLine) -> Decimal:
    """How much of a line of an invoice was credited; lines of one order line are credited together."""
    rows = InvoiceLine.objects.filter(invoice__corrects=line.invoice_id, invoice__kind=Kind.CREDIT)
    same = rows.filter(order_line=line.order_line, product=line.product, description=line.description)
    found: Decimal = same.aggregate(sum=Sum("quantity"))["sum"] or NOTHING
    return found


def _share(line: OrderLine, quantity: Decimal) -> Decimal:
    """What of a line's amount falls on a quantity; the last part takes what is left, so that nothing is lost."""
    rows = InvoiceLine.objects.filter(order_line=line)
    billed = rows.filter(invoice__kind=Kind.INVOICE).aggregate(sum=Sum("amount"))["sum"] or NOTHING
    back = rows.filter(invoice__kind=Kind.CREDIT).aggregate(sum=Sum("amount"))["sum"] or NOTHING
    if invoiced(line) + quantity == line.quantity:
        left: Decimal = line.amount - (billed - back)
        return left
    return rounded(line.amount * quantity / line.quantity, line.order.currency)


def _draft(invoice_id: int, by: Viewer) -> Invoice:
    invoice = locked(invoice_id, by)
    if invoice.state != State.DRAFT:
        raise Refused(_("%(number)s is issued and not changed any more; make a credit note.") % {"number": invoice})
    return invoice


def _summed(invoice: Invoice) -> Invoice:
    came = sums_of(invoice)
    if came.total < 0:
        raise Refused(_("An invoice cannot come to less than nothing; make a credit note."))
    invoice = change(invoice, net=came.net, tax=came.tax, total=came.total, left=came.total)
    search.touch(invoice)
    return invoice

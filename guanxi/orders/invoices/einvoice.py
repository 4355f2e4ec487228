"""An invoice as machines read it: Factur-X (ZUGFeRD), profile EN 16931, embedded in its PDF.

It needs to know in which countries seller and buyer are; without that there is the PDF alone.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.orders.invoices.models import Invoice, InvoiceLine
from guanxi.orders.invoices.queries import sums_of
from guanxi.orders.sums import NOTHING, TaxSum

FLAVOUR, LEVEL = "factur-x", "en16931"
INVOICE, CREDIT_NOTE = "380", "381"  # UNTDID 1001
TRANSFER = "58"  # UNTDID 4461: SEPA credit transfer
PIECE = "C62"  # UN/ECE recommendation 20: one
UNITS = {"kg": "KGM", "g": "GRM", "l": "LTR", "m": "MTR", "h": "HUR", "day": "DAY", "pcs": PIECE, "pc": PIECE}
OUT_OF_SCOPE = "VATEX-EU-O"


def can_be_made(invoice: Invoice) -> bool:
    """Whether enough is known for it."""
    return bool(invoice.number and invoice.seller.get("country") and invoice.party.country)


def xml_of(invoice: Invoice) -> bytes:
    """The XML, checked against its schema. Raises Refused where countries are not known."""
    if not can_be_made(invoice):
        raise Refused(_("An electronic invoice needs the country on the letterhead and of the customer."), "country")
    import facturx  # with all that it needs, half a second

    content: bytes = facturx.generate_xml(
        _data(invoice), flavor=FLAVOUR, level=LEVEL, check_xsd=True, check_schematron=False
    )
    return content


def embedded(pdf: bytes, invoice: Invoice) -> bytes:
    """The PDF with the XML in it."""
    import facturx

    made: bytes = facturx.generate_from_binary(
        pdf, xml_of(invoice), flavor=FLAVOUR, level=LEVEL, check_xsd=False, check_schematron=False,
        lang=invoice.language,
    )  # fmt: skip
    return made


def _data(invoice: Invoice) -> dict[str, Any]:
    """What EN 16931 wants to know, by the numbers of its business terms."""
    came = sums_of(invoice)
    payments: list[Any] = list(invoice.payments.values_list("amount", flat=True))
    paid: Decimal = sum(payments, NOTHING)
    taxed = any(one.percent for one in came.taxes)
    data: dict[str, Any] = {
        "BT-1": invoice.number,
        "BT-2": invoice.day,
        "BT-3": INVOICE if invoice.kind == Invoice.Kind.INVOICE else CREDIT_NOTE,
        "BT-5": invoice.currency,
        "BT-9": invoice.due_on,
        "BT-72": _delivered_on(invoice),
        "BG-4": _seller(invoice),
        "BG-7": _buyer(invoice),
        "BG-23": [_tax(one, taxed) for one in came.taxes],
        "BG-25": [_line(line, taxed) for line in invoice.lines.select_related("product__unit").order_by("position")],
        "BT-106": _money(came.net),
        "BT-109": _money(came.net),
        "BT-110": _money(came.tax),
        "BT-112": _money(came.total),
        "BT-113": _money(paid),
        "BT-115": _money(came.total - paid),
    }
    if invoice.reference:
        data["BT-10"] = invoice.reference
    if invoice.order is not None:
        data["BT-14"] = invoice.order.number
    if invoice.corrects is not None:
        data["BG-3"] = [{"BT-25": invoice.corrects.number, "BT-26": invoice.corrects.day}]
    if invoice.seller.get("iban"):
        data |= {"BT-81": TRANSFER, "BT-84": invoice.seller["iban"].replace(" ", ""), "BT-83": invoice.number}
        if invoice.seller.get("bic"):
            data["BT-86"] = invoice.seller["bic"]
    return data


def _delivered_on(invoice: Invoice) -> date | None:
    """The day of the last delivery of its order, else that of the invoice."""
    if invoice.order is None:
        return invoice.day
    return invoice.order.deliveries.order_by("-day").values_list("day", flat=True).first() or invoice.day


def _seller(invoice: Invoice) -> dict[str, Any]:
    said = invoice.seller
    party = {
        "name": said["name"],
        "country_code": said["country"],
        "city": said.get("city") or "",
        "postcode": said.get("postcode") or "",
        "addr_l1": " ".join((said.get("address") or "").split()),
        "vat_identifier": said.get("tax_number") or "",
    }
    return {key: value for key, value in party.items() if value}


def _buyer(invoice: Invoice) -> dict[str, Any]:
    lines = [str(line) for line in invoice.buyer]
    party = {
        "name": lines[0] if lines else invoice.party.name,
        "country_code": invoice.party.country,
        "city": invoice.party.city,
        "addr_l1": ", ".join(lines[1:]),
    }
    return {key: value for key, value in party.items() if value}


def _tax(one: TaxSum, taxed: bool) -> dict[str, Any]:
    found = {"BT-116": _money(one.net), "BT-117": _money(one.tax), "BT-118": _category(one.percent, taxed)}
    if taxed:
        return {**found, "BT-119": _number(one.percent)}
    return {**found, "BT-120": "Not subject to VAT", "BT-121": OUT_OF_SCOPE}


def _line(line: InvoiceLine, taxed: bool) -> dict[str, Any]:
    unit = line.product.unit.code if line.product is not None and line.product.unit is not None else ""
    found = {
        "BT-126": str(line.position),
        "BT-129": _number(line.quantity),
        "BT-130": UNITS.get(unit.lower(), PIECE),
        "BT-131": _money(line.amount),
        "BT-146": _number((line.amount / line.quantity).quantize(Decimal("0.0001"))),
        "BT-151": _category(line.tax_percent, taxed),
        "BT-153": line.description,
    }
    if taxed:
        found["BT-152"] = _number(line.tax_percent)
    if line.product is not None:
        found["BT-155"] = line.product.code
    return found


def _category(percent: Decimal, taxed: bool) -> str:
    """UNTDID 5305: standard rate, zero rate, or outside the scope of tax where the whole invoice bears none."""
    return "S" if percent else "Z" if taxed else "O"


def _money(amount: Decimal) -> str:
    return f"{amount:f}"


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"

"""What can be brought in from a file, in the order in which it is best brought in, told to people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation.desk import Desk
from guanxi.foundation.visibility import Viewer, may
from guanxi.intake import desk_kinds
from guanxi.intake.fields import fields_of


@dataclass(frozen=True)
class Offer:
    """A kind of file as people choose it; `options` are those with which its plan begins."""

    key: str
    kind: str
    title: Any
    words: Any
    icon: str
    options: dict[str, str] = field(default_factory=dict)


_ALL = (
    Offer(
        "organisations",
        "parties",
        _("Organisations"),
        _("Companies and shops that you do business with: name, number, address, telephone."),
        "building",
        {"kind": "organisation"},
    ),
    Offer(
        "people",
        "parties",
        _("People"),
        _("Customers and contacts, one row for each: name, mail, telephone, card, date of birth, consents."),
        "users",
        {"kind": "person"},
    ),
    Offer(
        "relationships",
        "relationships",
        _("Relationships"),
        _("Who belongs to whom: works at, member of a household, parent company, referred by."),
        "affiliate",
    ),
    Offer(
        "products",
        "products",
        _("Products"),
        _("What you sell: number, name, category, brand, price and cost."),
        "package",
    ),
    Offer(
        "prices",
        "prices",
        _("Prices"),
        _("What a product costs in which list, from when until when, from which quantity."),
        "tags",
    ),
    Offer(
        "sales",
        "sales",
        _("Sales"),
        _("Lines of orders and receipts: customer, date, product, amount."),
        "receipt",
    ),
    Offer(
        "events",
        "events",
        _("Events"),
        _("What else happened with a customer: mailings sent, visits, calls, coupons."),
        "calendar-event",
    ),
    Offer(
        "consents",
        "consents",
        _("Consents"),
        _("Who allowed or forbade what, by which channel, since when and on which proof."),
        "writing-sign",
    ),
)


def offers(by: Viewer | None = None) -> list[Offer]:
    """The kinds of file that can be imported here; of the types of other packages those that `by` may make."""
    return [*_ALL, *(_of_type(desk) for desk in desk_kinds.desks() if by is None or may(by, "create", desk.model))]


def _of_type(desk: Desk) -> Offer:
    labels = ", ".join(str(one.label) for one in fields_of(desk.slug).values())
    return Offer(desk.slug, desk.slug, desk.plural, labels, desk.icon_name)


def offer_of(key: str, options: dict[str, str] | None = None) -> Offer | None:
    """The offer called `key`; a kind of import stands for its first offer that begins with these options."""
    known = offers()
    named = next((one for one in known if one.key == key), None)
    of_kind = [one for one in known if one.kind == key]
    fitting = [one for one in of_kind if one.options.items() <= (options or {}).items()]
    return named or next(iter([*fitting, *of_kind]), None)

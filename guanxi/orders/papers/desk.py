"""The list and the record page of letterheads."""

from __future__ import annotations

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Column, Menu, standard
from guanxi.orders.papers.models import Letterhead

FIELDS = (
    "name", Column("language", help=_("Empty: for all languages that have none of their own.")), "address",
    "postcode", "city", "country", "mail", "phone", "tax_number", "iban", "bic", "bank", "quote_text", "invoice_text",
    "foot",
)  # fmt: skip


@desk.register
class Letterheads(desk.Desk):
    """How the business presents itself; attach a picture for its logo."""

    model = Letterhead
    slug = "letterheads"
    icon = "id"
    menu = Menu(section=shell.SYSTEM, icon="id", order=60)
    empty_words = _("Say how your business presents itself on quotes and invoices: one letterhead per language.")
    columns = [Column("name", link=True, sort=False), Column("language", sort=False), Column("city", sort=False)]
    default_sort = "id"
    facts = FIELDS
    new = FIELDS
    create, edit, remove = standard.creating(Letterhead), standard.editing(Letterhead), standard.removing(Letterhead)

    def subtitle(self, row: Letterhead) -> str:
        return row.get_language_display() or _now("all languages")

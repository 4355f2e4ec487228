"""How the business presents itself on quotes, confirmations, invoices and reminders."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import a_country
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.visibility import VisibleQuerySet


class Letterhead(Governed):
    """Name, address, numbers and texts of the business in one language; its newest picture file is the logo.

    Where a language has none, that without a language stands in.
    """

    governed = Part("settings")

    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES, unique=True)
    name = models.CharField(_("name"), max_length=200)
    address = models.TextField(_("address"), blank=True, max_length=500)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, validators=[a_country])
    mail = models.EmailField(_("mail address"), blank=True)
    phone = models.CharField(_("telephone"), max_length=50, blank=True)
    tax_number = models.CharField(_("tax number"), max_length=50, blank=True)
    iban = models.CharField(_("bank account (IBAN)"), max_length=40, blank=True)
    bic = models.CharField(_("bank (BIC)"), max_length=11, blank=True)
    bank = models.CharField(_("name of the bank"), max_length=100, blank=True)
    quote_text = models.TextField(_("text of quotes"), blank=True, max_length=5_000)
    invoice_text = models.TextField(_("text of invoices"), blank=True, max_length=5_000)
    foot = models.TextField(_("foot"), blank=True, max_length=1_000)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("letterhead")
        verbose_name_plural = _("letterheads")

    def __str__(self) -> str:
        return self.name

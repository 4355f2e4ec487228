"""What a party agreed to."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models.origins import import_run_field, origin_field, origin_index
from guanxi.customers.models.parties import Party
from guanxi.foundation.visibility import VisibleQuerySet


class Consent(models.Model):
    """A ledger of what a party agreed to or withdrew; the newest row for a purpose and channel counts."""

    class Purpose(models.TextChoices):
        MARKETING = "marketing", _("Offers and news")
        SERVICE = "service", _("Service")
        RESEARCH = "research", _("Surveys")
        PROFILING = "profiling", _("Personal recommendations")

    class Basis(models.TextChoices):
        CONSENT = "consent", _("Consent")
        CONTRACT = "contract", _("Contract")
        LEGITIMATE_INTEREST = "legitimate_interest", _("Legitimate interest")
        LEGAL_DUTY = "legal_duty", _("Legal duty")

    party = models.ForeignKey(Party, models.CASCADE, related_name="consents", db_index=False, db_constraint=False)
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose.choices)
    channel = models.CharField(_("channel"), max_length=20)
    basis = models.CharField(_("lawful basis"), max_length=20, choices=Basis.choices, default=Basis.CONSENT)
    given = models.BooleanField(_("given"))
    proof = models.JSONField(_("proof"), default=dict, blank=True)
    source = models.CharField(_("source"), max_length=100, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    origin = origin_field()
    import_run = import_run_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [
            models.Index(fields=["party", "purpose", "channel", "-at", "-id"], name="consent_newest"),
            origin_index("consent_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}/{self.channel}: {self.given}"

"""What a party agreed to, what it was asked, what each purpose demands, and what stands against using what we know."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models.origins import import_run_field, origin_field, origin_index
from guanxi.customers.models.parties import Party
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.visibility import VisibleQuerySet


class Consent(Governed):
    """A ledger of what a party agreed to or withdrew; the newest row for a purpose and channel counts."""

    governed = Through("party", "consent")

    class Purpose(models.TextChoices):
        """The purposes that are there from the beginning; others stand in `ConsentPurpose`."""

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
    purpose = models.CharField(_("purpose"), max_length=20)
    channel = models.CharField(_("channel"), max_length=20)
    basis = models.CharField(_("lawful basis"), max_length=20, choices=Basis.choices, default=Basis.CONSENT)
    given = models.BooleanField(_("given"))
    # What was shown (text, its version and language), on which form, from which address.
    proof = models.JSONField(_("proof"), default=dict, blank=True)
    source = models.CharField(_("source"), max_length=100, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    # When this consent ends of itself; null: as its purpose says (ConsentPurpose.months).
    lapses_at = models.DateTimeField(_("lapses"), null=True, blank=True)
    origin = origin_field()
    import_run = import_run_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [
            models.Index(fields=["party", "purpose", "channel", "-at", "-id"], name="consent_newest"),
            models.Index(fields=["-at", "-id"], name="consent_at"),
            origin_index("consent_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}/{self.channel}: {self.given}"


class OptIn(Governed):
    """A question whether somebody agrees, sent to him; what he has not confirmed is no consent."""

    governed = Through("party", "consent")

    party = models.ForeignKey(Party, models.CASCADE, related_name="opt_ins", db_constraint=False)
    purpose = models.CharField(_("purpose"), max_length=20)
    channel = models.CharField(_("channel"), max_length=20)
    address = models.CharField(_("address"), max_length=300)
    # The text as it was shown, its language and version (0: the ready-made one).
    text = models.TextField(_("text shown"))
    version = models.PositiveIntegerField(_("version of the text"), default=0)
    language = models.CharField(_("language"), max_length=10)
    source = models.CharField(_("source"), max_length=100, blank=True)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    expires_at = models.DateTimeField(_("answer until"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    consent = models.ForeignKey(
        Consent, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, db_constraint=False
    )
    origin = origin_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("question for consent")
        verbose_name_plural = _("questions for consent")
        indexes = [models.Index(fields=["asked_at", "id"], name="opt_in_asked"), origin_index("opt_in_origin")]

    def __str__(self) -> str:
        return f"{self.purpose}/{self.channel}: {self.address}"


class ConsentPurpose(Governed):
    """What a purpose demands, as the administrator set it; for the ready-made ones see guanxi.customers.purposes."""

    governed = Part("settings", {"view": ""})

    code = models.SlugField(_("code"), max_length=20, unique=True)
    # How it is called, by language.
    names = models.JSONField(_("names"), default=dict, blank=True)
    basis = models.CharField(
        _("lawful basis"), max_length=20, choices=Consent.Basis.choices, default=Consent.Basis.CONSENT
    )
    months = models.PositiveSmallIntegerField(
        _("months that a consent holds"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    double_opt_in = models.BooleanField(_("has to be confirmed by mail"), default=True)
    public = models.BooleanField(_("on the page of choices"), default=True)
    least_age = models.PositiveSmallIntegerField(
        _("least age"), null=True, blank=True, validators=[MaxValueValidator(120)]
    )
    # Between these no telephone rings (business time); may go over midnight.
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("purpose")
        verbose_name_plural = _("purposes")

    def __str__(self) -> str:
        return self.code


class ConsentText(Governed):
    """A text by which consent is asked for; a new version never overwrites an old one, for proofs name it."""

    governed = Part("settings", {"view": ""})

    purpose = models.CharField(_("purpose"), max_length=20)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    version = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"), max_length=4000)
    since = models.DateTimeField(_("since"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("text of a consent")
        verbose_name_plural = _("texts of consents")
        constraints = [models.UniqueConstraint(fields=["purpose", "language", "version"], name="consent_text_once")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.language} {self.version}"


class Restriction(Governed):
    """What stands against using what we know of a party, from `since` until it is lifted."""

    governed = Through("party", "consent")

    class Kind(models.TextChoices):
        RESTRICT = "restrict", _("Restricted: kept, not used")
        OBJECT = "object", _("Objection")
        ERASE = "erase", _("Being erased")
        ANONYMOUS = "anonymous", _("Nobody: what is left of erased customers")

    party = models.ForeignKey(Party, models.CASCADE, related_name="restrictions", db_constraint=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    # Of an objection: against what; empty: against all that rests neither on a contract nor on a legal duty.
    purpose = models.CharField(_("purpose"), max_length=20, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    since = models.DateTimeField(_("since"), default=timezone.now)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    origin = origin_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("restriction")
        verbose_name_plural = _("restrictions")
        indexes = [models.Index(fields=["kind", "party"], name="restriction_kind"), origin_index("restriction_origin")]

    def __str__(self) -> str:
        return str(self.get_kind_display())

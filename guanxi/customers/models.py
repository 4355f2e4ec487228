"""Who: parties, what sources said of them, how to reach them, how they are related, what they agreed to.

The tables that imports fill have no foreign keys in the database (docs/decisions/0015-references-checked-in-sets.md).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.visibility import VisibleQuerySet


class Party(models.Model):
    """A person or an organisation, known as one; derived from the source records linked to it."""

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        ORGANISATION = "organisation", _("Organisation")

    class Gender(models.TextChoices):
        FEMALE = "female", _("Female")
        MALE = "male", _("Male")
        OTHER = "other", _("Other")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.PERSON)
    name = models.CharField(_("name"), max_length=200)
    latin_name = models.CharField(_("name in Latin letters"), max_length=200, blank=True)
    family_name = models.CharField(_("family name"), max_length=100, blank=True)
    given_name = models.CharField(_("given name"), max_length=100, blank=True)
    gender = models.CharField(_("gender"), max_length=6, choices=Gender.choices, blank=True)
    date_of_birth = models.DateField(_("date of birth"), null=True, blank=True)
    occupation = models.CharField(_("occupation"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    # Values of the fields declared through the hook "profile_field" (age band, income, household size ...).
    profile = models.JSONField(_("profile"), default=dict, blank=True)
    made_up = models.BooleanField(_("made up for demonstration"), default=False)
    created_at = models.DateTimeField(_("known since"), default=timezone.now)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [
            models.Index(fields=["name", "id"], name="party_name"),
            models.Index(fields=["city", "id"], name="party_city"),
            models.Index(fields=["created_at", "id"], name="party_created"),
            models.Index(fields=["kind", "name", "id"], name="party_kind"),
            models.Index(fields=["changed_at", "id"], name="party_changed"),
        ]

    def __str__(self) -> str:
        return self.name


class PartyRole(models.Model):
    """What a party is to us; one may be several things at once."""

    class Role(models.TextChoices):
        PROSPECT = "prospect", _("Prospect")
        CUSTOMER = "customer", _("Customer")
        PARTNER = "partner", _("Partner")
        SUPPLIER = "supplier", _("Supplier")
        COMPETITOR = "competitor", _("Competitor")

    party = models.ForeignKey(Party, models.CASCADE, related_name="roles", db_index=False, db_constraint=False)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["party", "role"], name="party_role")]
        indexes = [models.Index(fields=["role", "party"], name="role_party")]

    def __str__(self) -> str:
        return str(self.get_role_display())


class Source(models.Model):
    """Where records come from: a till system, a shop, a file, a person's own correction. Higher trust wins."""

    code = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    trust = models.PositiveSmallIntegerField(_("trust"), default=50)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.name


class SourceRecord(models.Model):
    """What a source said of somebody, as it said it. Immutable but for `party`, the link that identification sets."""

    source = models.ForeignKey(Source, models.PROTECT, db_index=False, db_constraint=False)
    external_id = models.CharField(max_length=200)
    payload = models.JSONField()
    digest = models.CharField(max_length=32)
    received_at = models.DateTimeField(default=timezone.now)
    import_run = models.BigIntegerField(null=True)
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="source_records", db_constraint=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("source record")
        verbose_name_plural = _("source records")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id", "digest"], name="source_record_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.external_id}"


class ContactPoint(models.Model):
    """A way to reach or recognise a party: as given (`value`) and as compared (`key`)."""

    class Kind(models.TextChoices):
        MAIL = "mail", _("Mail")
        PHONE = "phone", _("Telephone")
        ADDRESS = "address", _("Address")
        SOCIAL = "social", _("Social handle")
        CARD = "card", _("Member card")
        DEVICE = "device", _("Device")
        EXTERNAL = "external", _("External number")

    party = models.ForeignKey(Party, models.CASCADE, related_name="contact_points", db_constraint=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    value = models.CharField(_("value"), max_length=300)
    # The normalised value by which a touch is recognised: E.164, lower-cased mail, "source:id" for external numbers.
    key = models.CharField(max_length=300)
    label = models.CharField(_("label"), max_length=50, blank=True)
    preferred = models.BooleanField(_("preferred"), default=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    source_record = models.ForeignKey(
        SourceRecord, models.SET_NULL, null=True, blank=True, db_index=False, db_constraint=False
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [models.UniqueConstraint(fields=["kind", "key", "party"], name="contact_point_once")]

    def __str__(self) -> str:
        return self.value


class Relationship(models.Model):
    """How one party stands to another: `party` is *kind* of `other` (works at, lives with, belongs to ...)."""

    class Kind(models.TextChoices):
        WORKS_AT = "works_at", _("works at")
        HOUSEHOLD = "household", _("lives in a household with")
        PARENT = "parent", _("belongs to")
        REFERRED_BY = "referred_by", _("was referred by")
        SELLS_FOR = "sells_for", _("sells for")
        REPORTS_TO = "reports_to", _("reports to")

    class BuyingRole(models.TextChoices):
        INITIATOR = "initiator", _("Initiator")
        USER = "user", _("User")
        INFLUENCER = "influencer", _("Influencer")
        GATEKEEPER = "gatekeeper", _("Gatekeeper")
        DECIDER = "decider", _("Decider")
        BUYER = "buyer", _("Buyer")

    party = models.ForeignKey(Party, models.CASCADE, related_name="relationships", db_index=False)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    other = models.ForeignKey(Party, models.CASCADE, related_name="related_from")
    title = models.CharField(_("title"), max_length=100, blank=True)
    department = models.CharField(_("department"), max_length=100, blank=True)
    buying_role = models.CharField(_("buying role"), max_length=12, choices=BuyingRole.choices, blank=True)
    stance = models.SmallIntegerField(_("stance"), null=True, blank=True)  # -2 against ... +2 for us
    influence = models.PositiveSmallIntegerField(_("influence"), null=True, blank=True)  # 1 little ... 5 decisive
    since = models.DateField(_("since"), null=True, blank=True)
    until = models.DateField(_("until"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("relationship")
        verbose_name_plural = _("relationships")
        constraints = [
            models.UniqueConstraint(fields=["party", "kind", "other"], name="relationship_once"),
            models.CheckConstraint(condition=~Q(party=models.F("other")), name="relationship_not_to_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.party_id} {self.kind} {self.other_id}"


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

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(fields=["party", "purpose", "channel", "-at", "-id"], name="consent_newest")]

    def __str__(self) -> str:
        return f"{self.purpose}/{self.channel}: {self.given}"

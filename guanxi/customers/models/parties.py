"""Parties, and what they are to us."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models.origins import import_run_field, once, origin_field, origin_index
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Owned, Through
from guanxi.foundation.typed_json import TypedJSONField, computed_field
from guanxi.foundation.visibility import Viewer, VisibleQuerySet


class PartyQuerySet(VisibleQuerySet["Party"]):
    """Parties as people and programs ask for them: those that became part of another are not there."""

    def visible_to(self, viewer: Viewer) -> PartyQuerySet:
        """Only the parties that `viewer` may see, each of them once."""
        return cast("PartyQuerySet", super().visible_to(viewer).filter(merged_into__isnull=True))


class Party(Governed):
    """A person or an organisation, known as one; derived from the source records linked to it."""

    governed = Owned("customers")

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
    profile = TypedJSONField(_("profile"), default=dict, blank=True)
    computed = computed_field()
    # Whose customer it is; rights may reach to one's own or one's team's only.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("owner"),
    )
    made_up = models.BooleanField(_("made up for demonstration"), default=False)
    created_at = models.DateTimeField(_("known since"), default=timezone.now)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    # The party that this one became part of, itself perhaps part of another (guanxi.customers.identity).
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="absorbed",
        db_index=False,
        db_constraint=False,
    )
    import_run = import_run_field()

    objects = PartyQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [
            models.Index(fields=["name", "id"], name="party_name"),
            models.Index(fields=["city", "id"], name="party_city"),
            models.Index(fields=["created_at", "id"], name="party_created"),
            models.Index(fields=["kind", "name", "id"], name="party_kind"),
            models.Index(fields=["changed_at", "id"], name="party_changed"),
            origin_index("party_merged", "merged_into"),
            # Also answers who is left without an owner's list: rows of nobody are most, and not in it.
            models.Index(fields=["owner", "name", "id"], condition=models.Q(owner__isnull=False), name="party_owner"),
        ]

    def __str__(self) -> str:
        return self.name


class PartyRole(Governed):
    """What a party is to us; one may be several things at once."""

    governed = Through("party")

    class Role(models.TextChoices):
        PROSPECT = "prospect", _("Prospect")
        CUSTOMER = "customer", _("Customer")
        PARTNER = "partner", _("Partner")
        SUPPLIER = "supplier", _("Supplier")
        COMPETITOR = "competitor", _("Competitor")

    party = models.ForeignKey(Party, models.CASCADE, related_name="roles", db_index=False, db_constraint=False)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    origin = origin_field()
    import_run = import_run_field()

    class Meta:
        constraints = [once("party", "role", name="party_role")]
        indexes = [models.Index(fields=["role", "party"], name="role_party"), origin_index("role_origin")]

    def __str__(self) -> str:
        return str(self.get_role_display())

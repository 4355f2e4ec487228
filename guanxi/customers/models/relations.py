"""How parties stand to each other."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models.origins import import_run_field, once, origin_field, origin_index
from guanxi.customers.models.parties import Party
from guanxi.foundation.visibility import VisibleQuerySet


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
    origin = origin_field()
    other_origin = origin_field()
    import_run = import_run_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("relationship")
        verbose_name_plural = _("relationships")
        constraints = [
            once("party", "kind", "other", name="relationship_once", origins=("origin", "other_origin")),
            # Two that were related and then merged keep the row, which nobody sees until the merge is undone.
            models.CheckConstraint(
                condition=~Q(party=models.F("other")) | Q(origin__isnull=False) | Q(other_origin__isnull=False),
                name="relationship_not_to_oneself",
            ),
        ]
        indexes = [
            origin_index("relationship_origin"),
            origin_index("relationship_other_origin", "other_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.party_id} {self.kind} {self.other_id}"

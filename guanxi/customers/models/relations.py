"""How parties stand to each other."""

from __future__ import annotations

from typing import cast

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models.origins import import_run_field, once, origin_field, origin_index
from guanxi.customers.models.parties import Party
from guanxi.foundation import clock
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Through
from guanxi.foundation.visibility import Viewer, VisibleQuerySet


class RelationshipQuerySet(VisibleQuerySet["Relationship"]):
    """Relationships as people and programs ask for them."""

    def visible_to(self, viewer: Viewer) -> RelationshipQuerySet:
        """Only the relationships that `viewer` may see."""
        return cast("RelationshipQuerySet", super().visible_to(viewer))

    def between_two(self) -> RelationshipQuerySet:
        """Without those of two who became one, which wait for the merge to be undone."""
        return self.exclude(party=models.F("other"))

    def current(self) -> RelationshipQuerySet:
        """Those that have not ended."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=clock.today()))

    def own_first(self) -> RelationshipQuerySet:
        """In an order in which, of like ones that merges brought together, the first is the one that counts."""
        return self.order_by(
            F("until").desc(nulls_first=True),
            F("origin").asc(nulls_first=True),
            F("other_origin").asc(nulls_first=True),
            "id",
        )


class Relationship(Governed):
    """How one party stands to another: `party` is *kind* of `other` (works at, lives with, belongs to ...).

    Whom somebody reports to is part of his work at an organisation (`reports_to` of the row "works at"): it holds there
    and nowhere else, there is one superior at each place of work, it ends with the work, and whoever works at two
    organisations has a superior at each. The superior works at the same organisation; whoever leads a subsidiary from
    its parent company works at both.
    """

    governed = Through(("party", "other"))

    class Kind(models.TextChoices):
        WORKS_AT = "works_at", _("works at")
        HOUSEHOLD = "household", _("lives in a household with")
        PARENT = "parent", _("belongs to")
        REFERRED_BY = "referred_by", _("was referred by")
        SELLS_FOR = "sells_for", _("sells for")

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
    reports_to = models.ForeignKey(
        Party,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads_as",
        verbose_name=_("reports to"),
        db_index=False,
        db_constraint=False,
    )
    buying_role = models.CharField(_("buying role"), max_length=12, choices=BuyingRole.choices, blank=True)
    stance = models.SmallIntegerField(_("stance"), null=True, blank=True)  # -2 against ... +2 for us
    influence = models.PositiveSmallIntegerField(_("influence"), null=True, blank=True)  # 1 little ... 5 decisive
    since = models.DateField(_("since"), null=True, blank=True)
    until = models.DateField(_("until"), null=True, blank=True)  # from that day on it is a former one
    origin = origin_field()
    other_origin = origin_field()
    reports_to_origin = origin_field()
    import_run = import_run_field()

    objects = RelationshipQuerySet.as_manager()

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
            models.CheckConstraint(
                condition=~Q(party=models.F("reports_to"))
                | Q(origin__isnull=False)
                | Q(reports_to_origin__isnull=False),
                name="relationship_not_under_oneself",
            ),
            models.CheckConstraint(
                condition=Q(kind="works_at") | Q(reports_to__isnull=True), name="relationship_superior_at_work"
            ),
        ]
        indexes = [
            origin_index("relationship_origin"),
            origin_index("relationship_other_origin", "other_origin"),
            origin_index("relationship_superior_origin", "reports_to_origin"),
            origin_index("relationship_superior", "reports_to"),
        ]

    def __str__(self) -> str:
        return f"{self.party_id} {self.kind} {self.other_id}"

    @property
    def is_former(self) -> bool:
        """Whether it has ended."""
        return self.until is not None and self.until <= clock.today()

"""Who takes part in deciding over a deal."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party, Relationship
from guanxi.customers.models.origins import once, origin_field, origin_index
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Through
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.sales.deals.models.deals import Deal


class CommitteeSeat(Governed):
    """One role that one person has in deciding over a deal; who has several roles has several rows.

    What the person is like in general stands at his place of work (`Relationship`); here is what holds for this deal.
    """

    governed = Through("deal")

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="committee", db_index=False)
    person = models.ForeignKey(
        Party, models.CASCADE, related_name="+", db_index=False, db_constraint=False, verbose_name=_("person")
    )
    origin = origin_field()
    role = models.CharField(_("role"), max_length=12, choices=Relationship.BuyingRole.choices)
    stance = models.SmallIntegerField(
        _("stance"), null=True, blank=True, validators=[MinValueValidator(-2), MaxValueValidator(2)]
    )
    influence = models.PositiveSmallIntegerField(
        _("influence"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of the buying committee")
        verbose_name_plural = _("members of the buying committee")
        constraints = [
            once("deal", "person", "role", name="committee_seat_once"),
            models.CheckConstraint(
                condition=Q(stance__isnull=True) | Q(stance__gte=-2, stance__lte=2), name="committee_stance"
            ),
            models.CheckConstraint(
                condition=Q(influence__isnull=True) | Q(influence__gte=1, influence__lte=5), name="committee_influence"
            ),
        ]
        indexes = [models.Index(fields=["person", "deal"], name="committee_person"), origin_index("committee_origin")]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.person_id} {self.role}"

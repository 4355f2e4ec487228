"""What is to be ticked on a deal: the checklists of stages, and the playbook of each kind of purchase."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.sales.deals.models.deals import Deal
from guanxi.sales.deals.models.kinds import PurchaseKind
from guanxi.sales.deals.models.pipelines import Stage
from guanxi.sales.deals.ready_made import worded


class Step(models.TextChoices):
    """The steps in which organisations buy."""

    NEED = "1need", _("Need")
    SPECIFICATION = "2spec", _("Specification")
    OFFERS = "3offers", _("Call for offers")
    CHOICE = "4choice", _("Choice of supplier")
    CONTRACT = "5contract", _("Contract")
    REVIEW = "6review", _("Review of performance")


class Check(Governed):
    """One thing to do: on the checklist of a stage, or in a step of the playbook of a kind of purchase."""

    governed = Part("settings", {"view": ""})

    stage = models.ForeignKey(Stage, models.CASCADE, null=True, blank=True, related_name="checklist")
    purchase_kind = models.CharField(_("kind of purchase"), max_length=14, choices=PurchaseKind.choices, blank=True)
    step = models.CharField(_("step of the buyer"), max_length=9, choices=Step.choices, blank=True)
    text = models.CharField(_("what to do"), max_length=300)
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    # Without it a deal does not leave the stage forwards.
    required = models.BooleanField(_("needed before the next stage"), default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("thing to do")
        verbose_name_plural = _("things to do")
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__isnull=False, purchase_kind="", step="")
                | Q(stage__isnull=True) & ~Q(purchase_kind="") & ~Q(step=""),
                name="deal_check_of_stage_or_playbook",
                violation_error_message=_("It belongs to a stage, or to a step of a kind of purchase."),
            ),
        ]
        indexes = [models.Index(fields=["purchase_kind", "step", "position"], name="deal_check_playbook")]

    def __str__(self) -> str:
        return worded(self.text)


class Tick(Governed):
    """That something was done on a deal."""

    governed = Through("deal")

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="ticks", db_index=False)
    item = models.ForeignKey(Check, models.CASCADE, related_name="ticks")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("thing done")
        verbose_name_plural = _("things done")
        constraints = [models.UniqueConstraint(fields=["deal", "item"], name="deal_tick_once")]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.item_id}"

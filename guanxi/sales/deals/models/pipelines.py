"""The ways that deals go, and why they end without a sale."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.sales.deals.models.kinds import ForecastCategory, category_by_probability
from guanxi.sales.deals.ready_made import worded


class Pipeline(Governed):
    """One way from the first talk to the order, such as new business or renewals."""

    governed = Part("settings", {"view": ""})

    name = models.CharField(_("name"), max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    active = models.BooleanField(_("in use"), default=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return worded(self.name)


class Stage(Governed):
    """One step of a pipeline. Won and lost are no stages: they are how a deal ends, wherever it stands."""

    governed = Part("settings", {"view": ""})

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="stages", verbose_name=_("pipeline"))
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    probability = models.PositiveSmallIntegerField(
        _("probability in %"), default=0, validators=[MaxValueValidator(100)]
    )
    expected_days = models.PositiveSmallIntegerField(_("expected days"), null=True, blank=True)
    # Of the deals in it of which nobody says anything else; empty: by the probability.
    forecast_category = models.CharField(
        _("forecast category"), max_length=9, choices=ForecastCategory.choices, blank=True, default="", db_default=""
    )
    # What a deal must fulfil to enter, as filters of the list: “f.value__gte=1&f.contact__empty=0”.
    entry = models.CharField(_("entry conditions"), max_length=4000, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("stage of deals")
        verbose_name_plural = _("stages of deals")
        ordering = ("pipeline__position", "pipeline", "position", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline", "name"],
                name="deal_stage_once",
                violation_error_message=_("This pipeline has a stage of that name already."),
            ),
            models.CheckConstraint(condition=Q(probability__lte=100), name="deal_stage_probability"),
        ]

    def __str__(self) -> str:
        return worded(self.name)

    @property
    def category(self) -> ForecastCategory:
        """The forecast category of deals in it of which nobody says anything else."""
        return ForecastCategory(self.forecast_category or category_by_probability(self.probability))


class LostReason(Governed):
    """Why a deal was lost."""

    governed = Part("settings", {"view": ""})

    name = models.CharField(_("name"), max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    active = models.BooleanField(_("in use"), default=True)
    # Lost to somebody: then it has to be said to whom. Nobody wins where they buy nothing at all.
    needs_competitor = models.BooleanField(_("lost to a competitor"), default=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("reason of loss")
        verbose_name_plural = _("reasons of loss")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return worded(self.name)

"""How organisations buy, and how sure a sale is."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PurchaseKind(models.TextChoices):
    """Whether they buy such a thing for the first time."""

    NEW_TASK = "new_task", _("New task")
    MODIFIED_REBUY = "modified_rebuy", _("Modified rebuy")
    STRAIGHT_REBUY = "straight_rebuy", _("Straight rebuy")


class BuyerKind(models.TextChoices):
    """What kind of organisation buys."""

    PRODUCER = "producer", _("Producer")
    DISTRIBUTOR = "distributor", _("Distributor")
    GOVERNMENT = "government", _("Government")
    NON_PROFIT = "non_profit", _("Non-profit")


class ForecastCategory(models.TextChoices):
    """How much a forecast may count on a deal."""

    COMMIT = "commit", _("Commit")
    BEST_CASE = "best_case", _("Best case")
    PIPELINE = "pipeline", pgettext_lazy("forecast", "Pipeline")
    OMITTED = "omitted", _("Omitted")


SURE, LIKELY = 75, 50  # percent from which on a stage that says nothing is committed to, or the best case


def category_by_probability(probability: int) -> ForecastCategory:
    """What deals are in a stage of this probability, where nobody settled it otherwise."""
    if probability >= SURE:
        return ForecastCategory.COMMIT
    if probability >= LIKELY:
        return ForecastCategory.BEST_CASE
    return ForecastCategory.PIPELINE if probability else ForecastCategory.OMITTED

"""How organisations buy."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


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

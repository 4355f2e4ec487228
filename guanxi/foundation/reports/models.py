"""Who gets which report by mail."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Personal
from guanxi.foundation.visibility import VisibleQuerySet


class Subscription(Governed):
    """One user's wish to get one report by mail; `sent_for` is the period last sent, so that none is sent twice."""

    governed = Personal("user")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="report_subscriptions")
    report = models.SlugField(_("report"), max_length=50)
    since = models.DateTimeField(_("since"), default=timezone.now)
    rhythm = models.CharField(_("how often"), max_length=7, blank=True)  # empty: as the report itself says
    sent_for = models.CharField(_("last sent for"), max_length=10, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("report subscription")
        verbose_name_plural = _("report subscriptions")
        constraints = [models.UniqueConstraint(fields=["user", "report"], name="report_subscription_once")]

    def __str__(self) -> str:
        return f"{self.report} → {self.user}"

"""Steps that somebody ticked off or does not want to see any more."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.visibility import Part, VisibleQuerySet


class SettledStep(Governed):
    """A step that is settled: ticked off or dismissed; by nobody in particular where it is one of the installation."""

    governed = Part("settings", {"view": "", "create": ""})

    slug = models.CharField(max_length=40)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    dismissed = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("first step")
        verbose_name_plural = _("first steps")
        constraints = [
            models.UniqueConstraint(fields=["slug", "user"], condition=Q(user__isnull=False), name="step_settled_once"),
            models.UniqueConstraint(fields=["slug"], condition=Q(user=None), name="step_settled_once_for_all"),
        ]

    def __str__(self) -> str:
        return self.slug

"""What is stored of calendars that leave the house."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Personal
from guanxi.foundation.visibility import VisibleQuerySet


class Feed(Governed):
    """That somebody lets his calendar be read by its address. The address is signed and names the edition, so that it
    stands nowhere and a new edition makes the old address worthless."""

    governed = Personal("user")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feed")
    edition = models.PositiveIntegerField(_("edition"), default=1)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    last_read_at = models.DateTimeField(_("last read"), null=True, blank=True)

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")

    def __str__(self) -> str:
        return f"{self.user}"

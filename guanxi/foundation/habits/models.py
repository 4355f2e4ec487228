"""Starred records, records seen last, preferences of one person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Personal
from guanxi.foundation.visibility import VisibleQuerySet


class Favourite(Governed):
    """A record that somebody starred; in the order that he gave them."""

    governed = Personal("user")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    object_type = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    position = models.IntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("favourite")
        verbose_name_plural = _("favourites")
        constraints = [models.UniqueConstraint(fields=["user", "object_type", "object_id"], name="favourite_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.object_type} {self.object_id}"


class Seen(Governed):
    """A record that somebody looked at, and when last."""

    governed = Personal("user")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    object_type = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("record seen")
        verbose_name_plural = _("records seen")
        constraints = [models.UniqueConstraint(fields=["user", "object_type", "object_id"], name="seen_once")]
        indexes = [models.Index(fields=["user", "-at"], name="seen_last")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.object_type} {self.object_id}"


class Preference(Governed):
    """How somebody wants to work."""

    governed = Personal("user")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    shortcuts = models.BooleanField(_("single keys do something"), default=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return str(self.user_id)

"""What is stored of how somebody wants to be told, and the mails that wait."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.models import Notification
from guanxi.foundation.notices.kinds import CHANNEL_LABELS
from guanxi.foundation.visibility import Personal, VisibleQuerySet


class Preference(Governed):
    """How one kind of notification comes to one user."""

    governed = Personal("user")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_preferences")
    kind = models.CharField(max_length=30, blank=True)
    channel = models.CharField(_("how"), max_length=6, choices=list(CHANNEL_LABELS.items()))

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification preference")
        verbose_name_plural = _("notification preferences")
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="notification_preference_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind} {self.channel}"


class QuietHours(Governed):
    """From when until when (business time) nobody wants to be disturbed: mails wait, and nothing pops up."""

    governed = Personal("user")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="quiet_hours")
    start = models.TimeField(_("from"))
    end = models.TimeField(_("to"))

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("quiet hours")
        verbose_name_plural = _("quiet hours")

    def __str__(self) -> str:
        return f"{self.user}: {self.start}–{self.end}"


class Letter(Governed):
    """A notification that waits to be mailed; gone once it was."""

    governed = Personal("user")

    notification = models.OneToOneField(Notification, models.CASCADE, related_name="letter")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    digest = models.BooleanField(default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("waiting mail")
        verbose_name_plural = _("waiting mails")
        indexes = [
            models.Index(fields=["due_at"], name="letter_due"),
            models.Index(fields=["user", "due_at"], name="letter_user"),
        ]

    def __str__(self) -> str:
        return str(self.notification)

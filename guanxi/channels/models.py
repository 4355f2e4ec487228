"""What mailboxes and calendars elsewhere have in common."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed


class Connection(Governed):
    """Something at a server elsewhere that is read again and again, and how that went; whose it is says its class."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Up to date")
        FAILING = "failing", _("Cannot be read")
        PAUSED = "paused", _("Paused")

    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.ACTIVE, editable=False)
    error = models.CharField(_("error"), max_length=500, blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    synced_at = models.DateTimeField(_("last looked at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        abstract = True

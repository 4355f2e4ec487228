"""Who wants to be told of what, what is to be told, and how each attempt to tell it went."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.encrypting import EncryptedField
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.visibility import VisibleQuerySet

PURPOSE = b"guanxi.webhook"


def new_secret() -> str:
    """A secret as the specification writes it: 32 random bytes in base64 after `whsec_`."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def new_key() -> str:
    """What the ids of a webhook's messages begin with, so that no two installations send the same id."""
    return secrets.token_hex(6)


class Webhook(Governed):
    """One receiver: where it listens, what it wants to be told of, and in whose name it is told."""

    governed = Part("settings")

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        DISABLED = "disabled", _("Switched off")

    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=1000)
    kinds = models.JSONField(_("what of"), default=list, blank=True)
    query = models.CharField(_("filter"), max_length=4000, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("in the name of")
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.ACTIVE)
    why = models.CharField(_("why"), max_length=300, blank=True)  # why it was switched off
    key = models.CharField(max_length=12, default=new_key, editable=False)
    secret = EncryptedField(purpose=PURPOSE, default=new_secret, editable=False)
    old_secret = EncryptedField(purpose=PURPOSE, blank=True, editable=False)  # signs too, until then
    old_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("added"), default=timezone.now)
    reached_at = models.DateTimeField(_("last reached"), null=True, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    rounds = models.PositiveSmallIntegerField(default=0)  # how often it was left alone for a while since it failed
    held_until = models.DateTimeField(_("left alone until"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return self.name

    @property
    def reader(self) -> str:
        """The name of its place in the ledger."""
        return f"webhook:{self.pk}"

    def secrets_at(self, moment: datetime) -> list[str]:
        """The secrets that sign at `moment`: for a while after a change, the old one too."""
        old = self.old_secret if self.old_secret_until and self.old_secret_until > moment else ""
        return [self.secret, old] if old else [self.secret]


class Delivery(Governed):
    """One event to be told to one webhook; of a test, no event."""

    governed = Part("settings", {"create": "edit", "delete": "edit"})

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        DEAD = "dead", _("Given up")
        DROPPED = "dropped", _("Nothing to tell any more")

    webhook = models.ForeignKey(
        Webhook, models.CASCADE, related_name="deliveries", verbose_name=_("webhook"), db_index=False
    )
    event_id = models.BigIntegerField(_("event"), null=True)
    kind = models.CharField(_("kind"), max_length=40)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    claimed_by = models.CharField(max_length=200, blank=True)  # the process that is sending it
    status = models.PositiveSmallIntegerField(_("answer"), null=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("noted"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["webhook", "event_id"], name="delivery_once")]
        indexes = [
            models.Index(fields=["webhook", "due_at", "id"], condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["webhook", "state", "-id"], name="delivery_of"),
            models.Index(fields=["ended_at"], name="delivery_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.webhook_id}"

    @property
    def message_id(self) -> str:
        """The id by which the receiver knows a repeat; the same at every attempt."""
        return f"msg_{self.webhook.key}_{self.pk}"


class Attempt(Governed):
    """One request and what came back."""

    governed = Part("settings", {"create": "edit", "delete": "edit"})

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    request_headers = models.JSONField(default=dict)
    answer_headers = models.JSONField(default=dict)
    answer = models.TextField(blank=True)  # its beginning

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.status or self.error}"

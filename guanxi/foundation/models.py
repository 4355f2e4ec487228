"""What the ground floor stores: users, the audit log, notifications, API tokens and idempotency keys."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import visibility
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Personal, Reach, Rights
from guanxi.foundation.settled import CurrentTransaction
from guanxi.foundation.visibility import VisibleQuerySet


class Colleague(Part):
    """Everybody may look after his own account; those of administrators are touched by administrators only."""

    def allows(self, row: models.Model, rights: Rights, verb: str, cap: Reach = Reach.ALL, shared: str = "") -> bool:
        if rights.works_here and row.pk is not None and row.pk == rights.viewer_id:
            return verb in ("view", "edit")
        if verb in ("edit", "delete") and not rights.everything and visibility.rights_of(row).everything:
            return False
        return super().allows(row, rights, verb, cap, shared)


class User(AbstractUser):
    """Somebody who works with the system."""

    governed = Colleague("people", {"view": ""})

    class Theme(models.TextChoices):
        AUTO = "auto", _("As the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    id = models.BigAutoField(primary_key=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(_("theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")  # type: ignore[assignment]  # the stubs know plain text only
        verbose_name_plural = _("users")  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def get_full_name(self) -> str:
        """First and last name; a name in Chinese characters has the family name first."""
        if any("\u4e00" <= character <= "\u9fff" for character in self.last_name):
            return f"{self.last_name} {self.first_name}".strip()
        return super().get_full_name()


class AppendedQuerySet(VisibleQuerySet["AuditEntry"]):
    """Entries are added and read; the database's triggers hold that too (foundation.sealing)."""

    def update(self, **kwargs: Any) -> int:
        raise TypeError("Entries of the audit log are not changed (foundation.sealing.redacting takes out values).")

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise TypeError("Entries of the audit log are not changed (foundation.sealing.redacting takes out values).")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Entries of the audit log are not deleted (foundation.sealing.redacting forgets old ones).")


class AuditEntry(Governed):
    """Who changed what, from what, to what. Append-only, and sealed in a chain (foundation.sealing)."""

    governed = Part("audit", {"create": ""})

    at = models.DateTimeField(_("at"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    actor_name = models.CharField(_("who"), max_length=200)
    action = models.CharField(_("action"), max_length=100)
    request_id = models.CharField(max_length=32)
    object_type = models.CharField(_("type"), max_length=60)
    object_id = models.BigIntegerField(_("number"), null=True)
    object_label = models.CharField(_("what"), max_length=200)
    changes = models.JSONField(_("changes"), default=dict)
    address = models.CharField(_("address"), max_length=45, blank=True, db_default="")
    transaction = models.BigIntegerField(null=True, db_default=CurrentTransaction(), editable=False)

    objects = AppendedQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(fields=["object_type", "object_id", "-id"], name="audit_object"),
            models.Index(fields=["-at", "-id"], name="audit_at"),
            models.Index(fields=["action", "-id"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.object_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only the first time."""
        if not self._state.adding:
            raise TypeError("Entries of the audit log are not changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Never."""
        raise TypeError("Entries of the audit log are not deleted.")


class Notification(Governed):
    """A message of the system to one user, shown behind the bell."""

    governed = Personal("user")

    class Level(models.TextChoices):
        INFO = "info", _("Information")
        SUCCESS = "success", _("Success")
        WARNING = "warning", _("Warning")
        ERROR = "error", _("Error")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    at = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=10, choices=Level.choices, default=Level.INFO)
    kind = models.CharField(max_length=30, blank=True)  # of foundation/notices/kinds.py
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [models.Index(fields=["user", "-id"], name="notification_user")]

    def __str__(self) -> str:
        return self.title


class ApiToken(Governed):
    """A key with which a program acts in a user's name; only its hash is kept."""

    governed = Personal("user")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    scopes = models.CharField(_("may"), max_length=500, default="read write admin", db_default="read write admin")
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    addresses = models.CharField(_("from"), max_length=400, blank=True, db_default="")
    last_address = models.CharField(_("last address"), max_length=45, blank=True, db_default="")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.user} {self.hint}…"

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


class IdempotencyRecord(models.Model):
    """The answer once given to a POST with an idempotency key, so that a repeat gets the same answer."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    response = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key")]

    def __str__(self) -> str:
        return self.key

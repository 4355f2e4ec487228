"""What is remembered of backups."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.visibility import VisibleQuerySet


class Backup(Governed):
    """One backup: when it was made, what became of it, whether its file is still kept."""

    governed = Part("settings", {"create": "edit", "delete": "edit", "run": "edit", "export": "view"})

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    class Reason(models.TextChoices):
        SCHEDULE = "schedule", _("By schedule")
        PERSON = "person", _("Started by hand")
        COMMAND = "command", _("Command line")
        UPGRADE = "upgrade", _("Before an upgrade")

    name = models.CharField(_("file"), max_length=200)
    place = models.CharField(_("place"), max_length=500)
    reason = models.CharField(_("why"), max_length=10, choices=Reason.choices, default=Reason.SCHEDULE)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField(_("begun"), default=timezone.now)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    size = models.BigIntegerField(_("size"), null=True, blank=True)
    rows = models.BigIntegerField(_("rows"), null=True, blank=True)
    files = models.BigIntegerField(_("files"), null=True, blank=True)
    encrypted = models.BooleanField(_("encrypted"), default=False)
    kept = models.BooleanField(_("kept"), default=True)  # False once retention has deleted the file
    error = models.CharField(_("error"), max_length=500, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked for by"),
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("backup")
        verbose_name_plural = _("backups")
        indexes = [models.Index(fields=["-started_at", "-id"], name="backup_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def duration(self) -> timedelta | None:
        """How long it took."""
        return self.finished_at - self.started_at if self.finished_at else None

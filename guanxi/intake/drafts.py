"""An import as it is being prepared in the browser: the file, and what was chosen by hand so far."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.visibility import VisibleQuerySet


class ImportDraft(Governed):
    """What somebody has chosen for a file before it is imported; it can be left and come back to.

    `choices` holds only what was chosen by hand (arguments of `plan.prepare`); all else is found in the file anew.
    """

    governed = Part("imports", {"edit": "create", "delete": "create"})

    kind = models.CharField(_("kind"), max_length=60)
    file_name = models.CharField(_("file"), max_length=255)
    path = models.CharField(_("path"), max_length=1000)
    file_size = models.BigIntegerField(_("size in bytes"))
    choices = models.JSONField(_("choices"), default=dict)
    version = models.PositiveIntegerField(default=0)  # counts the changes, so that two people notice each other
    # What it led to: the dry run of these very choices, then the import.
    checked = models.ForeignKey("intake.ImportRun", models.SET_NULL, null=True, blank=True, related_name="+")
    run = models.ForeignKey("intake.ImportRun", models.SET_NULL, null=True, blank=True, related_name="+")
    # The import whose rejected rows this file brings back.
    mends = models.ForeignKey("intake.ImportRun", models.SET_NULL, null=True, blank=True, related_name="+")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("import being prepared")
        verbose_name_plural = _("imports being prepared")
        indexes = [models.Index(fields=["-changed_at", "-id"], name="import_draft_newest")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def file(self) -> Path:
        """Where the uploaded file lies."""
        return Path(self.path)

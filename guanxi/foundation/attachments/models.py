"""Files that hang on records, and the contents that are stored of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.belonging import Belonging

LONGEST_NAME = 200


class Content(models.Model):
    """The content of a file, stored once however often it is attached; held while it is stored or removed."""

    digest = models.CharField(primary_key=True, max_length=64)  # SHA-256
    size = models.BigIntegerField()
    preview = models.BooleanField(default=False)  # whether there is a small picture of it

    def __str__(self) -> str:
        return self.digest

    @property
    def path(self) -> str:
        """Where the storage keeps it."""
        return f"attachments/{self.digest[:2]}/{self.digest}"

    @property
    def preview_path(self) -> str:
        """Where the storage keeps its preview."""
        return f"{self.path}.preview.webp"


class Attachment(Belonging):
    """A file on a record."""

    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    media_type = models.CharField(_("type"), max_length=100)
    content = models.ForeignKey(Content, models.PROTECT, related_name="attachments")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("attached"), default=timezone.now)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [
            models.Index(fields=["object_type", "object_id", "-id"], name="attachment_of_record"),
            models.Index(fields=["origin"], condition=models.Q(origin__isnull=False), name="attachment_origin"),
        ]

    def __str__(self) -> str:
        return self.name

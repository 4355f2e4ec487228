"""Every import that ever ran, and the mappings kept for files to come."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.intake.drafts import ImportDraft as ImportDraft


class ImportRun(models.Model):
    """One file being taken in: what was found and decided, how far it is, what came of it.

    `checkpoint` is advanced in the same transaction as the rows it stands for: a run that was killed goes on there.
    """

    class Kind(models.TextChoices):
        SALES = "sales", pgettext_lazy("import", "Sales")
        PARTIES = "parties", _("Customers")
        PRODUCTS = "products", _("Products")
        EVENTS = "events", _("Events")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CHECKING = "checking", _("Checking")
        WRITING = "writing", _("Writing")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    file_name = models.CharField(_("file"), max_length=255)
    path = models.CharField(_("path"), max_length=1000)
    file_size = models.BigIntegerField(_("size in bytes"))
    file_digest = models.CharField(max_length=64)
    header_digest = models.CharField(max_length=64)
    # What the run does, whole: format, mapping, options (intake.plan.Plan).
    plan = models.JSONField(_("plan"), default=dict)
    plan_digest = models.CharField(max_length=64)
    dry_run = models.BooleanField(_("check only"), default=False)

    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    phase = models.CharField(max_length=20, blank=True)
    checkpoint = models.BigIntegerField(default=0)
    error = models.TextField(_("error"), blank=True)

    read = models.BigIntegerField(_("rows read"), default=0)
    accepted = models.BigIntegerField(_("accepted"), default=0)
    rejected = models.BigIntegerField(_("rejected"), default=0)
    created = models.BigIntegerField(_("new"), default=0)
    updated = models.BigIntegerField(_("changed"), default=0)
    unchanged = models.BigIntegerField(_("unchanged"), default=0)

    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="import_newest"),
            models.Index(fields=["file_digest", "kind"], name="import_file"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def folder(self) -> Path:
        """Where the run keeps its rejects and, while it runs, its checked rows."""
        return Path(settings.GUANXI_HOME) / "imports" / str(self.pk)

    @property
    def rejects_path(self) -> Path:
        """The CSV file of the rejected rows; there only if any was rejected."""
        return self.folder / "rejected.csv"


class ImportMapping(models.Model):
    """Which column feeds which field, kept under a name and used again for files with the same header."""

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=ImportRun.Kind.choices)
    header_digest = models.CharField(max_length=64, db_index=True)
    mapping = models.JSONField(_("mapping"), default=dict)
    options = models.JSONField(_("options"), default=dict)
    saved_at = models.DateTimeField(_("saved"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("import mapping")
        verbose_name_plural = _("import mappings")
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="import_mapping_once")]

    def __str__(self) -> str:
        return self.name

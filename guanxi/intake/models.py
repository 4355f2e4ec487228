"""Every import that ever ran, and the mappings kept for files to come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.intake import desk_kinds
from guanxi.intake.drafts import ImportDraft  # noqa: F401  a model of this app too


def kinds() -> list[tuple[str, Any]]:
    """What a file can hold, with its name: what this package knows of, then the types that a desk declares
    importable."""
    return [*ImportRun.Kind.choices, *desk_kinds.choices()]


class ImportRun(Governed):
    """One file being taken in: what was found and decided, how far it is, what came of it.

    `checkpoint` is advanced in the same transaction as the rows it stands for: a run that was killed goes on there.
    """

    governed = Part("imports")

    class Kind(models.TextChoices):
        SALES = "sales", pgettext_lazy("import", "Sales")
        PARTIES = "parties", _("Customers")
        RELATIONSHIPS = "relationships", _("Relationships")
        PRODUCTS = "products", _("Products")
        PRICES = "prices", _("Prices")
        EVENTS = "events", _("Events")
        CONSENTS = "consents", _("Consents")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CHECKING = "checking", _("Checking")
        COMPARED = "compared", _("Compared")
        WRITING = "writing", _("Writing")
        PAUSED = "paused", _("Paused")
        CANCELLED = "cancelled", _("Cancelled")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        REVERTING = "reverting", _("Being taken back")
        REVERTED = "reverted", _("Taken back")

    class Rule(models.TextChoices):
        CREATE_OR_UPDATE = "create_or_update", _("Take in what is new, update what is known")
        CREATE = "create", _("Only take in what is new")
        UPDATE = "update", _("Only update what is known")

    class Wanted(models.TextChoices):
        NOTHING = "", ""
        PAUSE = "pause", _("Pause")
        CANCEL = "cancel", _("Cancel")

    kind = models.CharField(_("kind"), max_length=60, choices=kinds)
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
    # What somebody asked of the process at work; it complies between two chunks.
    wanted = models.CharField(max_length=6, blank=True, choices=Wanted.choices, default=Wanted.NOTHING)
    phase = models.CharField(max_length=20, blank=True)
    checkpoint = models.BigIntegerField(default=0)
    error = models.TextField(_("error"), blank=True)

    read = models.BigIntegerField(_("rows read"), default=0)
    accepted = models.BigIntegerField(_("accepted"), default=0)
    rejected = models.BigIntegerField(_("rejected"), default=0)
    created = models.BigIntegerField(_("new"), default=0)
    updated = models.BigIntegerField(_("changed"), default=0)
    unchanged = models.BigIntegerField(_("unchanged"), default=0)
    # Rows that the rule leaves out: of known customers where only new ones come in, or the other way round.
    skipped = models.BigIntegerField(_("skipped"), default=0)
    rule = models.CharField(_("rule"), max_length=16, choices=Rule.choices, default=Rule.CREATE_OR_UPDATE)
    # What the comparison with the database found (intake.difference): rows by state; null where none was made.
    difference = models.JSONField(_("difference"), null=True, blank=True)
    conflicts = models.BigIntegerField(_("conflicts"), default=0)
    duplicates = models.BigIntegerField(_("possible duplicates"), default=0)
    # The last id of each table before the run wrote its first row; what it made lies above.
    bounds = models.JSONField(default=dict)

    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    reverted_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    reverted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("taken back by"),
    )
    # What the taking back left alone, and what it took away or gave back, by kind of record.
    kept = models.BigIntegerField(_("left alone"), default=0)
    taken_back = models.JSONField(default=dict)

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
        """Where the run keeps its rejects, its difference, what it changed and, while it runs, its checked rows."""
        return Path(settings.GUANXI_HOME) / "imports" / str(self.pk)

    @property
    def rejects_path(self) -> Path:
        """The CSV file of the rejected rows; there only if any was rejected."""
        return self.folder / "rejected.csv"


class ImportMapping(Governed):
    """Which column feeds which field, kept under a name and used again for files with the same header."""

    governed = Part("imports", {"edit": "create"})

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=60, choices=kinds)
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

"""What was changed of many records at once, and each record's old and new values."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Owned
from guanxi.foundation.visibility import VisibleQuerySet

UNDO_FOR = timedelta(days=14)


class BulkChange(Governed):
    """One change of many records: who, when, what, how many, and how far it is."""

    governed = Owned("background", "by")

    class State(models.TextChoices):
        RUNNING = "running", _("At work")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    by_name = models.CharField(_("who"), max_length=200)
    desk = models.CharField(_("list"), max_length=50)
    object_type = models.CharField(_("type"), max_length=60)
    kind = models.CharField(_("kind"), max_length=20)
    values = models.JSONField(_("new values"), default=dict, blank=True)
    query = models.TextField(_("filter"), blank=True)  # the list that the records were chosen from
    # Written through `Desk.edit`, so that each record has an entry of its own in the audit log.
    one_by_one = models.BooleanField(default=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RUNNING)
    error = models.TextField(_("error"), blank=True)
    total = models.IntegerField(_("records"), default=0)
    changed = models.IntegerField(_("changed"), default=0)
    same = models.IntegerField(_("as they were"), default=0)
    refused = models.IntegerField(_("refused"), default=0)
    restored = models.IntegerField(_("restored"), default=0)
    kept = models.IntegerField(_("kept as they are"), default=0)
    reached = models.BigIntegerField(default=0)  # the last record that it is done with; records go by number
    task = models.BigIntegerField(null=True, blank=True)
    entry = models.BigIntegerField(null=True, blank=True)  # the entry of the audit log
    undo_entry = models.BigIntegerField(null=True, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("undone by")
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")
        indexes = [models.Index(fields=["at", "id"], name="bulk_change_at")]

    def __str__(self) -> str:
        return _now("Bulk change %(number)s") % {"number": self.pk}

    @property
    def is_open(self) -> bool:
        """Whether somebody is at work on it."""
        return self.state in (self.State.RUNNING, self.State.UNDOING)

    @property
    def undo_until(self) -> datetime:
        """The moment up to which it can be undone."""
        return self.at + UNDO_FOR

    @property
    def can_be_undone(self) -> bool:
        """Whether there is anything to undo, and time for it."""
        ended = self.state in (self.State.DONE, self.State.FAILED)
        return ended and self.changed > 0 and timezone.now() < self.at + UNDO_FOR

    @property
    def done(self) -> int:
        """How many records it is done with."""
        return (
            self.restored + self.kept if self.state == self.State.UNDOING else self.changed + self.same + self.refused
        )


class BulkRow(models.Model):
    """One record of a bulk change: what became of it, its values before and after."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CHANGED = "changed", _("Changed")
        SAME = "same", _("As it was")
        REFUSED = "refused", _("Refused")
        UNDONE = "undone", _("Undone")
        KEPT = "kept", _("Kept as it is")

    change = models.ForeignKey(BulkChange, models.CASCADE, related_name="rows", db_index=False, db_constraint=False)
    object_id = models.BigIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.WAITING)
    changes = models.JSONField(_("changes"), default=dict)  # by field: [before, after]; of deleted ones all rows
    why = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("record of a bulk change")
        verbose_name_plural = _("records of bulk changes")
        constraints = [models.UniqueConstraint(fields=["change", "object_id"], name="bulk_row_once")]
        indexes = [models.Index(fields=["object_id", "change"], name="bulk_row_of_record")]

    def __str__(self) -> str:
        return f"{self.change_id}: {self.object_id}"

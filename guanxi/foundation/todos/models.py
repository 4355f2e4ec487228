"""What is to be done."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import clock
from guanxi.foundation.belonging import BelongingQuerySet, is_of, on_visible_records
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Following, Owned, Reach, Rights
from guanxi.foundation.typed_json import computed_field, custom_field
from guanxi.foundation.visibility import Viewer, VisibleQuerySet, may

if TYPE_CHECKING:
    from typing import Self

MORNING = time(9)  # when a task that is due on a day, not at a time, begins to be due


class TodoQuerySet(BelongingQuerySet["Todo"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Those that are the viewer's as far as his right reaches, and of those on records the ones on records that he
        may see."""
        if not may(viewer, "view", Todo):
            return self.none()
        alone = VisibleQuerySet.visible_to(self, viewer).filter(is_of(""))
        return alone | self.filter(on_visible_records(viewer, self.model))  # type: ignore[return-value]

    def open(self) -> Self:
        """Those that are not done."""
        return self.filter(done_at__isnull=True)

    def overdue(self) -> Self:
        """Those that should be done by now."""
        local = clock.now().astimezone(clock.zone())
        late = Q(due_on__lt=local.date()) | Q(due_on=local.date(), due_time__lt=local.time())
        return self.open().filter(late)


class _Task(Owned):
    """One on a record goes with the record; any is also its author's and that of whom it is for."""

    def allows(self, row: models.Model, rights: Rights, verb: str, cap: Reach = Reach.ALL, shared: str = "") -> bool:
        if self.reach(Todo, rights, verb) is Reach.NONE:
            return False
        if row.object_type and Following().allows(row, rights, verb):  # type: ignore[attr-defined]
            return True
        return super().allows(row, rights, verb, cap, shared)


class Todo(Governed):
    """Something that a colleague is to do."""

    governed = _Task("tasks", "assignee", also=("author",))

    class Verb(models.TextChoices):
        CALL = "call", _("Call")
        WRITE = "write", _("Write to")
        MEET = "meet", _("Meet")
        VISIT = "visit", _("Visit")
        SEND = "send", _("Send")
        PREPARE = "prepare", _("Prepare")
        CHECK = "check", _("Check")
        DO = "do", _("Do")

    class Priority(models.IntegerChoices):
        HIGH = 1, _("High")
        NORMAL = 2, _("Normal")
        LOW = 3, _("Low")

    verb = models.CharField(_("verb"), max_length=8, choices=Verb.choices, default=Verb.DO)
    what = models.CharField(_("what"), max_length=200)
    # The record that it is about; none: "" and null.
    object_type = models.CharField(max_length=60, editable=False, blank=True)
    object_id = models.BigIntegerField(editable=False, null=True, blank=True)
    origin = models.BigIntegerField(null=True, blank=True, editable=False)  # as in belonging.Belonging
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("for whom")
    )
    due_on = models.DateField(_("due"), null=True, blank=True)
    due_time = models.TimeField(_("time"), null=True, blank=True)
    remind_minutes = models.PositiveIntegerField(_("reminder, minutes before"), null=True, blank=True)
    # Worked out from the three above.
    remind_at = models.DateTimeField(_("reminder"), null=True, blank=True, editable=False)
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True, editable=False)
    priority = models.SmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    # The one thing to do next on its record; a task that was done keeps that it was.
    is_next = models.BooleanField(_("next action"), default=False, editable=False)
    done_at = models.DateTimeField(_("done"), null=True, blank=True, editable=False)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    custom = custom_field()
    computed = computed_field()
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    objects = TodoQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = [
            models.CheckConstraint(
                condition=Q(due_time__isnull=True) | Q(due_on__isnull=False),
                name="todo_time_needs_day",
                violation_error_message=_("A time needs a day: say on which day it is due."),
            ),
            # Merged records may have brought theirs along (`origin`); the record's own counts.
            models.UniqueConstraint(
                F("object_type"),
                F("object_id"),
                Coalesce("origin", 0),
                condition=Q(is_next=True, done_at__isnull=True),
                name="todo_one_next",
                violation_error_message=_("This record has a next action already."),
            ),
            models.CheckConstraint(
                condition=Q(is_next=False) | Q(object_id__isnull=False),
                name="todo_next_needs_record",
                violation_error_message=_("Only a task on a record can be its next action."),
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], name="todo_due"),
            models.Index(fields=["assignee", "due_on", "id"], name="todo_of_whom"),
            models.Index(
                fields=["assignee", "due_on", "id"], condition=Q(done_at__isnull=True), name="todo_open_of_whom"
            ),
            models.Index(fields=["priority", "due_on", "id"], name="todo_priority"),
            models.Index(fields=["object_type", "object_id", "id"], name="todo_of_record"),
            models.Index(fields=["created_at", "id"], name="todo_made"),
            models.Index(
                fields=["remind_at"],
                condition=Q(reminded_at__isnull=True, done_at__isnull=True, remind_at__isnull=False),
                name="todo_to_remind",
            ),
            models.Index(fields=["origin"], condition=Q(origin__isnull=False), name="todo_origin"),
        ]

    def __str__(self) -> str:
        return str(self.what)

    @property
    def due_moment(self) -> datetime | None:
        """When it is due: at its time, or in the morning of its day."""
        if self.due_on is None:
            return None
        return datetime.combine(self.due_on, self.due_time or MORNING, clock.zone())

    @property
    def is_overdue(self) -> bool:
        local = clock.now().astimezone(clock.zone())
        if self.done_at or self.due_on is None:
            return False
        return self.due_on < local.date() or (
            self.due_on == local.date() and self.due_time is not None and self.due_time < local.time()
        )

"""What the queue stores: one row per piece of background work, one per schedule, one per living worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Owned
from guanxi.foundation.visibility import VisibleQuerySet


class State(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class BackgroundTask(Governed):
    """One piece of background work, from being asked for to its result.

    While it runs, `worker` holds it until `lease_until` and keeps renewing that; where the lease runs out, the worker
    is gone and another takes the task up again.
    """

    governed = Owned("background", "requested_by")

    State = State

    function = models.CharField(_("function"), max_length=200)
    args = models.JSONField(_("arguments"), default=list, blank=True)
    kwargs = models.JSONField(_("named arguments"), default=dict, blank=True)
    own_label = models.CharField(_("label"), max_length=200, blank=True)
    queue = models.CharField(_("queue"), max_length=32, default="default")
    priority = models.SmallIntegerField(_("priority"), default=0)
    unique_key = models.CharField(_("key"), max_length=200, blank=True)
    routine = models.BooleanField(_("by schedule"), default=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked for by"),
    )

    # The request that queued it, by which its lines in the log and what it changes are found.
    request_id = models.CharField(_("request"), max_length=32, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    run_after = models.DateTimeField(_("not before"), default=timezone.now)
    enqueued_at = models.DateTimeField(_("asked for at"), default=timezone.now)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    max_attempts = models.PositiveSmallIntegerField(_("attempts at most"), default=4)

    worker = models.CharField(_("worker"), max_length=120, blank=True)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    cancel_requested = models.BooleanField(_("cancel requested"), default=False)

    progress_done = models.BigIntegerField(_("done"), default=0)
    progress_total = models.BigIntegerField(_("of"), null=True, blank=True)
    progress_message = models.CharField(_("what it does"), max_length=200, blank=True)
    progress_rate = models.FloatField(_("per second"), null=True, blank=True)

    error = models.CharField(_("error"), max_length=500, blank=True)
    traceback = models.TextField(_("traceback"), blank=True)
    result = models.JSONField(_("result"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("background task")
        verbose_name_plural = _("background tasks")
        constraints = [
            # Of the same work at most one is waiting (which coalesces) and one running (which makes it serial).
            models.UniqueConstraint(
                fields=["unique_key", "state"],
                condition=models.Q(state__in=["waiting", "running"]) & ~models.Q(unique_key=""),
                name="task_key_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["-priority", "run_after", "id"],
                name="task_open",
                condition=models.Q(state__in=["waiting", "running"]),
            ),
            models.Index(fields=["state", "-id"], name="task_state"),
            models.Index(fields=["requested_by", "-id"], name="task_requester"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What people see: the label given with the request, else the task's own, else the function's name."""
        if self.own_label:
            return self.own_label
        declared = str(getattr(self.declared, "label", ""))
        return declared or self.function.rpartition(".")[2].replace("_", " ").capitalize()

    @property
    def declared(self) -> Any:
        """The task object behind `function`; None where the code no longer has it."""
        try:
            return import_string(self.function)
        except ImportError:
            return None

    @property
    def call(self) -> Callable[[], Any]:
        """The function with its arguments, ready to be called. Raises ImportError where it is no longer there."""
        declared = import_string(self.function)
        return lambda: declared.call(*self.args, **self.kwargs)

    @property
    def is_open(self) -> bool:
        """Whether it still has to run or is running."""
        return self.state in (State.WAITING, State.RUNNING)

    @property
    def percent(self) -> int | None:
        """How much is done, 0 to 100; None where the total is not known."""
        if self.state == State.DONE:
            return 100
        if not self.progress_total:
            return None
        return max(0, min(100, int(100 * self.progress_done / self.progress_total)))

    @property
    def time_left(self) -> timedelta | None:
        """The time left at the present rate; None where rate or total is not known."""
        if self.state != State.RUNNING or not self.progress_rate or not self.progress_total:
            return None
        return timedelta(seconds=max(0.0, (self.progress_total - self.progress_done) / self.progress_rate))

    @property
    def duration(self) -> timedelta | None:
        """How long it ran, or has been running."""
        return (self.finished_at or timezone.now()) - self.started_at if self.started_at else None


class Schedule(models.Model):
    """When a task of the door "schedule" is due next; the one row that all schedulers compete for."""

    name = models.CharField(max_length=250, unique=True)
    next_run = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """A worker process that is alive, or was a moment ago."""

    name = models.CharField(max_length=120, unique=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

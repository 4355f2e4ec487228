"""Requests of customers, what is remembered of erasures, rules of retention, holds, looks at sensitive fields."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party
from guanxi.customers.models.origins import origin_field, origin_index
from guanxi.foundation import clock, hooks
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.visibility import VisibleQuerySet


class Request(Governed):
    """What a customer asks of us about his data: a case with a deadline."""

    governed = Through("party", "consent")

    class Kind(models.TextChoices):
        ACCESS = "access", _("Access: everything kept about him")
        PORTABILITY = "portability", _("Data to take along")
        CORRECT = "correct", _("Correction")
        RESTRICT = "restrict", _("Restriction")
        OBJECT = "object", _("Objection")
        ERASE = "erase", _("Erasure")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        WORKING = "working", _("Being done")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")

    kind = models.CharField(_("what is asked"), max_length=12, choices=Kind.choices)
    # Null once he is erased.
    party = models.ForeignKey(
        Party, models.SET_NULL, null=True, blank=True, related_name="requests", db_constraint=False
    )
    origin = origin_field()
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    asked_by = models.CharField(_("who asked, and how"), max_length=200, blank=True)
    verified = models.CharField(_("how we know that it is he"), max_length=200, blank=True)
    purpose = models.CharField(_("purpose"), max_length=20, blank=True)  # of an objection; empty: all
    words = models.TextField(_("what he says"), blank=True, max_length=4000)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    due_on = models.DateField(_("to be done by"))
    extension = models.CharField(_("why it takes longer"), max_length=300, blank=True)
    answer = models.TextField(_("answer"), blank=True, max_length=4000)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("done by")
    )
    # The file of an access request, under MEDIA_ROOT, and until when it is there.
    file = models.CharField(max_length=200, blank=True)
    file_until = models.DateTimeField(_("file until"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("request of a customer")
        verbose_name_plural = _("requests of customers")
        indexes = [
            models.Index(fields=["state", "due_on", "id"], name="request_due"),
            models.Index(fields=["-received_at", "-id"], name="request_newest"),
            origin_index("request_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk or ''}".strip()

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.OPEN, self.State.WORKING)

    @property
    def is_overdue(self) -> bool:
        due: date = self.due_on
        return self.is_open and due < clock.today()


class Erasure(Governed):
    """That somebody was erased: no word of him, only keyed hashes by which he is found again after a restore."""

    governed = Part("consent")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")

    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.RUNNING)
    # Internal numbers of his records, and a keyed hash of each that tells them from others of the same number.
    parties = models.JSONField(default=list, blank=True)
    marks = models.JSONField(default=list, blank=True)
    # Keyed hashes of what he could be recognised by.
    keys = models.JSONField(default=list, blank=True)
    # How many rows of what went, and how many were kept without him.
    counts = models.JSONField(_("what went"), default=dict, blank=True)
    reason = models.CharField(_("why"), max_length=100, blank=True)
    begun_at = models.DateTimeField(_("begun"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    by_name = models.CharField(_("by"), max_length=200, blank=True)
    replays = models.PositiveIntegerField(_("done again after a restore"), default=0)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        indexes = [models.Index(fields=["-begun_at", "-id"], name="erasure_newest")]

    def __str__(self) -> str:
        return f"{self.begun_at:%Y-%m-%d} {self.pk or ''}".strip()


class SuppressedKey(Governed):
    """The keyed hash of a key that an erased customer was known by: no import brings it back."""

    governed = Part("consent")

    digest = models.CharField(max_length=32, unique=True)
    kind = models.CharField(_("kind"), max_length=10)
    erasure = models.ForeignKey(Erasure, models.CASCADE, related_name="suppressed")

    def __str__(self) -> str:
        return self.kind


class LegalHold(Governed):
    """What of a customer must not go: neither by a request nor by a rule of retention, until it is lifted."""

    governed = Through("party", "consent")

    party = models.ForeignKey(Party, models.CASCADE, related_name="holds", db_constraint=False)
    origin = origin_field()
    reason = models.CharField(_("why"), max_length=300)
    since = models.DateTimeField(_("since"), default=timezone.now)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        indexes = [origin_index("legal_hold_origin")]

    def __str__(self) -> str:
        return self.reason


class RetentionRule(Governed):
    """How long one kind of data is kept. Nothing goes until somebody has seen what would, and confirmed the rule."""

    governed = Part("settings")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        ACTIVE = "active", _("In force")
        PAUSED = "paused", _("Paused")

    kind = models.CharField(_("kind of data"), max_length=60)
    # What of the kind (a kind of event, say); empty: all.
    what = models.CharField(_("what of it"), max_length=60, blank=True)
    months = models.PositiveSmallIntegerField(_("kept for months"), validators=[MinValueValidator(1)])
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PROPOSED)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    last_run = models.DateTimeField(_("last run"), null=True, blank=True)
    last_deleted = models.BigIntegerField(_("gone at the last run"), default=0)
    deleted = models.BigIntegerField(_("gone in all"), default=0)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("rule of retention")
        verbose_name_plural = _("rules of retention")
        constraints = [models.UniqueConstraint(fields=["kind", "what"], name="retention_once")]

    def __str__(self) -> str:
        kind = next((kind for kind in hooks.get("retention") if kind.code == self.kind), None)
        if kind is None:
            return self.kind
        what = str(dict(kind.choices()).get(self.what, self.what)) if kind.choices else self.what
        return f"{kind.label}: {what}" if what else str(kind.label)


class SensitiveField(Governed):
    """A field of customers that is shown only when asked for, and each look at it recorded."""

    governed = Part("settings")

    field = models.CharField(_("field"), max_length=100, unique=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("sensitive field")
        verbose_name_plural = _("sensitive fields")

    def __str__(self) -> str:
        return self.field


class SensitiveLook(Governed):
    """Who looked at a sensitive field of whom, when, and how."""

    governed = Part("audit", {"create": ""})

    class Via(models.TextChoices):
        SCREEN = "screen", _("Screen")
        API = "api", _("API")
        EXPORT = "export", _("Export")

    at = models.DateTimeField(_("when"), default=timezone.now)
    who = models.CharField(_("who"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    # Null: many at once, as an export takes them out.
    party = models.ForeignKey(Party, models.CASCADE, null=True, blank=True, related_name="looks", db_constraint=False)
    origin = origin_field()
    field = models.CharField(_("field"), max_length=100)
    via = models.CharField(_("how"), max_length=6, choices=Via.choices)
    why = models.CharField(_("why"), max_length=200, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("look at a sensitive field")
        verbose_name_plural = _("looks at sensitive fields")
        indexes = [
            models.Index(fields=["-at", "-id"], name="look_newest"),
            origin_index("look_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.who}: {self.field}"


OPEN = Q(state__in=[Request.State.OPEN, Request.State.WORKING])

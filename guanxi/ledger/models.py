"""What happened between the business and its parties: the append-only ledger, and its readers' places in it.

The ledger has no foreign keys in the database (docs/decisions/0015-references-checked-in-sets.md).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party, Source
from guanxi.customers.models.origins import import_run_field, origin_field, origin_index
from guanxi.foundation.governed import Governed
from guanxi.foundation.settled import CurrentTransaction
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.ledger.seeing import ThroughByKind


class Channel(models.TextChoices):
    """Through what the business and a party meet."""

    TILL = "till", _("Till")
    WEB = "web", _("Web")
    MAIL = "mail", _("Mail")
    PHONE = "phone", _("Telephone")
    POST = "post", _("Post")
    FAX = "fax", _("Fax")
    IN_PERSON = "in_person", _("In person")
    EDI = "edi", _("EDI")
    CHAT = "chat", _("Chat")
    SMS = "sms", _("SMS")
    APP = "app", _("App")
    OTHER = "other", _("Other")


class Direction(models.TextChoices):
    """Who moved: they towards us, we towards them, or neither (inside the house)."""

    IN = "in", _("from them")
    OUT = "out", _("from us")
    INSIDE = "inside", _("inside")


class Event(Governed):
    """One thing that happened. Never changed; a correction is another event."""

    governed = ThroughByKind("party", "events")

    party = models.ForeignKey(
        Party, models.PROTECT, null=True, related_name="events", db_index=False, db_constraint=False
    )
    origin = origin_field()
    kind = models.CharField(_("kind"), max_length=40)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, default=Channel.OTHER)
    direction = models.CharField(_("direction"), max_length=6, choices=Direction.choices, default=Direction.INSIDE)
    occurred_at = models.DateTimeField(_("when"), default=timezone.now)
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.BigIntegerField(null=True)
    payload = models.JSONField(_("details"), default=dict)
    import_run = import_run_field()
    transaction = models.BigIntegerField(db_default=CurrentTransaction(), editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["party", "-occurred_at", "-id"], name="event_timeline"),
            models.Index(fields=["-occurred_at", "-id"], name="event_newest"),
            models.Index(fields=["transaction", "id"], name="event_reading"),
            origin_index("event_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d}"


class EventKey(models.Model):
    """By which number another system knows an event, so that it is recorded once."""

    source = models.ForeignKey(Source, models.PROTECT, db_index=False, db_constraint=False)
    external_id = models.CharField(max_length=150)
    event = models.ForeignKey(Event, models.CASCADE, db_constraint=False, related_name="keys")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="event_key_once")]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.external_id}"


class ReaderCursor(models.Model):
    """How far a reader of the ledger has come: everything before `mark` has been read (see ledger.reading)."""

    reader = models.CharField(max_length=60, unique=True)
    mark = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.reader}@{self.mark}"

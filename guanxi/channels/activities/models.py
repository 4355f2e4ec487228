"""What is stored of calls, meetings and visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party
from guanxi.customers.models.origins import import_run_field, origin_field, origin_index
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import NOTHING, Owned, Reach, Rights, Through, rule_of
from guanxi.foundation.money import MoneyField
from guanxi.foundation.typed_json import computed_field, custom_field
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.ledger.models import Channel, Direction


@dataclass(frozen=True)
class OwnedAndSeenWith(Owned):
    """Rows of an owner that are seen by all who may see the record that they go with; without one, as far as the right
    reaches. Written as far as it reaches, too. Who takes part sees it, whatever his right reaches to; what is private
    is seen by nobody else, and written by its owner alone."""

    binds_administrators = True
    parent: str = "party"

    def _parent(self, model: type[models.Model]) -> type[models.Model]:
        return model._meta.get_field(self.parent).related_model  # type: ignore[return-value]

    def narrow(
        self,
        model: type[models.Model],
        rights: Rights,
        verb: str,
        cap: Reach = Reach.ALL,
        walking: bool | str = False,
        shared: str = "",
    ) -> Q | None:
        reach = min(cap, self.reach(model, rights, verb))
        if reach is Reach.NONE:
            return NOTHING
        reading = verb in READING
        found = self._within_reach(model, rights, verb, cap, walking, shared)
        if rights.viewer_id is None:
            return found
        if found is not None and reading:
            found |= Q(pk__in=_taken_part_in(rights))
        open_ = Q(private=False) | Q(owner=rights.viewer_id)
        if reading:
            open_ |= Q(pk__in=Participant.objects.filter(user=rights.viewer_id).values("activity"))
        return open_ if found is None else found & open_

    def _within_reach(
        self, model: type[models.Model], rights: Rights, verb: str, cap: Reach, walking: bool | str, shared: str
    ) -> Q | None:
        parent = self._parent(model)
        seen = rule_of(parent).narrow(parent, rights, "view")
        own = super().narrow(model, rights, verb, cap, walking, shared)
        if seen is None and own is None:
            return None
        link = model._meta.get_field(self.parent)
        alone = Q(**{f"{link.name}__isnull": True})
        with_it = ~alone if seen is None else Q(**{f"{link.name}__in": parent._base_manager.filter(seen)})
        if own is None:
            return alone | with_it
        return own & (alone | with_it) if verb not in READING else (alone & own) | with_it

    def allows(self, row: models.Model, rights: Rights, verb: str, cap: Reach = Reach.ALL, shared: str = "") -> bool:
        if min(cap, self.reach(type(row), rights, verb)) is Reach.NONE:
            return False
        owner, reading = row.owner_id == rights.viewer_id, verb in READING  # type: ignore[attr-defined]
        if row.private and not owner and rights.viewer_id is not None:  # type: ignore[attr-defined]
            return reading and _takes_part(row, rights)
        record = getattr(row, self.parent)
        if record is not None and not rule_of(type(record)).allows(record, rights, "view"):
            return reading and _takes_part(row, rights)
        if record is not None and reading:
            return True
        return super().allows(row, rights, verb, cap, shared) or (reading and _takes_part(row, rights))


READING = ("view", "export")
MOST_TAKEN_PART_IN = 2_000


def _taken_part_in(rights: Rights) -> list[int]:
    """The newest activities that the viewer takes part in: numbers, so that databases go by them as by an index."""
    rows = Participant.objects.filter(user=rights.viewer_id).order_by("-id")
    return list(rows.values_list("activity", flat=True)[:MOST_TAKEN_PART_IN])


def _takes_part(row: models.Model, rights: Rights) -> bool:
    if "participants" in getattr(row, "_prefetched_objects_cache", {}):  # read for many rows at once
        return any(one.user_id == rights.viewer_id for one in row.participants.all())  # type: ignore[attr-defined]
    return bool(Participant.objects.filter(activity=row.pk, user=rights.viewer_id).exists())


class ActivityQuerySet(VisibleQuerySet["Activity"]):
    def between(self, since: datetime, until: datetime) -> ActivityQuerySet:
        """Those that begin at or after `since` and before `until`."""
        return self.filter(starts_at__gte=since, starts_at__lt=until)


class Activity(Governed):
    """A call, a meeting or a visit: planned, held or cancelled."""

    governed = OwnedAndSeenWith("activities", "owner")

    class Kind(models.TextChoices):
        CALL = "call", _("Call")
        MEETING = "meeting", _("Meeting")
        VISIT = "visit", _("Visit")

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        HELD = "held", _("Held")
        CANCELLED = "cancelled", _("Cancelled")

    class Outcome(models.TextChoices):
        REACHED = "reached", _("Reached")
        NO_ANSWER = "no_answer", _("No answer")
        MESSAGE_LEFT = "message_left", _("Message left")
        CALL_BACK = "call_back", _("Asked to call back")
        WRONG_NUMBER = "wrong_number", _("Wrong number")
        HELD = "held", _("Took place")
        NOBODY_CAME = "nobody_came", _("Nobody came")

    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices, default=Kind.CALL)
    subject = models.CharField(_("about what"), max_length=200)
    party = models.ForeignKey(
        Party,
        models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="activities",
        verbose_name=_("customer"),
    )
    origin = origin_field()
    # What it is about beside the party: a deal, a case; "" and null where nothing.
    object_type = models.CharField(max_length=60, blank=True, editable=False)
    object_id = models.BigIntegerField(null=True, blank=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("whose"),
    )
    starts_at = models.DateTimeField(_("when"), default=timezone.now)
    minutes = models.PositiveIntegerField(_("minutes"), default=0)
    direction = models.CharField(
        _("direction"), max_length=6, choices=Direction.choices[:2], default=Direction.OUT, blank=True
    )
    place = models.CharField(_("place"), max_length=250, blank=True)
    # What it took to get there, in the business's currency and in whole kilometres, there and back.
    kilometres = models.PositiveIntegerField(
        _("kilometres"), null=True, blank=True, validators=[MaxValueValidator(100_000)]
    )
    expenses = MoneyField(_("expenses"), own=True, null=True, blank=True, validators=[MinValueValidator(0)])
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.PLANNED, editable=False)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True, editable=False)
    text = models.TextField(_("what was said"), max_length=20_000, blank=True)
    whole_day = models.BooleanField(_("whole days"), default=False)
    private = models.BooleanField(_("private"), default=False)
    custom = custom_field()
    computed = computed_field()
    # What other calendars know it by, and how often its time or place was changed (RFC 5545).
    uid = models.CharField(max_length=255, unique=True, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    # Who invited us, where it was somebody else, and when he last said something of it (DTSTAMP).
    organizer = models.EmailField(_("who invited"), max_length=254, blank=True, editable=False)
    said_at = models.DateTimeField(null=True, blank=True, editable=False)
    # One that repeats, as its calendar wrote it (iCalendar); `starts_at` is then when it began.
    series = models.TextField(blank=True, editable=False)
    # Of one that repeats, by when its rule has them: the times that were held and are activities of their own.
    held_times = models.JSONField(null=True, blank=True, editable=False)
    # Of one time of a series: which series, and when the rule alone has it (RECURRENCE-ID). Kept of those that were
    # held; of the others `repeating.within` says it.
    of_series = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="times",
        editable=False,
    )
    by_rule = models.DateTimeField(null=True, blank=True, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    import_run = import_run_field()
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__lte=60 * 24 * 31),
                name="activity_not_endless",
                violation_error_message=_("It lasts a month at most."),
            ),
            models.UniqueConstraint(
                fields=["of_series", "by_rule"], condition=Q(of_series__isnull=False), name="activity_time_once"
            ),
        ]
        indexes = [
            models.Index(fields=["-starts_at", "-id"], name="activity_newest"),
            models.Index(fields=["party", "-starts_at", "-id"], name="activity_of_party"),
            models.Index(fields=["owner", "state", "starts_at"], name="activity_of_owner"),
            models.Index(
                fields=["object_type", "object_id", "-starts_at"],
                condition=Q(object_id__isnull=False),
                name="activity_of_record",
            ),
            models.Index(fields=["owner"], condition=~Q(series=""), name="activity_series"),
            origin_index("activity_origin"),
        ]

    def __str__(self) -> str:
        return str(self.subject)

    @property
    def ends_at(self) -> datetime:
        """When it ends, or ended."""
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def is_open(self) -> bool:
        """Whether nobody has said how it went although it is over; of a series each time is asked for by itself."""
        return self.state == self.State.PLANNED and not self.repeats and self.ends_at < timezone.now()

    @property
    def repeats(self) -> bool:
        """Whether it is a series as a whole, and not one time of it."""
        return bool(self.series) and self.by_rule is None

    @property
    def goes_on(self) -> bool:
        """Whether it is a series as a whole, of whose times one says by itself how they went."""
        return self.repeats and self.state == self.State.PLANNED

    @property
    def channel(self) -> Channel:
        """Through what it was held."""
        return Channel.PHONE if self.kind == self.Kind.CALL else Channel.IN_PERSON


class Participant(Governed):
    """Who takes part: a colleague, a party, or whoever has a mail address."""

    governed = Through("activity")

    class Answer(models.TextChoices):
        """What he answered to the invitation (PARTSTAT of RFC 5545)."""

        WAITING = "needs-action", _("No answer yet")
        ACCEPTED = "accepted", _("Accepted")
        TENTATIVE = "tentative", _("Perhaps")
        DECLINED = "declined", _("Declined")

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="participants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    party = models.ForeignKey(
        Party, models.CASCADE, null=True, blank=True, db_constraint=False, related_name="participations"
    )
    origin = origin_field()
    mail = models.EmailField(_("mail"), blank=True)
    answer = models.CharField(_("answer"), max_length=12, choices=Answer.choices, default=Answer.WAITING)
    answered_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Which version he answered to, and which he was last told of by mail; or why he could not be.
    answered_sequence = models.PositiveIntegerField(default=0, editable=False)
    told_sequence = models.PositiveIntegerField(null=True, blank=True, editable=False)
    not_told = models.CharField(max_length=300, blank=True, editable=False)
    comment = models.CharField(_("comment"), max_length=500, blank=True)

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.UniqueConstraint(fields=["activity", "user"], name="participant_user_once"),
            models.UniqueConstraint(fields=["activity", "party"], name="participant_party_once"),
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(party__isnull=False) | ~Q(mail=""), name="participant_is_somebody"
            ),
        ]

    def __str__(self) -> str:
        return str(self.user or self.party or self.mail)

"""What is stored of calendars that leave the house, and of what other calendars said."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.channels.activities.models import Activity, Participant
from guanxi.channels.mail.models import Message
from guanxi.channels.models import Connection
from guanxi.foundation.encrypting import EncryptedField
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Personal, Through
from guanxi.foundation.visibility import VisibleQuerySet


class Feed(Governed):
    """That somebody lets his calendar be read by its address. The address is signed and names the edition, so that it
    stands nowhere and a new edition makes the old address worthless."""

    governed = Personal("user")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feed")
    edition = models.PositiveIntegerField(_("edition"), default=1)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    last_read_at = models.DateTimeField(_("last read"), null=True, blank=True)

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")

    def __str__(self) -> str:
        return f"{self.user}"


class Notice(Governed):
    """What a calendar said by mail, and what became of it: an invitation, an answer, a proposal, a cancellation."""

    governed = Through("message")

    class State(models.TextChoices):
        APPLIED = "applied", _("Noted")
        PROPOSED = "proposed", _("Another time is proposed")
        SHOWN = "shown", _("Not noted by itself")
        OLD = "old", _("Overtaken")
        BROKEN = "broken", _("Cannot be read")
        DISMISSED = "dismissed", _("Set aside")

    message = models.OneToOneField(Message, models.CASCADE, related_name="notice")
    activity = models.ForeignKey(Activity, models.SET_NULL, null=True, blank=True, related_name="notices")
    method = models.CharField(_("kind"), max_length=20, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices)
    words = models.CharField(_("why"), max_length=500, blank=True)
    uid = models.CharField(max_length=255, blank=True)
    sequence = models.PositiveIntegerField(default=0)
    said_at = models.DateTimeField(null=True, blank=True)
    # Who says it, what he answers, and when and where he would rather have it.
    mail = models.CharField(_("who"), max_length=254, blank=True)
    answer = models.CharField(_("answer"), max_length=12, blank=True)
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    starts_at = models.DateTimeField(_("when"), null=True, blank=True)
    minutes = models.PositiveIntegerField(_("minutes"), null=True, blank=True)
    place = models.CharField(_("place"), max_length=250, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice of a calendar")
        verbose_name_plural = _("notices of calendars")

    def __str__(self) -> str:
        return f"{self.method} {self.uid}"

    @property
    def is_open(self) -> bool:
        """Whether a person is to decide."""
        return self.state in (self.State.PROPOSED, self.State.SHOWN)

    @property
    def can_be_taken(self) -> bool:
        """Whether what it says can be done with one click."""
        return self.state == self.State.PROPOSED or (
            self.state == self.State.SHOWN and self.method == "REPLY" and bool(self.answer and self.activity_id)
        )

    @property
    def answer_words(self) -> str:
        """The answer as people say it."""
        return str(dict(Participant.Answer.choices).get(self.answer, ""))

    @property
    def tone(self) -> str:
        """The colour of its state."""
        return {self.State.APPLIED: "teal", self.State.BROKEN: "red"}.get(
            self.State(self.state), "amber" if self.is_open else ""
        )


class Account(Connection):
    """Somebody's calendar at a CalDAV server, kept the same as the one here, both ways."""

    governed = Personal("owner")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendars", verbose_name=_("whose"), editable=False
    )
    address = models.CharField(_("address of the server"), max_length=500)
    username = models.CharField(_("user name"), max_length=254)
    password = EncryptedField(_("password"), purpose=b"guanxi.caldav", blank=True)
    name = models.CharField(_("name of the calendar"), max_length=200, blank=True)
    path = models.CharField(max_length=1000, editable=False)
    # Whether colleagues see what comes from there; else only that the time is taken.
    shared = models.BooleanField(_("let colleagues see what stands in it"), default=False)
    token = models.TextField(blank=True, editable=False)  # RFC 6578

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar elsewhere")
        verbose_name_plural = _("calendars elsewhere")
        constraints = [models.UniqueConstraint(fields=["owner", "address", "path"], name="calendar_account_once")]

    def __str__(self) -> str:
        return str(self.name or self.address)


class Entry(Governed):
    """An object of a calendar elsewhere and the meeting here that it is the same as; or why there is none."""

    governed = Through("account")

    class State(models.TextChoices):
        KEPT = "kept", _("The same on both sides")
        LEFT_OUT = "left_out", _("Left out")
        PAST = "past", _("Long past")
        REMOVED = "removed", _("Removed here")

    account = models.ForeignKey(Account, models.CASCADE, related_name="entries")
    activity = models.ForeignKey(Activity, models.SET_NULL, null=True, blank=True, related_name="entries")
    path = models.CharField(max_length=1000)
    etag = models.CharField(max_length=250, blank=True)
    # What both sides last agreed on: as it stood there, and a digest of what stood here.
    text = models.TextField(blank=True)
    agreed = models.CharField(max_length=64, blank=True)
    from_there = models.BooleanField(default=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.KEPT)
    why = models.CharField(_("why"), max_length=300, blank=True)
    subject = models.CharField(_("subject"), max_length=250, blank=True)

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of a calendar elsewhere")
        verbose_name_plural = _("entries of calendars elsewhere")
        constraints = [models.UniqueConstraint(fields=["account", "path"], name="calendar_entry_once")]

    def __str__(self) -> str:
        return str(self.subject or self.path)


class Clash(Governed):
    """A meeting that was changed on both sides at once: what stood here is kept, that there counts until one says
    otherwise."""

    governed = Through("account")

    account = models.ForeignKey(Account, models.CASCADE, related_name="clashes")
    activity = models.ForeignKey(Activity, models.CASCADE, related_name="clashes")
    ours = models.TextField()
    theirs = models.TextField()
    at = models.DateTimeField(_("when"), default=timezone.now)
    settled = models.BooleanField(_("settled"), default=False)

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("clash of calendars")
        verbose_name_plural = _("clashes of calendars")

    def __str__(self) -> str:
        return str(self.activity)

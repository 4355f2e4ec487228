"""Notes, and whom they mention."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.belonging import Belonging
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Through

LONGEST = 20_000  # characters of one note
EXCERPT = 120


class Note(Belonging):
    """What a colleague wrote on a record."""

    text = models.TextField(_("text"), max_length=LONGEST)
    pinned = models.BooleanField(_("pinned"), default=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes = [
            models.Index(fields=["object_type", "object_id", "-pinned", "-id"], name="note_of_record"),
            models.Index(fields=["origin"], condition=models.Q(origin__isnull=False), name="note_origin"),
        ]

    def __str__(self) -> str:
        text = " ".join(self.text.split())
        return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"


class Mention(Governed):
    """A colleague whom a note calls; he is told once."""

    governed = Through("note")

    note = models.ForeignKey(Note, models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "user"], name="mention_once")]

    def __str__(self) -> str:
        return f"{self.note_id}: {self.user_id}"

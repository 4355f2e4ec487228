"""Tags, and the records that bear them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.belonging import Belonging
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.visibility import VisibleQuerySet

LONGEST = 50


class Tag(Governed):
    """A word that records may bear."""

    governed = Part("settings", {"view": "", "create": ""})

    class Colour(models.TextChoices):
        GREY = "grey", _("Grey")
        TEAL = "teal", _("Teal")
        BLUE = "blue", _("Blue")
        AMBER = "amber", _("Amber")
        RED = "red", _("Red")

    name = models.CharField(_("name"), max_length=LONGEST)
    # The name as it is compared: folded, so that 重要 and 重要, VIP and vip are one.
    key = models.CharField(
        max_length=200,
        unique=True,
        editable=False,
        error_messages={"unique": _("There is a tag of this name already.")},
    )
    colour = models.CharField(_("colour"), max_length=5, choices=Colour.choices, default=Colour.GREY)
    created_at = models.DateTimeField(_("made"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        indexes = [models.Index(fields=["name", "id"], name="tag_name")]

    def __str__(self) -> str:
        return self.name


class Tagging(Belonging):
    """A record bears a tag."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings", db_index=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("tagged record")
        verbose_name_plural = _("tagged records")
        constraints = [
            # Merged records may bring the same tag along.
            models.UniqueConstraint("tag", "object_type", "object_id", Coalesce("origin", 0), name="tagging_once"),
        ]
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="tagging_of_record"),
            models.Index(fields=["origin"], condition=models.Q(origin__isnull=False), name="tagging_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id}: {self.object_type} {self.object_id}"
